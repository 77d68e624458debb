/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_diff.h"

#include <immintrin.h>

/* 255 in every byte of two rows that are within the tolerance: what saturating subtraction leaves over it is 0. */
static inline __m256i within(const uint8_t *a, const uint8_t *b, __m256i tolerance) {
    __m256i x = _mm256_loadu_si256((const __m256i *)a), y = _mm256_loadu_si256((const __m256i *)b);
    __m256i d = _mm256_or_si256(_mm256_subs_epu8(x, y), _mm256_subs_epu8(y, x));
    return _mm256_cmpeq_epi8(_mm256_subs_epu8(d, tolerance), _mm256_setzero_si256());
}

static size_t first_beyond_avx2(const uint8_t *a, const uint8_t *b, size_t from, size_t n,
                                uint8_t tolerance) {
    struct kernel_diff c;
    const __m256i t = _mm256_set1_epi8((char)tolerance);
    size_t i = from;
    for (; i + 64 <= n; i += 64) {
        uint32_t low = (uint32_t)_mm256_movemask_epi8(within(a + i, b + i, t));
        uint32_t high = (uint32_t)_mm256_movemask_epi8(within(a + i + 32, b + i + 32, t));
        uint64_t beyond = ~((uint64_t)high << 32 | low);
        if (beyond) {
            return i + (size_t)__builtin_ctzll(beyond);
        }
    }
    kernel_diff_init_c(&c);
    return c.first_beyond(a, b, i, n, tolerance);
}

void kernel_diff_init_avx2(struct kernel_diff *k) {
    k->first_beyond = first_beyond_avx2;
}
