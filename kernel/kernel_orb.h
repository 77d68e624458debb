/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of ORB around corner detection: pyramid, smoothing, ranking, orientation, description. */
#ifndef LK_KERNEL_ORB_H
#define LK_KERNEL_ORB_H

#include <stddef.h>
#include <stdint.h>

enum { GAUSS7_TAPS = 7, ORB_TESTS = 256, ORB_DISC_RADIUS = 15, ORB_REACH = 19 };

/* Linear interpolation along one axis: output i lies between samples left[i] and left[i] + 1. */
struct interpolation {
    int32_t *left;
    uint32_t *weights; /* of the two in 1/2048: weight[left] | weight[left + 1] << 16 */
};

/* The ends (x, y) of the comparisons of ORB, first and second, relative to the keypoint. */
struct orb_tests {
    float x[2][ORB_TESTS], y[2][ORB_TESTS];
};

struct kernel_orb {
    /* One row at the width n, in 1/128 of a level. in has in_width samples, each left[i] + 1 is one of them. */
    void (*shrink_across)(int16_t *out, const uint8_t *in, size_t in_width,
                          const struct interpolation *t, size_t n);
    /* Between two such rows, rounded to a level; weights as in struct interpolation. */
    void (*shrink_down)(uint8_t *out, const int16_t *upper, const int16_t *lower, uint32_t weights,
                        size_t n);

    /* out[x] = (sum over k of weights[k] * rows[k][x] + 128) >> 8 for 7 rows; the weights sum to 256. */
    void (*gauss7_down)(uint8_t *out, const uint8_t *const rows[GAUSS7_TAPS], size_t n);
    /* The same across one row; in has 3 valid samples on either side of 0..n-1. */
    void (*gauss7_across)(uint8_t *out, const uint8_t *in, size_t n);

    /* Sums of gx * gx, gy * gy, gx * gy over the 7x7 pixels around centre, g by Sobel. Reads the 12 columns -4..7 of rows -4..4. */
    void (*harris_sums)(int32_t sums[3], const uint8_t *centre, ptrdiff_t stride);
    /* Sums of x * I and y * I over the disc: row y goes from -half[|y|] to half[|y|]. Reads columns -15..16. */
    void (*disc_moments)(int32_t sums[2], const uint8_t *centre, ptrdiff_t stride,
                         const int32_t half[ORB_DISC_RADIUS + 1]);
    /* Bit i: the pixel at the first end of test i is darker than that at the second, both turned by (cos, sin) and rounded,
     * halves to even. ORB_REACH pixels around centre can be read. */
    void (*describe)(uint8_t out[ORB_TESTS / 8], const uint8_t *centre, ptrdiff_t stride,
                     const struct orb_tests *tests, float cosine, float sine);
};

/* Gaussian of sigma 2 over 7 samples in 1/256: exp(-x^2/8), normalised and rounded, the middle one adjusted to the sum. */
extern const int32_t gauss7_weights[GAUSS7_TAPS];

void kernel_orb_init_c(struct kernel_orb *k);
void kernel_orb_init_avx2(struct kernel_orb *k);

#endif
