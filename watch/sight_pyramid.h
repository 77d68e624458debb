/* SPDX-License-Identifier: Apache-2.0 */
/* A frame in gray at its full size and at halves of it. */
#ifndef LK_SIGHT_PYRAMID_H
#define LK_SIGHT_PYRAMID_H

#include "image/engine.h"
#include "image/image.h"

enum {
    SIGHT_SIDE_MOST = 1920, /* of the first level: what is finer tells nothing more of a camera */
    SIGHT_SIDE_LAST = 80,   /* the last level's longer side is below */
    SIGHT_SIDE_LEAST = 16,  /* of the shorter side of any level */
    SIGHT_LEVELS_MOST = 6,
};

struct sight_pyramid {
    int32_t count;
    lk_image levels[SIGHT_LEVELS_MOST]; /* gray, 8 bits; each half as wide as the one before */
};

/* The size of the first level for a frame of this size. */
void sight_first_level(int32_t *width, int32_t *height, int32_t frame_width, int32_t frame_height);

/* How many levels a first one of this size has. */
int32_t sight_level_count(int32_t width, int32_t height);

/* Of a frame (any kind of picture) brought to width x height. LK_E_MEMORY. */
LK_MUST_CHECK lk_status sight_pyramid_new(struct sight_pyramid *out, lk_engine *engine,
                                          const lk_image *frame, int32_t width, int32_t height,
                                          lk_error *err);
void sight_pyramid_release(struct sight_pyramid *p);

/* The first level whose longer side is at most 640: where structure is looked for. */
int32_t sight_pyramid_middle(const struct sight_pyramid *p);

/* Slope of a level at (x, y), not on its border: Sobel's, in gray levels a pixel. */
static inline void sight_slope(float *gx, float *gy, const uint8_t *at, ptrdiff_t stride) {
    const uint8_t *above = at - stride, *below = at + stride;
    int32_t corners = below[1] - above[-1], others = above[1] - below[-1];
    *gx = (float)(corners + others + 2 * (at[1] - at[-1])) * 0.125F;
    *gy = (float)(corners - others + 2 * (below[0] - above[0])) * 0.125F;
}

#endif
