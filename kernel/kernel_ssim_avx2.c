/* SPDX-License-Identifier: Apache-2.0 */
/* Whole vectors only; what is left of a row goes through the C version. */
#include "kernel/kernel_ssim.h"

#include <immintrin.h>

static struct kernel_ssim c_version(void) {
    struct kernel_ssim c;
    kernel_ssim_init_c(&c);
    return c;
}

static struct ssim_columns columns_from(const struct ssim_columns *c, size_t x) {
    return (struct ssim_columns){c->means + x, c->squares + x, c->products + x};
}

static struct ssim_moments moments_from(const struct ssim_moments *m, size_t x) {
    return (struct ssim_moments){m->a + x, m->b + x, m->squares + x, m->products + x};
}

/* a in the low half of each lane, b in the high one: madd then gives a^2 + b^2 at once. */
static __m256i load_pair(__m256i *a, __m256i *b, const uint8_t *from_a, const uint8_t *from_b) {
    *a = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from_a));
    *b = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from_b));
    return _mm256_or_si256(*a, _mm256_slli_epi32(*b, 16));
}

static void add_to(void *sums, __m256i v) {
    __m256i old = _mm256_loadu_si256((const __m256i *)sums);
    _mm256_storeu_si256((__m256i *)sums, _mm256_add_epi32(old, v));
}

static void columns_add_avx2(const struct ssim_columns *c, const uint8_t *a, const uint8_t *b,
                             size_t n) {
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256i va, vb, pair = load_pair(&va, &vb, a + x, b + x);
        add_to(c->means + x, pair);
        add_to(c->squares + x, _mm256_madd_epi16(pair, pair));
        add_to(c->products + x, _mm256_madd_epi16(va, vb));
    }
    struct ssim_columns rest = columns_from(c, x);
    c_version().columns_add(&rest, a + x, b + x, n - x);
}

static void columns_slide_avx2(const struct ssim_columns *c, const uint8_t *in_a,
                               const uint8_t *in_b, const uint8_t *out_a, const uint8_t *out_b,
                               size_t n) {
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256i a0, b0, a1, b1;
        __m256i in = load_pair(&a1, &b1, in_a + x, in_b + x);
        __m256i out = load_pair(&a0, &b0, out_a + x, out_b + x);
        add_to(c->means + x, _mm256_sub_epi32(in, out));
        add_to(c->squares + x,
               _mm256_sub_epi32(_mm256_madd_epi16(in, in), _mm256_madd_epi16(out, out)));
        add_to(c->products + x,
               _mm256_sub_epi32(_mm256_madd_epi16(a1, b1), _mm256_madd_epi16(a0, b0)));
    }
    struct ssim_columns rest = columns_from(c, x);
    c_version().columns_slide(&rest, in_a + x, in_b + x, out_a + x, out_b + x, n - x);
}

static __m256i window_7(const void *v) {
    const int32_t *p = v;
    __m256i sum = _mm256_loadu_si256((const __m256i *)v);
    for (int k = 1; k < SSIM_UNIFORM_TAPS; k++) {
        sum = _mm256_add_epi32(sum, _mm256_loadu_si256((const __m256i *)(const void *)(p + k)));
    }
    return sum;
}

static __m256 plus_constant(__m256i v, float constant) {
    return _mm256_add_ps(_mm256_cvtepi32_ps(v), _mm256_set1_ps(constant));
}

static void uniform_row_avx2(float *s, const struct ssim_columns *c, size_t n) {
    const float c1 = (float)(2401 * SSIM_C1), c2 = (float)(2352 * SSIM_C2);
    const __m256i low = _mm256_set1_epi32(0xffff), forty_nine = _mm256_set1_epi32(49);
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256i means = window_7(c->means + x);
        __m256i squares = window_7(c->squares + x), products = window_7(c->products + x);
        __m256i aa_bb = _mm256_madd_epi16(means, means);
        __m256i ab = _mm256_madd_epi16(_mm256_and_si256(means, low), _mm256_srli_epi32(means, 16));
        __m256i covariance = _mm256_sub_epi32(_mm256_mullo_epi32(products, forty_nine), ab);
        __m256i variances = _mm256_sub_epi32(_mm256_mullo_epi32(squares, forty_nine), aa_bb);
        __m256 above = _mm256_mul_ps(plus_constant(_mm256_slli_epi32(ab, 1), c1),
                                     plus_constant(_mm256_slli_epi32(covariance, 1), c2));
        __m256 below = _mm256_mul_ps(plus_constant(aa_bb, c1), plus_constant(variances, c2));
        _mm256_storeu_ps(s + x, _mm256_div_ps(above, below));
    }
    struct ssim_columns rest = columns_from(c, x);
    c_version().uniform_row(s + x, &rest, n - x);
}

static __m256d load_double(const float *p) {
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}

static __m256d squares_of(__m256d a, __m256d b) {
    return _mm256_add_pd(_mm256_mul_pd(a, a), _mm256_mul_pd(b, b));
}

static __m256d add_weighted(__m256d sum, double weight, __m256d v) {
    return _mm256_add_pd(sum, _mm256_mul_pd(_mm256_set1_pd(weight), v));
}

static void gaussian_down_avx2(const struct ssim_moments *m,
                               const float *const a[SSIM_GAUSSIAN_TAPS],
                               const float *const b[SSIM_GAUSSIAN_TAPS],
                               const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n) {
    enum { MIDDLE = SSIM_GAUSSIAN_RADIUS };
    size_t x = 0;
    for (; x + 4 <= n; x += 4) {
        __m256d va = load_double(a[MIDDLE] + x), vb = load_double(b[MIDDLE] + x);
        __m256d w = _mm256_set1_pd(weights[0]);
        __m256d sum_a = _mm256_mul_pd(w, va), sum_b = _mm256_mul_pd(w, vb);
        __m256d squares = _mm256_mul_pd(w, squares_of(va, vb));
        __m256d products = _mm256_mul_pd(w, _mm256_mul_pd(va, vb));
        for (int k = 1; k <= SSIM_GAUSSIAN_RADIUS; k++) {
            __m256d a0 = load_double(a[MIDDLE - k] + x), a1 = load_double(a[MIDDLE + k] + x);
            __m256d b0 = load_double(b[MIDDLE - k] + x), b1 = load_double(b[MIDDLE + k] + x);
            sum_a = add_weighted(sum_a, weights[k], _mm256_add_pd(a0, a1));
            sum_b = add_weighted(sum_b, weights[k], _mm256_add_pd(b0, b1));
            squares = add_weighted(squares, weights[k],
                                   _mm256_add_pd(squares_of(a0, b0), squares_of(a1, b1)));
            products = add_weighted(products, weights[k],
                                    _mm256_add_pd(_mm256_mul_pd(a0, b0), _mm256_mul_pd(a1, b1)));
        }
        _mm256_storeu_pd(m->a + x, sum_a);
        _mm256_storeu_pd(m->b + x, sum_b);
        _mm256_storeu_pd(m->squares + x, squares);
        _mm256_storeu_pd(m->products + x, products);
    }
    const float *rest_a[SSIM_GAUSSIAN_TAPS], *rest_b[SSIM_GAUSSIAN_TAPS];
    for (int k = 0; k < SSIM_GAUSSIAN_TAPS; k++) {
        rest_a[k] = a[k] + x;
        rest_b[k] = b[k] + x;
    }
    struct ssim_moments rest = moments_from(m, x);
    c_version().gaussian_down(&rest, rest_a, rest_b, weights, n - x);
}

static __m256d weigh_11(const double *v, const double weights[SSIM_GAUSSIAN_RADIUS + 1]) {
    const double *middle = v + SSIM_GAUSSIAN_RADIUS;
    __m256d sum = _mm256_mul_pd(_mm256_set1_pd(weights[0]), _mm256_loadu_pd(middle));
    for (int k = 1; k <= SSIM_GAUSSIAN_RADIUS; k++) {
        sum = add_weighted(sum, weights[k],
                           _mm256_add_pd(_mm256_loadu_pd(middle - k), _mm256_loadu_pd(middle + k)));
    }
    return sum;
}

static void gaussian_row_avx2(float *s, float *contrast, const struct ssim_moments *m,
                              const double weights[SSIM_GAUSSIAN_RADIUS + 1], size_t n) {
    const __m256d c1 = _mm256_set1_pd(SSIM_C1), c2 = _mm256_set1_pd(SSIM_C2);
    size_t x = 0;
    for (; x + 4 <= n; x += 4) {
        __m256d a = weigh_11(m->a + x, weights), b = weigh_11(m->b + x, weights);
        __m256d squares = weigh_11(m->squares + x, weights);
        __m256d products = weigh_11(m->products + x, weights);
        __m256d ab = _mm256_mul_pd(a, b), aa_bb = squares_of(a, b);
        __m256d covariance = _mm256_sub_pd(products, ab);
        __m256d above = _mm256_add_pd(_mm256_add_pd(covariance, covariance), c2);
        __m256d below = _mm256_add_pd(_mm256_sub_pd(squares, aa_bb), c2);
        __m256d light = _mm256_add_pd(_mm256_add_pd(ab, ab), c1);
        __m256d value = _mm256_div_pd(_mm256_mul_pd(light, above),
                                      _mm256_mul_pd(_mm256_add_pd(aa_bb, c1), below));
        _mm_storeu_ps(s + x, _mm256_cvtpd_ps(value));
        if (contrast) {
            _mm_storeu_ps(contrast + x, _mm256_cvtpd_ps(_mm256_div_pd(above, below)));
        }
    }
    struct ssim_moments rest = moments_from(m, x);
    c_version().gaussian_row(s + x, contrast ? contrast + x : NULL, &rest, weights, n - x);
}

static int64_t sum_avx2(const float *s, size_t n) {
    const __m256 scale = _mm256_set1_ps((float)(1 << SSIM_SUM_BITS));
    __m256i sum = _mm256_setzero_si256();
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256i fixed = _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_loadu_ps(s + x), scale));
        sum = _mm256_add_epi64(sum, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(fixed)));
        sum = _mm256_add_epi64(sum, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(fixed, 1)));
    }
    int64_t lanes[4];
    _mm256_storeu_si256((__m256i *)(void *)lanes, sum);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + c_version().sum(s + x, n - x);
}

static void distance_avx2(float *map, const float *s, size_t n) {
    const __m256 one = _mm256_set1_ps(1), zero = _mm256_setzero_ps();
    size_t x = 0;
    for (; x + 8 <= n; x += 8) {
        __m256 d = _mm256_sub_ps(one, _mm256_loadu_ps(s + x));
        _mm256_storeu_ps(map + x, _mm256_min_ps(_mm256_max_ps(d, zero), one));
    }
    c_version().distance(map + x, s + x, n - x);
}

void kernel_ssim_init_avx2(struct kernel_ssim *k) {
    *k = (struct kernel_ssim){
        .columns_add = columns_add_avx2,
        .columns_slide = columns_slide_avx2,
        .uniform_row = uniform_row_avx2,
        .gaussian_down = gaussian_down_avx2,
        .gaussian_row = gaussian_row_avx2,
        .sum = sum_avx2,
        .distance = distance_avx2,
    };
}
