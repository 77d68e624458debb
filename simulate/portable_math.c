/* SPDX-License-Identifier: Apache-2.0 */
/* Taylor series after the argument was brought near 0. Terms until the next is below 1e-17; tests/unit/test_simulate.c holds them
 * against the C library. */
#include "simulate/portable_math.h"

#include <math.h>
#include <stdint.h>

static const double ln_2 = 0.69314718055994530942;

/* Quarter turns are taken off exactly; what is left is at most an eighth of a turn. */
void portable_sin_cos(double *sine, double *cosine, double angle_deg) {
    double quarters = floor(angle_deg / 90 + 0.5);
    double x = (angle_deg - 90 * quarters) * (3.14159265358979323846 / 180);
    double s = 1, c = 1;
    for (int32_t n = 18; n >= 2; n -= 2) { /* 1 - x^2/(2 3) (1 - x^2/(4 5) (...)) */
        s = 1 - s * x * x / (n * (n + 1));
        c = 1 - c * x * x / (n * (n - 1));
    }
    s *= x;
    int32_t quadrant = (int32_t)(quarters - 4 * floor(quarters / 4));
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}

double portable_exp(double x) {
    if (x < -700) {
        return 0;
    }
    double twos = floor(fmin(x, 700) / ln_2 + 0.5), r = fmin(x, 700) - twos * ln_2, sum = 1;
    for (int32_t n = 14; n >= 1; n--) {
        sum = 1 + sum * r / n;
    }
    return ldexp(sum, (int)twos);
}

/* ln x = 2 artanh((m - 1) / (m + 1)) + e ln 2, m within a factor sqrt 2 of 1. */
double portable_log(double x) {
    int e;
    double m = frexp(x, &e);
    if (m < 0.70710678118654752440) {
        m *= 2;
        e--;
    }
    double t = (m - 1) / (m + 1), sum = 0;
    for (int32_t n = 21; n >= 1; n -= 2) {
        sum = sum * t * t + 1.0 / n;
    }
    return 2 * sum * t + e * ln_2;
}

double portable_pow(double base, double exponent) {
    return base > 0 ? portable_exp(exponent * portable_log(base)) : 0;
}
