/* SPDX-License-Identifier: Apache-2.0 */
/* A keypoint as a place with a direction and a size, and what a map makes of it. */
#ifndef LK_SIFT_FRAME_H
#define LK_SIFT_FRAME_H

#include "feature/sift.h"

/* (u, v) is the orientation, as long as sigma. */
struct sift_frame {
    double x, y, u, v;
};

/* How far two frames may differ. */
struct sift_tolerance {
    double distance;     /* of the places, in pixels */
    double least_cosine; /* of the angle between the orientations; above 0 */
    double ratio;        /* of the sizes; at least 1 */
};

struct sift_frame sift_frame_of(const struct sift_point *p);

/* Whether orientation and size of two vectors agree. */
bool sift_vectors_agree(const double a[2], const double b[2], const struct sift_tolerance *t);

/* Whether frame b, mapped by h, is frame a. *squared is the squared distance of the places, set when they agree. */
bool sift_frames_agree(double *squared, const struct sift_frame *a, const struct sift_frame *b,
                       const double h[9], const struct sift_tolerance *t);

#endif
