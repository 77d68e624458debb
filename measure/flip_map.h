/* SPDX-License-Identifier: Apache-2.0 */
/* The error map of FLIP. */
#ifndef LK_FLIP_MAP_H
#define LK_FLIP_MAP_H

#include "image/engine.h"
#include "image/image.h"

enum { FLIP_PPD_LEAST = 1, FLIP_PPD_MOST = 400 };

/* Fills map (new, size of the pictures) with the error 0..1 of each pixel that an observer sees who has ppd pixels to a degree
 * of view and flips between a and b, RGB 8 bits of one size. ppd in FLIP_PPD_LEAST..FLIP_PPD_MOST. LK_E_MEMORY. */
LK_MUST_CHECK lk_status flip_map(struct plane *map, lk_engine *engine, const lk_image *a,
                                 const lk_image *b, double ppd, lk_error *err);

#endif
