/* SPDX-License-Identifier: Apache-2.0 */
/* Areas as people write them, and whether they fit a picture. */
#include <likeness/image.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* A text of the command line is bounded by nothing else. */
enum { AREA_POINTS_MAX = 100000 };

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
        if (p->count == AREA_POINTS_MAX || !read_length(&x, &text, width) || !skip(&text, ',') ||
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

lk_status lk_area_read(lk_polygon *out, const char *text, lk_area_kind kind, int32_t width,
                       int32_t height, lk_error *err) {
    bool polygon = kind == LK_AREA_ANY ? strchr(text, ' ') != NULL : kind == LK_AREA_POLYGON;
    *out = (lk_polygon){0};
    if (polygon ? parse_polygon(out, text, width, height)
                : parse_rectangle(out, text, width, height)) {
        return LK_OK;
    }
    lk_polygon_release(out);
    return error_set(err, LK_E_USAGE,
                     polygon ? "a polygon is three or more x,y with spaces between, not %.200s"
                             : "an area is X,Y,W,H in pixels or %%, not %.200s",
                     text);
}

void lk_polygon_release(lk_polygon *polygon) {
    mem_free(polygon->xy);
    *polygon = (lk_polygon){0};
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
static bool cover_all(const lk_polygon *areas, size_t count, int32_t width, int32_t height) {
    enum { PARTS = 256 };
    const int32_t across = width < PARTS ? width : PARTS, down = height < PARTS ? height : PARTS;
    for (int32_t i = 0; i < across * down; i++) {
        const double x = (i % across + 0.5) * width / across,
                     y = ((double)(i / across) + 0.5) * height / down;
        bool held = false;
        for (size_t k = 0; k < count && !held; k++) {
            held = holds(&areas[k], x, y);
        }
        if (!held) {
            return false;
        }
    }
    return true;
}

lk_status lk_areas_check(const lk_polygon *areas, size_t count, int32_t width, int32_t height,
                         lk_error *err) {
    for (size_t i = 0; i < count; i++) {
        if (is_outside(&areas[i], width, height)) {
            return error_set(err, LK_E_USAGE,
                             "an area to leave out lies outside the picture (%d x %d px)",
                             (int)width, (int)height);
        }
    }
    return count > 0 && cover_all(areas, count, width, height)
               ? error_set(err, LK_E_USAGE,
                           "the areas to leave out cover all of the picture (%d x %d px)",
                           (int)width, (int)height)
               : LK_OK;
}
