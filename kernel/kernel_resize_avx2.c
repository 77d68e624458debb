/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_resize.h"

#include <immintrin.h>
#include <string.h>

static __m256i load_8(const uint8_t *p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

static int32_t across_avx2(const uint8_t *in, const int32_t *weights, size_t n) {
    __m256i sums = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)(weights + i));
        sums = _mm256_add_epi32(sums, _mm256_mullo_epi32(load_8(in + i), w));
    }
    int32_t lanes[8], sum = 0;
    _mm256_storeu_si256((__m256i *)(void *)lanes, sums);
    for (int lane = 0; lane < 8; lane++) {
        sum += lanes[lane];
    }
    for (; i < n; i++) {
        sum += in[i] * weights[i];
    }
    return sum;
}

/* Two pixels a step, four lanes each. Loading two pixels of three channels reads two bytes of a third, which must be there. */
static void across_colour_avx2(int32_t sums[4], const uint8_t *in, size_t channels,
                               const int32_t *weights, size_t n) {
    const __m128i spread =
        channels == 3 ? _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1)
                      : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i each_four = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    __m256i pairs = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 3 <= n; i += 2, in += 2 * channels) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)in);
        __m128i two = _mm_loadl_epi64((const __m128i *)(const void *)(weights + i));
        __m256i w = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(two), each_four);
        __m256i v = _mm256_cvtepu8_epi32(_mm_shuffle_epi8(bytes, spread));
        pairs = _mm256_add_epi32(pairs, _mm256_mullo_epi32(v, w));
    }
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    for (; i < n; i++, in += channels) {
        int32_t pixel = 0;
        memcpy(&pixel, in, channels);
        __m128i v = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(pixel));
        sum = _mm_add_epi32(sum, _mm_mullo_epi32(v, _mm_set1_epi32(weights[i])));
    }
    _mm_storeu_si128((__m128i *)(void *)sums, sum);
}

/* Pairs of 16-bit products are added up in one instruction: samples times the low halves of the weights and times the high ones,
 * put together at the end. */

static inline __m128i round_sums(__m128i sums) {
    return _mm_srai_epi32(_mm_add_epi32(sums, _mm_set1_epi32(RESIZE_HALF)), RESIZE_WEIGHT_BITS);
}

/* The products of one sample, most of them (a multiple of 8), in four sums. */
static inline __m128i products(const uint8_t *in, const int16_t *halves, size_t most) {
    __m128i low = _mm_setzero_si128(), high = low;
    for (size_t i = 0; i < most; i += 8) {
        __m128i v = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)(in + i)));
        const __m128i *l = (const __m128i *)(const void *)(halves + i);
        const __m128i *h = (const __m128i *)(const void *)(halves + most + i);
        low = _mm_add_epi32(low, _mm_madd_epi16(v, _mm_loadu_si128(l)));
        high = _mm_add_epi32(high, _mm_madd_epi16(v, _mm_loadu_si128(h)));
    }
    return _mm_add_epi32(low, _mm_slli_epi32(high, RESIZE_LOW_BITS));
}

/* Four samples at a time, so long as what is read for the last lies inside. Returns how many were made. */
static size_t row_of_gray(uint8_t *to, const uint8_t *from, const struct resize_row *r) {
    size_t x = 0, each = 2 * r->most;
    for (; x + 4 <= r->width && (size_t)r->first[x + 3] + r->most <= r->from_width; x += 4) {
        const int16_t *h = r->halves + x * each;
        const int32_t *first = r->first + x;
        __m128i s0 = products(from + first[0], h, r->most);
        __m128i s1 = products(from + first[1], h + each, r->most);
        __m128i s2 = products(from + first[2], h + 2 * each, r->most);
        __m128i s3 = products(from + first[3], h + 3 * each, r->most);
        __m128i sums = round_sums(_mm_hadd_epi32(_mm_hadd_epi32(s0, s1), _mm_hadd_epi32(s2, s3)));
        sums = _mm_packus_epi32(sums, sums);
        int32_t four = _mm_cvtsi128_si32(_mm_packus_epi16(sums, sums));
        memcpy(to + x, &four, sizeof four);
    }
    return x;
}

/* One sample of three or four channels, four pixels a step: two sums a channel. */
static inline __m256i colour_products(const uint8_t *in, size_t channels, const int16_t *halves,
                                      size_t most, size_t steps, __m128i order) {
    __m256i low_sums = _mm256_setzero_si256(), high_sums = low_sums;
    for (size_t i = 0; i < steps; i++) {
        int64_t low, high;
        memcpy(&low, halves + 4 * i, sizeof low);
        memcpy(&high, halves + most + 4 * i, sizeof high);
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(in + 4 * channels * i));
        __m256i v = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(bytes, order));
        low_sums = _mm256_add_epi32(low_sums, _mm256_madd_epi16(v, _mm256_set1_epi64x(low)));
        high_sums = _mm256_add_epi32(high_sums, _mm256_madd_epi16(v, _mm256_set1_epi64x(high)));
    }
    return _mm256_add_epi32(low_sums, _mm256_slli_epi32(high_sums, RESIZE_LOW_BITS));
}

/* Two samples at a time, so long as what is read for the second lies inside. */
static size_t row_of_colour(uint8_t *to, const uint8_t *from, const struct resize_row *r) {
    const size_t channels = r->channels, end = r->from_width * channels, each = 2 * r->most;
    const __m128i order = channels == 4
                              ? _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
                              : _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1);
    const __m128i together =
        channels == 4 ? _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1)
                      : _mm_setr_epi8(0, 1, 2, 4, 5, 6, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    size_t x = 0;
    for (; x + 6 - channels <= r->width; x += 2) { /* 8 bytes are written: the next sample's too */
        size_t most = (size_t)(r->count[x] > r->count[x + 1] ? r->count[x] : r->count[x + 1]);
        size_t steps = (most + 3) / 4, at = (size_t)r->first[x + 1] * channels;
        if (at + 4 * channels * (steps - 1) + 16 > end) {
            break;
        }
        const int16_t *h = r->halves + x * each;
        __m256i s0 = colour_products(from + (size_t)r->first[x] * channels, channels, h, r->most,
                                     steps, order);
        __m256i s1 = colour_products(from + at, channels, h + each, r->most, steps, order);
        /* Halves: channels 0 and 1 of both samples, 2 and 3 of both. */
        __m256i both = _mm256_hadd_epi32(s0, s1);
        __m128i first = _mm256_castsi256_si128(both), second = _mm256_extracti128_si256(both, 1);
        __m128i words = _mm_packus_epi32(round_sums(_mm_unpacklo_epi64(first, second)),
                                         round_sums(_mm_unpackhi_epi64(first, second)));
        int64_t pixels =
            _mm_cvtsi128_si64(_mm_shuffle_epi8(_mm_packus_epi16(words, words), together));
        memcpy(to + x * channels, &pixels, sizeof pixels);
    }
    return x;
}

static void across_row_avx2(uint8_t *to, const uint8_t *from, const struct resize_row *r) {
    size_t x = r->channels == 1 ? row_of_gray(to, from, r) : row_of_colour(to, from, r);
    const struct resize_row rest = {.first = r->first + x,
                                    .count = r->count + x,
                                    .weights = r->weights + x * r->most,
                                    .halves = r->halves + 2 * x * r->most,
                                    .most = r->most,
                                    .width = r->width - x,
                                    .from_width = r->from_width,
                                    .channels = r->channels};
    struct kernel_resize c;
    kernel_resize_init_c(&c);
    c.across_row(to + x * r->channels, from, &rest);
}

/* 16 columns keep their sums in two registers while the rows go by. */
static void down_avx2(uint8_t *out, const uint8_t *first, size_t stride, const int32_t *weights,
                      size_t rows, size_t n) {
    size_t x = 0;
    for (; x + 16 <= n; x += 16) {
        __m256i low = _mm256_set1_epi32(RESIZE_HALF), high = low;
        const uint8_t *in = first + x;
        for (size_t k = 0; k < rows; k++, in += stride) {
            __m256i w = _mm256_set1_epi32(weights[k]);
            low = _mm256_add_epi32(low, _mm256_mullo_epi32(load_8(in), w));
            high = _mm256_add_epi32(high, _mm256_mullo_epi32(load_8(in + 8), w));
        }
        __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(low, RESIZE_WEIGHT_BITS),
                                           _mm256_srai_epi32(high, RESIZE_WEIGHT_BITS));
        words = _mm256_permute4x64_epi64(words, 0xd8);
        __m128i bytes =
            _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(void *)(out + x), bytes);
    }
    struct kernel_resize c;
    kernel_resize_init_c(&c);
    c.down(out + x, first + x, stride, weights, rows, n - x);
}

void kernel_resize_init_avx2(struct kernel_resize *k) {
    *k = (struct kernel_resize){.across_row = across_row_avx2,
                                .across = across_avx2,
                                .across_colour = across_colour_avx2,
                                .down = down_avx2};
}
