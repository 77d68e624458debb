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

/* By the rays to the right of it: inside where they meet the outline an odd number of times. */
static bool holds(const lk_polygon *p, double x, double y) {
    bool inside = false;
    for (int32_t i = 0, k = p->count - 1; i < p->count; k = i++) {
        const double *a = p->xy + 2 * (size_t)i, *b = p->xy + 2 * (size_t)k;
        if ((a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]) {
            inside = !inside;
        }
    }
    return inside;
}

static bool is_outside(const lk_polygon *p, double width, double height) {
    double left = width, right = 0, top = height, bottom = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const double *at = p->xy + 2 * (size_t)i;
        left = fmin(left, at[0]);
        right = fmax(right, at[0]);
        top = fmin(top, at[1]);
        bottom = fmax(bottom, at[1]);
    }
    return left >= width || right <= 0 || top >= height || bottom <= 0;
}

/* Asked of the middles of up to 256 x 256 parts of the picture. */
static bool cover_all(const struct area_list *areas, int32_t width, int32_t height) {
    enum { PARTS = 256 };
    const int32_t across = width < PARTS ? width : PARTS, down = height < PARTS ? height : PARTS;
    for (int32_t i = 0; i < across * down; i++) {
        const double x = (i % across + 0.5) * width / across,
                     y = ((double)(i / across) + 0.5) * height / down;
        bool held = false;
        for (size_t k = 0; k < areas->count && !held; k++) {
            held = holds(&areas->polygons[k], x, y);
        }
        if (!held) {
            return false;
        }
    }
    return true;
}

bool areas_fit(const struct area_list *areas, int32_t width, int32_t height, char *message,
               size_t size) {
    for (size_t i = 0; i < areas->count; i++) {
        if (is_outside(&areas->polygons[i], width, height)) {
            snprintf(message, size, "an area to leave out lies outside the picture (%d x %d px)",
                     (int)width, (int)height);
            return false;
        }
    }
    if (areas->count > 0 && cover_all(areas, width, height)) {
        snprintf(message, size, "the areas to leave out cover all of the picture (%d x %d px)",
                 (int)width, (int)height);
        return false;
    }
    return true;
}

void areas_release(struct area_list *areas) {
    for (size_t i = 0; i < areas->count; i++) {
        mem_free(areas->polygons[i].xy);
    }
    mem_free(areas->polygons);
    *areas = (struct area_list){0};
}
