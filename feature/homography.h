/* SPDX-License-Identifier: Apache-2.0 */
/* Plane-to-plane maps from point pairs: 3x3 matrices, robust estimation, and the little algebra they need. */
#ifndef LK_HOMOGRAPHY_H
#define LK_HOMOGRAPHY_H

#include <likeness/feature.h>

enum map_model { MAP_SHIFT, MAP_AFFINE, MAP_PERSPECTIVE };

struct homography_options {
    enum map_model model;
    double threshold_px;    /* of the distance in a between a point and its mapped partner; 3 */
    int32_t max_iterations; /* 4000 */
    double confidence;      /* of having met one sample without outliers; 0.999 */
    uint64_t seed;
};

struct homography_options homography_options_default(void);

/* The inlier threshold for a reference of this size: 3 px where its longer side has 1024, but not below 1.5 px. */
double homography_threshold_px(int32_t width, int32_t height);

/* What was found: h maps points of b onto a; its last entry is 1, or -1 when the origin of b lies behind the horizon. inliers is 0
 * when no sensible map exists. */
struct homography_fit {
    double h[9];
    size_t inliers;
    double rms_px; /* of the inliers, in a */
};

/* Robust map of pairs, which are sorted by falling trust; sets their inlier flags. Deterministic for a seed. scratch has room
 * for count indices. */
void homography_estimate(struct homography_fit *out, lk_match *pairs, size_t count,
                         int32_t *scratch, const struct homography_options *o);

/* (x, y) through h; false when the point lies on or behind the horizon. */
bool homography_apply(double *out_x, double *out_y, const double h[9], double x, double y);
void homography_multiply(double out[9], const double a[9], const double b[9]);
/* false when h is singular. */
bool homography_invert(double out[9], const double h[9]);
/* Whether h maps the rectangle 0,0..width,height to a convex quadrangle of the same orientation, none of it behind the
 * horizon, with sides scaled by no more than a factor of 10 against each other and overall. */
bool homography_is_sane(const double h[9], double width, double height);

/* Solves the symmetric positive n x n system a x = b (row-major, overwritten) by Cholesky; false when it is not positive. */
bool solve_positive(double *a, double *b, int32_t n);

#endif
