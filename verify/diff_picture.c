/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/diff.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/draw.h"

static lk_diff_class class_at(const lk_diff_result *r, int32_t x, int32_t y, int32_t width) {
    return r->classes ? (lk_diff_class)r->classes[(size_t)y * (size_t)width + (size_t)x]
                      : LK_PIXEL_SAME;
}

static const struct colour antialiased_colour = {255, 200, 0};

/* One pixel of a style, over the pixel p of A. */
static struct colour shade(const uint8_t *p, const uint8_t *q, lk_diff_class class,
                           lk_diff_style style, struct colour diff) {
    double gray = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
    if (style == LK_DIFF_HEAT) {
        double d = (abs(p[0] - q[0]) + abs(p[1] - q[1]) + abs(p[2] - q[2])) / 765.0;
        struct colour hot = draw_viridis(sqrt(d));
        double share = class == LK_PIXEL_DIFFERENT ? 1 : 0.3;
        uint8_t v[3] = {hot.r, hot.g, hot.b};
        for (int c = 0; c < 3; c++) {
            v[c] = (uint8_t)lround(gray * 0.5 + (v[c] - gray * 0.5) * share);
        }
        return (struct colour){v[0], v[1], v[2]};
    }
    if (class == LK_PIXEL_DIFFERENT) {
        return diff;
    }
    if (class == LK_PIXEL_ANTIALIASED && style == LK_DIFF_BOX) {
        return antialiased_colour;
    }
    if (style == LK_DIFF_BOX) { /* pale, so that the differences stand out */
        uint8_t pale = (uint8_t)lround(255 + (gray - 255) * 0.2);
        return (struct colour){pale, pale, pale};
    }
    return (struct colour){p[0], p[1], p[2]};
}

static lk_status paint(lk_image *out, const lk_diff_result *r, const lk_image *a, const lk_image *b,
                       lk_diff_style style, struct colour colour, lk_error *err) {
    lk_status status = lk_image_new(out, a->width, a->height, 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        const uint8_t *p = image_row(a, y), *q = image_row(b, y);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < a->width; x++, p += 3, q += 3, to += 3) {
            struct colour c = shade(p, q, class_at(r, x, y, a->width), style, colour);
            to[0] = c.r;
            to[1] = c.g;
            to[2] = c.b;
        }
    }
    for (size_t i = 0; status == LK_OK && style == LK_DIFF_BOX && i < r->region_count; i++) {
        const lk_region *g = &r->regions[i];
        draw_frame(out, g->x - 4, g->y - 4, g->width + 8, g->height + 8, 2, colour);
    }
    return status;
}

static lk_status paint_mask(lk_image *out, const lk_diff_result *r, const lk_image *a,
                            struct colour c, lk_error *err) {
    lk_status status = lk_image_new(out, a->width, a->height, 4, 8, err);
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < a->width; x++, to += 4) {
            const uint8_t shown[4] = {c.r, c.g, c.b, 255}, hidden[4] = {0};
            memcpy(to, class_at(r, x, y, a->width) == LK_PIXEL_DIFFERENT ? shown : hidden, 4);
        }
    }
    return status;
}

static lk_status paint_side(lk_image *out, const lk_diff_result *r, const lk_image *a,
                            const lk_image *b, struct colour colour, lk_error *err) {
    enum { GAP = 8 };
    lk_image third;
    lk_status status = paint(&third, r, a, b, LK_DIFF_BOX, colour, err);
    status =
        status == LK_OK ? lk_image_new(out, 3 * a->width + 2 * GAP, a->height, 3, 8, err) : status;
    if (status == LK_OK) {
        memset(out->data, 128, out->stride * (size_t)out->height);
        draw_image(out, 0, 0, a);
        draw_image(out, a->width + GAP, 0, b);
        draw_image(out, 2 * (a->width + GAP), 0, &third);
    }
    lk_image_release(&third);
    return status;
}

lk_status lk_diff_picture(lk_image *out, const lk_diff_result *r, const lk_image *a,
                          const lk_image *b, lk_diff_style style, uint32_t rgb, lk_error *err) {
    lk_image ca = {0}, cb = {0};
    struct colour colour = {(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb};
    *out = (lk_image){0};
    if (r->size_differs) {
        return error_set(err, LK_E_SIZE, "there is no difference picture of pictures of two sizes");
    }
    if (style == LK_DIFF_MASK) {
        return paint_mask(out, r, a, colour, err);
    }
    lk_status status = colour_to_rgb8(&ca, a, err);
    status = status == LK_OK ? colour_to_rgb8(&cb, b, err) : status;
    if (status == LK_OK) {
        status = style == LK_DIFF_SIDE ? paint_side(out, r, &ca, &cb, colour, err)
                                       : paint(out, r, &ca, &cb, style, colour, err);
    }
    lk_image_release(&ca);
    lk_image_release(&cb);
    return status;
}
