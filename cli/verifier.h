/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying from the command: what the options say of it. */
#ifndef LK_VERIFIER_H
#define LK_VERIFIER_H

#include "cli/area.h"
#include "cli/model_run.h"
#include "cli/progress.h"

/* What all photos of a run share. */
struct verifier {
    const struct common *common;
    lk_engine *engine;
    lk_policy policy;
    lk_model *model;
    struct text_list ignore, ignore_poly; /* as written; borrowed */
    bool want_evidence;
    bool tell_all; /* measures and aspects too, which a verdict does not need */
    bool keeps;    /* what a search needs and is not there yet */
    lk_contest *contest;
    struct progress progress; /* of what opening the search computes */
};

/* Makes v->contest of all else in v, which stays where it is until verifier_close. */
MUST_CHECK lk_status verifier_open(struct verifier *v, lk_error *err);
void verifier_close(struct verifier *v);

/* Decodes no more of a large JPEG than is looked at. */
extern const lk_load_options photo_size;

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
