/* SPDX-License-Identifier: Apache-2.0 */
/* The pyramid of optical flow: both pictures at full size, half of it, a quarter ... */
#ifndef LK_FLOW_PYRAMID_H
#define LK_FLOW_PYRAMID_H

#include "image/engine.h"
#include "motion/padded.h"

enum { FLOW_LEVELS_MAX = 16 };

struct flow_pyramid {
    int32_t levels; /* the coarsest is levels - 1 */
    struct padded at[2][FLOW_LEVELS_MAX];
};

/* How many levels pictures of this size get, both sides at least OPTICAL_FLOW_SIDE: 2 or more. */
int32_t flow_pyramid_levels(int32_t width, int32_t height);

/* A side made long enough that every level is exactly half of the one below. */
int32_t flow_pyramid_side(int32_t side, int32_t levels);

/* Fills the levels of one picture (8-bit gray), lightly smoothed; beyond the picture its edge goes on. raw and across are scratch
 * planes of the size of level 0. */
void flow_pyramid_build(const struct padded *levels, int32_t count, lk_engine *engine,
                        const lk_image *from, const struct padded *raw,
                        const struct padded *across);

#endif
