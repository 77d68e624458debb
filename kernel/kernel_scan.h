/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of searching many vectors one after the other: distances of a query, and which of them are small. */
#ifndef LK_KERNEL_SCAN_H
#define LK_KERNEL_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum {
    SCAN_BLOCK = 16, /* vectors that lie interleaved: four bytes of each, then the next four */
    SCAN_BYTES_MOST = 8192,
};

struct kernel_scan {
    /* out[q * stride + i] = offsets[i] - 2 (query q . vector i) for all of `blocks` blocks of SCAN_BLOCK interleaved vectors of
     * `bytes` bytes, a multiple of 4, at most SCAN_BYTES_MOST. All bytes are at most 127. */
    void (*products)(int32_t *out, size_t stride, const uint8_t *const *queries, size_t count,
                     const uint8_t *list, const int32_t *offsets, size_t blocks, size_t bytes);
    /* out[i] = offsets[i] - 16 (query . half i) for interleaved halves of `numbers` numbers, a multiple of 8: of each eight numbers
     * of 0..15 four bytes, the first four in the lower bits. The query's bytes are at most 127. */
    void (*halves)(int32_t *out, const uint8_t *query, const uint8_t *list, const int32_t *offsets,
                   size_t blocks, size_t numbers);
    /* out[i] = the bits in which hash i differs from the query, for `count` hashes of `words` words of 64 bits, one after the
     * other. */
    void (*hamming)(int32_t *out, const uint8_t *query, const uint8_t *list, size_t words,
                    size_t count);
    /* Writes the i in 0..n-1 where values[i] < limit, rising; returns how many. at has room for n. */
    size_t (*below)(uint32_t *at, const int32_t *values, size_t n, int32_t limit);
};

void kernel_scan_init_c(struct kernel_scan *k);
void kernel_scan_init_avx2(struct kernel_scan *k);
void kernel_scan_init_avx512(struct kernel_scan *k);

/* What those of kernel_sift.h are, too. */
void kernel_scan_products_c(int32_t *out, size_t stride, const uint8_t *const *queries,
                            size_t count, const uint8_t *list, const int32_t *offsets,
                            size_t blocks, size_t bytes);
void kernel_scan_products_avx2(int32_t *out, size_t stride, const uint8_t *const *queries,
                               size_t count, const uint8_t *list, const int32_t *offsets,
                               size_t blocks, size_t bytes);
void kernel_scan_products_vnni(int32_t *out, size_t stride, const uint8_t *const *queries,
                               size_t count, const uint8_t *list, const int32_t *offsets,
                               size_t blocks, size_t bytes);

#endif
