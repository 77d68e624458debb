/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_feature.h"

#include <immintrin.h>
#include <string.h>

static __m256i load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The highest level that all 9 of some arc reach, and the lowest that all 9 of some arc stay below. The arcs that start at
 * i - 1 and at i share the 8 pixels from i on: i odd covers all 16. */
static void arc_extremes(__m256i *high, __m256i *low, const __m256i v[16]) {
    __m256i min2[8], max2[8], min4[8], max4[8];
    for (int i = 0; i < 8; i++) {
        min2[i] = _mm256_min_epu8(v[2 * i + 1], v[(2 * i + 2) & 15]);
        max2[i] = _mm256_max_epu8(v[2 * i + 1], v[(2 * i + 2) & 15]);
    }
    for (int i = 0; i < 8; i++) {
        min4[i] = _mm256_min_epu8(min2[i], min2[(i + 1) & 7]);
        max4[i] = _mm256_max_epu8(max2[i], max2[(i + 1) & 7]);
    }
    *high = _mm256_setzero_si256();
    *low = _mm256_set1_epi8((char)255);
    for (int i = 0; i < 8; i++) {
        __m256i min8 = _mm256_min_epu8(min4[i], min4[(i + 2) & 7]);
        __m256i max8 = _mm256_max_epu8(max4[i], max4[(i + 2) & 7]);
        __m256i before = v[2 * i], after = v[(2 * i + 9) & 15];
        *high = _mm256_max_epu8(*high, _mm256_min_epu8(min8, _mm256_max_epu8(before, after)));
        *low = _mm256_min_epu8(*low, _mm256_max_epu8(max8, _mm256_min_epu8(before, after)));
    }
}

/* The larger of high - centre and centre - low, by saturation never below 0. */
static __m256i contrast(__m256i high, __m256i low, __m256i centre) {
    return _mm256_max_epu8(_mm256_subs_epu8(high, centre), _mm256_subs_epu8(centre, low));
}

/* 32 pixels. */
static __m256i fast_32(const uint8_t *p, const ptrdiff_t o[16], __m256i threshold) {
    __m256i v[16], centre = load(p), high, low;
    for (int i = 0; i < 16; i += 4) {
        v[i] = load(p + o[i]);
    }
    high = _mm256_min_epu8(_mm256_max_epu8(v[0], v[8]), _mm256_max_epu8(v[4], v[12]));
    low = _mm256_max_epu8(_mm256_min_epu8(v[0], v[8]), _mm256_min_epu8(v[4], v[12]));
    __m256i maybe = _mm256_subs_epu8(contrast(high, low, centre), threshold);
    if (_mm256_testz_si256(maybe, maybe)) {
        return maybe;
    }
    for (int i = 0; i < 16; i++) {
        v[i] = load(p + o[i]);
    }
    arc_extremes(&high, &low, v);
    __m256i c = contrast(high, low, centre);
    __m256i none = _mm256_cmpeq_epi8(_mm256_subs_epu8(c, threshold), _mm256_setzero_si256());
    return _mm256_andnot_si256(none, _mm256_sub_epi8(c, _mm256_set1_epi8(1)));
}

static void fast_row_avx2(uint8_t *score, const uint8_t *row, ptrdiff_t stride, size_t n,
                          int32_t threshold) {
    ptrdiff_t o[16];
    fast_circle(o, stride);
    __m256i t = _mm256_set1_epi8((char)threshold);
    size_t x = 0;
    for (; x + 32 <= n; x += 32) {
        _mm256_storeu_si256((__m256i *)(void *)(score + x), fast_32(row + x, o, t));
    }
    if (x < n && n >= 32) { /* the last 32 again, overlapping: the same scores */
        x = n - 32;
        _mm256_storeu_si256((__m256i *)(void *)(score + x), fast_32(row + x, o, t));
    } else if (x < n) {
        struct kernel_feature c;
        kernel_feature_init_c(&c);
        c.fast_row(score + x, row + x, stride, n - x, threshold);
    }
}

static uint32_t maxima_32(const uint8_t *const rows[3], size_t x) {
    __m256i s = load(rows[1] + x);
    if (_mm256_testz_si256(s, s)) {
        return 0;
    }
    __m256i most = _mm256_max_epu8(load(rows[1] + x - 1), load(rows[1] + x + 1));
    for (int i = 0; i < 3; i += 2) {
        most = _mm256_max_epu8(most, load(rows[i] + x - 1));
        most = _mm256_max_epu8(most, load(rows[i] + x));
        most = _mm256_max_epu8(most, load(rows[i] + x + 1));
    }
    __m256i not_more = _mm256_cmpeq_epi8(_mm256_max_epu8(most, s), most);
    return ~(uint32_t)_mm256_movemask_epi8(not_more);
}

static size_t fast_maxima_avx2(int32_t *at, const uint8_t *const rows[3], size_t n) {
    size_t count = 0, x = 0;
    for (; x + 32 <= n; x += 32) {
        for (uint32_t mask = maxima_32(rows, x); mask; mask &= mask - 1) {
            at[count++] = (int32_t)x + __builtin_ctz(mask);
        }
    }
    const uint8_t *const rest[3] = {rows[0] + x, rows[1] + x, rows[2] + x};
    struct kernel_feature c;
    kernel_feature_init_c(&c);
    size_t more = c.fast_maxima(at + count, rest, n - x);
    for (size_t i = 0; i < more; i++) {
        at[count + i] += (int32_t)x;
    }
    return count + more;
}

/* The same loop as in C: with the POPCNT instruction at hand it is near memory speed. */
static void nearest_avx2(struct nearest_two *out, const uint8_t *query, const uint8_t *list,
                         size_t count) {
    uint64_t q[4];
    memcpy(q, query, sizeof q);
    int32_t index = -1, best = 257, second = 257;
    for (size_t i = 0; i < count; i++) {
        uint64_t v[4];
        memcpy(v, list + i * DESCRIPTOR_BYTES, sizeof v);
        int32_t d = (int32_t)(_mm_popcnt_u64(q[0] ^ v[0]) + _mm_popcnt_u64(q[1] ^ v[1]) +
                              _mm_popcnt_u64(q[2] ^ v[2]) + _mm_popcnt_u64(q[3] ^ v[3]));
        if (d < second) {
            if (d < best) {
                second = best;
                best = d;
                index = (int32_t)i;
            } else {
                second = d;
            }
        }
    }
    *out = (struct nearest_two){.index = index, .distance = best, .second = second};
}

/* Written in any case, counted where it holds: nothing is guessed by the processor. */
static size_t near_64_avx2(int32_t *at, const uint64_t *list, size_t count, uint64_t query,
                           int32_t limit) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        at[found] = (int32_t)i;
        found += _mm_popcnt_u64(list[i] ^ query) <= limit;
    }
    return found;
}

void kernel_feature_init_avx2(struct kernel_feature *k) {
    k->fast_row = fast_row_avx2;
    k->fast_maxima = fast_maxima_avx2;
    k->nearest = nearest_avx2;
    k->near_64 = near_64_avx2;
}
