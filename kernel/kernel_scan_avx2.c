/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_scan.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 8 };

/* Four bytes of each of 8 vectors times four of the query. Bytes are at most 127: two products fit 16 bits. */
static inline __m256i products_8(const uint8_t *list, __m256i query) {
    __m256i pairs =
        _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)(const void *)list), query);
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

static void products_of_block(int32_t *out, const uint8_t *query, const uint8_t *list,
                              const int32_t *offsets, size_t bytes) {
    __m256i low = _mm256_setzero_si256(), high = low;
    for (size_t at = 0; at < bytes; at += 4, list += 4 * SCAN_BLOCK) {
        __m256i q = _mm256_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at)));
        low = _mm256_add_epi32(low, products_8(list, q));
        high = _mm256_add_epi32(high, products_8(list + 32, q));
    }
    for (size_t i = 0; i < 2; i++) {
        __m256i offset = _mm256_loadu_si256((const __m256i *)(const void *)(offsets + i * LANES));
        __m256i twice = _mm256_slli_epi32(i ? high : low, 1);
        _mm256_storeu_si256((__m256i *)(void *)(out + i * LANES), _mm256_sub_epi32(offset, twice));
    }
}

/* A block stays in the first cache for all queries. */
void kernel_scan_products_avx2(int32_t *out, size_t stride, const uint8_t *const *queries,
                               size_t count, const uint8_t *list, const int32_t *offsets,
                               size_t blocks, size_t bytes) {
    for (size_t b = 0; b < blocks; b++) {
        for (size_t q = 0; q < count; q++) {
            products_of_block(out + q * stride + b * SCAN_BLOCK, queries[q],
                              list + b * SCAN_BLOCK * bytes, offsets + b * SCAN_BLOCK, bytes);
        }
    }
}

/* Numbers of at most 15 times 127: sixteen products would fit 16 bits, so that those of both halves are added there. */
static inline __m256i halves_8(const uint8_t *list, __m256i low, __m256i high) {
    const __m256i four = _mm256_set1_epi8(15);
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)list);
    __m256i a = _mm256_maddubs_epi16(_mm256_and_si256(v, four), low);
    __m256i b = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(v, 4), four), high);
    return _mm256_madd_epi16(_mm256_add_epi16(a, b), _mm256_set1_epi16(1));
}

static void halves_avx2(int32_t *out, const uint8_t *query, const uint8_t *list,
                        const int32_t *offsets, size_t blocks, size_t numbers) {
    for (size_t b = 0; b < blocks; b++) {
        __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (size_t at = 0; at < numbers; at += 8, list += 4 * SCAN_BLOCK) {
            __m256i low = _mm256_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at)));
            __m256i high = _mm256_set1_epi32(_mm_cvtsi128_si32(_mm_loadu_si32(query + at + 4)));
            sums[0] = _mm256_add_epi32(sums[0], halves_8(list, low, high));
            sums[1] = _mm256_add_epi32(sums[1], halves_8(list + 32, low, high));
        }
        for (size_t i = 0; i < 2; i++) {
            const size_t at = b * SCAN_BLOCK + i * LANES;
            __m256i offset = _mm256_loadu_si256((const __m256i *)(const void *)(offsets + at));
            _mm256_storeu_si256((__m256i *)(void *)(out + at),
                                _mm256_sub_epi32(offset, _mm256_slli_epi32(sums[i], 4)));
        }
    }
}

/* Inlined for each usual number of words: with the POPCNT instruction it is near memory speed. */
static inline void hamming_of(int32_t *out, const uint8_t *query, const uint8_t *list, size_t words,
                              size_t count) {
    for (size_t i = 0; i < count; i++) {
        int64_t bits = 0;
        for (size_t at = 0; at < 8 * words; at += 8, list += 8) {
            uint64_t x, y;
            memcpy(&x, query + at, 8);
            memcpy(&y, list, 8);
            bits += _mm_popcnt_u64(x ^ y);
        }
        out[i] = (int32_t)bits;
    }
}

static void hamming_avx2(int32_t *out, const uint8_t *query, const uint8_t *list, size_t words,
                         size_t count) {
    switch (words) {
    case 1: hamming_of(out, query, list, 1, count); break;
    case 4: hamming_of(out, query, list, 4, count); break;
    default: hamming_of(out, query, list, words, count);
    }
}

/* Few are below, so that most steps find none. */
static size_t below_avx2(uint32_t *at, const int32_t *values, size_t n, int32_t limit) {
    const __m256i limits = _mm256_set1_epi32(limit);
    size_t count = 0, i = 0;
    for (; i + LANES <= n; i += LANES) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(values + i));
        __m256i less = _mm256_cmpgt_epi32(limits, v);
        uint32_t mask = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(less));
        for (; mask; mask &= mask - 1) {
            at[count++] = (uint32_t)i + (uint32_t)__builtin_ctz(mask);
        }
    }
    for (; i < n; i++) {
        if (values[i] < limit) {
            at[count++] = (uint32_t)i;
        }
    }
    return count;
}

void kernel_scan_init_avx2(struct kernel_scan *k) {
    k->products = kernel_scan_products_avx2;
    k->halves = halves_avx2;
    k->hamming = hamming_avx2;
    k->below = below_avx2;
}
