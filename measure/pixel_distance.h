/* SPDX-License-Identifier: Apache-2.0 */
/* How far apart two colours are, as pixelmatch and as odiff compute it. */
#ifndef LK_PIXEL_DISTANCE_H
#define LK_PIXEL_DISTANCE_H

#include <stdint.h>

#include <likeness/measure.h>

/* RGBA, 8 bits. */
struct pixel {
    uint8_t v[4];
};

/* The largest distance in YIQ that two colours can have. */
#define PIXEL_DISTANCE_MOST 35215.0

/* 0..PIXEL_DISTANCE_MOST. index is 4 times the number of the pixel in its picture: pixelmatch's checkerboard hangs on it. */
double pixel_distance(struct pixel p, struct pixel q, int64_t index, lk_diff_like like);

/* The distance above which pixels differ, in the steps the distance of `like` comes in. */
double pixel_distance_limit(double threshold, lk_diff_like like);

/* Luma of p less luma of q, both over what lies behind them. */
double pixel_brightness_delta(struct pixel p, struct pixel q, int64_t index, lk_diff_like like);

#endif
