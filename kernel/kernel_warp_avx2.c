/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <string.h>

#include "kernel/kernel_warp_rows.h"

static void find_avx2(struct warp_places *out, const double m[9], const struct warp_source *s,
                      int32_t x0, int32_t y, size_t n) {
    warp_find(out, m, s, x0, y, n);
}

static inline __m256i weights_of(const int16_t weights[4]) {
    int64_t four;
    memcpy(&four, weights, sizeof four);
    return _mm256_set1_epi64x(four);
}

/* Products of one row, in pairs: of the first two and of the last two of the four samples of each channel. */
static inline __m256i products(const uint8_t *p, __m128i order, __m256i wx) {
    __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), order);
    return _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), wx);
}

static inline __m256i halve_seven(__m256i sums) {
    return _mm256_srai_epi32(_mm256_add_epi32(sums, _mm256_set1_epi32(64)), 7);
}

static inline int32_t load4(const uint8_t *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Sums of four values of each channel, rounded and clipped: byte c of each half is of channel c there. */
static inline __m256i finish(__m256i pairs) {
    __m256i sums = _mm256_hadd_epi32(pairs, pairs);
    sums = _mm256_srai_epi32(_mm256_add_epi32(sums, _mm256_set1_epi32(1 << 16)), 17);
    sums = _mm256_packus_epi32(sums, sums);
    return _mm256_packus_epi16(sums, sums);
}

/* Three or four channels: 16 bytes from p hold the four samples of a row. */
static inline void read_colour(uint8_t *out, const struct warp_source *s, const uint8_t *p,
                               __m128i order, __m256i wx, __m256i wy) {
    /* Each half holds two channels of four rows, row by row; then channel by channel. */
    const __m256i by_channel =
        _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12,
                         13, 2, 3, 6, 7, 10, 11, 14, 15);
    __m256i upper = _mm256_hadd_epi32(products(p, order, wx), products(p + s->stride, order, wx));
    __m256i lower = _mm256_hadd_epi32(products(p + 2 * s->stride, order, wx),
                                      products(p + 3 * s->stride, order, wx));
    __m256i rows = _mm256_packs_epi32(halve_seven(upper), halve_seven(lower));
    rows = _mm256_shuffle_epi8(rows, by_channel);
    __m256i values = finish(_mm256_madd_epi16(rows, wy));
    int32_t first = _mm256_extract_epi32(values, 0), second = _mm256_extract_epi32(values, 4);
    out[0] = (uint8_t)first;
    out[1] = (uint8_t)(first >> 8);
    out[2] = (uint8_t)second;
    if (s->channels == 4) {
        out[3] = (uint8_t)(second >> 8);
    }
}

static inline void read_gray(uint8_t *out, const struct warp_source *s, const uint8_t *p,
                             __m256i wx, const int16_t wy[4]) {
    __m128i bytes = _mm_setr_epi32(load4(p), load4(p + s->stride), load4(p + 2 * s->stride),
                                   load4(p + 3 * s->stride));
    __m256i pairs = _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), wx);
    __m256i rows = halve_seven(_mm256_hadd_epi32(pairs, pairs)); /* two rows in each half */
    __m128i four =
        _mm_unpacklo_epi64(_mm256_castsi256_si128(rows), _mm256_extracti128_si256(rows, 1));
    __m128i down = _mm_cvtepi16_epi32(_mm_loadl_epi64((const __m128i *)(const void *)wy));
    __m128i sums = _mm_mullo_epi32(four, down);
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
    *out = (uint8_t)warp_clamp((_mm_cvtsi128_si32(sums) + (1 << 16)) >> 17, 255);
}

static void read_avx2(uint8_t *out, const struct warp_source *s, const struct warp_places *places,
                      size_t n) {
    const __m128i order = s->channels == 4
                              ? _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
                              : _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1);
    /* 16 bytes of a row of three channels reach into a sixth pixel. */
    int32_t right = s->width - (s->channels == 3 ? 6 : 4), bottom = s->height - 4;
    for (size_t i = 0; i < n; i++, out += s->channels) {
        int32_t left = places->left[i], top = places->top[i];
        if (!places->inside[i]) {
            warp_black(out, s->channels);
        } else if (left < 0 || top < 0 || left > right || top > bottom) {
            warp_sample(out, s, places, i);
        } else {
            const uint8_t *p =
                s->data + (size_t)top * s->stride + (size_t)left * (size_t)s->channels;
            const int16_t *wy = s->weights[places->down[i]];
            __m256i wx = weights_of(s->weights[places->across[i]]);
            if (s->channels == 1) {
                read_gray(out, s, p, wx, wy);
            } else {
                read_colour(out, s, p, order, wx, weights_of(wy));
            }
        }
    }
}

void kernel_warp_init_avx2(struct kernel_warp *k) {
    k->find = find_avx2;
    k->read = read_avx2;
}
