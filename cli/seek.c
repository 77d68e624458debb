/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a store for what a photo shows: which original it is, and which others it may be. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/rivals.h"
#include "cli/verifier.h"

enum { CANDIDATES = 8 };

static const double sure = 0.999; /* of the same thing: the others are only asked as rivals */

/* What the search found for a photo, and what it needed to know of it. */
struct found {
    lk_candidate candidates[CANDIDATES];
    int32_t count;
    struct sought photo;
    lk_features *features; /* those photo points to; owned */
};

static lk_status find(struct found *out, const struct verifier *v, lk_store *store,
                      const lk_image *photo, const lk_image_info *info, lk_error *err) {
    lk_hash mark;
    *out = (struct found){0};
    lk_status status =
        lk_features_make(&out->features, v->engine, v->model, photo, LK_PICTURE_PHOTO, err);
    status = status == LK_OK ? lk_verification_mark(&mark, v->engine, photo, err) : status;
    if (status == LK_OK) {
        status = lk_identify(out->candidates, CANDIDATES, &out->count, v->finder, store, v->engine,
                             out->features, &mark, err);
    }
    out->photo = (struct sought){photo, info, out->features};
    return status;
}

static lk_status weigh(lk_verification *out, const struct verifier *v, lk_store *store,
                       const struct original *original, const struct found *found, lk_error *err) {
    return rivals_ask(out, v, store, original, found->candidates, found->count, &found->photo, err);
}

lk_status verifier_stored(lk_verification *out, const struct verifier *v, lk_store *store,
                          const struct original *original, const lk_image *photo,
                          const lk_image_info *info, lk_error *err) {
    const struct sought alone = {photo, info, NULL};
    lk_status status = verifier_compare(out, v, original, &alone, err);
    if (status == LK_OK && rivals_matter(out)) {
        struct found found;
        status = find(&found, v, store, photo, info, err);
        status = status == LK_OK ? weigh(out, v, store, original, &found, err) : status;
        lk_features_free(found.features);
    }
    if (status != LK_OK) {
        lk_verification_release(out);
    }
    return status;
}

/* What cannot be told of one original stands before what is certain not to be another. */
static int32_t rank_of(lk_verdict verdict) {
    return verdict == LK_SAME ? 2 : verdict == LK_CANNOT_TELL ? 1 : 0;
}

static bool is_better(const lk_verification *a, const lk_verification *b) {
    int32_t by = rank_of(a->verdict) - rank_of(b->verdict);
    return by != 0 ? by > 0 : a->probability > b->probability;
}

/* One after the other until one is sure. */
static lk_status try_all(lk_verification *out, struct original *original, const struct verifier *v,
                         lk_store *store, const struct found *found, lk_error *err) {
    lk_status status = LK_OK;
    bool ended = false, first = true;
    for (int32_t i = 0; status == LK_OK && i < found->count && !ended; i++) {
        struct original tried;
        lk_verification result = {0};
        status = original_of(&tried, v, store, &found->candidates[i], err);
        bool unread = status == LK_E_CORRUPT || status == LK_E_IO;
        if (unread &&
            (i + 1 < found->count || !first)) { /* damaged or gone: the others are there */
            status = LK_OK;
            continue;
        }
        if (status == LK_OK) {
            status = verifier_compare(&result, v, &tried, &found->photo, err);
        }
        bool better = status == LK_OK && (first || is_better(&result, out));
        lk_verification_release(better ? out : &result);
        original_release(better ? original : &tried);
        if (better) {
            *out = result;
            *original = tried;
        }
        first = false;
        ended = out->verdict == LK_SAME && out->probability >= sure;
    }
    return status;
}

lk_status verifier_identify(lk_verification *out, struct original *original,
                            const struct verifier *v, lk_store *store, const lk_image *photo,
                            const lk_image_info *info, lk_error *err) {
    struct found found;
    *out = (lk_verification){0};
    *original = (struct original){0};
    lk_status status = find(&found, v, store, photo, info, err);
    if (status == LK_OK && found.count == 0) {
        status = error_set(err, LK_E_IO, "the store holds no original that can be found");
    }
    status = status == LK_OK ? try_all(out, original, v, store, &found, err) : status;
    if (status == LK_OK && rivals_matter(out)) {
        status = weigh(out, v, store, original, &found, err);
    }
    lk_features_free(found.features);
    if (status != LK_OK) {
        lk_verification_release(out);
        original_release(original);
    }
    return status;
}
