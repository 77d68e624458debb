/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a comparison: numbered boxes, heat, matched points. */
#include <likeness/report.h>

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/draw.h"

static const struct colour box_colour = {230, 97, 0}, paper = {255, 255, 255},
                           inlier_colour = {40, 220, 110}, outlier_colour = {170, 170, 170};

enum { GAP = 12 };

/* The box of a region with its number on a flag at its corner, sized to the picture. */
static void draw_region(lk_image *image, const lk_region *r, int32_t x, int32_t y) {
    int32_t dot = MAX(1, MAX(image->width, image->height) / 700), line = MAX(2, dot * 2);
    int32_t air = 2 * line; /* so that the frame does not cover what it points at */
    int32_t left = x + r->x - air, top = y + r->y - air;
    draw_frame(image, left, top, r->width + 2 * air, r->height + 2 * air, line, box_colour);
    int32_t digits = r->id < 10 ? 1 : r->id < 100 ? 2 : 3, height = 9 * dot;
    int32_t flag_y = top - height >= y ? top - height : top;
    draw_box(image, left, flag_y, (6 * digits + 1) * dot, height, box_colour);
    draw_number(image, left + dot, flag_y + dot, dot, r->id, paper);
}

static lk_status white_canvas(lk_image *out, int32_t width, int32_t height, lk_error *err) {
    lk_status status = lk_image_new(out, width, height, 3, 8, err);
    if (status == LK_OK) {
        memset(out->data, 255, out->stride * (size_t)height);
    }
    return status;
}

static lk_status differences(lk_image *out, const lk_comparison *c, lk_error *err) {
    int32_t width = c->reference.width;
    lk_status status = white_canvas(out, 2 * width + GAP, c->reference.height, err);
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

/* Viridis in 256 steps: the map is one byte deep on a screen anyway. */
static void viridis_table(struct colour table[256]) {
    for (int i = 0; i < 256; i++) {
        table[i] = draw_viridis(i / 255.0);
    }
}

static int32_t map_level(const lk_map *map, int32_t x, int32_t y) {
    float v = map->data ? map->data[(size_t)y * (size_t)map->width + (size_t)x] : 0;
    return (int32_t)(fminf(fmaxf(v, 0), 1) * 255.0F + 0.5F);
}

/* Equal places show the reference in gray; the more they differ, the more colour covers it. */
static lk_status heat(lk_image *out, const lk_comparison *c, lk_error *err) {
    struct colour table[256];
    lk_image gray;
    viridis_table(table);
    lk_status status = colour_to_gray8(&gray, NULL, &c->reference, err);
    status = status == LK_OK ? white_canvas(out, gray.width, gray.height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        uint8_t *to = image_row(out, y);
        const uint8_t *from = image_row(&gray, y);
        for (int32_t x = 0; x < out->width; x++, to += 3) {
            int32_t level = map_level(&c->difference, x, y);
            int32_t share = MIN(level * 3 / 2, 235), base = 20 + from[x] * 160 / 255;
            to[0] = (uint8_t)(base + (table[level].r - base) * share / 255);
            to[1] = (uint8_t)(base + (table[level].g - base) * share / 255);
            to[2] = (uint8_t)(base + (table[level].b - base) * share / 255);
        }
    }
    lk_image_release(&gray);
    return status;
}

static lk_status map_alone(lk_image *out, const lk_comparison *c, lk_error *err) {
    struct colour table[256];
    viridis_table(table);
    lk_status status = white_canvas(out, c->reference.width, c->reference.height, err);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < out->width; x++, to += 3) {
            struct colour hot = table[map_level(&c->difference, x, y)];
            to[0] = hot.r;
            to[1] = hot.g;
            to[2] = hot.b;
        }
    }
    return status;
}

/* Dropped pairs are thin and gray, agreeing ones thick, green and dotted at their ends: told apart without colour too. */
static void draw_matches(lk_image *out, const lk_comparison *c, bool inliers) {
    double right = c->reference.width + GAP, s = c->photo_scale;
    double thickness = fmax(1, out->width / 1400.0);
    for (int32_t i = 0; i < c->alignment.matches && c->alignment.pairs; i++) {
        const lk_match *m = &c->alignment.pairs[i];
        const double from[2] = {m->ax, m->ay}, to[2] = {right + m->bx * s, m->by * s};
        if (m->inlier != inliers) {
            continue;
        }
        draw_line(out, from, to, inliers ? thickness : thickness / 2,
                  inliers ? inlier_colour : outlier_colour, inliers ? 0.7 : 0.6);
        if (inliers) {
            draw_disc(out, from[0], from[1], 2 * thickness, inlier_colour);
            draw_disc(out, to[0], to[1], 2 * thickness, inlier_colour);
        }
    }
}

static lk_status matches(lk_image *out, const lk_comparison *c, lk_error *err) {
    lk_status status = white_canvas(out, c->reference.width + GAP + c->photo.width,
                                    MAX(c->reference.height, c->photo.height), err);
    if (status == LK_OK) {
        draw_image(out, 0, 0, &c->reference);
        draw_image(out, c->reference.width + GAP, 0, &c->photo);
        draw_matches(out, c, false);
        draw_matches(out, c, true);
    }
    return status;
}

static bool is_rgb8(const lk_image *image) {
    return image->data && image->channels == 3 && image->bit_depth == 8;
}

/* The struct is plain data that anyone may fill: what is drawn from must fit together. */
static lk_status check_evidence(const lk_comparison *c, lk_error *err) {
    if (!c->reference.data || !c->aligned.data || !c->photo.data) {
        return error_set(err, LK_E_USAGE, "the comparison was made without evidence");
    }
    if (!is_rgb8(&c->reference) || !is_rgb8(&c->aligned) || !is_rgb8(&c->photo)) {
        return error_set(err, LK_E_USAGE, "evidence must be RGB of 8 bits");
    }
    if (!image_same_size(&c->reference, &c->aligned) ||
        (c->difference.data && (c->difference.width != c->reference.width ||
                                c->difference.height != c->reference.height))) {
        return error_set(err, LK_E_USAGE, "the evidence does not have the size of the reference");
    }
    return LK_OK;
}

lk_status lk_report_picture(lk_image *out, const lk_comparison *c, lk_picture_kind kind,
                            lk_error *err) {
    *out = (lk_image){0};
    lk_status status = check_evidence(c, err);
    if (status != LK_OK) {
        return status;
    }
    switch (kind) {
    case LK_PICTURE_DIFFERENCES: return differences(out, c, err);
    case LK_PICTURE_HEAT: return heat(out, c, err);
    case LK_PICTURE_MAP: return map_alone(out, c, err);
    case LK_PICTURE_MATCHES: return matches(out, c, err);
    }
    return error_set(err, LK_E_USAGE, "there is no picture of kind %d", (int)kind);
}
