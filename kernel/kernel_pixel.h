/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over two rows of samples. */
#ifndef LK_KERNEL_PIXEL_H
#define LK_KERNEL_PIXEL_H

#include <stddef.h>
#include <stdint.h>

/* What two rows of samples differ by. */
struct pixel_sums {
    uint64_t absolute; /* sum of |a - b| */
    uint64_t squared;  /* sum of (a - b)^2 */
    uint64_t unequal;  /* samples with a != b */
    uint32_t largest;  /* max |a - b| */
};

struct kernel_pixel {
    /* Adds the sums over n 8-bit samples to *sums. */
    void (*sums_u8)(struct pixel_sums *sums, const uint8_t *a, const uint8_t *b, size_t n);
    /* n pixels of RGB as gray: (19595 R + 38470 G + 7471 B + 32768) >> 16. */
    void (*gray)(uint8_t *out, const uint8_t *rgb, size_t n);
};

void kernel_pixel_init_c(struct kernel_pixel *k);
void kernel_pixel_init_avx2(struct kernel_pixel *k);
void kernel_pixel_init_avx512(struct kernel_pixel *k);

#endif
