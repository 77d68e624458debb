/* SPDX-License-Identifier: Apache-2.0 */
/* What matched keypoints say of two pictures as views of one flat thing: the map, and how much of the reference agrees with it. */
#ifndef LK_SIFT_GEOMETRY_H
#define LK_SIFT_GEOMETRY_H

#include "feature/homography.h"
#include "feature/sift_match.h"

struct sift_geometry_options {
    double
        threshold; /* of an inlier's distance in the reference, as a share of its longer side; 0.009 */
    double turn_deg; /* by which an inlier's orientation may differ from what the map says; 30 */
    double scale;    /* factor by which its size may; 1.6 */
    double
        guided; /* largest distance of descriptors when looking again, 0..1.4; 0: not at all; 0.6 */
    /* Of the disc around an inlier that counts as covered, as a share of the root of the area; 0.06. */
    double reach;
    enum map_model
        model; /* MAP_PERSPECTIVE, or MAP_AFFINE for edited copies, which no camera tilts */
    int32_t iterations; /* of each robust estimate; 1000 */
    uint64_t seed;
};

struct sift_geometry_options sift_geometry_options_default(void);

struct sift_geometry {
    double h
        [9]; /* photo -> reference; the identity when inliers is 0. The last entry may be -1: homography.h */
    int32_t inliers; /* that agree with h in place, orientation and size */
    double rms_px;   /* of their distances, in the reference */
    double coverage; /* share of the reference within reach of an inlier, 0..1 */
    double visible;  /* share of the reference that lies inside of the photo by h */
    /* The same two before looking again: of matches that were clear without knowing the map. */
    int32_t seed_inliers;
    double seed_coverage;
};

struct sift_pair {
    const struct sift_points *a, *b; /* of the reference, of the photo */
    int32_t a_width, a_height, b_width, b_height;
};

/* Marks the inliers of matches, which are replaced by those found where the map says if these cover more. No map at all is no
 * error: inliers and coverage are 0. LK_E_MEMORY. */
LK_MUST_CHECK lk_status sift_geometry_find(struct sift_geometry *out, struct sift_matches *matches,
                                           const struct sift_pair *pair,
                                           const struct sift_geometry_options *options,
                                           lk_error *err);

#endif
