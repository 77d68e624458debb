/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of one comparison share. */
#ifndef LK_COMPARING_H
#define LK_COMPARING_H

#include <likeness/compare.h>

#include "measure/view.h"
#include "verify/align.h"
#include "verify/full_size.h"

/* Everything one comparison works with. */
struct comparing {
    lk_engine *engine;
    const lk_compare_options *options;
    struct view a, b; /* as they came */
    struct full_size size_a, size_b;
    struct align_result align;
    lk_image aligned;     /* RGB 8: the photo on the frame of the reference */
    lk_image valid;       /* gray: what of the frame counts */
    struct view on_frame; /* of aligned; empty when b is measured as it is */
    lk_image scaled;      /* b in the size of a, not aligned; empty until a measure needs it */
    struct view unmoved;  /* of scaled, or of b where it has the size of a */
    bool untouched;       /* b itself has the frame of a, and nothing is left out */
    bool left_out;        /* everything is */
    double changed_share;
};

void comparing_warn(lk_comparison *out, const char *code, const char *text);

/* compare_rows.c: LK_E_USAGE for a name in the list that no measure has, or one that needs a model when there is none. */
LK_MUST_CHECK lk_status check_names(const char *list, const lk_model *model, lk_error *err);
/* Runs the rows of the table that were asked for; one that is not defined for the pair gives a warning. */
LK_MUST_CHECK lk_status run_measures(struct comparing *c, lk_comparison *out, lk_error *err);

#endif
