/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of kernel_refine.h, for the compiler to vectorise: one file an instruction set includes them and names them in its
 * table. */
#ifndef LK_KERNEL_REFINE_ROWS_H
#define LK_KERNEL_REFINE_ROWS_H

#include <math.h>

#include "kernel/kernel_refine.h"

/* One block of lanes from sample x on, the last `most` of which count. */
static inline void refine_block(float sums[REFINE_SUMS][REFINE_LANES], const struct refine_row *r,
                                size_t x, size_t most) {
    float inverse = 1 / r->limit;
    float ws[REFINE_LANES], ps[REFINE_LANES], xs[REFINE_LANES], ys[REFINE_LANES], rs[REFINE_LANES];
    for (size_t i = 0; i < REFINE_LANES; i++) {
        size_t at = x + (i < most ? i : 0); /* one that exists */
        float residual = r->b[at] - r->a[at], t = residual * inverse, left = 1 - t * t;
        int counts = (i < most) & (left > 0) & (r->valid[at - 1] != 0) & (r->valid[at] != 0) &
                     (r->valid[at + 1] != 0);
        ws[i] = counts ? left * left : 0;
        rs[i] = residual;
        ps[i] = r->first + (float)(int32_t)(at - 1) * r->step;
        xs[i] = 0.25F * (r->a[at + 1] - r->a[at - 1] + (r->b[at + 1] - r->b[at - 1]));
        ys[i] = 0.25F * (r->a_down[at] - r->a_up[at] + (r->b_down[at] - r->b_up[at]));
    }
    for (size_t i = 0; i < REFINE_LANES; i++) {
        float wx = ws[i] * xs[i], wy = ws[i] * ys[i];
        float xx = wx * xs[i], xy = wx * ys[i], yy = wy * ys[i], rx = wx * rs[i], ry = wy * rs[i];
        for (int k = 0; k < REFINE_POWERS; k++) {
            sums[k][i] += xx;
            sums[REFINE_POWERS + k][i] += xy;
            sums[2 * REFINE_POWERS + k][i] += yy;
            xx *= ps[i];
            xy *= ps[i];
            yy *= ps[i];
        }
        for (int k = 0; k < 3; k++) {
            sums[3 * REFINE_POWERS + k][i] += rx;
            sums[3 * REFINE_POWERS + 3 + k][i] += ry;
            rx *= ps[i];
            ry *= ps[i];
        }
    }
}

static void refine_add(float sums[REFINE_SUMS][REFINE_LANES], const struct refine_row *row,
                       size_t n) {
    for (size_t x = 1; x + 1 < n; x += REFINE_LANES) {
        size_t left = n - 1 - x;
        if (left >= REFINE_LANES) {
            refine_block(sums, row, x, REFINE_LANES);
        } else {
            refine_block(sums, row, x, left);
        }
    }
}

static void refine_normalise(float *restrict to, const uint8_t *from, const int32_t *sums,
                             const int32_t *squares, const double *inverse, double noise,
                             size_t n) {
    for (size_t x = 0; x < n; x++) {
        double mean = sums[x] * inverse[x], variance = squares[x] * inverse[x] - mean * mean;
        float deviation = sqrtf((float)(variance > 0 ? variance : 0));
        to[x] = (float)(from[x] - mean) / (deviation + (float)noise);
    }
}

static void refine_slide(int32_t *restrict sums, int32_t *restrict squares, const uint8_t *in,
                         const uint8_t *out, size_t n) {
    for (size_t x = 0; in && x < n; x++) {
        int32_t v = in[x];
        sums[x] += v;
        squares[x] += v * v;
    }
    for (size_t x = 0; out && x < n; x++) {
        int32_t v = out[x];
        sums[x] -= v;
        squares[x] -= v * v;
    }
}

static inline void refine_name(struct kernel_refine *k) {
    *k = (struct kernel_refine){
        .add = refine_add, .normalise = refine_normalise, .slide = refine_slide};
}

#endif
