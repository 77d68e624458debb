/* SPDX-License-Identifier: Apache-2.0 */
/* binary16: 1 sign bit, 5 of exponent (bias 15), 10 of fraction (IEEE 754-2008, 3.6). */
#include "base/half.h"

#include <math.h>
#include <string.h>

float half_to_float(uint16_t half) {
    int32_t exponent = (half >> 10) & 31, fraction = half & 1023;
    float value;
    if (exponent == 31) {
        value = fraction ? NAN : INFINITY;
    } else if (exponent == 0) {
        value = ldexpf((float)fraction, -24);
    } else {
        value = ldexpf((float)(fraction + 1024), exponent - 25);
    }
    return half & 0x8000 ? -value : value;
}

uint16_t half_from_float(float value) {
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    float size = fabsf(value);
    if (isnan(value)) {
        return sign | 0x7e00;
    }
    if (size >= 65520.0f) { /* half way between the largest number, 65504, and what would follow */
        return sign | 0x7c00;
    }
    if (size < 0x1p-14f) { /* below the smallest normal number: steps of 2^-24 */
        return (uint16_t)(sign | (uint16_t)lrintf(size * 0x1p24f));
    }
    int exponent;
    float mantissa = frexpf(size, &exponent); /* 0.5 <= mantissa < 1 */
    long whole = lrintf(mantissa * 2048.0f);  /* 1024..2048; a carry lands in the exponent */
    return (uint16_t)(sign | (uint16_t)(((exponent + 14) << 10) + (whole - 1024)));
}
