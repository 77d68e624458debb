/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_resize.h"

#include <immintrin.h>

/* Lanes 0..n-1 of 16, all of them when n >= 16. */
static __mmask16 first_16(size_t n) {
    return (__mmask16)((1u << (n < 16 ? n : 16)) - 1);
}

static __m512i load_16(const uint8_t *p, __mmask16 live) {
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(live, p));
}

static int32_t across_avx512(const uint8_t *in, const int32_t *weights, size_t n) {
    __m512i even = _mm512_setzero_si512(), odd = even;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        even = _mm512_add_epi32(
            even, _mm512_mullo_epi32(load_16(in + i, 0xffff), _mm512_loadu_si512(weights + i)));
        odd = _mm512_add_epi32(odd, _mm512_mullo_epi32(load_16(in + i + 16, 0xffff),
                                                       _mm512_loadu_si512(weights + i + 16)));
    }
    for (; i < n; i += 16) {
        __mmask16 live = first_16(n - i);
        __m512i w = _mm512_maskz_loadu_epi32(live, weights + i);
        even = _mm512_add_epi32(even, _mm512_mullo_epi32(load_16(in + i, live), w));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

/* Four pixels a step, four lanes each. */
static void across_colour_avx512(int32_t sums[4], const uint8_t *in, size_t channels,
                                 const int32_t *weights, size_t n) {
    const __m128i spread =
        channels == 3 ? _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1)
                      : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i each_four = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    __m512i fours = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 4, in += 4 * channels) {
        size_t left = n - i < 4 ? n - i : 4;
        __m128i bytes = _mm_maskz_loadu_epi8(first_16(left * channels), in);
        __m128i four = _mm_maskz_loadu_epi32((__mmask8)first_16(left), weights + i);
        __m512i w = _mm512_permutexvar_epi32(each_four, _mm512_castsi128_si512(four));
        __m512i v = _mm512_cvtepu8_epi32(_mm_shuffle_epi8(bytes, spread));
        fours = _mm512_add_epi32(fours, _mm512_mullo_epi32(v, w));
    }
    __m256i pairs =
        _mm256_add_epi32(_mm512_castsi512_si256(fours), _mm512_extracti64x4_epi64(fours, 1));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    _mm_storeu_si128((__m128i *)(void *)sums, sum);
}

static void down_avx512(uint8_t *out, const uint8_t *first, size_t stride, const int32_t *weights,
                        size_t rows, size_t n) {
    for (size_t x = 0; x < n; x += 16) {
        __mmask16 live = first_16(n - x);
        __m512i sum = _mm512_set1_epi32(RESIZE_HALF);
        const uint8_t *in = first + x;
        for (size_t k = 0; k < rows; k++, in += stride) {
            __m512i w = _mm512_set1_epi32(weights[k]);
            sum = _mm512_add_epi32(sum, _mm512_mullo_epi32(load_16(in, live), w));
        }
        sum = _mm512_srai_epi32(sum, RESIZE_WEIGHT_BITS);
        sum = _mm512_max_epi32(sum, _mm512_setzero_si512());
        _mm_mask_storeu_epi8(out + x, live, _mm512_cvtusepi32_epi8(sum));
    }
}

void kernel_resize_init_avx512(struct kernel_resize *k) {
    k->across = across_avx512;
    k->across_colour = across_colour_avx512;
    k->down = down_avx512;
}
