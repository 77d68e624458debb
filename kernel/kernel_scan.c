/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_scan.h"

#include <string.h>

static void products_of_block(int32_t *out, const uint8_t *query, const uint8_t *list,
                              const int32_t *offsets, size_t bytes) {
    int32_t sums[SCAN_BLOCK] = {0};
    for (size_t at = 0; at < bytes; at += 4) {
        for (size_t i = 0; i < SCAN_BLOCK; i++, list += 4) {
            sums[i] += query[at] * list[0] + query[at + 1] * list[1] + query[at + 2] * list[2] +
                       query[at + 3] * list[3];
        }
    }
    for (size_t i = 0; i < SCAN_BLOCK; i++) {
        out[i] = offsets[i] - 2 * sums[i];
    }
}

void kernel_scan_products_c(int32_t *out, size_t stride, const uint8_t *const *queries,
                            size_t count, const uint8_t *list, const int32_t *offsets,
                            size_t blocks, size_t bytes) {
    for (size_t b = 0; b < blocks; b++) {
        for (size_t q = 0; q < count; q++) {
            products_of_block(out + q * stride + b * SCAN_BLOCK, queries[q],
                              list + b * SCAN_BLOCK * bytes, offsets + b * SCAN_BLOCK, bytes);
        }
    }
}

static void halves_c(int32_t *out, const uint8_t *query, const uint8_t *list,
                     const int32_t *offsets, size_t blocks, size_t numbers) {
    for (size_t b = 0; b < blocks; b++) {
        int32_t sums[SCAN_BLOCK] = {0};
        for (size_t at = 0; at < numbers; at += 8) {
            for (size_t i = 0; i < 4 * SCAN_BLOCK; i++, list++) {
                sums[i / 4] +=
                    query[at + i % 4] * (*list & 15) + query[at + 4 + i % 4] * (*list >> 4);
            }
        }
        for (size_t i = 0; i < SCAN_BLOCK; i++) {
            out[b * SCAN_BLOCK + i] = offsets[b * SCAN_BLOCK + i] - 16 * sums[i];
        }
    }
}

static void hamming_c(int32_t *out, const uint8_t *query, const uint8_t *list, size_t words,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t bits = 0;
        for (size_t at = 0; at < 8 * words; at += 8, list += 8) {
            uint64_t x, y;
            memcpy(&x, query + at, 8);
            memcpy(&y, list, 8);
            bits += __builtin_popcountll(x ^ y);
        }
        out[i] = bits;
    }
}

static size_t below_c(uint32_t *at, const int32_t *values, size_t n, int32_t limit) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i] < limit) {
            at[count++] = (uint32_t)i;
        }
    }
    return count;
}

void kernel_scan_init_c(struct kernel_scan *k) {
    *k = (struct kernel_scan){
        .products = kernel_scan_products_c,
        .halves = halves_c,
        .hamming = hamming_c,
        .below = below_c,
    };
}
