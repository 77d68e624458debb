/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_quality.h"

#include <immintrin.h>

static inline __m512d load(const float *p) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(p));
}

static inline void add(__m512d sums[2], __m512d d) {
    __m512d positive = _mm512_max_pd(d, _mm512_setzero_pd());
    __m512d square = _mm512_mul_pd(positive, positive);
    sums[0] = _mm512_add_pd(sums[0], positive);
    sums[1] = _mm512_add_pd(sums[1], _mm512_mul_pd(square, square));
}

static void add_row_avx512(double sums[QUALITY_SUMS][QUALITY_LANES], const struct quality_row *row,
                           size_t n) {
    const __m512d one = _mm512_set1_pd(1), c2 = _mm512_set1_pd(QUALITY_C2);
    struct kernel_quality c;
    __m512d s[QUALITY_SUMS];
    size_t x = 0;
    for (int i = 0; i < QUALITY_SUMS; i++) {
        s[i] = _mm512_loadu_pd(sums[i]);
    }
    for (; x + QUALITY_LANES <= n; x += QUALITY_LANES) {
        __m512d ma = load(row->mean_a + x), mb = load(row->mean_b + x);
        __m512d step = _mm512_sub_pd(ma, mb);
        __m512d covariance = _mm512_sub_pd(load(row->products + x), _mm512_mul_pd(ma, mb));
        __m512d above = _mm512_add_pd(_mm512_add_pd(covariance, covariance), c2);
        __m512d means = _mm512_add_pd(_mm512_mul_pd(ma, ma), _mm512_mul_pd(mb, mb));
        __m512d below = _mm512_add_pd(_mm512_sub_pd(load(row->squares + x), means), c2);
        __m512d light = _mm512_sub_pd(one, _mm512_mul_pd(step, step));
        add(s, _mm512_sub_pd(one, _mm512_div_pd(_mm512_mul_pd(light, above), below)));
        __m512d edge_a = _mm512_add_pd(one, _mm512_abs_pd(_mm512_sub_pd(load(row->a + x), ma)));
        __m512d edge_b = _mm512_add_pd(one, _mm512_abs_pd(_mm512_sub_pd(load(row->b + x), mb)));
        __m512d ringing = _mm512_sub_pd(_mm512_div_pd(edge_b, edge_a), one);
        add(s + 2, ringing);
        add(s + 4, _mm512_sub_pd(_mm512_setzero_pd(), ringing));
    }
    for (int i = 0; i < QUALITY_SUMS; i++) {
        _mm512_storeu_pd(sums[i], s[i]);
    }
    const struct quality_row rest = {row->a + x,      row->b + x,       row->mean_a + x,
                                     row->mean_b + x, row->squares + x, row->products + x};
    kernel_quality_init_c(&c);
    c.add_row(sums, &rest, n - x);
}

void kernel_quality_init_avx512(struct kernel_quality *k) {
    k->add_row = add_row_avx512;
}
