/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_ssim.h"

#include <immintrin.h>

/* Lanes 0..n-1 of 16, all of them when n >= 16; a masked load reads and a masked store writes nothing beyond. */
static __mmask16 first_16(size_t n) {
    return (__mmask16)((1u << (n < 16 ? n : 16)) - 1);
}

static __mmask8 first_8(size_t n) {
    return (__mmask8)((1u << (n < 8 ? n : 8)) - 1);
}

/* a in the low half of each lane, b in the high one: madd then gives a^2 + b^2 at once. */
static __m512i load_pair(__m512i *a, __m512i *b, const uint8_t *from_a, const uint8_t *from_b,
                         __mmask16 live) {
    *a = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(live, from_a));
    *b = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(live, from_b));
    return _mm512_or_si512(*a, _mm512_slli_epi32(*b, 16));
}

static void add_to(void *sums, __m512i v, __mmask16 live) {
    __m512i old = _mm512_maskz_loadu_epi32(live, sums);
    _mm512_mask_storeu_epi32(sums, live, _mm512_add_epi32(old, v));
}

static void columns_add_avx512(const struct ssim_columns *c, const uint8_t *a, const uint8_t *b,
                               size_t n) {
    for (size_t x = 0; x < n; x += 16) {
        __mmask16 live = first_16(n - x);
        __m512i va, vb, pair = load_pair(&va, &vb, a + x, b + x, live);
        add_to(c->means + x, pair, live);
        add_to(c->squares + x, _mm512_madd_epi16(pair, pair), live);
        add_to(c->products + x, _mm512_madd_epi16(va, vb), live);
    }
}

static void columns_slide_avx512(const struct ssim_columns *c, const uint8_t *in_a,
                                 const uint8_t *in_b, const uint8_t *out_a, const uint8_t *out_b,
                                 size_t n) {
    for (size_t x = 0; x < n; x += 16) {
        __mmask16 live = first_16(n - x);
        __m512i a0, b0, a1, b1;
        __m512i in = load_pair(&a1, &b1, in_a + x, in_b + x, live);
        __m512i out = load_pair(&a0, &b0, out_a + x, out_b + x, live);
        add_to(c->means + x, _mm512_sub_epi32(in, out), live);
        add_to(c->squares + x,
               _mm512_sub_epi32(_mm512_madd_epi16(in, in), _mm512_madd_epi16(out, out)), live);
        add_to(c->products + x,
               _mm512_sub_epi32(_mm512_madd_epi16(a1, b1), _mm512_madd_epi16(a0, b0)), live);
    }
}

/* The sum of v[i..i+6] for 16 i; `live` covers the 16, the 6 lanes beyond are loaded under their own mask. */
static __m512i window_7(const void *v, __mmask16 live, __mmask16 beyond) {
    __m512i low = _mm512_maskz_loadu_epi32(live, v);
    __m512i high = _mm512_maskz_loadu_epi32(beyond, (const int32_t *)v + 16);
    __m512i pairs = _mm512_add_epi32(low, _mm512_alignr_epi32(high, low, 1));
    __m512i high_pairs = _mm512_add_epi32(high, _mm512_alignr_epi32(high, high, 1));
    __m512i fours = _mm512_add_epi32(pairs, _mm512_alignr_epi32(high_pairs, pairs, 2));
    __m512i sum = _mm512_add_epi32(fours, _mm512_alignr_epi32(high_pairs, pairs, 4));
    return _mm512_add_epi32(sum, _mm512_alignr_epi32(high, low, 6));
}

static __m512 plus_constant(__m512i v, float constant) {
    return _mm512_add_ps(_mm512_cvtepi32_ps(v), _mm512_set1_ps(constant));
}

static void uniform_row_avx512(float *s, const struct ssim_columns *c, size_t n) {
    const float c1 = (float)(2401 * SSIM_C1), c2 = (float)(2352 * SSIM_C2);
    const __m512i low = _mm512_set1_epi32(0xffff), forty_nine = _mm512_set1_epi32(49);
    for (size_t x = 0; x < n; x += 16) {
        size_t columns = n - x + SSIM_UNIFORM_TAPS - 1;
        __mmask16 live = first_16(columns), beyond = first_16(columns > 16 ? columns - 16 : 0);
        __m512i means = window_7(c->means + x, live, beyond);
        __m512i squares = window_7(c->squares + x, live, beyond);
        __m512i products = window_7(c->products + x, live, beyond);
        __m512i aa_bb = _mm512_madd_epi16(means, means);
        __m512i ab = _mm512_madd_epi16(_mm512_and_si512(means, low), _mm512_srli_epi32(means, 16));
        __m512i covariance = _mm512_sub_epi32(_mm512_mullo_epi32(products, forty_nine), ab);
        __m512i variances = _mm512_sub_epi32(_mm512_mullo_epi32(squares, forty_nine), aa_bb);
        __m512 above = _mm512_mul_ps(plus_constant(_mm512_slli_epi32(ab, 1), c1),
                                     plus_constant(_mm512_slli_epi32(covariance, 1), c2));
        __m512 below = _mm512_mul_ps(plus_constant(aa_bb, c1), plus_constant(variances, c2));
        _mm512_mask_storeu_ps(s + x, first_16(n - x), _mm512_div_ps(above, below));
    }
}

static __m512d load_double(const float *p, __mmask8 live) {
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(live, p));
}

static __m512d squares_of(__m512d a, __m512d b) {
    return _mm512_add_pd(_mm512_mul_pd(a, a), _mm512_mul_pd(b, b));
}

static __m512d add_weighted(__m512d sum, double weight, __m512d v) {
    return _mm512_add_pd(sum, _mm512_mul_pd(_mm512_set1_pd(weight), v));
}

static void gaussian_down_avx512(const struct ssim_moments *m,
                                 const float *const a[SSIM_GAUSSIAN_TAPS],
                                 const float *const b[SSIM_GAUSSIAN_TAPS],
                                 const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n) {
    enum { MIDDLE = SSIM_GAUSSIAN_RADIUS };
    for (size_t x = 0; x < n; x += 8) {
        __mmask8 live = first_8(n - x);
        __m512d va = load_double(a[MIDDLE] + x, live), vb = load_double(b[MIDDLE] + x, live);
        __m512d w = _mm512_set1_pd(weights[0]);
        __m512d sum_a = _mm512_mul_pd(w, va), sum_b = _mm512_mul_pd(w, vb);
        __m512d squares = _mm512_mul_pd(w, squares_of(va, vb));
        __m512d products = _mm512_mul_pd(w, _mm512_mul_pd(va, vb));
        for (int k = 1; k <= SSIM_GAUSSIAN_RADIUS; k++) {
            __m512d a0 = load_double(a[MIDDLE - k] + x, live);
            __m512d a1 = load_double(a[MIDDLE + k] + x, live);
            __m512d b0 = load_double(b[MIDDLE - k] + x, live);
            __m512d b1 = load_double(b[MIDDLE + k] + x, live);
            sum_a = add_weighted(sum_a, weights[k], _mm512_add_pd(a0, a1));
            sum_b = add_weighted(sum_b, weights[k], _mm512_add_pd(b0, b1));
            squares = add_weighted(squares, weights[k],
                                   _mm512_add_pd(squares_of(a0, b0), squares_of(a1, b1)));
            products = add_weighted(products, weights[k],
                                    _mm512_add_pd(_mm512_mul_pd(a0, b0), _mm512_mul_pd(a1, b1)));
        }
        _mm512_mask_storeu_pd(m->a + x, live, sum_a);
        _mm512_mask_storeu_pd(m->b + x, live, sum_b);
        _mm512_mask_storeu_pd(m->squares + x, live, squares);
        _mm512_mask_storeu_pd(m->products + x, live, products);
    }
}

static __m512d weigh_11(const double *v, const double weights[SSIM_GAUSSIAN_RADIUS + 1],
                        __mmask8 live) {
    const double *middle = v + SSIM_GAUSSIAN_RADIUS;
    __m512d sum = _mm512_mul_pd(_mm512_set1_pd(weights[0]), _mm512_maskz_loadu_pd(live, middle));
    for (int k = 1; k <= SSIM_GAUSSIAN_RADIUS; k++) {
        sum = add_weighted(sum, weights[k],
                           _mm512_add_pd(_mm512_maskz_loadu_pd(live, middle - k),
                                         _mm512_maskz_loadu_pd(live, middle + k)));
    }
    return sum;
}

static void gaussian_row_avx512(float *s, float *contrast, const struct ssim_moments *m,
                                const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n) {
    const __m512d c1 = _mm512_set1_pd(SSIM_C1), c2 = _mm512_set1_pd(SSIM_C2);
    for (size_t x = 0; x < n; x += 8) {
        __mmask8 live = first_8(n - x);
        __m512d a = weigh_11(m->a + x, weights, live), b = weigh_11(m->b + x, weights, live);
        __m512d squares = weigh_11(m->squares + x, weights, live);
        __m512d products = weigh_11(m->products + x, weights, live);
        __m512d ab = _mm512_mul_pd(a, b), aa_bb = squares_of(a, b);
        __m512d covariance = _mm512_sub_pd(products, ab);
        __m512d above = _mm512_add_pd(_mm512_add_pd(covariance, covariance), c2);
        __m512d below = _mm512_add_pd(_mm512_sub_pd(squares, aa_bb), c2);
        __m512d light = _mm512_add_pd(_mm512_add_pd(ab, ab), c1);
        __m512d value = _mm512_div_pd(_mm512_mul_pd(light, above),
                                      _mm512_mul_pd(_mm512_add_pd(aa_bb, c1), below));
        _mm256_mask_storeu_ps(s + x, live, _mm512_cvtpd_ps(value));
        if (contrast) {
            _mm256_mask_storeu_ps(contrast + x, live, _mm512_cvtpd_ps(_mm512_div_pd(above, below)));
        }
    }
}

static int64_t sum_avx512(const float *s, size_t n) {
    const __m512 scale = _mm512_set1_ps((float)(1 << SSIM_SUM_BITS));
    __m512i sum = _mm512_setzero_si512();
    for (size_t x = 0; x < n; x += 16) {
        __m512 v = _mm512_maskz_loadu_ps(first_16(n - x), s + x);
        __m512i fixed = _mm512_cvttps_epi32(_mm512_mul_ps(v, scale));
        sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(fixed)));
        sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(fixed, 1)));
    }
    return _mm512_reduce_add_epi64(sum);
}

static void distance_avx512(float *map, const float *s, size_t n) {
    const __m512 one = _mm512_set1_ps(1), zero = _mm512_setzero_ps();
    for (size_t x = 0; x < n; x += 16) {
        __mmask16 live = first_16(n - x);
        __m512 d = _mm512_sub_ps(one, _mm512_maskz_loadu_ps(live, s + x));
        _mm512_mask_storeu_ps(map + x, live, _mm512_min_ps(_mm512_max_ps(d, zero), one));
    }
}

void kernel_ssim_init_avx512(struct kernel_ssim *k) {
    *k = (struct kernel_ssim){
        .columns_add = columns_add_avx512,
        .columns_slide = columns_slide_avx512,
        .uniform_row = uniform_row_avx512,
        .gaussian_down = gaussian_down_avx512,
        .gaussian_row = gaussian_row_avx512,
        .sum = sum_avx512,
        .distance = distance_avx512,
    };
}
