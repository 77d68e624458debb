/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/area.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* A number, or a share of `whole` when a % follows; moves *text behind it. */
static bool read_length(double *out, const char **text, double whole) {
    char *end;
    double v = strtod(*text, &end);
    if (end == *text || !isfinite(v)) {
        return false;
    }
    *out = *end == '%' ? v / 100 * whole : v;
    *text = end + (*end == '%');
    return true;
}

static bool skip(const char **text, char c) {
    if (**text != c) {
        return false;
    }
    (*text)++;
    return true;
}

static bool set_rectangle(lk_polygon *p, double x, double y, double w, double h) {
    const double corners[8] = {x, y, x + w, y, x + w, y + h, x, y + h};
    p->xy = mem_calloc(8, sizeof *p->xy);
    for (int i = 0; p->xy && i < 8; i++) {
        p->xy[i] = corners[i];
    }
    p->count = 4;
    return p->xy != NULL;
}

/* odiff's form: both corners are part of the rectangle. */
static bool parse_corners(double out[4], const char *text) {
    return read_length(&out[0], &text, 0) && skip(&text, ':') && read_length(&out[1], &text, 0) &&
           skip(&text, '-') && read_length(&out[2], &text, 0) && skip(&text, ':') &&
           read_length(&out[3], &text, 0) && *text == '\0';
}

static bool parse_rectangle(lk_polygon *p, const char *text, double width, double height) {
    double x, y, w, h, corner[4];
    if (parse_corners(corner, text)) {
        return corner[2] >= corner[0] && corner[3] >= corner[1] &&
               set_rectangle(p, corner[0], corner[1], corner[2] - corner[0] + 1,
                             corner[3] - corner[1] + 1);
    }
    bool ok = read_length(&x, &text, width) && skip(&text, ',') && read_length(&y, &text, height) &&
              skip(&text, ',') && read_length(&w, &text, width) && skip(&text, ',') &&
              read_length(&h, &text, height) && *text == '\0';
    if (!ok || w <= 0 || h <= 0) {
        return false;
    }
    return set_rectangle(p, x, y, w, h);
}

static bool parse_polygon(lk_polygon *p, const char *text, double width, double height) {
    while (*text) {
        double x, y;
        if (!read_length(&x, &text, width) || !skip(&text, ',') ||
            !read_length(&y, &text, height)) {
            return false;
        }
        double *grown = mem_realloc(p->xy, (size_t)(p->count + 1), 2 * sizeof *grown);
        if (!grown) {
            return false;
        }
        p->xy = grown;
        p->xy[2 * p->count] = x;
        p->xy[2 * p->count + 1] = y;
        p->count++;
        while (*text == ' ') {
            text++;
        }
    }
    return p->count >= 3;
}

bool areas_parse(struct area_list *out, const struct text_list *rectangles,
                 const struct text_list *polygons, int32_t width, int32_t height, char *message,
                 size_t size) {
    out->polygons = mem_calloc(rectangles->count + polygons->count + 1, sizeof *out->polygons);
    for (size_t i = 0; out->polygons && i < rectangles->count; i++) {
        if (!parse_rectangle(&out->polygons[out->count++], rectangles->items[i], width, height)) {
            snprintf(message, size, "--ignore takes X,Y,W,H in pixels or %%, not %s",
                     rectangles->items[i]);
            return false;
        }
    }
    for (size_t i = 0; out->polygons && i < polygons->count; i++) {
        if (!parse_polygon(&out->polygons[out->count++], polygons->items[i], width, height)) {
            snprintf(message, size,
                     "--ignore-poly takes three or more x,y with spaces between, not %s",
                     polygons->items[i]);
            return false;
        }
    }
    return out->polygons != NULL;
}

void areas_release(struct area_list *areas) {
    for (size_t i = 0; i < areas->count; i++) {
        mem_free(areas->polygons[i].xy);
    }
    mem_free(areas->polygons);
    *areas = (struct area_list){0};
}
