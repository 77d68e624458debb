/* SPDX-License-Identifier: Apache-2.0 */
/* What of kernel_warp.h each instruction set compiles from the same text, and the sample that all fall back to. */
#ifndef LK_KERNEL_WARP_ROWS_H
#define LK_KERNEL_WARP_ROWS_H

#include "kernel/kernel_warp.h"

static inline int32_t warp_clamp(int32_t v, int32_t most) {
    return v < 0 ? 0 : v > most ? most : v;
}

static inline void warp_find(struct warp_places *out, const double m[9],
                             const struct warp_source *s, int32_t x0, int32_t y, size_t n) {
    const double m0 = m[0], m3 = m[3], m6 = m[6];
    const double bx = m[1] * y + m[2], by = m[4] * y + m[5], bd = m[7] * y + m[8];
    const double right = s->width - 0.5, bottom = s->height - 0.5;
    for (size_t i = 0; i < n; i++) {
        double x = (double)(x0 + (int32_t)i), d = m6 * x + bd;
        double u = (m0 * x + bx) / d, v = (m3 * x + by) / d;
        int inside = (d > 0) & (u >= -0.5) & (v >= -0.5) & (u <= right) & (v <= bottom);
        u = inside ? u : 0;
        v = inside ? v : 0;
        /* Both are above -1: one added makes the cut a floor. Just below a whole number the difference rounds to 1. */
        int32_t fu = (int32_t)(u + 1) - 1, fv = (int32_t)(v + 1) - 1;
        int32_t su = (int32_t)((u - fu) * WARP_STEPS), sv = (int32_t)((v - fv) * WARP_STEPS);
        out->left[i] = fu - 1;
        out->top[i] = fv - 1;
        out->across[i] = (uint8_t)(su < WARP_STEPS ? su < 0 ? 0 : su : WARP_STEPS - 1);
        out->down[i] = (uint8_t)(sv < WARP_STEPS ? sv < 0 ? 0 : sv : WARP_STEPS - 1);
        out->inside[i] = inside ? 255 : 0;
    }
}

static inline void warp_sample(uint8_t *out, const struct warp_source *s,
                               const struct warp_places *p, size_t i) {
    const int16_t *wx = s->weights[p->across[i]], *wy = s->weights[p->down[i]];
    int32_t columns[4], sums[4] = {0};
    for (int32_t k = 0; k < 4; k++) {
        columns[k] = warp_clamp(p->left[i] + k, s->width - 1) * s->channels;
    }
    for (int32_t j = 0; j < 4; j++) {
        const uint8_t *row = s->data + (size_t)warp_clamp(p->top[i] + j, s->height - 1) * s->stride;
        for (int32_t c = 0; c < s->channels; c++) {
            int32_t across = row[columns[0] + c] * wx[0] + row[columns[1] + c] * wx[1] +
                             row[columns[2] + c] * wx[2] + row[columns[3] + c] * wx[3];
            sums[c] += ((across + 64) >> 7) * wy[j];
        }
    }
    for (int32_t c = 0; c < s->channels; c++) {
        out[c] = (uint8_t)warp_clamp((sums[c] + (1 << 16)) >> 17, 255);
    }
}

static inline void warp_black(uint8_t *out, int32_t channels) {
    for (int32_t c = 0; c < channels; c++) {
        out[c] = 0;
    }
}

#endif
