/* SPDX-License-Identifier: Apache-2.0 */
/* Where the points of a reference view lie in a frame: agreement of slopes, block by block, and the similarity that it asks for. */
#ifndef LK_SIGHT_MOTION_H
#define LK_SIGHT_MOTION_H

#include "watch/sight_layer.h"
#include "watch/sight_pyramid.h"

/* x' = a x - b y + dx, y' = b x + a y + dy takes a place of the reference to its place in the frame; both in pixels of the first
 * level, corners at whole numbers. */
struct sight_map {
    double a, b, dx, dy;
};

static inline struct sight_map sight_map_identity(void) {
    return (struct sight_map){.a = 1};
}
/* Root of the mean square distance over a picture of this size by which the map moves it. */
double sight_map_reach(const struct sight_map *m, double width, double height);

/* One block of a layer, held against a frame under a map. */
struct sight_block {
    float weight; /* of its points that lie in the frame */
    float
        agreement; /* -1..1: mean of the cosine between slopes, 0 for anything else in their place; at (dx, dy) */
    float gain;      /* steepness relative to the reference, along its slopes, at (dx, dy) */
    float dx, dy;    /* where it agrees best, off the map, in pixels of the level */
    float tensor[3]; /* of slopes, in the frame's directions: xx, xy, yy; trace 1 */
    float x, y;      /* middle of its points in the reference, pixels of the first level */
    float outside;   /* share of its points that the map puts outside of the frame */
};

enum { SIGHT_REACH_MOST = 4 };

struct sight_look {
    const struct sight_layer *layers; /* one a level of the reference */
    int32_t count;
    const struct sight_pyramid *frame;
};

/* Looks at the layer under map, up to reach (at most SIGHT_REACH_MOST) pixels around. */
void sight_hold(struct sight_block out[SIGHT_BLOCKS], const struct sight_look *look, int32_t layer,
                const struct sight_map *map, int32_t reach);

/* Moves map to where the layers first (the coarsest) down to last agree best. wide: it is unknown to a few pixels of the coarsest
 * layer, which all blocks together find first. */
void sight_register(struct sight_map *map, const struct sight_look *look, int32_t first,
                    int32_t last, bool wide);

#endif
