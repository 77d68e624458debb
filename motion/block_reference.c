/* SPDX-License-Identifier: Apache-2.0 */
/* The picture that is searched: its edges repeated outward, and the samples half way between its pixels by the six taps
 * (1, -5, 20, 20, -5, 1) / 32 of H.264 (8.4.2.2.1); the ones half way both ways from those half way to the right, rounded once
 * more. Quarter samples are means of the two half-grid samples beside them, diagonally where both components are odd. */
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "motion/block_match.h"

enum { TAPS = 6, BEFORE = 2 };

static uint8_t *row_of(const struct block_reference *r, int plane, int32_t y) {
    return r->planes[plane] + (ptrdiff_t)y * (ptrdiff_t)r->stride;
}

static void fill_whole(struct block_reference *r, const lk_image *gray) {
    int32_t border = r->border;
    for (int32_t y = -border; y < r->height + border; y++) {
        const uint8_t *from = image_row(gray, MIN(MAX(y, 0), r->height - 1));
        uint8_t *to = row_of(r, 0, y);
        memset(to - border, from[0], (size_t)border);
        memcpy(to, from, (size_t)r->width);
        memset(to + r->width, from[r->width - 1], (size_t)border);
    }
}

struct filling {
    struct block_reference *r;
    const struct kernel_block *k;
};

/* Half samples of one row, as far as the taps reach inside the border. */
static void half_right(void *arg, int32_t i) {
    const struct filling *f = arg;
    const struct block_reference *r = f->r;
    const uint8_t *p = row_of(r, 0, i - r->border) - r->border, *taps[TAPS];
    for (int k = 0; k < TAPS; k++) {
        taps[k] = p + k;
    }
    f->k->six_tap(row_of(r, 1, i - r->border) - r->border + BEFORE, taps, r->stride - TAPS + 1);
}

static void half_down(void *arg, int32_t i) {
    const struct filling *f = arg;
    const struct block_reference *r = f->r;
    for (int plane = 0; plane < 2; plane++) {
        const uint8_t *taps[TAPS];
        for (int k = 0; k < TAPS; k++) {
            taps[k] = row_of(r, plane, i - r->border + k) - r->border;
        }
        f->k->six_tap(row_of(r, 2 + plane, i - r->border + BEFORE) - r->border, taps, r->stride);
    }
}

lk_status block_reference_new(struct block_reference *out, lk_engine *engine, const lk_image *gray,
                              int32_t border, lk_error *err) {
    border += TAPS; /* the outermost half samples are not filled */
    size_t stride = (size_t)gray->width + 2 * (size_t)border;
    size_t rows = (size_t)gray->height + 2 * (size_t)border, plane;
    *out = (struct block_reference){
        .width = gray->width, .height = gray->height, .border = border, .stride = stride};
    if (mem_size_mul(&plane, stride, rows)) {
        out->memory = mem_calloc(plane, 4);
    }
    if (!out->memory) {
        return error_memory(err, stride * rows);
    }
    for (int i = 0; i < 4; i++) {
        out->planes[i] = out->memory + (size_t)i * plane + (size_t)border * stride + (size_t)border;
    }
    fill_whole(out, gray);
    struct filling f = {out, &engine->kernels.block};
    pool_for(engine->pool, (int32_t)rows, half_right, &f);
    pool_for(engine->pool, (int32_t)rows - TAPS + 1, half_down, &f);
    return LK_OK;
}

void block_reference_release(struct block_reference *r) {
    mem_free(r->memory);
    *r = (struct block_reference){0};
}

/* The sample at (hx, hy) of the grid of half pixels. */
static const uint8_t *half_sample(const struct block_reference *r, int32_t hx, int32_t hy) {
    int plane = (hx & 1) + 2 * (hy & 1);
    return row_of(r, plane, hy >> 1) + (hx >> 1);
}

const uint8_t *block_fetch(const struct block_reference *r, const struct kernels *k, uint8_t *to,
                           size_t *stride, int32_t x, int32_t y, int32_t width, int32_t height,
                           int32_t vx, int32_t vy) {
    int32_t qx = 4 * x + vx, qy = 4 * y + vy; /* arithmetic shifts floor, below 0 too */
    const uint8_t *p = half_sample(r, qx >> 1, qy >> 1);
    if (!(qx & 1) && !(qy & 1)) {
        *stride = r->stride;
        return p;
    }
    const uint8_t *q = half_sample(r, (qx + 1) >> 1, (qy + 1) >> 1);
    for (int32_t i = 0; i < height; i++) {
        k->block.average(to + (size_t)i * (size_t)width, p + (size_t)i * r->stride,
                         q + (size_t)i * r->stride, (size_t)width);
    }
    *stride = (size_t)width;
    return to;
}
