/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_orb.h"

#include <math.h>
#include <stdlib.h>

const int32_t gauss7_weights[GAUSS7_TAPS] = {18, 34, 49, 54, 49, 34, 18};

static void shrink_across_c(int16_t *out, const uint8_t *in, size_t in_width,
                            const struct interpolation *t, size_t n) {
    (void)in_width;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = in + t->left[i];
        int32_t w0 = (int32_t)(t->weights[i] & 0xffff), w1 = (int32_t)(t->weights[i] >> 16);
        out[i] = (int16_t)((p[0] * w0 + p[1] * w1 + 8) >> 4);
    }
}

static void shrink_down_c(uint8_t *out, const int16_t *upper, const int16_t *lower,
                          uint32_t weights, size_t n) {
    int32_t w0 = (int32_t)(weights & 0xffff), w1 = (int32_t)(weights >> 16);
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)((upper[i] * w0 + lower[i] * w1 + (1 << 17)) >> 18);
    }
}

static void gauss7_down_c(uint8_t *out, const uint8_t *const rows[GAUSS7_TAPS], size_t n) {
    for (size_t x = 0; x < n; x++) {
        int32_t sum = 128;
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            sum += gauss7_weights[k] * rows[k][x];
        }
        out[x] = (uint8_t)(sum >> 8);
    }
}

static void gauss7_across_c(uint8_t *out, const uint8_t *in, size_t n) {
    for (size_t x = 0; x < n; x++) {
        int32_t sum = 128;
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            sum += gauss7_weights[k] * in[(ptrdiff_t)x + k - GAUSS7_TAPS / 2];
        }
        out[x] = (uint8_t)(sum >> 8);
    }
}

static void harris_sums_c(int32_t sums[3], const uint8_t *centre, ptrdiff_t stride) {
    sums[0] = sums[1] = sums[2] = 0;
    for (ptrdiff_t y = -3; y <= 3; y++) {
        for (ptrdiff_t x = -3; x <= 3; x++) {
            const uint8_t *p = centre + y * stride + x, *up = p - stride, *down = p + stride;
            int32_t gx = up[1] - up[-1] + 2 * (p[1] - p[-1]) + down[1] - down[-1];
            int32_t gy = down[-1] - up[-1] + 2 * (down[0] - up[0]) + down[1] - up[1];
            sums[0] += gx * gx;
            sums[1] += gy * gy;
            sums[2] += gx * gy;
        }
    }
}

static void disc_moments_c(int32_t sums[2], const uint8_t *centre, ptrdiff_t stride,
                           const int32_t half[ORB_DISC_RADIUS + 1]) {
    sums[0] = sums[1] = 0;
    for (int32_t y = -ORB_DISC_RADIUS; y <= ORB_DISC_RADIUS; y++) {
        const uint8_t *row = centre + y * stride;
        int32_t sum = 0, width = half[abs(y)];
        for (int32_t x = -width; x <= width; x++) {
            sums[0] += x * row[x];
            sum += row[x];
        }
        sums[1] += y * sum;
    }
}

static void describe_c(uint8_t out[ORB_TESTS / 8], const uint8_t *centre, ptrdiff_t stride,
                       const struct orb_tests *tests, float cosine, float sine) {
    for (int32_t i = 0; i < ORB_TESTS / 8; i++) {
        out[i] = 0;
    }
    for (int32_t i = 0; i < ORB_TESTS; i++) {
        uint8_t value[2];
        for (int32_t end = 0; end < 2; end++) {
            float px = tests->x[end][i], py = tests->y[end][i];
            long x = lrintf(px * cosine - py * sine), y = lrintf(px * sine + py * cosine);
            value[end] = centre[y * stride + x];
        }
        out[i / 8] = (uint8_t)(out[i / 8] | (value[0] < value[1]) << (i % 8));
    }
}

void kernel_orb_init_c(struct kernel_orb *k) {
    *k = (struct kernel_orb){
        .shrink_across = shrink_across_c,
        .shrink_down = shrink_down_c,
        .gauss7_down = gauss7_down_c,
        .gauss7_across = gauss7_across_c,
        .harris_sums = harris_sums_c,
        .disc_moments = disc_moments_c,
        .describe = describe_c,
    };
}
