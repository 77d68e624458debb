/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of kernel_blur.h, for the compiler to vectorise: one file an instruction set includes them and names them in its
 * table. */
#ifndef LK_KERNEL_BLUR_ROWS_H
#define LK_KERNEL_BLUR_ROWS_H

#include "kernel/kernel_blur.h"

/* Samples a step: so many slopes of 16 bits add up within 32. */
enum { BLUR_BLOCK = 1024 };

static void blur_scale(int16_t *restrict to, const uint8_t *from, int32_t taps, size_t n) {
    int16_t by = (int16_t)taps;
    for (size_t x = 0; x < n; x++) {
        to[x] = (int16_t)(from[x] * by);
    }
}

static void blur_sum(int16_t *restrict to, const uint8_t *from, int32_t taps, size_t n) {
    for (size_t x = 0; x < n; x++) {
        to[x] = from[x];
    }
    for (size_t k = 1; k < (size_t)taps; k++) {
        for (size_t x = 0; x < n; x++) {
            to[x] = (int16_t)(to[x] + from[x + k]);
        }
    }
}

static void blur_slide(int16_t *restrict sums, const uint8_t *in, const uint8_t *out, size_t n) {
    for (size_t x = 0; x < n; x++) {
        sums[x] = (int16_t)(sums[x] + in[x] - out[x]);
    }
}

static inline int16_t blur_size(int16_t v) {
    return (int16_t)(v < 0 ? -v : v);
}

static inline int16_t slope_across(const int16_t *up, const int16_t *row, const int16_t *down,
                                   size_t x) {
    return (int16_t)(up[x + 1] - up[x - 1] + 2 * (row[x + 1] - row[x - 1]) + down[x + 1] -
                     down[x - 1]);
}

static inline int16_t slope_down(const int16_t *up, const int16_t *down, size_t x) {
    return (int16_t)(down[x - 1] - up[x - 1] + 2 * (down[x] - up[x]) + down[x + 1] - up[x + 1]);
}

static void blur_across(int64_t sums[2], const int16_t *const plain[3],
                        const int16_t *const summed[3], size_t n) {
    const int16_t *p0 = plain[0], *p1 = plain[1], *p2 = plain[2];
    const int16_t *s0 = summed[0], *s1 = summed[1], *s2 = summed[2];
    for (size_t at = BLUR_EDGE; at + 1 < n; at += BLUR_BLOCK) {
        size_t end = n - 1 - at < BLUR_BLOCK ? n - 1 : at + BLUR_BLOCK;
        int32_t all = 0, lost = 0;
        for (size_t x = at; x < end; x++) {
            int16_t sharp = blur_size(slope_across(p0, p1, p2, x)),
                    soft = blur_size(slope_across(s0, s1, s2, x));
            all += sharp;
            lost += sharp > soft ? sharp - soft : 0;
        }
        sums[0] += all;
        sums[1] += lost;
    }
}

static void blur_down(int64_t sums[2], const int16_t *const plain[2],
                      const int16_t *const summed[2], size_t n) {
    const int16_t *p0 = plain[0], *p1 = plain[1], *s0 = summed[0], *s1 = summed[1];
    for (size_t at = BLUR_EDGE; at + 1 < n; at += BLUR_BLOCK) {
        size_t end = n - 1 - at < BLUR_BLOCK ? n - 1 : at + BLUR_BLOCK;
        int32_t all = 0, lost = 0;
        for (size_t x = at; x < end; x++) {
            int16_t sharp = blur_size(slope_down(p0, p1, x)),
                    soft = blur_size(slope_down(s0, s1, x));
            all += sharp;
            lost += sharp > soft ? sharp - soft : 0;
        }
        sums[0] += all;
        sums[1] += lost;
    }
}

static inline void blur_name(struct kernel_blur *k) {
    *k = (struct kernel_blur){.scale = blur_scale,
                              .sum = blur_sum,
                              .slide = blur_slide,
                              .across = blur_across,
                              .down = blur_down};
}

#endif
