/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of kernel_pair.h, for the compiler to vectorise: one file an instruction set includes them and names them in its
 * table. */
#ifndef LK_KERNEL_PAIR_ROWS_H
#define LK_KERNEL_PAIR_ROWS_H

#include <math.h>

#include "kernel/kernel_pair.h"

static inline float lesser(float a, float b) {
    return a < b ? a : b;
}

static inline float larger(float a, float b) {
    return a > b ? a : b;
}

static void add_channel_moments(float *restrict sa, float *restrict sb, float *restrict sbb,
                                float *restrict sab, const float *a, const float *b,
                                const float *weight, size_t n) {
    for (size_t x = 0; x < n; x++) {
        float wa = weight[x] * a[x], wb = weight[x] * b[x];
        sa[x] += wa;
        sb[x] += wb;
        sbb[x] += wb * b[x];
        sab[x] += wa * b[x];
    }
}

static void add_moments(struct pair_sums *sums, const float *const a[PAIR_CHANNELS],
                        const float *const b[PAIR_CHANNELS], const float *weight, size_t n) {
    float *restrict total = sums->of[0];
    for (size_t x = 0; x < n; x++) {
        total[x] += weight[x];
    }
    for (int c = 0; c < PAIR_CHANNELS; c++) {
        float *const *of = sums->of + 1 + 4 * c;
        add_channel_moments(of[0], of[1], of[2], of[3], a[c], b[c], weight, n);
    }
}

static void light(float *restrict to, const float *from, const float *at, const float gain[2],
                  const float offset[2], size_t n) {
    float g0 = gain[0], g1 = gain[1], o0 = offset[0], o1 = offset[1];
    for (size_t x = 0; x < n; x++) {
        to[x] = (g0 + at[x] * g1) * from[x] + (o0 + at[x] * o1);
    }
}

static void distance(float *restrict to, const float *const a[PAIR_CHANNELS],
                     const float *const b[PAIR_CHANNELS], size_t n) {
    const float *a0 = a[0], *a1 = a[1], *a2 = a[2], *b0 = b[0], *b1 = b[1], *b2 = b[2];
    for (size_t x = 0; x < n; x++) {
        float d0 = b0[x] - a0[x], d1 = b1[x] - a1[x], d2 = b2[x] - a2[x];
        to[x] = sqrtf(d0 * d0 + d1 * d1 + d2 * d2);
    }
}

/* The extremes of three rows, column by column. */
static void extremes_down(float *restrict low, float *restrict high, const float *const rows[3],
                          size_t n) {
    const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2];
    for (size_t x = 0; x < n; x++) {
        low[x] = lesser(lesser(r0[x], r1[x]), r2[x]);
        high[x] = larger(larger(r0[x], r1[x]), r2[x]);
    }
}

/* low and high: of the samples around. */
static inline float outside(float v, float low, float high) {
    return larger(larger(v - high, low - v), 0);
}

static inline float beyond_at(const float *a, const float *b, const float *low_a,
                              const float *high_a, const float *low_b, const float *high_b,
                              size_t l, size_t x, size_t r) {
    float la = lesser(lesser(low_a[l], low_a[x]), low_a[r]),
          ha = larger(larger(high_a[l], high_a[x]), high_a[r]);
    float lb = lesser(lesser(low_b[l], low_b[x]), low_b[r]),
          hb = larger(larger(high_b[l], high_b[x]), high_b[r]);
    return larger(outside(b[x], la, ha), outside(a[x], lb, hb));
}

static void beyond(float *restrict to, const float *const a[3], const float *const b[3],
                   float *restrict scratch, size_t n) {
    float *low_a = scratch, *high_a = scratch + n, *low_b = scratch + 2 * n,
          *high_b = scratch + 3 * n;
    extremes_down(low_a, high_a, a, n);
    extremes_down(low_b, high_b, b, n);
    for (size_t x = 1; x + 1 < n; x++) {
        to[x] = beyond_at(a[1], b[1], low_a, high_a, low_b, high_b, x - 1, x, x + 1);
    }
    if (n > 0) {
        size_t last = n - 1;
        to[0] = beyond_at(a[1], b[1], low_a, high_a, low_b, high_b, 0, 0, last ? 1 : 0);
        to[last] =
            beyond_at(a[1], b[1], low_a, high_a, low_b, high_b, last ? last - 1 : 0, last, last);
    }
}

static inline float slope_at(const float *up, const float *row, const float *down, size_t l,
                             size_t x, size_t r) {
    float gx = up[r] - up[l] + 2 * (row[r] - row[l]) + down[r] - down[l];
    float gy = down[l] - up[l] + 2 * (down[x] - up[x]) + down[r] - up[r];
    return 0.25F * sqrtf(gx * gx + gy * gy);
}

static void slope(float *restrict to, const float *const rows[3], size_t n) {
    const float *up = rows[0], *row = rows[1], *down = rows[2];
    for (size_t x = 1; x + 1 < n; x++) {
        to[x] = slope_at(up, row, down, x - 1, x, x + 1);
    }
    if (n > 0) {
        size_t last = n - 1;
        to[0] = slope_at(up, row, down, 0, 0, last ? 1 : 0);
        to[last] = slope_at(up, row, down, last ? last - 1 : 0, last, last);
    }
}

static void add_excess(float *restrict sum, const float *residual, const float *slopes,
                       const float line[2], size_t n) {
    float start = line[0], rise = line[1];
    for (size_t x = 0; x < n; x++) {
        float z = residual[x] / (start + rise * slopes[x]);
        sum[x] += z * z;
    }
}

static void level(float *restrict to, const float *sum, const uint8_t *valid, float scale,
                  size_t n) {
    for (size_t x = 0; x < n; x++) {
        float v = lesser(sqrtf(sum[x]) * scale, 1);
        to[x] = valid[x] == 255 ? v : 0;
    }
}

static inline void name_rows(struct kernel_pair *k) {
    *k = (struct kernel_pair){.add_moments = add_moments,
                              .light = light,
                              .distance = distance,
                              .beyond = beyond,
                              .slope = slope,
                              .add_excess = add_excess,
                              .level = level};
}

#endif
