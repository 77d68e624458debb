/* SPDX-License-Identifier: Apache-2.0 */
/* How far every pixel is from the nearest one that is set. */
#ifndef LK_DISTANCE_TRANSFORM_H
#define LK_DISTANCE_TRANSFORM_H

#include "image/engine.h"
#include "image/image.h"

/* No pixel is set at all. */
#define DISTANCE_NONE INT32_MAX

/* The longer side of what distance_transform takes: squares of larger distances do not fit. */
enum { DISTANCE_SIDE_MAX = 32767 };

/* *out, made new, freed with mem_free, rows contiguous: the square of the distance from each pixel of mask (8-bit gray)
 * to the nearest that is not 0; exact. LK_E_SIZE above DISTANCE_SIDE_MAX, LK_E_MEMORY. */
LK_MUST_CHECK lk_status distance_transform(int32_t **out, lk_engine *engine, const lk_image *mask,
                                           lk_error *err);

#endif
