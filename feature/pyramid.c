/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/pyramid.h"

#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum { ONE = 2048 }; /* weights are in 1/2048 */

static void interpolation_release(struct interpolation *t) {
    mem_free(t->left);
    mem_free(t->weights);
    *t = (struct interpolation){0};
}

static lk_status interpolation_new(struct interpolation *t, int32_t in, int32_t out,
                                   lk_error *err) {
    t->left = mem_alloc((size_t)out, sizeof *t->left);
    t->weights = mem_alloc((size_t)out, sizeof *t->weights);
    if (!t->left || !t->weights) {
        interpolation_release(t);
        return error_memory(err, (size_t)out * sizeof *t->left);
    }
    for (int32_t i = 0; i < out; i++) {
        double x = (i + 0.5) * in / out - 0.5; /* pixel centres are at .5 */
        x = MIN(MAX(x, 0.0), in - 1.0);
        t->left[i] = MIN((int32_t)x, in - 2);
        uint32_t right = (uint32_t)lround((x - t->left[i]) * ONE);
        t->weights[i] = (ONE - right) | right << 16;
    }
    return LK_OK;
}

static void interpolate(lk_image *out, const lk_image *in, const struct kernel_orb *kernel,
                        const struct interpolation axes[2], int16_t *rows[2]) {
    const struct interpolation *across = &axes[0], *down = &axes[1];
    size_t in_width = (size_t)in->width, width = (size_t)out->width;
    int32_t next =
        0; /* input rows below this have been brought to the width; the last two are kept */
    for (int32_t y = 0; y < out->height; y++) {
        int32_t top = down->left[y];
        for (next = MAX(next, top); next <= top + 1; next++) {
            kernel->shrink_across(rows[next & 1], image_row(in, next), in_width, across, width);
        }
        kernel->shrink_down(image_row(out, y), rows[top & 1], rows[(top + 1) & 1], down->weights[y],
                            width);
    }
}

static lk_status shrink(lk_image *out, const lk_image *in, lk_engine *engine, int32_t width,
                        int32_t height, lk_error *err) {
    struct interpolation axes[2] = {{0}, {0}};
    int16_t *rows = NULL;
    lk_status status = lk_image_new(out, width, height, 1, 8, err);
    if (status == LK_OK) {
        status = interpolation_new(&axes[0], in->width, width, err);
    }
    if (status == LK_OK) {
        status = interpolation_new(&axes[1], in->height, height, err);
    }
    if (status == LK_OK) {
        rows = mem_alloc((size_t)width * 2, sizeof *rows);
        status = rows ? LK_OK : error_memory(err, (size_t)width * 2 * sizeof *rows);
    }
    if (status == LK_OK) {
        int16_t *two[2] = {rows, rows + width};
        interpolate(out, in, &engine->kernels.orb, axes, two);
    }
    mem_free(rows);
    interpolation_release(&axes[0]);
    interpolation_release(&axes[1]);
    return status;
}

lk_status pyramid_new(struct pyramid *out, lk_engine *engine, const lk_image *gray, int32_t levels,
                      double factor, int32_t min_side, lk_error *err) {
    *out = (struct pyramid){.count = 1, .scale = {1}, .levels = {*gray}};
    for (int32_t i = 1; i < MIN(levels, (int32_t)PYRAMID_LEVELS_MAX); i++) {
        double scale = out->scale[i - 1] * factor;
        int32_t width = (int32_t)lround(gray->width / scale),
                height = (int32_t)lround(gray->height / scale);
        if (MIN(width, height) < MAX(min_side, 2)) {
            break;
        }
        lk_status status = shrink(&out->levels[i], &out->levels[i - 1], engine, width, height, err);
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
