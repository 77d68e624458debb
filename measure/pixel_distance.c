/* SPDX-License-Identifier: Apache-2.0 */
/* The squared distance in YIQ of Kotsarenko and Ramos (2010), y, i, q of the difference of two colours:
 *
 *   0.5053 y^2 + 0.299 i^2 + 0.1957 q^2, at most 35215
 *
 * pixelmatch 7.2.0 computes it in doubles, with transparent pixels laid over a checkerboard whose colour changes with the
 * byte offset. odiff 4.5 computes it in integers with 12 fraction bits, every constant cut to them, with transparent pixels
 * over white; its luma alone is in doubles. Both are followed to the last bit, because a count hangs on it.
 * Oracle: tests/oracle/diff. */
#include "measure/pixel_distance.h"

#include <math.h>

static const double y_of[3] = {0.29889531, 0.58662247, 0.11448223};
static const double i_of[3] = {0.59597799, -0.27417610, -0.32180189};
static const double q_of[3] = {0.21147017, -0.52261711, 0.31114694};
static const double weights[3] = {0.5053, 0.299, 0.1957};

enum { FIXED_BITS = 12, FIXED_ONE = 1 << FIXED_BITS };

/* pixelmatch: what lies behind a transparent pixel. The divisors are the golden ratio and its square. */
static void checkerboard(double out[3], int64_t index) {
    out[0] = 48 + 159 * (double)(index % 2);
    out[1] = 48 + 159 * (double)((int64_t)((double)index / 1.618033988749895) % 2);
    out[2] = 48 + 159 * (double)((int64_t)((double)index / 2.618033988749895) % 2);
}

/* pixelmatch: p less q, channel by channel. */
static void channel_deltas(double d[3], struct pixel p, struct pixel q, int64_t index) {
    double behind[3], da = p.v[3] - q.v[3];
    bool opaque = p.v[3] == 255 && q.v[3] == 255;
    if (!opaque) {
        checkerboard(behind, index);
    }
    for (int c = 0; c < 3; c++) {
        d[c] = opaque
                   ? p.v[c] - q.v[c]
                   : ((double)(p.v[c] * p.v[3]) - (double)(q.v[c] * q.v[3]) - behind[c] * da) / 255;
    }
}

static double weigh(const double d[3], const double row[3]) {
    return d[0] * row[0] + d[1] * row[1] + d[2] * row[2];
}

/* odiff: a sample over white, with FIXED_BITS fraction bits; C divides towards zero as odiff does. */
static int64_t over_white_fixed(uint8_t sample, uint8_t alpha) {
    return 255 * FIXED_ONE + ((int64_t)sample - 255) * alpha * FIXED_ONE / 255;
}

static int64_t fixed(double v) {
    return (int64_t)(v * FIXED_ONE);
}

/* odiff: one of y, i, q; the shift rounds down, also what is negative. */
static int64_t weigh_fixed(struct pixel p, const double row[3]) {
    int64_t sum = 0;
    for (int c = 0; c < 3; c++) {
        sum += over_white_fixed(p.v[c], p.v[3]) * fixed(row[c]);
    }
    return sum >> FIXED_BITS;
}

static double distance_fixed(struct pixel p, struct pixel q) {
    const double *const rows[3] = {y_of, i_of, q_of};
    int64_t sum = 0;
    for (int k = 0; k < 3; k++) {
        int64_t d = weigh_fixed(p, rows[k]) - weigh_fixed(q, rows[k]);
        sum += d * d * fixed(weights[k]);
    }
    return (double)(sum >> 2 * FIXED_BITS) / FIXED_ONE;
}

double pixel_distance(struct pixel p, struct pixel q, int64_t index, lk_diff_like like) {
    double d[3];
    if (like == LK_LIKE_ODIFF) {
        return distance_fixed(p, q);
    }
    channel_deltas(d, p, q, index);
    double y = weigh(d, y_of), i = weigh(d, i_of), k = weigh(d, q_of);
    return weights[0] * y * y + weights[1] * i * i + weights[2] * k * k;
}

double pixel_distance_limit(double threshold, lk_diff_like like) {
    if (like == LK_LIKE_ODIFF) {
        return floor(PIXEL_DISTANCE_MOST * (threshold * threshold) * FIXED_ONE) / FIXED_ONE;
    }
    return PIXEL_DISTANCE_MOST * threshold * threshold;
}

/* odiff: luma over white. */
static double luma_over_white(struct pixel p) {
    double d[3];
    for (int c = 0; c < 3; c++) {
        d[c] = p.v[3] == 255 ? p.v[c] : 255.0 + (p.v[c] - 255.0) * (p.v[3] / 255.0);
    }
    return weigh(d, y_of);
}

double pixel_brightness_delta(struct pixel p, struct pixel q, int64_t index, lk_diff_like like) {
    double d[3];
    if (like == LK_LIKE_ODIFF) {
        return luma_over_white(p) - luma_over_white(q);
    }
    channel_deltas(d, p, q, index);
    return weigh(d, y_of);
}
