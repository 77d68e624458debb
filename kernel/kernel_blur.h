/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the blur effect (verify/blur.c): whole numbers. Samples are times `taps` or sums over `taps` of them, so slopes keep
 * within 16 bits up to 31 taps. */
#ifndef LK_KERNEL_BLUR_H
#define LK_KERNEL_BLUR_H

#include <stddef.h>
#include <stdint.h>

enum { BLUR_TAPS_MOST = 31, BLUR_EDGE = 2 /* samples at the ends that do not count */ };

struct kernel_blur {
    /* to[x] = from[x] taps */
    void (*scale)(int16_t *to, const uint8_t *from, int32_t taps, size_t n);
    /* to[x] = from[x] + ... + from[x + taps - 1] */
    void (*sum)(int16_t *to, const uint8_t *from, int32_t taps, size_t n);
    /* sums[x] += in[x] - out[x] */
    void (*slide)(int16_t *sums, const uint8_t *in, const uint8_t *out, size_t n);
    /* Sobel's slopes along rows, of three rows as they are and three of sums: adds their size to sums[0], and what the second
     * leave of them, at least 0, to sums[1]; x = BLUR_EDGE..n - 2. */
    void (*across)(int64_t sums[2], const int16_t *const plain[3], const int16_t *const summed[3],
                   size_t n);
    /* The same down columns, of the rows above and below. */
    void (*down)(int64_t sums[2], const int16_t *const plain[2], const int16_t *const summed[2],
                 size_t n);
};

void kernel_blur_init_c(struct kernel_blur *k);
void kernel_blur_init_avx2(struct kernel_blur *k);
void kernel_blur_init_avx512(struct kernel_blur *k);

#endif
