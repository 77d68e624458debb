/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of structural similarity.
 *
 * Uniform window: integer sums over columns of 7 samples slide down the picture; 7 neighbouring ones make a window of 49.
 * Gaussian window: 11 rows are weighted in double, then 11 columns of the result.
 * Both end in S as float. Sums of S are taken in fixed point, so their order does not matter. */
#ifndef LK_KERNEL_SSIM_H
#define LK_KERNEL_SSIM_H

#include <stddef.h>
#include <stdint.h>

enum {
    SSIM_UNIFORM_TAPS = 7,
    SSIM_GAUSSIAN_TAPS = 11,
    SSIM_GAUSSIAN_RADIUS = 5,
    SSIM_SUM_BITS = 30 /* fraction bits of ssim sums */
};

/* (K1 R)^2 and (K2 R)^2 of Wang et al. 2004, K1 = 0.01, K2 = 0.03, R = 255. */
#define SSIM_C1 6.5025
#define SSIM_C2 58.5225

/* Sums over 7 rows, one a column. */
struct ssim_columns {
    uint32_t *
        means; /* sum of a in the low half, of b in the high one: 7 * 255 and 49 * 255 both fit 16 bits */
    int32_t *squares;  /* sum of a^2 + b^2 */
    int32_t *products; /* sum of a b */
};

/* Rows weighted by the Gaussian, one a column. */
struct ssim_moments {
    double *a, *b;
    double *squares;  /* of a^2 + b^2 */
    double *products; /* of a b */
};

struct kernel_ssim {
    /* Adds one row of n samples to the columns. */
    void (*columns_add)(const struct ssim_columns *c, const uint8_t *a, const uint8_t *b, size_t n);
    /* Adds row `in` and takes row `out` away. */
    void (*columns_slide)(const struct ssim_columns *c, const uint8_t *in_a, const uint8_t *in_b,
                          const uint8_t *out_a, const uint8_t *out_b, size_t n);
    /* s[x] = S of the columns x..x+6, with sample covariance (49/48), for x in 0..n-1. */
    void (*uniform_row)(float *s, const struct ssim_columns *c, size_t n);

    /* Weighs 11 rows of each picture: weights[0] is of the middle row, weights[5] of the outermost. */
    void (*gaussian_down)(const struct ssim_moments *m, const float *const a[SSIM_GAUSSIAN_TAPS],
                          const float *const b[SSIM_GAUSSIAN_TAPS],
                          const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n);
    /* Weighs the columns x..x+10: s[x] = S and, unless contrast is NULL, contrast[x] = its factor of contrast and
     * structure. Population covariance. */
    void (*gaussian_row)(float *s, float *contrast, const struct ssim_moments *m,
                         const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n);

    /* Sum of s[0..n-1], each cut to SSIM_SUM_BITS fraction bits. */
    int64_t (*sum)(const float *s, size_t n);
    /* map[x] = 1 - s[x], brought into 0..1. map may be s. */
    void (*distance)(float *map, const float *s, size_t n);
};

void kernel_ssim_init_c(struct kernel_ssim *k);
void kernel_ssim_init_avx2(struct kernel_ssim *k);
void kernel_ssim_init_avx512(struct kernel_ssim *k);

#endif
