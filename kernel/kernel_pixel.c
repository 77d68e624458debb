/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_pixel.h"

static void sums_u8_c(struct pixel_sums *sums, const uint8_t *a, const uint8_t *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t d = a[i] > b[i] ? (uint32_t)(a[i] - b[i]) : (uint32_t)(b[i] - a[i]);
        sums->absolute += d;
        sums->squared += d * d;
        sums->unequal += d != 0;
        sums->largest = d > sums->largest ? d : sums->largest;
    }
}

static void gray_c(uint8_t *out, const uint8_t *rgb, size_t n) {
    for (size_t x = 0; x < n; x++, rgb += 3) {
        out[x] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
    }
}

void kernel_pixel_init_c(struct kernel_pixel *k) {
    k->sums_u8 = sums_u8_c;
    k->gray = gray_c;
}
