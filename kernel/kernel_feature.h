/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of keypoint detection and matching. */
#ifndef LK_KERNEL_FEATURE_H
#define LK_KERNEL_FEATURE_H

#include <stddef.h>
#include <stdint.h>

enum { DESCRIPTOR_BYTES = 32, GAUSS7_TAPS = 7 };

/* The two nearest of a list of descriptors; index -1 when the list is empty. Of equals the first wins. */
struct nearest_two {
    int32_t index;
    int32_t distance, second; /* Hamming, 0..256; 257 where there is none */
};

struct kernel_feature {
    /* corner[x] = 1 where 9 contiguous of the 16 pixels of the circle of radius 3 around row[x] are all brighter than
     * row[x] + threshold or all darker than row[x] - threshold, else 0, for x in 0..n-1. Reads rows -3..3 and
     * columns -3..n+2 around row. */
    void (*fast_row)(uint8_t *corner, const uint8_t *row, ptrdiff_t stride, size_t n,
                     int32_t threshold);

    /* out[x] = (sum over k of weights[k] * rows[k][x] + 128) >> 8 for 7 rows; the weights sum to 256. */
    void (*gauss7_down)(uint8_t *out, const uint8_t *const rows[GAUSS7_TAPS], size_t n);
    /* The same across one row; in has 3 valid samples on either side of 0..n-1. */
    void (*gauss7_across)(uint8_t *out, const uint8_t *in, size_t n);

    /* Nearest and second nearest of `count` descriptors of 32 bytes to `query`. */
    void (*nearest)(struct nearest_two *out, const uint8_t *query, const uint8_t *list,
                    size_t count);
};

/* Gaussian of sigma 2 over 7 samples in 1/256: exp(-x^2/8), normalised and rounded, the middle one adjusted to the sum. */
extern const int32_t gauss7_weights[GAUSS7_TAPS];

void kernel_feature_init_c(struct kernel_feature *k);
void kernel_feature_init_avx2(struct kernel_feature *k);

#endif
