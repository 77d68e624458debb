/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_ssim.h"

static void slide_c(const struct ssim_columns *c, const uint8_t *a_in, const uint8_t *b_in,
                    const uint8_t *a_out, const uint8_t *b_out, size_t n) {
    for (size_t x = 0; x < n; x++) {
        c->a[x] += a_in[x] - a_out[x];
        c->b[x] += b_in[x] - b_out[x];
        c->squares[x] +=
            a_in[x] * a_in[x] + b_in[x] * b_in[x] - a_out[x] * a_out[x] - b_out[x] * b_out[x];
        c->products[x] += a_in[x] * b_in[x] - a_out[x] * b_out[x];
    }
}

static int32_t window_sum(const int32_t *columns) {
    int32_t sum = 0;
    for (int i = 0; i < SSIM_WINDOW; i++) {
        sum += columns[i];
    }
    return sum;
}

static void row_c(float *out, const struct ssim_columns *c, size_t n, float c1, float c2) {
    for (size_t x = 0; x < n; x++) {
        int32_t a = window_sum(c->a + x), b = window_sum(c->b + x);
        int32_t squares = window_sum(c->squares + x), products = window_sum(c->products + x);
        int32_t ab = a * b, aabb = a * a + b * b;
        float upper = ((float)(2 * ab) + c1) * ((float)(2 * (49 * products - ab)) + c2);
        float lower = ((float)aabb + c1) * ((float)(49 * squares - aabb) + c2);
        out[x] = upper / lower;
    }
}

static double sum_c(const float *values, size_t n) {
    double s[8] = {0};
    for (size_t x = 0; x < n; x++) {
        s[x % 8] += values[x];
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

void kernel_ssim_init_c(struct kernel_ssim *k) {
    *k = (struct kernel_ssim){.slide = slide_c, .row = row_c, .sum = sum_c};
}
