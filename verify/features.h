/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in a picture once: for the call after, or kept with an original in a store. */
#ifndef LK_FEATURES_H
#define LK_FEATURES_H

#include <likeness/record.h>

#include "feature/sift.h"
#include "measure/view.h"
#include "signature/pdq.h"

struct lk_features {
    int32_t width, height; /* of the picture as it is looked at */
    struct sift_points sift;
    struct seen seen;
    char model[64]; /* lk_model_identity */
};

/* What is kept: the kind, the version of what computes it, and whose network it is. Raised when verify looks at pictures in another
 * way, too: what is kept then is passed over and made anew. */
enum derived_kind {
    DERIVED_EMBEDDING, /* floats, as the network gives them */
    DERIVED_KEYPOINTS, /* width, height (32 bits), sift_pack */
    DERIVED_WORDS,     /* visual_word_write of the strongest, at most FEATURE_WORDS */
    DERIVED_PDQ,       /* 32 bytes and the quality */
    DERIVED_KINDS
};
enum { FEATURE_WORDS = 256 };
/* key.model points into the model. */
lk_derived_key derived_key(enum derived_kind kind, const lk_model *model);

/* Whether an error may be of one original's picture alone: damaged, gone, of a kind that is not read any more, or above limits that
 * are lower now. */
bool status_is_of_picture(lk_status status);

/* Lets the view use what is known of its picture; features may be NULL. */
void features_lend(struct view *v, const lk_features *features, const lk_model *model);

/* What of the version lies in the store. *out is NULL when it is not all there. LK_E_CORRUPT, LK_E_MEMORY. */
LK_MUST_CHECK lk_status features_read(lk_features **out, lk_store *store, const char *id,
                                      int32_t version, const lk_model *model, lk_error *err);
/* The keypoints alone; *there is false when they are not. */
LK_MUST_CHECK lk_status features_read_keypoints(struct sift_points *out, int32_t size[2],
                                                bool *there, lk_store *store, const char *id,
                                                int32_t version, lk_error *err);

#endif
