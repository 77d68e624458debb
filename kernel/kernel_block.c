/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_block.h"

#include <stdlib.h>

static int32_t sad_c(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
                     int32_t width, int32_t height) {
    int32_t sum = 0;
    for (int32_t y = 0; y < height; y++, a += a_stride, b += b_stride) {
        for (int32_t x = 0; x < width; x++) {
            sum += abs(a[x] - b[x]);
        }
    }
    return sum;
}

static void average_c(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t)((a[i] + b[i] + 1) / 2);
    }
}

static void six_tap_c(uint8_t *to, const uint8_t *const p[6], size_t n) {
    for (size_t i = 0; i < n; i++) {
        int32_t v = (p[0][i] + p[5][i]) - 5 * (p[1][i] + p[4][i]) + 20 * (p[2][i] + p[3][i]) + 16;
        v = v < 0 ? 0 : v / 32;
        to[i] = (uint8_t)(v > 255 ? 255 : v);
    }
}

void kernel_block_init_c(struct kernel_block *k) {
    k->sad = sad_c;
    k->average = average_c;
    k->six_tap = six_tap_c;
}
