/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_ssim.h"

#include <immintrin.h>

static __m256i load_8(const uint8_t *p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

static __m256i load_i32(const int32_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static void add_to(int32_t *sums, __m256i v) {
    _mm256_storeu_si256((__m256i *)(void *)sums, _mm256_add_epi32(load_i32(sums), v));
}

static void slide_avx2(const struct ssim_columns *c, const uint8_t *a_in, const uint8_t *b_in,
                       const uint8_t *a_out, const uint8_t *b_out, size_t n) {
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256i ai = load_8(a_in + x), bi = load_8(b_in + x), ao = load_8(a_out + x),
                bo = load_8(b_out + x);
        __m256i in = _mm256_or_si256(
            ai, _mm256_slli_epi32(bi, 16)); /* a and b as 16-bit pairs: madd gives aa + bb */
        __m256i gone = _mm256_or_si256(ao, _mm256_slli_epi32(bo, 16));
        add_to(c->a + x, _mm256_sub_epi32(ai, ao));
        add_to(c->b + x, _mm256_sub_epi32(bi, bo));
        add_to(c->squares + x,
               _mm256_sub_epi32(_mm256_madd_epi16(in, in), _mm256_madd_epi16(gone, gone)));
        add_to(c->products + x,
               _mm256_sub_epi32(_mm256_madd_epi16(ai, bi), _mm256_madd_epi16(ao, bo)));
    }
    const struct ssim_columns rest = {c->a + x, c->b + x, c->squares + x, c->products + x};
    struct kernel_ssim plain;
    kernel_ssim_init_c(&plain);
    plain.slide(&rest, a_in + x, b_in + x, a_out + x, b_out + x, n - x);
}

static __m256i window_8(const int32_t *columns) {
    __m256i sum = load_i32(columns);
    for (int i = 1; i < SSIM_WINDOW; i++) {
        sum = _mm256_add_epi32(sum, load_i32(columns + i));
    }
    return sum;
}

static void row_avx2(float *out, const struct ssim_columns *c, size_t n, float c1, float c2) {
    const __m256 k1 = _mm256_set1_ps(c1), k2 = _mm256_set1_ps(c2);
    const __m256i area = _mm256_set1_epi32(SSIM_WINDOW * SSIM_WINDOW);
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256i a = window_8(c->a + x), b = window_8(c->b + x);
        __m256i ab = _mm256_mullo_epi32(a, b);
        __m256i aabb = _mm256_add_epi32(_mm256_mullo_epi32(a, a), _mm256_mullo_epi32(b, b));
        __m256i cov = _mm256_sub_epi32(_mm256_mullo_epi32(area, window_8(c->products + x)), ab);
        __m256i var = _mm256_sub_epi32(_mm256_mullo_epi32(area, window_8(c->squares + x)), aabb);
        __m256 upper =
            _mm256_mul_ps(_mm256_add_ps(_mm256_cvtepi32_ps(_mm256_slli_epi32(ab, 1)), k1),
                          _mm256_add_ps(_mm256_cvtepi32_ps(_mm256_slli_epi32(cov, 1)), k2));
        __m256 lower = _mm256_mul_ps(_mm256_add_ps(_mm256_cvtepi32_ps(aabb), k1),
                                     _mm256_add_ps(_mm256_cvtepi32_ps(var), k2));
        _mm256_storeu_ps(out + x, _mm256_div_ps(upper, lower));
    }
    const struct ssim_columns rest = {c->a + x, c->b + x, c->squares + x, c->products + x};
    struct kernel_ssim plain;
    kernel_ssim_init_c(&plain);
    plain.row(out + x, &rest, n - x, c1, c2);
}

static double sum_avx2(const float *values, size_t n) {
    __m256d low = _mm256_setzero_pd(), high = low; /* partial sums 0..3 and 4..7 */
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm_loadu_ps(values + x)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm_loadu_ps(values + x + 4)));
    }
    double s[8];
    _mm256_storeu_pd(s, low);
    _mm256_storeu_pd(s + 4, high);
    for (; x < n; x++) {
        s[x % 8] += values[x];
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

void kernel_ssim_init_avx2(struct kernel_ssim *k) {
    *k = (struct kernel_ssim){.slide = slide_avx2, .row = row_avx2, .sum = sum_avx2};
}
