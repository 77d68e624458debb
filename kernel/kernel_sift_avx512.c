/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_sift.h"

#include <immintrin.h>

#include "base/compiler.h"
#include "base/cpu.h"

/* One lane a descriptor; four blocks side by side hide the latency of the sums. */
TARGET("avx512vnni")
static void products_vnni(int32_t *out, const uint8_t query[SIFT_BYTES], const uint8_t *list,
                          const int32_t *offsets, size_t blocks) {
    enum { SIDE_BY_SIDE = 4, BLOCK_BYTES = SIFT_BLOCK * SIFT_BYTES };
    for (size_t b = 0; b < blocks; b += SIDE_BY_SIDE) {
        size_t n = MIN(blocks - b, (size_t)SIDE_BY_SIDE);
        __m512i sums[SIDE_BY_SIDE] = {_mm512_setzero_si512(), _mm512_setzero_si512(),
                                      _mm512_setzero_si512(), _mm512_setzero_si512()};
        const uint8_t *from[SIDE_BY_SIDE];
        for (size_t i = 0; i < SIDE_BY_SIDE;
             i++) { /* what is missing at the end repeats the last */
            from[i] = list + (b + MIN(i, n - 1)) * BLOCK_BYTES;
        }
        for (size_t at = 0; at < SIFT_BYTES; at += 4) {
            __m512i q = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at)));
            for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
                __m512i d = _mm512_loadu_si512(from[i] + at * SIFT_BLOCK);
                sums[i] = _mm512_dpbusd_epi32(sums[i], d, q);
            }
        }
        for (size_t i = 0; i < n; i++) {
            __m512i offset = _mm512_loadu_si512(offsets + (b + i) * SIFT_BLOCK);
            _mm512_storeu_si512(out + (b + i) * SIFT_BLOCK,
                                _mm512_sub_epi32(offset, _mm512_slli_epi32(sums[i], 1)));
        }
    }
}

void kernel_sift_init_avx512(struct kernel_sift *k) {
    if (cpu_has_vector_dot()) {
        k->products = products_vnni;
    }
}
