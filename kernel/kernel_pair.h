/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an aligned pair: light, residual, slopes (verify/photometric.c, verify/difference.c).
 *
 * The loops are written once, in kernel_pair_rows.h, and compiled for each instruction set: sample after sample is independent, so
 * the bits are the same. */
#ifndef LK_KERNEL_PAIR_H
#define LK_KERNEL_PAIR_H

#include <stddef.h>
#include <stdint.h>

enum { PAIR_CHANNELS = 3, PAIR_MOMENTS = 4 * PAIR_CHANNELS + 1 };

/* Of one column: weight, then of each channel the weighted sums of a, b, b b, a b. */
struct pair_sums {
    float *of[PAIR_MOMENTS];
};

struct kernel_pair {
    /* Adds a row to the sums of its columns. */
    void (*add_moments)(struct pair_sums *sums, const float *const a[PAIR_CHANNELS],
                        const float *const b[PAIR_CHANNELS], const float *weight, size_t n);
    /* to[x] = (gain[0] + at[x] gain[1]) from[x] + (offset[0] + at[x] offset[1]) */
    void (*light)(float *to, const float *from, const float *at, const float gain[2],
                  const float offset[2], size_t n);
    /* to[x] = sqrt(sum over the channels of (b - a)^2) */
    void (*distance)(float *to, const float *const a[PAIR_CHANNELS],
                     const float *const b[PAIR_CHANNELS], size_t n);
    /* How far each row's middle sample leaves the range of the 3 x 3 around it in the other picture, the larger of the two; rows
     * are those above, at and below. scratch holds 4 n. */
    void (*beyond)(float *to, const float *const a[3], const float *const b[3], float *scratch,
                   size_t n);
    /* Magnitude of Sobel's gradient / 4: levels a pixel. The samples at the ends repeat outside. */
    void (*slope)(float *to, const float *const rows[3], size_t n);
    /* sum[x] += (residual[x] / (line[0] + line[1] slope[x]))^2 */
    void (*add_excess)(float *sum, const float *residual, const float *slope, const float line[2],
                       size_t n);
    /* to[x] = min(sqrt(sum[x]) scale, 1) where valid[x] is 255, else 0 */
    void (*level)(float *to, const float *sum, const uint8_t *valid, float scale, size_t n);
};

void kernel_pair_init_c(struct kernel_pair *k);
void kernel_pair_init_avx2(struct kernel_pair *k);
void kernel_pair_init_avx512(struct kernel_pair *k);

#endif
