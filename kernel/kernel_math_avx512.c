/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_math.c, operation by operation, 16 samples at a time. */
#include "kernel/kernel_math.h"

#include <immintrin.h>

enum { LANES = 16 };

static inline __m512 halley(__m512 y, __m512 x) {
    __m512 cube = _mm512_mul_ps(_mm512_mul_ps(y, y), y);
    __m512 above = _mm512_add_ps(cube, _mm512_add_ps(x, x));
    __m512 below = _mm512_add_ps(_mm512_add_ps(cube, cube), x);
    return _mm512_mul_ps(y, _mm512_div_ps(above, below));
}

static inline __m512 cbrt_lanes(__m512 x) {
    __m512 third =
        _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(x)), _mm512_set1_ps(1.0f / 3.0f));
    __m512i bits = _mm512_add_epi32(_mm512_cvttps_epi32(third), _mm512_set1_epi32(MATH_CBRT_BIAS));
    __m512 y = halley(halley(_mm512_castsi512_ps(bits), x), x);
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), y);
}

static inline __m512 step(__m512 p, __m512 t, float c) {
    return _mm512_add_ps(_mm512_mul_ps(p, t), _mm512_set1_ps(c));
}

static inline __m512 log2_lanes(__m512 x) {
    __m512i root = _mm512_set1_epi32(MATH_HALF_ROOT);
    __m512i bits = _mm512_sub_epi32(_mm512_castps_si512(x), root);
    __m512i exponent = _mm512_srai_epi32(bits, 23);
    __m512 m = _mm512_castsi512_ps(
        _mm512_add_epi32(_mm512_and_si512(bits, _mm512_set1_epi32(0x7fffff)), root));
    __m512 unit = _mm512_set1_ps(1);
    __m512 s = _mm512_div_ps(_mm512_sub_ps(m, unit), _mm512_add_ps(m, unit));
    __m512 t = _mm512_mul_ps(s, s);
    __m512 p = step(_mm512_set1_ps(MATH_LOG_C9), t, MATH_LOG_C7);
    p = step(p, t, MATH_LOG_C5);
    p = step(p, t, MATH_LOG_C3);
    p = step(p, t, MATH_LOG_C1);
    return _mm512_add_ps(_mm512_mul_ps(p, s), _mm512_cvtepi32_ps(exponent));
}

static inline __m512 exp2_lanes(__m512 y) {
    y = _mm512_min_ps(_mm512_max_ps(y, _mm512_set1_ps(-126)), _mm512_set1_ps(126));
    __m512 whole = _mm512_roundscale_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 f = _mm512_sub_ps(y, whole);
    __m512 p = step(_mm512_set1_ps(MATH_EXP_C7), f, MATH_EXP_C6);
    p = step(p, f, MATH_EXP_C5);
    p = step(p, f, MATH_EXP_C4);
    p = step(p, f, MATH_EXP_C3);
    p = step(p, f, MATH_EXP_C2);
    p = step(p, f, MATH_EXP_C1);
    p = step(p, f, 1);
    __m512i scale = _mm512_add_epi32(_mm512_cvttps_epi32(whole), _mm512_set1_epi32(127));
    return _mm512_mul_ps(p, _mm512_castsi512_ps(_mm512_slli_epi32(scale, 23)));
}

static inline __m512 pow_lanes(__m512 x, __m512 exponent) {
    __m512 p = exp2_lanes(_mm512_mul_ps(exponent, log2_lanes(x)));
    __m512 one = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(exponent, _mm512_setzero_ps(), _CMP_EQ_OQ),
                                     _mm512_set1_ps(1));
    return _mm512_mask_mov_ps(one, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), p);
}

static void cbrt_avx512(float *to, const float *from, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm512_storeu_ps(to + i, cbrt_lanes(_mm512_loadu_ps(from + i)));
    }
    kernel_math_init_c(&c);
    c.cbrt(to + i, from + i, n - i);
}

static void pow_avx512(float *to, const float *from, const float *exponents, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm512_storeu_ps(to + i,
                         pow_lanes(_mm512_loadu_ps(from + i), _mm512_loadu_ps(exponents + i)));
    }
    kernel_math_init_c(&c);
    c.pow(to + i, from + i, exponents + i, n - i);
}

static void pow_by_avx512(float *to, const float *from, float exponent, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm512_storeu_ps(to + i, pow_lanes(_mm512_loadu_ps(from + i), _mm512_set1_ps(exponent)));
    }
    kernel_math_init_c(&c);
    c.pow_by(to + i, from + i, exponent, n - i);
}

static void log2_avx512(float *to, const float *from, size_t n) {
    struct kernel_math c;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        _mm512_storeu_ps(to + i, log2_lanes(_mm512_loadu_ps(from + i)));
    }
    kernel_math_init_c(&c);
    c.log2(to + i, from + i, n - i);
}

void kernel_math_init_avx512(struct kernel_math *k) {
    k->cbrt = cbrt_avx512;
    k->pow = pow_avx512;
    k->pow_by = pow_by_avx512;
    k->log2 = log2_avx512;
}
