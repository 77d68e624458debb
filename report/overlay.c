/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a comparison: numbered boxes, heat, matched points. */
#include "report/overlay.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/draw.h"

static const struct colour box_colour = {230, 97, 0}, paper = {255, 255, 255},
                           inlier_colour = {0, 170, 80}, outlier_colour = {150, 150, 150};

enum { GAP = 12 };

/* The box of a region with its number on a flag at its corner, sized to the picture. */
static void draw_region(lk_image *image, const lk_region *r, int32_t x, int32_t y) {
    int32_t dot = MAX(1, MAX(image->width, image->height) / 700), line = MAX(2, dot * 2);
    int32_t left = x + r->x - line, top = y + r->y - line;
    draw_frame(image, left, top, r->width + 2 * line, r->height + 2 * line, line, box_colour);
    int32_t digits = r->id < 10 ? 1 : r->id < 100 ? 2 : 3, height = 9 * dot;
    int32_t flag_y = top - height >= y ? top - height : top;
    draw_box(image, left, flag_y, (6 * digits + 1) * dot, height, box_colour);
    draw_number(image, left + dot, flag_y + dot, dot, r->id, paper);
}

lk_status overlay_canvas(lk_image *out, int32_t width, int32_t height, lk_error *err) {
    lk_status status = lk_image_new(out, width, height, 3, 8, err);
    if (status == LK_OK) {
        memset(out->data, 255, out->stride * (size_t)height);
    }
    return status;
}

static lk_status differences(lk_image *out, const lk_comparison *c, lk_error *err) {
    int32_t width = c->reference.width;
    lk_status status = overlay_canvas(out, 2 * width + GAP, c->reference.height, err);
    if (status != LK_OK) {
        return status;
    }
    draw_image(out, 0, 0, &c->reference);
    draw_image(out, width + GAP, 0, &c->aligned);
    for (size_t i = c->region_count; i > 0; i--) { /* the most severe on top */
        draw_region(out, &c->regions[i - 1], 0, 0);
        draw_region(out, &c->regions[i - 1], width + GAP, 0);
    }
    return LK_OK;
}

static lk_status heat(lk_image *out, const lk_comparison *c, lk_error *err) {
    lk_image gray;
    lk_status status = colour_to_gray8(&gray, &c->reference, err);
    status = status == LK_OK ? overlay_canvas(out, gray.width, gray.height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < out->width; x++, to += 3) {
            double v = c->difference.data
                           ? c->difference.data[(size_t)y * (size_t)out->width + (size_t)x]
                           : 0;
            struct colour hot = draw_viridis(v);
            double base = 0.6 * image_row(&gray, y)[x], share = 0.35 + 0.65 * v;
            to[0] = (uint8_t)lround(base + (hot.r - base) * share);
            to[1] = (uint8_t)lround(base + (hot.g - base) * share);
            to[2] = (uint8_t)lround(base + (hot.b - base) * share);
        }
    }
    lk_image_release(&gray);
    return status;
}

static void draw_matches(lk_image *out, const lk_comparison *c, bool inliers) {
    double right = c->reference.width + GAP, s = c->photo_scale;
    for (int32_t i = 0; i < c->alignment.matches && c->alignment.pairs; i++) {
        const lk_match *m = &c->alignment.pairs[i];
        if (m->inlier == inliers) {
            draw_line(out, m->ax, m->ay, right + m->bx * s, m->by * s,
                      inliers ? inlier_colour : outlier_colour, inliers ? 0.8 : 0.35);
        }
    }
}

static lk_status matches(lk_image *out, const lk_comparison *c, lk_error *err) {
    lk_status status = overlay_canvas(out, c->reference.width + GAP + c->photo.width,
                                      MAX(c->reference.height, c->photo.height), err);
    if (status == LK_OK) {
        draw_image(out, 0, 0, &c->reference);
        draw_image(out, c->reference.width + GAP, 0, &c->photo);
        draw_matches(out, c, false);
        draw_matches(out, c, true);
    }
    return status;
}

lk_status lk_report_picture(lk_image *out, const lk_comparison *c, lk_picture_kind kind,
                            lk_error *err) {
    *out = (lk_image){0};
    if (!c->reference.data || !c->aligned.data || !c->photo.data) {
        return error_set(err, LK_E_USAGE, "the comparison was made without evidence");
    }
    switch (kind) {
    case LK_PICTURE_HEAT: return heat(out, c, err);
    case LK_PICTURE_MATCHES: return matches(out, c, err);
    default: return differences(out, c, err);
    }
}
