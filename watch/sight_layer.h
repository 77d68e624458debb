/* SPDX-License-Identifier: Apache-2.0 */
/* What lasts in one level of a reference view: points of edges and texture with their slope, block by block, and how often each
 * was found again. */
#ifndef LK_SIGHT_LAYER_H
#define LK_SIGHT_LAYER_H

#include "image/image.h"

enum {
    SIGHT_ACROSS = 16, /* blocks */
    SIGHT_DOWN = 12,
    SIGHT_BLOCKS = SIGHT_ACROSS * SIGHT_DOWN,
    SIGHT_BLOCK_POINTS = 24, /* in a block at most */
    SIGHT_LAYER_POINTS = SIGHT_BLOCKS * SIGHT_BLOCK_POINTS,
    SIGHT_FRAMES_MOST = 1000, /* that are told apart: each later one counts as the 1000th did */
    SIGHT_MASK_ACROSS = 64,   /* cells */
    SIGHT_MASK_DOWN = 48,
    SIGHT_MASK_CELLS = SIGHT_MASK_ACROSS * SIGHT_MASK_DOWN,
};

struct sight_point {
    uint16_t x, y;
    float gx, gy; /* mean slope over the frames looked at */
    float seen;   /* number of frames it was looked for in */
    float found;  /* number of these in which something of its direction was there */
};

struct sight_layer {
    int32_t width, height;
    uint32_t start[SIGHT_BLOCKS + 1]; /* block b has the points start[b] to start[b + 1] - 1 */
    struct sight_point *points;       /* owned; room for SIGHT_LAYER_POINTS */
};

/* Where the scene counts: 1, or 0. Cells are shares of the width and height. */
struct sight_mask {
    uint8_t cells[SIGHT_MASK_CELLS];
};

/* From a gray picture of any size, or NULL for all of it. */
void sight_mask_of(struct sight_mask *out, const lk_image *ignore);
static inline bool sight_mask_at(const struct sight_mask *m, double across, double down) {
    int32_t x = (int32_t)(across * SIGHT_MASK_ACROSS), y = (int32_t)(down * SIGHT_MASK_DOWN);
    return m->cells[y * SIGHT_MASK_ACROSS + x] != 0;
}

/* The points of a level. LK_E_MEMORY. */
LK_MUST_CHECK lk_status sight_layer_new(struct sight_layer *out, const lk_image *level,
                                        const struct sight_mask *mask, lk_error *err);
/* Learns from one more level: the map puts the first level of the reference onto the frame's, step is how many pixels of that a
 * pixel of the layer is. */
struct sight_map;
void sight_layer_learn(struct sight_layer *layer, const lk_image *level,
                       const struct sight_map *map, double step);
void sight_layer_release(struct sight_layer *layer);

/* How much a point counts: steeper ones more, fleeting ones not. */
static inline float sight_point_weight(const struct sight_point *p) {
    float steep2 = p->gx * p->gx + p->gy * p->gy;
    /* 0 where it was found in half of the frames, 1 from nine tenths on. */
    float lasting = (p->found / p->seen - 0.5F) / 0.4F;
    lasting = lasting < 0 ? 0 : lasting > 1 ? 1 : lasting;
    return lasting * steep2 / (steep2 + 36);
}

#endif
