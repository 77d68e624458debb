/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of SSIM with a 7 x 7 uniform window over 8-bit pictures. All sums are exact integers. */
#ifndef LK_KERNEL_SSIM_H
#define LK_KERNEL_SSIM_H

#include <stddef.h>
#include <stdint.h>

enum { SSIM_WINDOW = 7 };

/* Sums over the 7 rows of the window, one entry a column: of a and b (at most 1,785), a*a + b*b (at most 910,350) and a*b. */
struct ssim_columns {
    int32_t *a, *b, *squares, *products;
};

struct kernel_ssim {
    /* Adds the row (a_in, b_in) to the column sums and takes (a_out, b_out) away; the latter may be rows of zeros. */
    void (*slide)(const struct ssim_columns *c, const uint8_t *a_in, const uint8_t *b_in,
                  const uint8_t *a_out, const uint8_t *b_out, size_t n);
    /* out[x] = SSIM of the window over columns x..x+6, for x in 0..n-1; c has n + 6 entries. With Sa.. the window's sums:
     *   (2 Sa Sb + c1)(2 (49 Sab - Sa Sb) + c2) / ((Sa^2 + Sb^2 + c1)(49 (Saa + Sbb) - Sa^2 - Sb^2 + c2))
     * the integers exact, the rest in float, each operation rounded once. */
    void (*row)(float *out, const struct ssim_columns *c, size_t n, float c1, float c2);
    /* Sum of n floats in double: 8 partial sums over x mod 8, added up as ((0+4)+(2+6))+((1+5)+(3+7)). */
    double (*sum)(const float *values, size_t n);
};

void kernel_ssim_init_c(struct kernel_ssim *k);
void kernel_ssim_init_avx2(struct kernel_ssim *k);

#endif
