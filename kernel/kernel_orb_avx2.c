/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_orb.h"

#include <immintrin.h>
#include <string.h>

static __m256i load32(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

static __m128i load16(const void *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

/* 8 outputs from the 16 samples at left[0]; the caller knows that they reach. */
static __m128i across_8(const uint8_t *in, const int32_t *left, const uint32_t *weights) {
    __m256i at = _mm256_sub_epi32(load32(left), _mm256_set1_epi32(left[0]));
    /* Bytes of each 32-bit lane: sample, 0, next sample, 0. */
    __m256i pick = _mm256_add_epi32(_mm256_or_si256(at, _mm256_slli_epi32(at, 16)),
                                    _mm256_set1_epi32((int32_t)0x80018000u));
    __m256i samples = _mm256_broadcastsi128_si256(load16(in + left[0]));
    __m256i sum = _mm256_madd_epi16(_mm256_shuffle_epi8(samples, pick), load32(weights));
    sum = _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(8)), 4);
    return _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

static void shrink_across_avx2(int16_t *out, const uint8_t *in, size_t in_width,
                               const struct interpolation *t, size_t n) {
    enum { SPAN = 14 }; /* left[i + 7] may be this far, so that its neighbour is among the 16 */
    struct kernel_orb c;
    kernel_orb_init_c(&c);
    size_t i = 0;
    for (; i + 8 <= n && (size_t)t->left[i] + 16 <= in_width; i += 8) {
        if (t->left[i + 7] - t->left[i] > SPAN) {
            break;
        }
        _mm_storeu_si128((__m128i *)(void *)(out + i), across_8(in, t->left + i, t->weights + i));
    }
    const struct interpolation rest = {t->left + i, t->weights + i};
    c.shrink_across(out + i, in, in_width, &rest, n - i);
}

static void shrink_down_avx2(uint8_t *out, const int16_t *upper, const int16_t *lower,
                             uint32_t weights, size_t n) {
    const __m256i w = _mm256_set1_epi32((int32_t)weights), half = _mm256_set1_epi32(1 << 17);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256i u = load32(upper + i), l = load32(lower + i);
        __m256i a = _mm256_madd_epi16(_mm256_unpacklo_epi16(u, l), w);
        __m256i b = _mm256_madd_epi16(_mm256_unpackhi_epi16(u, l), w);
        a = _mm256_srai_epi32(_mm256_add_epi32(a, half), 18);
        b = _mm256_srai_epi32(_mm256_add_epi32(b, half), 18);
        __m256i v = _mm256_packs_epi32(a, b);
        _mm_storeu_si128(
            (__m128i *)(void *)(out + i),
            _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
    }
    struct kernel_orb c;
    kernel_orb_init_c(&c);
    c.shrink_down(out + i, upper + i, lower + i, weights, n - i);
}

/* Products of 8-bit samples and weights below 64 fit 16 bits, and so does their sum: 255 * 256 + 128. */
static __m128i weighted_16(const __m128i taps[GAUSS7_TAPS]) {
    __m256i sum = _mm256_set1_epi16(128);
    for (int k = 0; k < GAUSS7_TAPS; k++) {
        __m256i w = _mm256_set1_epi16((short)gauss7_weights[k]);
        sum = _mm256_add_epi16(sum, _mm256_mullo_epi16(_mm256_cvtepu8_epi16(taps[k]), w));
    }
    sum = _mm256_srli_epi16(sum, 8);
    return _mm_packus_epi16(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

static void gauss7_down_avx2(uint8_t *out, const uint8_t *const rows[GAUSS7_TAPS], size_t n) {
    __m128i taps[GAUSS7_TAPS];
    size_t x = 0;
    for (; x + 16 <= n; x += 16) {
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            taps[k] = load16(rows[k] + x);
        }
        _mm_storeu_si128((__m128i *)(void *)(out + x), weighted_16(taps));
    }
    const uint8_t *rest[GAUSS7_TAPS];
    for (int k = 0; k < GAUSS7_TAPS; k++) {
        rest[k] = rows[k] + x;
    }
    struct kernel_orb c;
    kernel_orb_init_c(&c);
    c.gauss7_down(out + x, rest, n - x);
}

static void gauss7_across_avx2(uint8_t *out, const uint8_t *in, size_t n) {
    __m128i taps[GAUSS7_TAPS];
    size_t x = 0;
    for (; x + 16 <= n; x += 16) {
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            taps[k] = load16(in + x + k - GAUSS7_TAPS / 2);
        }
        _mm_storeu_si128((__m128i *)(void *)(out + x), weighted_16(taps));
    }
    struct kernel_orb c;
    kernel_orb_init_c(&c);
    c.gauss7_across(out + x, in + x, n - x);
}

static __m128i load8_wide(const uint8_t *p) {
    return _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

static int32_t sum_of_4(__m128i v) {
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1)));
}

/* Each row as its difference p[1] - p[-1] and its weighted sum p[-1] + 2 p[0] + p[1], at columns -3..4; the eighth is cleared. */
static void harris_sums_avx2(int32_t sums[3], const uint8_t *centre, ptrdiff_t stride) {
    const __m128i seven = _mm_setr_epi16(-1, -1, -1, -1, -1, -1, -1, 0);
    __m128i d[9], s[9], xx = _mm_setzero_si128(), yy = xx, xy = xx;
    for (int y = 0; y < 9; y++) {
        const uint8_t *p = centre + (y - 4) * stride - 4;
        __m128i left = load8_wide(p), mid = load8_wide(p + 1), right = load8_wide(p + 2);
        d[y] = _mm_and_si128(_mm_sub_epi16(right, left), seven);
        s[y] =
            _mm_and_si128(_mm_add_epi16(_mm_add_epi16(left, right), _mm_slli_epi16(mid, 1)), seven);
    }
    for (int y = 1; y < 8; y++) {
        __m128i gx = _mm_add_epi16(_mm_add_epi16(d[y - 1], d[y + 1]), _mm_slli_epi16(d[y], 1));
        __m128i gy = _mm_sub_epi16(s[y + 1], s[y - 1]);
        xx = _mm_add_epi32(xx, _mm_madd_epi16(gx, gx));
        yy = _mm_add_epi32(yy, _mm_madd_epi16(gy, gy));
        xy = _mm_add_epi32(xy, _mm_madd_epi16(gx, gy));
    }
    sums[0] = sum_of_4(xx);
    sums[1] = sum_of_4(yy);
    sums[2] = sum_of_4(xy);
}

static int32_t sum_of_8(__m256i v) {
    return sum_of_4(_mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}

/* Rows y and -y share their width. Columns -15..16, the last of weight 0 and always masked. */
static void disc_moments_avx2(int32_t sums[2], const uint8_t *centre, ptrdiff_t stride,
                              const int32_t half[ORB_DISC_RADIUS + 1]) {
    const __m256i column =
        _mm256_setr_epi8(-15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2,
                         3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    const __m256i ones = _mm256_set1_epi16(1), zero = _mm256_setzero_si256();
    __m256i x_sum = zero, y_sum = zero;
    for (int y = 0; y <= ORB_DISC_RADIUS; y++) {
        __m256i mask =
            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(half[y] + 1)), _mm256_abs_epi8(column));
        __m256i weight = _mm256_and_si256(column, mask);
        __m256i below = load32(centre + y * stride - 15);
        /* At most 2 * 15 * 255 a pair: no saturation. */
        x_sum =
            _mm256_add_epi32(x_sum, _mm256_madd_epi16(_mm256_maddubs_epi16(below, weight), ones));
        if (y > 0) {
            __m256i above = load32(centre - y * stride - 15);
            x_sum = _mm256_add_epi32(x_sum,
                                     _mm256_madd_epi16(_mm256_maddubs_epi16(above, weight), ones));
            __m256i down = _mm256_sad_epu8(_mm256_and_si256(below, mask), zero);
            __m256i up = _mm256_sad_epu8(_mm256_and_si256(above, mask), zero);
            y_sum = _mm256_add_epi32(
                y_sum, _mm256_mullo_epi32(_mm256_sub_epi32(down, up), _mm256_set1_epi32(y)));
        }
    }
    sums[0] = sum_of_8(x_sum);
    sums[1] = sum_of_8(y_sum);
}

/* The pixels at one end of 8 tests, in the low bytes. */
static __m256i pixels_at(const uint8_t *centre, __m256i stride, const float *x, const float *y,
                         __m256 cosine, __m256 sine) {
    __m256 px = _mm256_loadu_ps(x), py = _mm256_loadu_ps(y);
    __m256i to_x =
        _mm256_cvtps_epi32(_mm256_sub_ps(_mm256_mul_ps(px, cosine), _mm256_mul_ps(py, sine)));
    __m256i to_y =
        _mm256_cvtps_epi32(_mm256_add_ps(_mm256_mul_ps(px, sine), _mm256_mul_ps(py, cosine)));
    /* 4 bytes a pixel, of which the last is wanted: nothing behind the picture's last row is read. */
    __m256i at = _mm256_add_epi32(_mm256_mullo_epi32(to_y, stride), to_x);
    __m256i four = _mm256_i32gather_epi32((const int32_t *)(const void *)(centre - 3), at, 1);
    return _mm256_srli_epi32(four, 24);
}

static void describe_avx2(uint8_t out[ORB_TESTS / 8], const uint8_t *centre, ptrdiff_t stride,
                          const struct orb_tests *tests, float cosine, float sine) {
    __m256i step = _mm256_set1_epi32((int32_t)stride);
    __m256 c = _mm256_set1_ps(cosine), s = _mm256_set1_ps(sine);
    for (int i = 0; i < ORB_TESTS; i += 8) {
        __m256i first = pixels_at(centre, step, tests->x[0] + i, tests->y[0] + i, c, s);
        __m256i second = pixels_at(centre, step, tests->x[1] + i, tests->y[1] + i, c, s);
        __m256i darker = _mm256_cmpgt_epi32(second, first);
        out[i / 8] = (uint8_t)_mm256_movemask_ps(_mm256_castsi256_ps(darker));
    }
}

void kernel_orb_init_avx2(struct kernel_orb *k) {
    k->shrink_across = shrink_across_avx2;
    k->shrink_down = shrink_down_avx2;
    k->gauss7_down = gauss7_down_avx2;
    k->gauss7_across = gauss7_across_avx2;
    k->harris_sums = harris_sums_avx2;
    k->disc_moments = disc_moments_avx2;
    k->describe = describe_avx2;
}
