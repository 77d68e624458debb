/* SPDX-License-Identifier: Apache-2.0 */
/* Where two aligned pictures show something different, apart from light, blur, noise and a pixel of misalignment. */
#ifndef LK_DIFFERENCE_H
#define LK_DIFFERENCE_H

#include <likeness/compare.h>

#include "image/engine.h"

/* A value above this is a difference: the map is scaled so that the decision lies in the middle. */
#define DIFFERENCE_FLOOR 0.5

/* How far the pair has come: what it went through decides what it may differ by. */
enum difference_kind {
    DIFFERENCE_EXACT, /* two renderings, mostly equal to the bit: any visible level counts */
    DIFFERENCE_PHOTO, /* another encoding or photo on the same frame */
    DIFFERENCE_ALIGNED, /* a photo warped onto the reference: its border mixes with what lay around the thing */
};

/* The map of a (reference) and b, RGB 8 bits of one size; valid is gray of the same size, 0 leaves a pixel out. LK_E_MEMORY. */
LK_MUST_CHECK lk_status difference_map(lk_map *out, lk_engine *engine, const lk_image *a,
                                       const lk_image *b, const lk_image *valid,
                                       enum difference_kind kind, lk_error *err);

#endif
