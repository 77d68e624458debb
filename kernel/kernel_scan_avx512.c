/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_scan.h"

#include <immintrin.h>

#include "base/compiler.h"
#include "base/cpu.h"

enum {
    SIDE_BY_SIDE = 4,
    SUMS = 4,
    LANES = 16,
    AHEAD = 2048, /* bytes that are asked for before they are read */
};

/* One lane a vector. Memory is read in its order and asked for before it is needed; four sums hide the latency of each. */
TARGET("avx512vnni")
static void products_of_block(int32_t *out, const uint8_t *query, const uint8_t *list,
                              const int32_t *offsets, size_t bytes) {
    __m512i sums[SUMS] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                          _mm512_setzero_si512()};
    size_t at = 0;
    for (; at + 4 * SUMS <= bytes; at += 4 * SUMS) {
        for (size_t i = 0; i < SUMS; i++) {
            const uint8_t *from = list + (at + 4 * i) * SCAN_BLOCK;
            __m512i q = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at + 4 * i)));
            _mm_prefetch((const char *)from + AHEAD, _MM_HINT_T0);
            sums[i] = _mm512_dpbusd_epi32(sums[i], _mm512_loadu_si512(from), q);
        }
    }
    for (; at < bytes; at += 4) {
        __m512i q = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at)));
        sums[0] = _mm512_dpbusd_epi32(sums[0], _mm512_loadu_si512(list + at * SCAN_BLOCK), q);
    }
    __m512i sum =
        _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3]));
    _mm512_storeu_si512(out,
                        _mm512_sub_epi32(_mm512_loadu_si512(offsets), _mm512_slli_epi32(sum, 1)));
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
            for (size_t i = b; i < MIN(blocks, b + SIDE_BY_SIDE); i++) {
                products_of_block(out + q * stride + i * SCAN_BLOCK, queries[q],
                                  list + i * SCAN_BLOCK * bytes, offsets + i * SCAN_BLOCK, bytes);
            }
        }
    }
}

/* Eight numbers of each in `sums`, of both halves of the bytes. */
TARGET("avx512vnni")
static inline void add_halves(__m512i sums[2], const uint8_t *from, const uint8_t *query) {
    const __m512i four = _mm512_set1_epi8(15);
    __m512i low = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query)));
    __m512i high = _mm512_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + 4)));
    __m512i v = _mm512_loadu_si512(from);
    _mm_prefetch((const char *)from + AHEAD, _MM_HINT_T0);
    sums[0] = _mm512_dpbusd_epi32(sums[0], _mm512_and_si512(v, four), low);
    sums[1] = _mm512_dpbusd_epi32(sums[1], _mm512_and_si512(_mm512_srli_epi16(v, 4), four), high);
}

TARGET("avx512vnni")
static void halves_vnni(int32_t *out, const uint8_t *query, const uint8_t *list,
                        const int32_t *offsets, size_t blocks, size_t numbers) {
    for (size_t b = 0; b < blocks; b++) {
        __m512i sums[SUMS] = {_mm512_setzero_si512(), _mm512_setzero_si512(),
                              _mm512_setzero_si512(), _mm512_setzero_si512()};
        size_t at = 0;
        for (; at + 16 <= numbers; at += 16, list += 8 * SCAN_BLOCK) {
            add_halves(sums, list, query + at);
            add_halves(sums + 2, list + 4 * SCAN_BLOCK, query + at + 8);
        }
        for (; at < numbers; at += 8, list += 4 * SCAN_BLOCK) {
            add_halves(sums, list, query + at);
        }
        __m512i sum = _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]),
                                       _mm512_add_epi32(sums[2], sums[3]));
        __m512i offset = _mm512_loadu_si512(offsets + b * SCAN_BLOCK);
        _mm512_storeu_si512(out + b * SCAN_BLOCK,
                            _mm512_sub_epi32(offset, _mm512_slli_epi32(sum, 4)));
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
        k->halves = halves_vnni;
    }
}
