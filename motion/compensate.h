/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a difference when the motion is taken back. */
#ifndef LK_COMPENSATE_H
#define LK_COMPENSATE_H

#include "motion/affine_motion.h"
#include "motion/block_match.h"

/* Mean |a - prediction|, in levels. */
struct residuals {
    double before;     /* nothing taken back */
    double block;      /* each block moved by its vector */
    double overlapped; /* blocks overlapped (OBMC) */
    double affine;     /* one affine motion, where it ends inside the picture */
    double
        block_affine; /* each block moved by its vector, or turned and zoomed as its neighbours say where that is better */
    double affine_blocks; /* share of the blocks for which it was better */
};

/* LK_E_MEMORY. */
LK_MUST_CHECK lk_status compensate(struct residuals *out, lk_engine *engine, const lk_image *a,
                                   const struct block_reference *b, const struct block_field *field,
                                   const struct affine_motion *affine, double lambda,
                                   lk_error *err);

#endif
