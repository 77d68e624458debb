/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a reference view, and what is measured of a frame held against it. */
#ifndef LK_SIGHT_PARTS_H
#define LK_SIGHT_PARTS_H

#include "feature/sift.h"
#include "watch/camera_view.h"
#include "watch/sight_layer.h"
#include "watch/sight_motion.h"
#include "watch/sight_pyramid.h"

enum {
    SIGHT_SMALL_SIDE = 160, /* the longer side of the small picture */
    SIGHT_DIM_MOST = 512,   /* of an embedding */
    SIGHT_FRAME_LEAST = 64, /* pixels of a frame's shorter side */
};

struct camera_view {
    int32_t frame_width, frame_height; /* of the frames it is a view of */
    int32_t frames;                    /* learned */
    double brightness;                 /* mean luma, 0..255 */
    double busy;                       /* mean steepness of the middle level */
    struct sight_mask mask;
    int32_t count; /* of layers; the first has the size of sight_first_level */
    struct sight_layer layers[SIGHT_LEVELS_MOST];
    struct sift_points keys; /* of the first frame, in pixels of the first level */
    lk_image small;          /* gray, 8 bits; of the first frame */
    int32_t dim;
    float embedding[SIGHT_DIM_MOST]; /* mean of unit vectors */
};

/* A frame, made ready once for all views of a camera whose frames have one size. */
struct sight_frame {
    const lk_image *image; /* borrowed */
    struct sight_pyramid pyramid;
    int32_t width, height; /* of its first level */
    double brightness, busy;
    bool keys_found;
    struct sift_points keys; /* once keys_found: in pixels of the first level */
    lk_image small;          /* once keys_found */
};

LK_MUST_CHECK lk_status sight_frame_new(struct sight_frame *out, lk_engine *engine,
                                        const lk_image *image, int32_t width, int32_t height,
                                        lk_error *err);
void sight_frame_release(struct sight_frame *f);
/* Finds its keypoints and its small picture, the first time. */
LK_MUST_CHECK lk_status sight_frame_keys(struct sight_frame *f, lk_engine *engine, lk_error *err);

/* What is found in its place, block by block. */
struct sight_presence {
    float there[SIGHT_BLOCKS]; /* 0..1; -1: too little structure to tell, or out of the frame */
    int32_t known;             /* blocks that tell */
    double share;              /* of these: mean of there */
    double
        filled; /* mean over all blocks, those that do not tell taken to be as those around them */
    double clear; /* of these: share that is there without doubt */
};

/* What a frame shows of a view under the best map that was found. */
struct sight_seen {
    struct sight_map map;
    double agreement;     /* mean over the blocks that lie in the frame, at the middle level */
    double coarse;        /* the best of the levels below it, which blur leaves alone */
    double inside;        /* share of the view's points that lie in the frame */
    double sharpness;     /* relative to the reference */
    double blurred;       /* share of the blocks that are less sharp than 0.75 */
    int32_t sharp_blocks; /* that sharpness is the median of */
    double glare;         /* share of the blocks that are blown out, and so tell nothing */
    struct sight_presence near; /* by the middle level and the next coarser */
    struct sight_presence far;  /* by all coarser ones */
};

/* 0..1: how well the frame stands in the view under the map found. */
double sight_standing(const struct sight_seen *s);
/* Whether it stands so well that no other map and no other view are asked. */
bool sight_is_settled(const struct sight_seen *s, const struct camera_view *view);

/* Whether a view has next to no structure, and whether a frame looks as empty. */
bool sight_is_featureless(const struct camera_view *view);
bool sight_is_featureless_too(const struct camera_view *view, const struct sight_frame *frame);

/* Measures the frame under a map. */
void sight_measure(struct sight_seen *out, const struct camera_view *view,
                   const struct sight_frame *frame, const struct sight_map *map);

/* Finds the map by structure alone, where the camera has hardly turned. */
void sight_find_near(struct sight_seen *out, const struct camera_view *view,
                     const struct sight_frame *frame);
/* Finds a better one by keypoints, else (where spectra are asked for) by phase correlation. LK_E_MEMORY. */
LK_MUST_CHECK lk_status sight_find_far(struct sight_seen *out, lk_engine *engine,
                                       const struct camera_view *view, struct sight_frame *frame,
                                       bool spectra, lk_error *err);

#endif
