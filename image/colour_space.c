/* SPDX-License-Identifier: Apache-2.0 */
/* sRGB -> linear -> XYZ -> CIELAB.
 *
 *   linear = v / 12.92 where v <= 0.04045, else ((v + 0.055) / 1.055)^2.4      IEC 61966-2-1
 *   XYZ    = M linear, M of the sRGB primaries and D65; white 0.95047, 1, 1.08883
 *   L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)), b = 200 (f(Y) - f(Z)), each over its white
 *   f(t) = cbrt(t) where t > 216/24389, else (24389/27 t + 16) / 116           CIE 15
 *
 * Oracle: scikit-image's rgb2lab to 1e-3 (tests/oracle/colour_space). */
#include "image/colour_space.h"

#include <math.h>

void colour_linear_table(float table[256]) {
    for (int i = 0; i < 256; i++) {
        double v = i / 255.0;
        table[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
}

static float lab_curve(float t) {
    return t > 216.0f / 24389 ? cbrtf(t) : (24389.0f / 27 * t + 16) / 116;
}

void colour_lab_row(float *lightness, float *a, float *b, const uint8_t *rgb,
                    const float table[256], int32_t n) {
    for (int32_t x = 0; x < n; x++, rgb += 3) {
        float red = table[rgb[0]], green = table[rgb[1]], blue = table[rgb[2]];
        float fx = lab_curve((0.412453f * red + 0.357580f * green + 0.180423f * blue) / 0.95047f);
        float fy = lab_curve(0.212671f * red + 0.715160f * green + 0.072169f * blue);
        float fz = lab_curve((0.019334f * red + 0.119193f * green + 0.950227f * blue) / 1.08883f);
        lightness[x] = 116 * fy - 16;
        a[x] = 500 * (fx - fy);
        b[x] = 200 * (fy - fz);
    }
}
