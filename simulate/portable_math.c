/* SPDX-License-Identifier: Apache-2.0 */
/* Taylor series after the argument was brought near 0. Terms until the next is below 1e-17; tests/unit/test_simulate.c holds them
 * against the C library. */
#include "simulate/portable_math.h"

#include <math.h>
#include <stdint.h>

static const double ln_2 = 0.69314718055994530942;

/* 1 / n!, so that nothing is divided. */
static const double inverse_factorial[] = {1,
                                           1,
                                           1 / 2.0,
                                           1 / 6.0,
                                           1 / 24.0,
                                           1 / 120.0,
                                           1 / 720.0,
                                           1 / 5040.0,
                                           1 / 40320.0,
                                           1 / 362880.0,
                                           1 / 3628800.0,
                                           1 / 39916800.0,
                                           1 / 479001600.0,
                                           1 / 6227020800.0,
                                           1 / 87178291200.0,
                                           1 / 1307674368000.0,
                                           1 / 20922789888000.0,
                                           1 / 355687428096000.0};

/* Quarter turns are taken off exactly; what is left is at most an eighth of a turn. */
void portable_sin_cos(double *sine, double *cosine, double angle_deg) {
    double quarters = floor(angle_deg / 90 + 0.5);
    double x = (angle_deg - 90 * quarters) * (3.14159265358979323846 / 180), square = x * x;
    double s = 0, c = 0;
    for (int32_t n = 16; n >= 0; n -= 2) { /* signs alternate */
        c = inverse_factorial[n] - square * c;
        s = inverse_factorial[n + 1] - square * s;
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
    double twos = floor(fmin(x, 700) / ln_2 + 0.5), r = fmin(x, 700) - twos * ln_2, sum = 0;
    for (int32_t n = 14; n >= 0; n--) {
        sum = sum * r + inverse_factorial[n];
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
