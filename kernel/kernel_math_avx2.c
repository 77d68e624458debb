/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_math.c, operation by operation, 8 samples at a time. */
#include "kernel/kernel_math.h"

#include <immintrin.h>

enum { LANES = 8 };

static inline __m256 halley(__m256 y, __m256 x) {
    __m256 cube = _mm256_mul_ps(_mm256_mul_ps(y, y), y);
    __m256 above = _mm256_add_ps(cube, _mm256_add_ps(x, x));
    __m256 below = _mm256_add_ps(_mm256_add_ps(cube, cube), x);
    return _mm256_mul_ps(y, _mm256_div_ps(above, below));
}

static inline __m256 cbrt_lanes(__m256 x) {
    __m256 third =
        _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_castps_si256(x)), _mm256_set1_ps(1.0f / 3.0f));
    __m256i bits = _mm256_add_epi32(_mm256_cvttps_epi32(third), _mm256_set1_epi32(MATH_CBRT_BIAS));
    __m256 y = halley(halley(_mm256_castsi256_ps(bits), x), x);
    return _mm256_and_ps(y, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ));
}

static inline __m256 step(__m256 p, __m256 t, float c) {
    return _mm256_add_ps(_mm256_mul_ps(p, t), _mm256_set1_ps(c));
}

static inline __m256 log2_lanes(__m256 x) {
    __m256i root = _mm256_set1_epi32(MATH_HALF_ROOT);
    __m256i bits = _mm256_sub_epi32(_mm256_castps_si256(x), root);
    __m256i exponent = _mm256_srai_epi32(bits, 23);
    __m256 m = _mm256_castsi256_ps(
        _mm256_add_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff)), root));
    __m256 unit = _mm256_set1_ps(1);
    __m256 s = _mm256_div_ps(_mm256_sub_ps(m, unit), _mm256_add_ps(m, unit));
    __m256 t = _mm256_mul_ps(s, s);
    __m256 p = step(_mm256_set1_ps(MATH_LOG_C9), t, MATH_LOG_C7);
    p = step(p, t, MATH_LOG_C5);
    p = step(p, t, MATH_LOG_C3);
    p = step(p, t, MATH_LOG_C1);
    return _mm256_add_ps(_mm256_mul_ps(p, s), _mm256_cvtepi32_ps(exponent));
}

static inline __m256 exp2_lanes(__m256 y) {
    y = _mm256_min_ps(_mm256_max_ps(y, _mm256_set1_ps(-126)), _mm256_set1_ps(126));
    __m256 whole = _mm256_round_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 f = _mm256_sub_ps(y, whole);
    __m256 p = step(_mm256_set1_ps(MATH_EXP_C7), f, MATH_EXP_C6);
    p = step(p, f, MATH_EXP_C5);
    p = step(p, f, MATH_EXP_C4);
    p = step(p, f, MATH_EXP_C3);
    p = step(p, f, MATH_EXP_C2);
    p = step(p, f, MATH_EXP_C1);
    p = step(p, f, 1);
    __m256i scale = _mm256_add_epi32(_mm256_cvttps_epi32(whole), _mm256_set1_epi32(127));
    return _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(scale, 23)));
}

static inline __m256 pow_lanes(__m256 x, __m256 exponent) {
    __m256 p = exp2_lanes(_mm256_mul_ps(exponent, log2_lanes(x)));
    __m256 one =
        _mm256_and_ps(_mm256_set1_ps(1), _mm256_cmp_ps(exponent, _mm256_setzero_ps(), _CMP_EQ_OQ));
    return _mm256_blendv_ps(one, p, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ));
}

static void cbrt_avx2(float *to, const float *from, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm256_storeu_ps(to + i, cbrt_lanes(_mm256_loadu_ps(from + i)));
    }
    kernel_math_init_c(&c);
    c.cbrt(to + i, from + i, n - i);
}

static void pow_avx2(float *to, const float *from, const float *exponents, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm256_storeu_ps(to + i,
                         pow_lanes(_mm256_loadu_ps(from + i), _mm256_loadu_ps(exponents + i)));
    }
    kernel_math_init_c(&c);
    c.pow(to + i, from + i, exponents + i, n - i);
}

static void pow_by_avx2(float *to, const float *from, float exponent, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm256_storeu_ps(to + i, pow_lanes(_mm256_loadu_ps(from + i), _mm256_set1_ps(exponent)));
    }
    kernel_math_init_c(&c);
    c.pow_by(to + i, from + i, exponent, n - i);
}

static void log2_avx2(float *to, const float *from, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm256_storeu_ps(to + i, log2_lanes(_mm256_loadu_ps(from + i)));
    }
    kernel_math_init_c(&c);
    c.log2(to + i, from + i, n - i);
}

void kernel_math_init_avx2(struct kernel_math *k) {
    k->cbrt = cbrt_avx2;
    k->pow = pow_avx2;
    k->pow_by = pow_by_avx2;
    k->log2 = log2_avx2;
}
