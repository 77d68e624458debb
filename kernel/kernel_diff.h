/* SPDX-License-Identifier: Apache-2.0 */
/* Skipping what is equal, or nearly so, in two rows of samples. */
#ifndef LK_KERNEL_DIFF_H
#define LK_KERNEL_DIFF_H

#include <stddef.h>
#include <stdint.h>

struct kernel_diff {
    /* The least i in from..n-1 with |a[i] - b[i]| > tolerance; n when there is none. */
    size_t (*first_beyond)(const uint8_t *a, const uint8_t *b, size_t from, size_t n,
                           uint8_t tolerance);
};

void kernel_diff_init_c(struct kernel_diff *k);
void kernel_diff_init_avx2(struct kernel_diff *k);
void kernel_diff_init_avx512(struct kernel_diff *k);

#endif
