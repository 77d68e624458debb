/* SPDX-License-Identifier: Apache-2.0 */
/* Linear and rank filters on planes. */
#ifndef LK_FILTER_H
#define LK_FILTER_H

#include "image/engine.h"
#include "image/image.h"

/* What lies outside: REFLECT is d c b a | a b c d | d c b a (scipy's `reflect`), MIRROR leaves the edge out (reflect-101),
 * CLAMP repeats the edge. */
enum border { BORDER_REFLECT, BORDER_MIRROR, BORDER_CLAMP };

enum { TAPS_RADIUS_MAX = 256 };

/* A kernel that is even or odd about its middle: weights[0] is of the middle, weights[k] of the sample k to the right or below,
 * +/- weights[k] of the one opposite. */
struct taps {
    float weights[TAPS_RADIUS_MAX + 1];
    int32_t radius;
    bool odd;
};

/* A Gaussian of radius int(truncate * sigma + 0.5), computed and normalised in double; sigma <= 0: one tap of 1. */
void taps_gaussian(struct taps *out, double sigma, double truncate);

/* in convolved with `across` along rows, then with `down` along columns. out is made new. Sums are in float, from the
 * outermost tap inward in pairs, so that every machine gives the same bits. LK_E_MEMORY. */
LK_MUST_CHECK lk_status filter_separable(struct plane *out, lk_engine *engine,
                                         const struct plane *in, const struct taps *across,
                                         const struct taps *down, enum border border,
                                         lk_error *err);

/* filter_separable with taps_gaussian both ways; sigma <= 0 copies. Equals scipy.ndimage.gaussian_filter up to float
 * rounding. LK_E_MEMORY. */
LK_MUST_CHECK lk_status filter_gaussian(struct plane *out, lk_engine *engine,
                                        const struct plane *in, double sigma, double truncate,
                                        enum border border, lk_error *err);

/* The least and the largest value over the (2 r + 1)^2 pixels around each. lowest and highest are made new. LK_E_MEMORY. */
LK_MUST_CHECK lk_status filter_min_max(struct plane *lowest, struct plane *highest,
                                       const struct plane *in, int32_t radius, lk_error *err);

/* The index inside 0..n-1 that i outside stands for. */
int32_t filter_border(int32_t i, int32_t n, enum border border);

#endif
