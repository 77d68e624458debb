/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of corner detection and of matching. */
#ifndef LK_KERNEL_FEATURE_H
#define LK_KERNEL_FEATURE_H

#include <stddef.h>
#include <stdint.h>

enum { DESCRIPTOR_BYTES = 32 };

/* The two nearest of a list of descriptors; index -1 when the list is empty. Of equals the first wins. */
struct nearest_two {
    int32_t index;
    int32_t distance, second; /* Hamming, 0..256; 257 where there is none */
};

struct kernel_feature {
    /* score[x] = the largest t at which 9 contiguous of the 16 pixels of the circle of radius 3 around row[x] are all brighter
     * than row[x] + t or all darker than row[x] - t; 0 where that is below threshold (1..254). For x in 0..n-1; reads
     * rows -3..3 and columns -3..n+2 around row. */
    void (*fast_row)(uint8_t *score, const uint8_t *row, ptrdiff_t stride, size_t n,
                     int32_t threshold);
    /* Writes the x in 0..n-1 where rows[1][x] is greater than all its 8 neighbours, rising; returns how many. Reads columns
     * -1..n of the three rows. */
    size_t (*fast_maxima)(int32_t *at, const uint8_t *const rows[3], size_t n);

    /* Nearest and second nearest of `count` descriptors of 32 bytes to `query`. */
    void (*nearest)(struct nearest_two *out, const uint8_t *query, const uint8_t *list,
                    size_t count);
    /* Writes the i in 0..count-1 where at most `limit` bits of list[i] differ from query, rising; returns how many. at has
     * room for count. */
    size_t (*near_64)(int32_t *at, const uint64_t *list, size_t count, uint64_t query,
                      int32_t limit);
};

/* Fills the offsets of the circle, clockwise from the top, in a picture of this stride. */
void fast_circle(ptrdiff_t offset[16], ptrdiff_t stride);

void kernel_feature_init_c(struct kernel_feature *k);
void kernel_feature_init_avx2(struct kernel_feature *k);
void kernel_feature_init_avx512(struct kernel_feature *k);

#endif
