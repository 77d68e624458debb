/* SPDX-License-Identifier: Apache-2.0 */
/* The originals that a contest searches for a photo, before any of them is held against it. */
#include "verify/contest.h"

lk_status lk_contest_candidates(lk_candidate *out, int32_t most, int32_t *count, lk_contest *c,
                                lk_store *store, const lk_photo *photo, lk_error *err) {
    lk_features *made = NULL;
    const lk_features *features = photo->features;
    lk_hash mark;
    *count = 0;
    lk_status status = lk_contest_prepare(c, store, err);
    if (status == LK_OK && !features) {
        status = lk_features_make(&made, c->engine, c->options.model, photo->image,
                                  LK_PICTURE_PHOTO, err);
        features = made;
    }
    status = status == LK_OK ? lk_verification_mark(&mark, c->engine, photo->image, err) : status;
    if (status == LK_OK) {
        status = lk_identify(out, most, count, c->finder, store, c->engine, features, &mark, err);
    }
    lk_features_free(made);
    return status;
}

int64_t lk_contest_originals(const lk_contest *c) {
    return c->finder ? lk_finder_count(c->finder) : 0;
}
