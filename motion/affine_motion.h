/* SPDX-License-Identifier: Apache-2.0 */
/* One affine motion of the whole picture: shift, turn, zoom, stretch. */
#ifndef LK_AFFINE_MOTION_H
#define LK_AFFINE_MOTION_H

#include "motion/block_match.h"

/* What a shows at (x, y) lies in b at (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]). */
struct affine_motion {
    double m[6];
    double agreeing; /* share of the blocks within a pixel of it */
};

/* From a to b, gray 8 bits of one size, beginning with the vectors of the blocks of a. LK_E_MEMORY. */
LK_MUST_CHECK lk_status affine_motion_find(struct affine_motion *out, lk_engine *engine,
                                           const lk_image *a, const lk_image *b,
                                           const struct block_field *field, lk_error *err);

/* Least squares of vectors at points: weights may be 0. Returns false where the points do not fix it. */
bool affine_fit(double m[6], const double (*from)[2], const double (*to)[2], const double *weights,
                size_t count);

#endif
