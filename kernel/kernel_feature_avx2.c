/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_feature.h"

#include <immintrin.h>
#include <string.h>

static __m256i load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The 16 offsets of the circle, in order around it. */
static void circle_offsets(ptrdiff_t o[16], ptrdiff_t stride) {
    static const int8_t circle[16][2] = {{0, -3}, {1, -3},  {2, -2},  {3, -1}, {3, 0},  {3, 1},
                                         {2, 2},  {1, 3},   {0, 3},   {-1, 3}, {-2, 2}, {-3, 1},
                                         {-3, 0}, {-3, -1}, {-2, -2}, {-1, -3}};
    for (int i = 0; i < 16; i++) {
        o[i] = circle[i][0] + circle[i][1] * stride;
    }
}

/* Longest run of set masks around the circle of at least 9, for 32 pixels: a counter a pixel goes up while the mask is set
 * and back to 0 where it is not, over the circle and 8 pixels more. */
static __m256i run_of_9(const __m256i mask[16]) {
    __m256i count = _mm256_setzero_si256(), most = count;
    for (int i = 0; i < 24; i++) {
        __m256i m = mask[i & 15];
        count = _mm256_and_si256(_mm256_sub_epi8(count, m), m);
        most = _mm256_max_epu8(most, count);
    }
    return _mm256_cmpgt_epi8(most, _mm256_set1_epi8(8));
}

/* 32 pixels. Any arc of 9 holds at least two of the four points a quarter apart, which rejects most pixels early. */
static __m256i fast_32(const uint8_t *p, const ptrdiff_t o[16], __m256i threshold) {
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    __m256i centre = load(p);
    __m256i high = _mm256_xor_si256(_mm256_adds_epu8(centre, threshold), sign);
    __m256i low = _mm256_xor_si256(_mm256_subs_epu8(centre, threshold), sign);
    __m256i brighter[16], darker[16];
    __m256i sum_b = _mm256_setzero_si256(), sum_d = sum_b;
    for (int i = 0; i < 16; i += 4) {
        __m256i v = _mm256_xor_si256(load(p + o[i]), sign);
        brighter[i] = _mm256_cmpgt_epi8(v, high);
        darker[i] = _mm256_cmpgt_epi8(low, v);
        sum_b = _mm256_sub_epi8(sum_b, brighter[i]);
        sum_d = _mm256_sub_epi8(sum_d, darker[i]);
    }
    __m256i maybe = _mm256_cmpgt_epi8(_mm256_max_epu8(sum_b, sum_d), _mm256_set1_epi8(1));
    if (_mm256_testz_si256(maybe, maybe)) {
        return _mm256_setzero_si256();
    }
    for (int i = 0; i < 16; i++) {
        if (i % 4 != 0) {
            __m256i v = _mm256_xor_si256(load(p + o[i]), sign);
            brighter[i] = _mm256_cmpgt_epi8(v, high);
            darker[i] = _mm256_cmpgt_epi8(low, v);
        }
    }
    return _mm256_and_si256(_mm256_or_si256(run_of_9(brighter), run_of_9(darker)),
                            _mm256_set1_epi8(1));
}

static void fast_row_avx2(uint8_t *corner, const uint8_t *row, ptrdiff_t stride, size_t n,
                          int32_t threshold) {
    ptrdiff_t o[16];
    circle_offsets(o, stride);
    __m256i t = _mm256_set1_epi8((char)threshold);
    size_t x = 0;
    for (; x + 32 <= n; x += 32) {
        _mm256_storeu_si256((__m256i *)(void *)(corner + x), fast_32(row + x, o, t));
    }
    struct kernel_feature c;
    kernel_feature_init_c(&c);
    c.fast_row(corner + x, row + x, stride, n - x, threshold);
}

/* Products of 8-bit samples and weights below 64 fit 16 bits, and so does their sum: 255 * 256 + 128. */
static __m256i weighted_16(const __m128i taps[GAUSS7_TAPS]) {
    __m256i sum = _mm256_set1_epi16(128);
    for (int k = 0; k < GAUSS7_TAPS; k++) {
        __m256i w = _mm256_set1_epi16((short)gauss7_weights[k]);
        sum = _mm256_add_epi16(sum, _mm256_mullo_epi16(_mm256_cvtepu8_epi16(taps[k]), w));
    }
    return _mm256_srli_epi16(sum, 8);
}

static void store_16(uint8_t *out, __m256i v) {
    __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storeu_si128((__m128i *)(void *)out, packed);
}

static void gauss7_down_avx2(uint8_t *out, const uint8_t *const rows[GAUSS7_TAPS], size_t n) {
    __m128i taps[GAUSS7_TAPS];
    size_t x = 0;
    for (; x + 16 <= n; x += 16) {
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            taps[k] = _mm_loadu_si128((const __m128i *)(const void *)(rows[k] + x));
        }
        store_16(out + x, weighted_16(taps));
    }
    const uint8_t *rest[GAUSS7_TAPS];
    for (int k = 0; k < GAUSS7_TAPS; k++) {
        rest[k] = rows[k] + x;
    }
    struct kernel_feature c;
    kernel_feature_init_c(&c);
    c.gauss7_down(out + x, rest, n - x);
}

static void gauss7_across_avx2(uint8_t *out, const uint8_t *in, size_t n) {
    __m128i taps[GAUSS7_TAPS];
    size_t x = 0;
    for (; x + 16 <= n; x += 16) {
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            taps[k] =
                _mm_loadu_si128((const __m128i *)(const void *)(in + x + k - GAUSS7_TAPS / 2));
        }
        store_16(out + x, weighted_16(taps));
    }
    struct kernel_feature c;
    kernel_feature_init_c(&c);
    c.gauss7_across(out + x, in + x, n - x);
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

void kernel_feature_init_avx2(struct kernel_feature *k) {
    k->fast_row = fast_row_avx2;
    k->gauss7_down = gauss7_down_avx2;
    k->gauss7_across = gauss7_across_avx2;
    k->nearest = nearest_avx2;
}
