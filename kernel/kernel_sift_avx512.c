/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_sift.h"

#include <immintrin.h>

#include "base/compiler.h"
#include "base/cpu.h"

enum { SIDE_BY_SIDE = 4, BLOCK_BYTES = SIFT_BLOCK * SIFT_BYTES };

/* One lane a descriptor; up to four blocks side by side hide the latency of the sums. */
TARGET("avx512vnni")
static void products_of_blocks(int32_t *out, const uint8_t *query, const uint8_t *list,
                               const int32_t *offsets, size_t blocks) {
    __m512i sums[SIDE_BY_SIDE] = {_mm512_setzero_si512(), _mm512_setzero_si512(),
                                  _mm512_setzero_si512(), _mm512_setzero_si512()};
    const uint8_t *from[SIDE_BY_SIDE];
    for (size_t i = 0; i < SIDE_BY_SIDE; i++) { /* what is missing at the end repeats the last */
        from[i] = list + MIN(i, blocks - 1) * BLOCK_BYTES;
    }
    for (size_t at = 0; at < SIFT_BYTES; at += 4) {
        __m512i q = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at)));
        for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
            sums[i] =
                _mm512_dpbusd_epi32(sums[i], _mm512_loadu_si512(from[i] + at * SIFT_BLOCK), q);
        }
    }
    for (size_t i = 0; i < blocks; i++) {
        __m512i offset = _mm512_loadu_si512(offsets + i * SIFT_BLOCK);
        _mm512_storeu_si512(out + i * SIFT_BLOCK,
                            _mm512_sub_epi32(offset, _mm512_slli_epi32(sums[i], 1)));
    }
}

/* Four blocks stay in the first cache for all queries. */
TARGET("avx512vnni")
static void products_vnni(int32_t *out, size_t stride, const uint8_t *const *queries, size_t count,
                          const uint8_t *list, const int32_t *offsets, size_t blocks) {
    for (size_t b = 0; b < blocks; b += SIDE_BY_SIDE) {
        for (size_t q = 0; q < count; q++) {
            products_of_blocks(out + q * stride + b * SIFT_BLOCK, queries[q],
                               list + b * BLOCK_BYTES, offsets + b * SIFT_BLOCK,
                               MIN(blocks - b, (size_t)SIDE_BY_SIDE));
        }
    }
}

void kernel_sift_init_avx512(struct kernel_sift *k) {
    if (cpu_has_vector_dot()) {
        k->products = products_vnni;
    }
}
