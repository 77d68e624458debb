/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of differences of two blocks of bytes. */
#ifndef LK_KERNEL_BLOCK_H
#define LK_KERNEL_BLOCK_H

#include <stddef.h>
#include <stdint.h>

struct kernel_block {
    /* Sum of |a - b| over width x height samples. */
    int32_t (*sad)(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
                   int32_t width, int32_t height);
    /* to[i] = (a[i] + b[i] + 1) / 2 */
    void (*average)(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t n);
    /* The half sample between the third and fourth of six: (p0 - 5 p1 + 20 p2 + 20 p3 - 5 p4 + p5 + 16) / 32, cut to 0..255. */
    void (*six_tap)(uint8_t *to, const uint8_t *const p[6], size_t n);
};

void kernel_block_init_c(struct kernel_block *k);
void kernel_block_init_avx2(struct kernel_block *k);

#endif
