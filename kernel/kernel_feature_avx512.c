/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_feature.h"

#include <immintrin.h>

/* Everything as in kernel_feature_avx2.c, on 64 pixels. */
static void arc_extremes(__m512i *high, __m512i *low, const __m512i v[16]) {
    __m512i min2[8], max2[8], min4[8], max4[8];
    for (int i = 0; i < 8; i++) {
        min2[i] = _mm512_min_epu8(v[2 * i + 1], v[(2 * i + 2) & 15]);
        max2[i] = _mm512_max_epu8(v[2 * i + 1], v[(2 * i + 2) & 15]);
    }
    for (int i = 0; i < 8; i++) {
        min4[i] = _mm512_min_epu8(min2[i], min2[(i + 1) & 7]);
        max4[i] = _mm512_max_epu8(max2[i], max2[(i + 1) & 7]);
    }
    *high = _mm512_setzero_si512();
    *low = _mm512_set1_epi8((char)255);
    for (int i = 0; i < 8; i++) {
        __m512i min8 = _mm512_min_epu8(min4[i], min4[(i + 2) & 7]);
        __m512i max8 = _mm512_max_epu8(max4[i], max4[(i + 2) & 7]);
        __m512i before = v[2 * i], after = v[(2 * i + 9) & 15];
        *high = _mm512_max_epu8(*high, _mm512_min_epu8(min8, _mm512_max_epu8(before, after)));
        *low = _mm512_min_epu8(*low, _mm512_max_epu8(max8, _mm512_min_epu8(before, after)));
    }
}

static __m512i contrast(__m512i high, __m512i low, __m512i centre) {
    return _mm512_max_epu8(_mm512_subs_epu8(high, centre), _mm512_subs_epu8(centre, low));
}

/* Pixels outside `lanes` are neither read nor scored. */
static void fast_64(uint8_t *score, const uint8_t *p, const ptrdiff_t o[16], __m512i threshold,
                    __mmask64 lanes) {
    __m512i v[16], centre = _mm512_maskz_loadu_epi8(lanes, p), high, low;
    for (int i = 0; i < 16; i += 4) {
        v[i] = _mm512_maskz_loadu_epi8(lanes, p + o[i]);
    }
    high = _mm512_min_epu8(_mm512_max_epu8(v[0], v[8]), _mm512_max_epu8(v[4], v[12]));
    low = _mm512_max_epu8(_mm512_min_epu8(v[0], v[8]), _mm512_min_epu8(v[4], v[12]));
    if (!_mm512_cmpgt_epu8_mask(contrast(high, low, centre), threshold)) {
        _mm512_mask_storeu_epi8(score, lanes, _mm512_setzero_si512());
        return;
    }
    for (int i = 0; i < 16; i++) {
        v[i] = _mm512_maskz_loadu_epi8(lanes, p + o[i]);
    }
    arc_extremes(&high, &low, v);
    __m512i c = contrast(high, low, centre);
    __mmask64 is_corner = _mm512_cmpgt_epu8_mask(c, threshold);
    _mm512_mask_storeu_epi8(score, lanes, _mm512_maskz_sub_epi8(is_corner, c, _mm512_set1_epi8(1)));
}

static void fast_row_avx512(uint8_t *score, const uint8_t *row, ptrdiff_t stride, size_t n,
                            int32_t threshold) {
    ptrdiff_t o[16];
    fast_circle(o, stride);
    __m512i t = _mm512_set1_epi8((char)threshold);
    for (size_t x = 0; x < n; x += 64) {
        __mmask64 lanes = n - x >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - x)) - 1;
        fast_64(score + x, row + x, o, t, lanes);
    }
}

void kernel_feature_init_avx512(struct kernel_feature *k) {
    k->fast_row = fast_row_avx512;
}
