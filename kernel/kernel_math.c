/* SPDX-License-Identifier: Apache-2.0 */
/* Cube root: a guess from the bits, then two steps of Halley's iteration y (y^3 + 2 x) / (2 y^3 + x), each of which triples the
 * digits. Power: 2^(e log2 x), both by short series. The order of every operation is fixed: the vector versions do the same. */
#include "kernel/kernel_math.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static int32_t bits_of(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float halley(float y, float x) {
    float cube = y * y * y;
    return y * ((cube + (x + x)) / ((cube + cube) + x));
}

static float cbrt_one(float x) {
    float third = (float)bits_of(x) * (1.0f / 3.0f);
    float y = float_of((int32_t)third + MATH_CBRT_BIAS);
    y = halley(halley(y, x), x);
    return x > 0 ? y : 0;
}

static float log2_one(float x) {
    int32_t bits = bits_of(x) - MATH_HALF_ROOT;
    int32_t exponent = bits >> 23;
    float m = float_of((bits & 0x7fffff) + MATH_HALF_ROOT);
    float s = (m - 1) / (m + 1);
    float t = s * s;
    float p = MATH_LOG_C9 * t + MATH_LOG_C7;
    p = p * t + MATH_LOG_C5;
    p = p * t + MATH_LOG_C3;
    p = p * t + MATH_LOG_C1;
    return p * s + (float)exponent;
}

static float exp2_one(float y) {
    y = y > -126 ? y : -126;
    y = y < 126 ? y : 126;
    float whole = rintf(y), f = y - whole;
    float p = MATH_EXP_C7 * f + MATH_EXP_C6;
    p = p * f + MATH_EXP_C5;
    p = p * f + MATH_EXP_C4;
    p = p * f + MATH_EXP_C3;
    p = p * f + MATH_EXP_C2;
    p = p * f + MATH_EXP_C1;
    p = p * f + 1;
    return p * float_of(((int32_t)whole + 127) << 23);
}

static float pow_one(float x, float exponent) {
    float p = exp2_one(exponent * log2_one(x));
    return x > 0 ? p : exponent == 0 ? 1 : 0;
}

static void cbrt_c(float *to, const float *from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] = cbrt_one(from[i]);
    }
}

static void pow_c(float *to, const float *from, const float *exponents, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] = pow_one(from[i], exponents[i]);
    }
}

static void pow_by_c(float *to, const float *from, float exponent, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] = pow_one(from[i], exponent);
    }
}

static void log2_c(float *to, const float *from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] = log2_one(from[i]);
    }
}

void kernel_math_init_c(struct kernel_math *k) {
    k->cbrt = cbrt_c;
    k->pow = pow_c;
    k->pow_by = pow_by_c;
    k->log2 = log2_c;
}
