/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the refinement of a map: normal equations, histograms of residuals, local contrast (feature/refine.c, image/contrast.c).
 *
 * Sums are kept in REFINE_LANES lanes, x modulo that, whatever the instruction set: the bits are the same. */
#ifndef LK_KERNEL_REFINE_H
#define LK_KERNEL_REFINE_H

#include <stddef.h>
#include <stdint.h>

/* Of a row with gradient (gx, gy), residual r, weight w and coordinate p along it: w gx gx p^k, w gx gy p^k, w gy gy p^k for
 * k = 0..4, then w r gx p^k, w r gy p^k for k = 0..2. */
enum { REFINE_POWERS = 5, REFINE_SUMS = 3 * REFINE_POWERS + 2 * 3, REFINE_LANES = 16 };

struct refine_row {
    const float *a, *a_up, *a_down, *b, *b_up, *b_down;
    const uint8_t *valid;
    float first, step; /* p of sample 1, and from sample to sample */
    float limit; /* residuals from here on have no weight: w = (1 - (r / limit)^2)^2 (Tukey) */
};

struct kernel_refine {
    /* Adds samples 1..n - 2 whose neighbours in the row are valid too. */
    void (*add)(float sums[REFINE_SUMS][REFINE_LANES], const struct refine_row *row, size_t n);
    /* to[x] = (from[x] - mean) / (deviation + noise), mean and deviation from sums of values and squares over 1 / inverse[x]
     * values. */
    void (*normalise)(float *to, const uint8_t *from, const int32_t *sums, const int32_t *squares,
                      const double *inverse, double noise, size_t n);
    /* Takes the row `out` from the sums of columns and adds the row `in`; either may be NULL. */
    void (*slide)(int32_t *sums, int32_t *squares, const uint8_t *in, const uint8_t *out, size_t n);
};

void kernel_refine_init_c(struct kernel_refine *k);
void kernel_refine_init_avx2(struct kernel_refine *k);
void kernel_refine_init_avx512(struct kernel_refine *k);

#endif
