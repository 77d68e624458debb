/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_scan.h"

#include <immintrin.h>

#include "base/compiler.h"
#include "base/cpu.h"

enum { SIDE_BY_SIDE = 4, LANES = 16 };

/* One lane a vector; up to four blocks side by side hide the latency of the sums. */
TARGET("avx512vnni")
static void products_of_blocks(int32_t *out, const uint8_t *query, const uint8_t *list,
                               const int32_t *offsets, size_t blocks, size_t bytes) {
    __m512i sums[SIDE_BY_SIDE] = {_mm512_setzero_si512(), _mm512_setzero_si512(),
                                  _mm512_setzero_si512(), _mm512_setzero_si512()};
    const uint8_t *from[SIDE_BY_SIDE];
    for (size_t i = 0; i < SIDE_BY_SIDE; i++) { /* what is missing at the end repeats the last */
        from[i] = list + MIN(i, blocks - 1) * SCAN_BLOCK * bytes;
    }
    for (size_t at = 0; at < bytes; at += 4) {
        __m512i q = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at)));
        for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
            sums[i] =
                _mm512_dpbusd_epi32(sums[i], _mm512_loadu_si512(from[i] + at * SCAN_BLOCK), q);
        }
    }
    for (size_t i = 0; i < blocks; i++) {
        __m512i offset = _mm512_loadu_si512(offsets + i * SCAN_BLOCK);
        _mm512_storeu_si512(out + i * SCAN_BLOCK,
                            _mm512_sub_epi32(offset, _mm512_slli_epi32(sums[i], 1)));
    }
}

/* Four queries times four blocks: what is loaded is used four times. */
TARGET("avx512vnni")
static void products_of_tile(int32_t *out, size_t stride, const uint8_t *const *queries,
                             const uint8_t *list, const int32_t *offsets, size_t bytes) {
    __m512i sums[SIDE_BY_SIDE][SIDE_BY_SIDE];
    for (size_t i = 0; i < SIDE_BY_SIDE * SIDE_BY_SIDE; i++) {
        sums[i / SIDE_BY_SIDE][i % SIDE_BY_SIDE] = _mm512_setzero_si512();
    }
    for (size_t at = 0; at < bytes; at += 4) {
        __m512i v[SIDE_BY_SIDE];
        for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
            v[i] = _mm512_loadu_si512(list + (i * bytes + at) * SCAN_BLOCK);
        }
        for (size_t k = 0; k < SIDE_BY_SIDE; k++) {
            __m512i q = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(queries[k] + at)));
            for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
                sums[k][i] = _mm512_dpbusd_epi32(sums[k][i], v[i], q);
            }
        }
    }
    for (size_t i = 0; i < SIDE_BY_SIDE * SIDE_BY_SIDE; i++) {
        const size_t k = i / SIDE_BY_SIDE, at = i % SIDE_BY_SIDE * SCAN_BLOCK;
        __m512i twice = _mm512_slli_epi32(sums[k][i % SIDE_BY_SIDE], 1);
        _mm512_storeu_si512(out + k * stride + at,
                            _mm512_sub_epi32(_mm512_loadu_si512(offsets + at), twice));
    }
}

/* Four blocks stay in the first cache for all queries. */
TARGET("avx512vnni")
void kernel_scan_products_vnni(int32_t *out, size_t stride, const uint8_t *const *queries,
                               size_t count, const uint8_t *list, const int32_t *offsets,
                               size_t blocks, size_t bytes) {
    for (size_t b = 0; b < blocks; b += SIDE_BY_SIDE) {
        size_t q = 0;
        for (; blocks - b >= SIDE_BY_SIDE && q + SIDE_BY_SIDE <= count; q += SIDE_BY_SIDE) {
            products_of_tile(out + q * stride + b * SCAN_BLOCK, stride, queries + q,
                             list + b * SCAN_BLOCK * bytes, offsets + b * SCAN_BLOCK, bytes);
        }
        for (; q < count; q++) {
            products_of_blocks(out + q * stride + b * SCAN_BLOCK, queries[q],
                               list + b * SCAN_BLOCK * bytes, offsets + b * SCAN_BLOCK,
                               MIN(blocks - b, (size_t)SIDE_BY_SIDE), bytes);
        }
    }
}

/* As in kernel_scan_avx2.c. */
static size_t below_avx512(uint32_t *at, const int32_t *values, size_t n, int32_t limit) {
    const __m512i limits = _mm512_set1_epi32(limit);
    size_t count = 0;
    for (size_t i = 0; i < n; i += LANES) {
        __mmask16 lanes = n - i >= LANES ? (__mmask16)0xffff : (__mmask16)((1U << (n - i)) - 1);
        uint32_t mask = _mm512_mask_cmplt_epi32_mask(
            lanes, _mm512_maskz_loadu_epi32(lanes, values + i), limits);
        for (; mask; mask &= mask - 1) {
            at[count++] = (uint32_t)i + (uint32_t)__builtin_ctz(mask);
        }
    }
    return count;
}

void kernel_scan_init_avx512(struct kernel_scan *k) {
    k->below = below_avx512;
    if (cpu_has_vector_dot()) {
        k->products = kernel_scan_products_vnni;
    }
}
