/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of SSIMULACRA 2 over a row. */
#ifndef LK_KERNEL_QUALITY_H
#define LK_KERNEL_QUALITY_H

#include <stddef.h>

enum { QUALITY_SUMS = 6, QUALITY_LANES = 8 };

/* What one row of one channel is made of: the samples of both pictures, their blurred means, and the blurred a^2 + b^2 and a b. */
struct quality_row {
    const float *a, *b, *mean_a, *mean_b, *squares, *products;
};

struct kernel_quality {
    /* Adds to each lane (x modulo 8) of the six sums: d and d^4 of SSIM', of ringing and of blurring, in this order. */
    void (*add_row)(double sums[QUALITY_SUMS][QUALITY_LANES], const struct quality_row *row,
                    size_t n);
};

void kernel_quality_init_c(struct kernel_quality *k);
void kernel_quality_init_avx2(struct kernel_quality *k);
void kernel_quality_init_avx512(struct kernel_quality *k);

/* (0.03)^2 of the measure's definition. */
#define QUALITY_C2 0.0009

#endif
