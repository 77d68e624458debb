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

void kernel_pixel_init_c(struct kernel_pixel *k) {
    k->sums_u8 = sums_u8_c;
}
