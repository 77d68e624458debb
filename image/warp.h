/* SPDX-License-Identifier: Apache-2.0 */
/* Perspective warping. */
#ifndef LK_WARP_H
#define LK_WARP_H

#include "image/engine.h"
#include "image/image.h"

/* out (width x height, 8 bits, channels of from) shows at (x, y) what from shows at the point that h (from -> out, 3x3
 * row-major) maps to (x, y), by cubic convolution (Keys, a = -0.5). Where from is much finer than out it is reduced first, so
 * nothing aliases. valid (may be NULL) is gray: 255 where the point lies inside from, else 0 (and out is 0 there).
 * LK_E_USAGE for a singular h or 16 bits, LK_E_MEMORY. */
LK_MUST_CHECK lk_status image_warp(lk_image *out, lk_image *valid, lk_engine *engine,
                                   const lk_image *from, const double h[9], int32_t width,
                                   int32_t height, lk_error *err);

/* By how much image_warp reduces its source for this map and frame; 1 when it does not. Who warps one picture many times reduces
 * it once. */
double image_warp_reduction(const double h[9], int32_t width, int32_t height);

#endif
