/* SPDX-License-Identifier: Apache-2.0 */
/* FAST-9/16 corners (Rosten and Drummond 2006). */
#ifndef LK_FAST_H
#define LK_FAST_H

#include "image/engine.h"
#include "image/image.h"

struct corner {
    int32_t x, y;
    int32_t score; /* the largest threshold at which the pixel is still a corner */
};

struct corners {
    size_t count, capacity;
    struct corner *items;
};

void corners_release(struct corners *c);

/* The corners of gray at least `edge` pixels (>= 4) from the border that are no weaker than their eight neighbours
 * (3x3 non-maximum suppression as OpenCV: strictly greater than all neighbours), row by row. */
LK_MUST_CHECK lk_status fast_detect(struct corners *out, lk_engine *engine, const lk_image *gray,
                                    int32_t threshold, int32_t edge, lk_error *err);

#endif
