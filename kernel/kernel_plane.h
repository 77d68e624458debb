/* SPDX-License-Identifier: Apache-2.0 */
/* Separable convolution of float rows with kernels that are even (a Gaussian) or odd (its derivative).
 *
 * weights[0] is of the middle, weights[k] of the samples k away; an odd kernel has weights[0] = 0 and takes the sample on the left
 * (above) with the opposite sign. The sum begins with the middle and goes from the outermost pair inward. */
#ifndef LK_KERNEL_PLANE_H
#define LK_KERNEL_PLANE_H

#include <stddef.h>
#include <stdint.h>

struct kernel_plane {
    /* to[x] = w0 from[x] + sum w[k] (from[x + k] + from[x - k]); from has radius samples on either side. */
    void (*across_even)(float *to, const float *from, const float *weights, int32_t radius,
                        size_t n);
    /* to[x] = sum w[k] (from[x + k] - from[x - k]) */
    void (*across_odd)(float *to, const float *from, const float *weights, int32_t radius,
                       size_t n);
    /* The same down columns: rows[0..2 radius], the middle one at rows[radius]. */
    void (*down_even)(float *to, const float *const *rows, const float *weights, int32_t radius,
                      size_t n);
    void (*down_odd)(float *to, const float *const *rows, const float *weights, int32_t radius,
                     size_t n);
};

void kernel_plane_init_c(struct kernel_plane *k);
void kernel_plane_init_avx2(struct kernel_plane *k);
void kernel_plane_init_avx512(struct kernel_plane *k);

#endif
