/* SPDX-License-Identifier: Apache-2.0 */
/* Threshold and masking (Yee, Pattanaik, Greenberg 2001; the constants are those of perceptualdiff 2.x):
 *
 *   csf(f, L)  A f exp(-B f) sqrt(1 + 0.06 exp(B f)), A = 440 (1 + 0.7 / L)^-0.2, B = 0.3 (1 + 100 / L)^0.15     Barten 1989
 *   mask(c)    (1 + (0.0153 (392.498 c)^0.7)^4)^(1/4)   Daly 1993
 *   tvi(L)     10^r, r = -2.86 | (0.405 x + 1.6)^2.18 - 2.86 | x - 0.395 | (0.249 x + 0.65)^2.7 - 0.72 | x - 1.255 of
 *              x = log10 L, changing at x = -3.94, -1.44, -0.0184 and 1.9                                  Ward Larson 1997
 *   elevation  sum c csf(3.248, 100) / csf(f, 100) mask(c csf(f, L)) / sum c, brought into 1..10
 *
 * All rows go through kernel_math, so the result is the same on every machine. */
#include "measure/perceptual_eye.h"

#include <math.h>

static const float euler = 2.7182818f, log10_of_2 = 0.30103f;
static const float least_contrast_sum = 1e-5f;

static double csf_at(double frequency, double luminance) {
    double a = 440 * pow(1 + 0.7 / luminance, -0.2), b = 0.3 * pow(1 + 100 / luminance, 0.15);
    return a * frequency * exp(-b * frequency) * sqrt(1 + 0.06 * exp(b * frequency));
}

void eye_init(struct eye *e, const struct kernel_math *math, int32_t width, double fov_deg) {
    const double pi = 3.14159265358979323846;
    double degrees = 2 * tan(fov_deg * 0.5 * pi / 180) * 180 / pi;
    double frequency = 0.5 * width / degrees;
    *e = (struct eye){.math = math};
    for (double pixels = 1; e->adaptation_level < EYE_LEVELS - 1 && pixels <= degrees;
         pixels *= 2) {
        e->adaptation_level++;
    }
    for (int i = 0; i < EYE_BANDS; i++, frequency /= 2) {
        e->cycles_per_degree[i] = (float)frequency;
        e->frequency_factor[i] = (float)(csf_at(3.248, 100) / csf_at(frequency, 100));
    }
}

/* tvi of the adaptation; work[0] and work[1] are used. */
static void thresholds(const struct eye *e, const struct eye_rows *r, size_t n) {
    float *x = r->threshold, *base = r->work[0], *exponent = r->work[1];
    e->math->log2(x, r->adaptation, n);
    for (size_t i = 0; i < n; i++) {
        x[i] *= log10_of_2;
        bool dark = x[i] >= -3.94f && x[i] < -1.44f, bright = x[i] >= -0.0184f && x[i] < 1.9f;
        base[i] = dark ? 0.405f * x[i] + 1.6f : bright ? 0.249f * x[i] + 0.65f : 1;
        exponent[i] = dark ? 2.18f : 2.7f;
    }
    e->math->pow(base, base, exponent, n);
    for (size_t i = 0; i < n; i++) {
        exponent[i] = x[i] < -3.94f     ? -2.86f
                      : x[i] < -1.44f   ? base[i] - 2.86f
                      : x[i] < -0.0184f ? x[i] - 0.395f
                      : x[i] < 1.9f     ? base[i] - 0.72f
                                        : x[i] - 1.255f;
        base[i] = 10;
    }
    e->math->pow(x, base, exponent, n);
}

/* work[0] = A, work[1] = B of the adaptation. */
static void sensitivity_of(const struct eye *e, const struct eye_rows *r, size_t n) {
    float *a = r->work[0], *b = r->work[1];
    for (size_t i = 0; i < n; i++) {
        a[i] = 1 + 0.7f / r->adaptation[i];
        b[i] = 1 + 100 / r->adaptation[i];
    }
    e->math->pow_by(a, a, 0.2f, n);
    e->math->pow_by(b, b, 0.15f, n);
    for (size_t i = 0; i < n; i++) {
        a[i] = 440 / a[i];
        b[i] = 0.3f * b[i];
    }
}

/* Adds band k to the sums: elevation += c factor mask(c csf). */
static void add_band(const struct eye *e, const struct eye_rows *r, int k, size_t n) {
    const float *a = r->work[0], *b = r->work[1], *c = r->contrast[k];
    float frequency = e->cycles_per_degree[k], factor = e->frequency_factor[k], *t = r->work[2];
    float *base = r->base;
    for (size_t i = 0; i < n; i++) {
        t[i] = b[i] * frequency;
        base[i] = euler;
    }
    e->math->pow(t, base, t, n);
    for (size_t i = 0; i < n; i++) {
        t[i] = 392.498f * c[i] * (a[i] * frequency / t[i] * sqrtf(1 + 0.06f * t[i]));
    }
    e->math->pow_by(t, t, 0.7f, n);
    for (size_t i = 0; i < n; i++) {
        float square = (0.0153f * t[i]) * (0.0153f * t[i]);
        r->elevation[i] += c[i] * factor * sqrtf(sqrtf(1 + square * square));
    }
}

void eye_thresholds(const struct eye *e, const struct eye_rows *r, size_t n) {
    thresholds(e, r, n);
    sensitivity_of(e, r, n);
    for (size_t i = 0; i < n; i++) {
        r->elevation[i] = 0;
    }
    for (int k = 0; k < EYE_BANDS; k++) {
        add_band(e, r, k, n);
    }
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (int k = 0; k < EYE_BANDS; k++) {
            sum += r->contrast[k][i];
        }
        float up = r->elevation[i] / (sum > least_contrast_sum ? sum : least_contrast_sum);
        r->elevation[i] = up < 1 ? 1 : up > 10 ? 10 : up;
    }
}
