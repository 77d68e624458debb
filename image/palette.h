/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of a scale from 0 to 1. */
#ifndef LK_PALETTE_H
#define LK_PALETTE_H

#include "image/draw.h"
#include "image/image.h"

/* Magma of matplotlib (Smith and van der Walt, CC0): the colour of level 0..255. */
struct colour palette_magma(int32_t level);

/* A new RGB picture of p, whose values 0..1 are shown in magma (rounded to 256 levels). LK_E_MEMORY. */
LK_MUST_CHECK lk_status palette_picture(lk_image *out, const struct plane *p, lk_error *err);

#endif
