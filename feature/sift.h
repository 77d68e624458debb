/* SPDX-License-Identifier: Apache-2.0 */
/* SIFT keypoints (Lowe 2004) with RootSIFT descriptors (Arandjelovic and Zisserman 2012). */
#ifndef LK_SIFT_H
#define LK_SIFT_H

#include "image/engine.h"
#include "image/image.h"
#include "kernel/kernel_sift.h"

/* Fixed width, no padding: may be stored as it is (little-endian where the machine is). */
struct sift_point {
    float x, y; /* in pixels of the picture given; the centre of the first one is at 0, 0 */
    float
        sigma; /* of the blob, in pixels of the picture; the descriptor reaches 7.5 sigma to either side */
    float turn; /* of the orientation: 0..1 of a whole turn, clockwise from +x (y points down) */
    float response; /* difference of Gaussians, 0..255 */
};

struct sift_points {
    size_t count;
    struct sift_point *points; /* by falling response */
    uint8_t
        *descriptors; /* count x SIFT_BYTES, each byte 0..127; of equal length but for rounding */
};

struct sift_options {
    int32_t count;  /* keypoints wanted at most; 1500 */
    int32_t side;   /* the picture is first brought to this longer side; 0: left as it is; 800 */
    double enlarge; /* though enlarged by no more than this; 2 */
    int32_t first_octave; /* -1 doubles the picture first, 0 does not; -1 */
    double contrast;      /* least response, as a share of the range of levels; 0.003 */
    double edge;          /* largest ratio of the principal curvatures; 10 */
    double
        crowd; /* times its share by area: what one of about 100 squares may hold while others have more; 3 */
};

enum {
    SIFT_VERSION =
        1, /* raised when sift_detect finds other points or bytes: what is kept of them is made anew */
    SIFT_SIDE_LEAST = 16,  /* of options.side, if it is not 0 */
    SIFT_SIDE_MOST = 8192, /* of the picture searched */
    SIFT_COUNT_MOST = 65536,
    SIFT_POINTS_AT_ONE = 4, /* orientations of one place */
};

struct sift_options sift_options_default(void);

/* Detects and describes the keypoints of gray (8 bits, 1 channel). A picture too small or too flat gives none. Memory: about 64
 * bytes a pixel searched when it is doubled, 16 when not. LK_E_USAGE, LK_E_SIZE, LK_E_MEMORY, LK_E_CANCELLED. */
LK_MUST_CHECK lk_status sift_detect(struct sift_points *out, lk_engine *engine,
                                    const lk_image *gray, const struct sift_options *options,
                                    lk_error *err);
void sift_points_release(struct sift_points *s);

#endif
