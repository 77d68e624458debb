/* SPDX-License-Identifier: Apache-2.0 */
/* From evidence to a verdict, by stated rules. */
#ifndef LK_DECIDE_H
#define LK_DECIDE_H

#include <likeness/compare.h>

#include "verify/align.h"

/* What the rules look at. */
struct evidence {
    const struct align_result *align;
    bool aligned_wanted;  /* false when the caller asked for no alignment */
    bool files_differ;    /* by their digests */
    bool identical;       /* every sample is equal */
    bool left_out;        /* mask and ignored areas leave nothing of the covered reference */
    double changed_share; /* of the covered reference, by the regions */
    size_t regions;
    double mean_difference; /* mean |a - b| / 255 of the pair as measured */
    double min_score;       /* 0: none asked for */
};

/* Fills out->verdict, score and reasons. */
void decide(lk_comparison *out, const struct evidence *e);
/* The same where nobody asked for a verdict. */
void decide_nothing(lk_comparison *out);

#endif
