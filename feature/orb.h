/* SPDX-License-Identifier: Apache-2.0 */
/* ORB keypoints and descriptors (Rublee, Rabaud, Konolige, Bradski 2011), comparable with OpenCV's. */
#ifndef LK_ORB_H
#define LK_ORB_H

#include "image/engine.h"
#include "image/image.h"

struct keypoint {
    float x, y;     /* in pixels of the picture given */
    float cos, sin; /* of the orientation, measured clockwise from +x (y points down) */
    float response; /* Harris measure, within its level */
    int32_t level;  /* of the pyramid; the patch is 31 * scale^level pixels wide */
};

struct keypoints {
    size_t count;
    struct keypoint *points; /* by level, then falling response */
    uint8_t *descriptors;    /* count x 32 bytes */
};

struct orb_options {
    int32_t count;          /* keypoints wanted at most; 500 */
    int32_t levels;         /* 8 */
    double scale;           /* from level to level; 1.2 */
    int32_t fast_threshold; /* 20 */
    int32_t
        fast_fallback; /* tried on a level where the first gives fewer than wanted; 0 for never; 7 */
    int32_t edge;      /* pixels at the border of each level without keypoints; at least 19 */
};

struct orb_options orb_options_default(void);

/* Detects and describes the keypoints of gray (8 bits, 1 channel). A picture too small or too flat gives none.
 * LK_E_USAGE, LK_E_MEMORY. */
LK_MUST_CHECK lk_status orb_detect(struct keypoints *out, lk_engine *engine, const lk_image *gray,
                                   const struct orb_options *options, lk_error *err);
void keypoints_release(struct keypoints *k);

#endif
