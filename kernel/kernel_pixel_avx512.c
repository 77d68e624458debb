/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_pixel.h"

#include <immintrin.h>

static void sums_u8_avx512(struct pixel_sums *sums, const uint8_t *a, const uint8_t *b, size_t n) {
    __m512i zero = _mm512_setzero_si512();
    __m512i absolute = zero, squared = zero, largest = zero;
    uint64_t unequal = 0;
    for (size_t i = 0; i < n; i += 64) {
        __mmask64 live = n - i >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - i)) - 1;
        __m512i va = _mm512_maskz_loadu_epi8(live, a + i);
        __m512i vb = _mm512_maskz_loadu_epi8(live, b + i);
        __m512i d = _mm512_or_si512(_mm512_subs_epu8(va, vb), _mm512_subs_epu8(vb, va));
        absolute = _mm512_add_epi64(absolute, _mm512_sad_epu8(d, zero));
        __m512i lo = _mm512_unpacklo_epi8(d, zero);
        __m512i hi = _mm512_unpackhi_epi8(d, zero);
        __m512i sq = _mm512_add_epi32(_mm512_madd_epi16(lo, lo), _mm512_madd_epi16(hi, hi));
        squared = _mm512_add_epi64(squared, _mm512_add_epi64(_mm512_unpacklo_epi32(sq, zero),
                                                             _mm512_unpackhi_epi32(sq, zero)));
        largest = _mm512_max_epu8(largest, d);
        unequal += (uint64_t)__builtin_popcountll(_mm512_test_epi8_mask(d, d));
    }
    uint8_t lanes[64];
    _mm512_storeu_si512(lanes, largest);
    for (int lane = 0; lane < 64; lane++) {
        sums->largest = lanes[lane] > sums->largest ? lanes[lane] : sums->largest;
    }
    sums->absolute += (uint64_t)_mm512_reduce_add_epi64(absolute);
    sums->squared += (uint64_t)_mm512_reduce_add_epi64(squared);
    sums->unequal += unequal;
}

void kernel_pixel_init_avx512(struct kernel_pixel *k) {
    k->sums_u8 = sums_u8_avx512;
}
