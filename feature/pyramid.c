/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/pyramid.h"

#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum { FRACTION = 11 };

/* For each output sample: the left input sample and the weight of the right one in 1/2048. */
struct interpolation {
    int32_t *left, *weight;
};

static void interpolation_release(struct interpolation *t) {
    mem_free(t->left);
    mem_free(t->weight);
    *t = (struct interpolation){0};
}

static lk_status interpolation_new(struct interpolation *t, int32_t in, int32_t out,
                                   lk_error *err) {
    t->left = mem_alloc((size_t)out, sizeof *t->left);
    t->weight = mem_alloc((size_t)out, sizeof *t->weight);
    if (!t->left || !t->weight) {
        interpolation_release(t);
        return error_memory(err, (size_t)out * sizeof *t->left);
    }
    for (int32_t i = 0; i < out; i++) {
        double x = (i + 0.5) * in / out - 0.5;
        x = MIN(MAX(x, 0.0), in - 1.0);
        t->left[i] = MIN((int32_t)x, MAX(in - 2, 0));
        t->weight[i] = in == 1 ? 0 : (int32_t)lround((x - t->left[i]) * (1 << FRACTION));
    }
    return LK_OK;
}

/* One input row at the output's width, in 1/2048. */
static void interpolate_across(int32_t *out, const uint8_t *in, const struct interpolation *t,
                               int32_t width, int32_t step) {
    for (int32_t x = 0; x < width; x++) {
        const uint8_t *p = in + t->left[x];
        out[x] = (p[0] << FRACTION) + (p[step] - p[0]) * t->weight[x];
    }
}

static void interpolate_rows(lk_image *out, const lk_image *in, const struct interpolation *across,
                             const struct interpolation *down, int32_t *upper, int32_t *lower) {
    int32_t held = -1; /* the input row that upper holds */
    int32_t step = in->width > 1 ? 1 : 0;
    for (int32_t y = 0; y < out->height; y++) {
        int32_t top = down->left[y];
        if (held != top) {
            if (held >= 0 && held + 1 == top) {
                int32_t *swap = upper;
                upper = lower;
                lower = swap;
            } else {
                interpolate_across(upper, image_row(in, top), across, out->width, step);
            }
            interpolate_across(lower, image_row(in, MIN(top + 1, in->height - 1)), across,
                               out->width, step);
            held = top;
        }
        int32_t weight = down->weight[y];
        uint8_t *row = image_row(out, y);
        for (int32_t x = 0; x < out->width; x++) {
            int32_t v = (upper[x] << (FRACTION - 3)) + ((lower[x] - upper[x]) >> 3) * weight;
            row[x] = (uint8_t)((v + (1 << (2 * FRACTION - 4))) >> (2 * FRACTION - 3));
        }
    }
}

static lk_status shrink(lk_image *out, const lk_image *in, int32_t width, int32_t height,
                        lk_error *err) {
    struct interpolation across = {0}, down = {0};
    int32_t *rows = NULL;
    lk_status status = lk_image_new(out, width, height, 1, 8, err);
    if (status == LK_OK) {
        status = interpolation_new(&across, in->width, width, err);
    }
    if (status == LK_OK) {
        status = interpolation_new(&down, in->height, height, err);
    }
    if (status == LK_OK) {
        rows = mem_alloc((size_t)width * 2, sizeof *rows);
        status = rows ? LK_OK : error_memory(err, (size_t)width * 2 * sizeof *rows);
    }
    if (status == LK_OK) {
        interpolate_rows(out, in, &across, &down, rows, rows + width);
    }
    mem_free(rows);
    interpolation_release(&across);
    interpolation_release(&down);
    return status;
}

lk_status pyramid_new(struct pyramid *out, const lk_image *gray, int32_t levels, double factor,
                      int32_t min_side, lk_error *err) {
    *out = (struct pyramid){.count = 1, .scale = {1}, .levels = {*gray}};
    for (int32_t i = 1; i < MIN(levels, (int32_t)PYRAMID_LEVELS_MAX); i++) {
        double scale = out->scale[i - 1] * factor;
        int32_t width = (int32_t)lround(gray->width / scale),
                height = (int32_t)lround(gray->height / scale);
        if (width < min_side || height < min_side) {
            break;
        }
        lk_status status = shrink(&out->levels[i], &out->levels[i - 1], width, height, err);
        out->count = i + 1;
        out->scale[i] = scale;
        if (status != LK_OK) {
            pyramid_release(out);
            return status;
        }
    }
    return LK_OK;
}

void pyramid_release(struct pyramid *p) {
    for (int32_t i = 1; i < p->count; i++) {
        lk_image_release(&p->levels[i]);
    }
    *p = (struct pyramid){0};
}
