/* SPDX-License-Identifier: Apache-2.0 */
/* Alignment: where the photo shows the reference, and whether that can be trusted. */
#ifndef LK_ALIGN_H
#define LK_ALIGN_H

#include <likeness/compare.h>

#include "feature/refine.h"
#include "measure/view.h"

/* How the pair was found to lie. */
enum align_outcome {
    ALIGN_NOT_FOUND, /* no trustworthy map: out->model is NONE */
    ALIGN_IN_PLACE,  /* the photo lies on the reference as it is: out->model is NONE */
    ALIGN_FOUND,     /* out->homography brings the photo onto the reference */
};

/* Fewer agreeing pairs are never trusted: chance reaches 12 of 300 on different things, but without agreement of the blocks. */
enum { ALIGN_INLIERS_LEAST = 10 };

struct align_result {
    enum align_outcome outcome;
    bool
        mostly_equal; /* one size, and more than half of the samples are equal to the bit: two renderings */
    lk_alignment alignment; /* pairs are owned */
    int32_t seed_inliers;   /* of the map before the search around it: only these count for trust */
    struct agreement agreement; /* of the aligned pair, or of the pair as it is */
    struct agreement
        mirrored; /* of the photo's mirror image where that explains the reference; else no blocks */
};

/* Aligns the photo b to the reference a. LK_E_MEMORY. */
LK_MUST_CHECK lk_status align_views(struct align_result *out, struct view *a, struct view *b,
                                    lk_align_mode mode, lk_error *err);

/* Fills in how the map shows the reference, width x height, in the photo: shift, scale, turn, tilt. */
void align_describe(lk_alignment *out, int32_t width, int32_t height);

/* Takes back a map that other evidence speaks against. */
void align_set_not_found(struct align_result *r);

/* Frees the matched pairs. */
void align_result_release(struct align_result *r);

#endif
