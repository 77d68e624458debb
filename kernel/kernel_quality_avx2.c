/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_quality.h"

#include <immintrin.h>

enum { HALF = QUALITY_LANES / 2 };

static inline __m256d load(const float *p) {
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}

static inline __m256d distance(__m256d a, __m256d b) {
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), _mm256_sub_pd(a, b));
}

static inline void add(__m256d sums[2], __m256d d) {
    __m256d positive = _mm256_max_pd(d, _mm256_setzero_pd());
    __m256d square = _mm256_mul_pd(positive, positive);
    sums[0] = _mm256_add_pd(sums[0], positive);
    sums[1] = _mm256_add_pd(sums[1], _mm256_mul_pd(square, square));
}

/* Every eighth sample from `first` on and the three after it: half of the lanes. */
static void add_half(double sums[QUALITY_SUMS][QUALITY_LANES], const struct quality_row *row,
                     size_t first, size_t n) {
    const __m256d one = _mm256_set1_pd(1), c2 = _mm256_set1_pd(QUALITY_C2);
    __m256d s[QUALITY_SUMS];
    for (int i = 0; i < QUALITY_SUMS; i++) {
        s[i] = _mm256_loadu_pd(sums[i] + first);
    }
    for (size_t x = first; x < n; x += QUALITY_LANES) {
        __m256d ma = load(row->mean_a + x), mb = load(row->mean_b + x);
        __m256d step = _mm256_sub_pd(ma, mb);
        __m256d covariance = _mm256_sub_pd(load(row->products + x), _mm256_mul_pd(ma, mb));
        __m256d above = _mm256_add_pd(_mm256_add_pd(covariance, covariance), c2);
        __m256d means = _mm256_add_pd(_mm256_mul_pd(ma, ma), _mm256_mul_pd(mb, mb));
        __m256d below = _mm256_add_pd(_mm256_sub_pd(load(row->squares + x), means), c2);
        __m256d light = _mm256_sub_pd(one, _mm256_mul_pd(step, step));
        add(s, _mm256_sub_pd(one, _mm256_div_pd(_mm256_mul_pd(light, above), below)));
        __m256d edge_a = _mm256_add_pd(one, distance(load(row->a + x), ma));
        __m256d edge_b = _mm256_add_pd(one, distance(load(row->b + x), mb));
        __m256d ringing = _mm256_sub_pd(_mm256_div_pd(edge_b, edge_a), one);
        add(s + 2, ringing);
        add(s + 4, _mm256_sub_pd(_mm256_setzero_pd(), ringing));
    }
    for (int i = 0; i < QUALITY_SUMS; i++) {
        _mm256_storeu_pd(sums[i] + first, s[i]);
    }
}

static void add_row_avx2(double sums[QUALITY_SUMS][QUALITY_LANES], const struct quality_row *row,
                         size_t n) {
    struct kernel_quality c;
    size_t x = n / QUALITY_LANES * QUALITY_LANES;
    add_half(sums, row, 0, x);
    add_half(sums, row, HALF, x);
    const struct quality_row rest = {row->a + x,      row->b + x,       row->mean_a + x,
                                     row->mean_b + x, row->squares + x, row->products + x};
    kernel_quality_init_c(&c);
    c.add_row(sums, &rest, n - x);
}

void kernel_quality_init_avx2(struct kernel_quality *k) {
    k->add_row = add_row_avx2;
}
