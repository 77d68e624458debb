/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_feature.h"

#include <immintrin.h>

#include "base/compiler.h"
#include "base/cpu.h"

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

/* Set bits of 8 descriptors that differ from the query's, in the order 0 2 1 3 4 6 5 7. */
TARGET("avx512vpopcntdq")
static __m512i distances_8(__m512i query, const uint8_t *list) {
    __m512i bits[4], sums[2];
    for (int i = 0; i < 4; i++) {
        bits[i] = _mm512_popcnt_epi64(
            _mm512_xor_si512(query, _mm512_loadu_si512(list + (ptrdiff_t)64 * i)));
    }
    for (int i = 0; i < 2; i++) {
        sums[i] = _mm512_add_epi64(_mm512_unpacklo_epi64(bits[2 * i], bits[2 * i + 1]),
                                   _mm512_unpackhi_epi64(bits[2 * i], bits[2 * i + 1]));
    }
    return _mm512_add_epi64(_mm512_shuffle_i64x2(sums[0], sums[1], 0x88),
                            _mm512_shuffle_i64x2(sums[0], sums[1], 0xdd));
}

/* Eight searches side by side over keys (distance << 32 | index), so that of equals the first wins; then the best of those. */
TARGET("avx512vpopcntdq")
static void nearest_vpopcnt(struct nearest_two *out, const uint8_t *query, const uint8_t *list,
                            size_t count) {
    enum { LANES = 8, NONE = 257 };
    const __m512i q =
        _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(const void *)query));
    const __m512i step = _mm512_set1_epi64(LANES);
    __m512i index = _mm512_setr_epi64(0, 2, 1, 3, 4, 6, 5, 7);
    __m512i best = _mm512_set1_epi64((int64_t)NONE << 32), second = best;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        __m512i d = distances_8(q, list + i * DESCRIPTOR_BYTES);
        __m512i key = _mm512_or_si512(_mm512_slli_epi64(d, 32), index);
        second = _mm512_min_epu64(second, _mm512_max_epu64(best, key));
        best = _mm512_min_epu64(best, key);
        index = _mm512_add_epi64(index, step);
    }
    uint64_t keys[2 * LANES], least = (uint64_t)NONE << 32, next = least;
    size_t found = i > 0 ? 2 * LANES : 0;
    _mm512_storeu_si512(keys, best);
    _mm512_storeu_si512(keys + LANES, second);
    for (size_t k = 0; k < found; k++) {
        next = MIN(next, MAX(least, keys[k]));
        least = MIN(least, keys[k]);
    }
    for (; i < count; i++) {
        __m256i v = _mm256_xor_si256(
            _mm512_castsi512_si256(q),
            _mm256_loadu_si256((const __m256i *)(const void *)(list + i * DESCRIPTOR_BYTES)));
        uint64_t d = (uint64_t)(_mm_popcnt_u64((uint64_t)_mm256_extract_epi64(v, 0)) +
                                _mm_popcnt_u64((uint64_t)_mm256_extract_epi64(v, 1)) +
                                _mm_popcnt_u64((uint64_t)_mm256_extract_epi64(v, 2)) +
                                _mm_popcnt_u64((uint64_t)_mm256_extract_epi64(v, 3)));
        uint64_t key = d << 32 | i;
        next = MIN(next, MAX(least, key));
        least = MIN(least, key);
    }
    *out = (struct nearest_two){.index = count > 0 ? (int32_t)(uint32_t)least : -1,
                                .distance = (int32_t)(least >> 32),
                                .second = (int32_t)(next >> 32)};
}

void kernel_feature_init_avx512(struct kernel_feature *k) {
    k->fast_row = fast_row_avx512;
    if (cpu_has_vector_popcount()) {
        k->nearest = nearest_vpopcnt;
    }
}
