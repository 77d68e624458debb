/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_plane.h"

static void across_even_c(float *to, const float *from, const float *weights, int32_t radius,
                          size_t n) {
    for (size_t x = 0; x < n; x++) {
        float sum = weights[0] * from[x];
        for (int32_t k = radius; k >= 1; k--) {
            sum += weights[k] * (from[(ptrdiff_t)x + k] + from[(ptrdiff_t)x - k]);
        }
        to[x] = sum;
    }
}

static void across_odd_c(float *to, const float *from, const float *weights, int32_t radius,
                         size_t n) {
    for (size_t x = 0; x < n; x++) {
        float sum = 0;
        for (int32_t k = radius; k >= 1; k--) {
            sum += weights[k] * (from[(ptrdiff_t)x + k] - from[(ptrdiff_t)x - k]);
        }
        to[x] = sum;
    }
}

static void down_even_c(float *to, const float *const *rows, const float *weights, int32_t radius,
                        size_t n) {
    for (size_t x = 0; x < n; x++) {
        float sum = weights[0] * rows[radius][x];
        for (int32_t k = radius; k >= 1; k--) {
            sum += weights[k] * (rows[radius + k][x] + rows[radius - k][x]);
        }
        to[x] = sum;
    }
}

static void down_odd_c(float *to, const float *const *rows, const float *weights, int32_t radius,
                       size_t n) {
    for (size_t x = 0; x < n; x++) {
        float sum = 0;
        for (int32_t k = radius; k >= 1; k--) {
            sum += weights[k] * (rows[radius + k][x] - rows[radius - k][x]);
        }
        to[x] = sum;
    }
}

void kernel_plane_init_c(struct kernel_plane *k) {
    k->across_even = across_even_c;
    k->across_odd = across_odd_c;
    k->down_even = down_even_c;
    k->down_odd = down_odd_c;
}
