/* SPDX-License-Identifier: Apache-2.0 */
/* Roots and powers of rows of floats.
 *
 * libm's versions are slow a sample and choose their own instructions by the machine; these are fast and give the same bits
 * everywhere. Inputs are finite and not negative; to may be from. Relative errors: cbrt below 4e-7, pow below 2e-6 for results
 * in 1e-4..1e4; log2 is off by less than 6e-6 (tests/kernel/check_math.c). */
#ifndef LK_KERNEL_MATH_H
#define LK_KERNEL_MATH_H

#include <stddef.h>

struct kernel_math {
    /* to = cube root of from; 0 gives 0. */
    void (*cbrt)(float *to, const float *from, size_t n);
    /* to = from to the power exponents; 0 to a positive power is 0, anything to 0 is 1. Results stay within 2^-126..2^127. */
    void (*pow)(float *to, const float *from, const float *exponents, size_t n);
    /* The same with one exponent for all. */
    void (*pow_by)(float *to, const float *from, float exponent, size_t n);
    /* to = log2(from), from positive and normal. */
    void (*log2)(float *to, const float *from, size_t n);
};

void kernel_math_init_c(struct kernel_math *k);
void kernel_math_init_avx2(struct kernel_math *k);
void kernel_math_init_avx512(struct kernel_math *k);

/* The constants of all versions. */

/* A third of the exponent and a bias: the bits of x over 3 plus this are a cube root to 3 %. */
#define MATH_CBRT_BIAS 0x2a514067
/* log2(m) = s (c1 + c3 s^2 + ... + c9 s^8), s = (m - 1) / (m + 1), m in sqrt(1/2)..sqrt(2); ck = 2 / (k ln 2) */
#define MATH_LOG_C1 2.8853900817779268f
#define MATH_LOG_C3 0.9617966939259756f
#define MATH_LOG_C5 0.5770780163555854f
#define MATH_LOG_C7 0.4121985831111324f
#define MATH_LOG_C9 0.3205988979753252f
/* 2^f = sum of (f ln 2)^k / k!, f in -1/2..1/2 */
#define MATH_EXP_C1 0.6931471805599453f
#define MATH_EXP_C2 0.2402265069591007f
#define MATH_EXP_C3 0.0555041086648216f
#define MATH_EXP_C4 0.0096181291076285f
#define MATH_EXP_C5 0.0013333558146428f
#define MATH_EXP_C6 0.0001540353039338f
#define MATH_EXP_C7 0.0000152527338040f
/* Bits of the float nearest to sqrt(1/2): what is subtracted so that the exponent changes there. */
#define MATH_HALF_ROOT 0x3f3504f3

#endif
