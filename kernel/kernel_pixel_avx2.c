/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_pixel.h"

#include <immintrin.h>

static uint64_t sum_epi64(__m256i v) {
    __m128i s = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    return (uint64_t)_mm_cvtsi128_si64(s) + (uint64_t)_mm_extract_epi64(s, 1);
}

/* (a - b)^2 of 32 samples as eight 64-bit lanes: pairs of products go to 32 bits, then to 64. */
static __m256i squares_epi64(__m256i d) {
    __m256i zero = _mm256_setzero_si256();
    __m256i lo = _mm256_unpacklo_epi8(d, zero);
    __m256i hi = _mm256_unpackhi_epi8(d, zero);
    __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(lo, lo), _mm256_madd_epi16(hi, hi));
    return _mm256_add_epi64(_mm256_unpacklo_epi32(sum, zero), _mm256_unpackhi_epi32(sum, zero));
}

static void sums_u8_avx2(struct pixel_sums *sums, const uint8_t *a, const uint8_t *b, size_t n) {
    __m256i zero = _mm256_setzero_si256();
    __m256i absolute = zero, squared = zero, largest = zero;
    uint64_t equal = 0;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i va = _mm256_loadu_si256((const __m256i *)(a + i));
        __m256i vb = _mm256_loadu_si256((const __m256i *)(b + i));
        __m256i d = _mm256_or_si256(_mm256_subs_epu8(va, vb), _mm256_subs_epu8(vb, va));
        absolute = _mm256_add_epi64(absolute, _mm256_sad_epu8(d, zero));
        squared = _mm256_add_epi64(squared, squares_epi64(d));
        largest = _mm256_max_epu8(largest, d);
        uint32_t same = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(d, zero));
        equal += (uint64_t)__builtin_popcount(same);
    }
    uint8_t lanes[32];
    _mm256_storeu_si256((__m256i *)lanes, largest);
    for (int lane = 0; lane < 32; lane++) {
        sums->largest = lanes[lane] > sums->largest ? lanes[lane] : sums->largest;
    }
    sums->absolute += sum_epi64(absolute);
    sums->squared += sum_epi64(squared);
    sums->unequal += i - equal;
    struct kernel_pixel c;
    kernel_pixel_init_c(&c);
    c.sums_u8(sums, a + i, b + i, n - i);
}

/* Eight pixels from two loads of 16 bytes, the second of which reaches four bytes beyond them. */
static inline __m256i gray_of_eight(const uint8_t *rgb) {
    const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0,
                                            1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    const __m256i byte = _mm256_set1_epi32(255);
    __m256i v = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)rgb)),
        _mm_loadu_si128((const __m128i *)(const void *)(rgb + 12)), 1);
    v = _mm256_shuffle_epi8(v, spread);
    __m256i r = _mm256_and_si256(v, byte);
    __m256i g = _mm256_and_si256(_mm256_srli_epi32(v, 8), byte);
    __m256i b = _mm256_srli_epi32(v, 16);
    __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(r, _mm256_set1_epi32(19595)),
                                   _mm256_mullo_epi32(g, _mm256_set1_epi32(38470)));
    sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(b, _mm256_set1_epi32(7471)));
    return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(32768)), 16);
}

static void gray_avx2(uint8_t *out, const uint8_t *rgb, size_t n) {
    size_t x = 0;
    for (; x + 18 <= n; x += 16) {
        __m256i words =
            _mm256_packs_epi32(gray_of_eight(rgb + 3 * x), gray_of_eight(rgb + 3 * x + 24));
        words = _mm256_permute4x64_epi64(words, 0xd8);
        __m128i bytes =
            _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(void *)(out + x), bytes);
    }
    struct kernel_pixel c;
    kernel_pixel_init_c(&c);
    c.gray(out + x, rgb + 3 * x, n - x);
}

void kernel_pixel_init_avx2(struct kernel_pixel *k) {
    k->sums_u8 = sums_u8_avx2;
    k->gray = gray_avx2;
}
