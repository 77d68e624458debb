/* SPDX-License-Identifier: Apache-2.0 */
/* A pyramid of gray pictures, each a constant factor smaller than the one before. */
#ifndef LK_PYRAMID_H
#define LK_PYRAMID_H

#include "image/engine.h"
#include "image/image.h"

enum { PYRAMID_LEVELS_MAX = 16 };

struct pyramid {
    int32_t count;
    double scale[PYRAMID_LEVELS_MAX]; /* pixels of level 0 a pixel of the level */
    lk_image
        levels[PYRAMID_LEVELS_MAX]; /* level 0 is borrowed from the caller, the others are owned */
};

/* Levels of size round(side / factor^i), each made from the one before by bilinear interpolation in 11-bit fixed point
 * (a factor below 2 needs no further low-pass), while both sides stay at least min_side. */
LK_MUST_CHECK lk_status pyramid_new(struct pyramid *out, lk_engine *engine, const lk_image *gray,
                                    int32_t levels, double factor, int32_t min_side, lk_error *err);
void pyramid_release(struct pyramid *p);

#endif
