/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying from the command: originals, photos, what became of them. */
#ifndef LK_VERIFIER_H
#define LK_VERIFIER_H

#include "cli/area.h"
#include "cli/model_run.h"

/* What photos are held beside. */
struct original {
    lk_reference stored; /* empty unless it is of a store */
    lk_bytes file;       /* its bytes, as they were looked at */
    lk_image image;
    lk_image_info info;
    struct area_list areas; /* to leave out */
    lk_features *features;  /* those kept in the store; NULL for none */
};

/* What all photos of a run share. */
struct verifier {
    lk_engine *engine;
    lk_policy policy;
    lk_model *model;
    const lk_finder *finder;              /* of the store; NULL without one */
    struct text_list ignore, ignore_poly; /* as written; borrowed */
    bool want_evidence;
    bool tell_all; /* measures and aspects too, which a verdict does not need */
};

/* Decodes no more of a large JPEG than is looked at. */
extern const lk_load_options photo_size;

/* The picture at path, with the areas that the verifier leaves out. LK_E_USAGE for an area that is none. */
MUST_CHECK lk_status original_load(struct original *out, const struct verifier *v, const char *path,
                                   lk_error *err);
/* The version that text, ID or ID@VERSION, names in the store, with its own areas to leave out too. */
MUST_CHECK lk_status original_find(struct original *out, const struct verifier *v, lk_store *store,
                                   const char *text, lk_error *err);
/* The one that a search found. */
MUST_CHECK lk_status original_of(struct original *out, const struct verifier *v, lk_store *store,
                                 const lk_candidate *candidate, lk_error *err);
void original_release(struct original *o);

/* Verifies the photo at path. *info gets what its file says. */
MUST_CHECK lk_status verifier_check(lk_verification *out, lk_image_info *info,
                                    const struct verifier *v, const struct original *original,
                                    const char *path, lk_error *err);
/* A photo and what is known of it. */
struct sought {
    const lk_image *image;
    const lk_image_info *info;
    const lk_features *features; /* NULL: not yet found */
};
/* The same of a photo that was read. */
MUST_CHECK lk_status verifier_compare(lk_verification *out, const struct verifier *v,
                                      const struct original *original, const struct sought *photo,
                                      lk_error *err);
/* The same for an original of the store: where the photo seems to show it, the others that v->finder finds are asked too
 * (rivals.h). */
MUST_CHECK lk_status verifier_stored(lk_verification *out, const struct verifier *v,
                                     lk_store *store, const struct original *original,
                                     const lk_image *photo, const lk_image_info *info,
                                     lk_error *err);

/* Verifies photo against the likeliest of v->finder's originals, and keeps the best answer: of `same` ones the most probable,
 * else of all. *original is the one it is of. LK_E_IO when there are none. */
MUST_CHECK lk_status verifier_identify(lk_verification *out, struct original *original,
                                       const struct verifier *v, lk_store *store,
                                       const lk_image *photo, const lk_image_info *info,
                                       lk_error *err);

/* 0 only for the same thing that was not found altered. */
enum exit_code verification_code(const lk_verification *v);

/* Many photos, a row each: held beside one reference (a file), one original of the store, or what is found there; or the rows
 * of a table. */
struct verify_batch {
    const struct common *common;
    const struct verifier *verifier;
    const char *reference, *ref; /* at most one */
    bool identify, table;
    const char *db, *actor, *note;
    bool no_store; /* nothing is recorded */
    bool csv, jsonl, resume;
};
enum exit_code verify_batch_run(const struct verify_batch *batch);

#endif
