/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of lk_contest, for its own files. */
#ifndef LK_CONTEST_H
#define LK_CONTEST_H

#include <likeness/contest.h>

#include <pthread.h>

struct lk_contest {
    lk_engine *engine;
    lk_contest_options options;
    pthread_mutex_t lock; /* of all below */
    int32_t tries;        /* of opening the finder */
    lk_finder *finder;
    lk_error failed; /* why there is none */
};

/* lk_original_find of what a search found. */
LK_MUST_CHECK lk_status original_of(lk_original *out, const lk_contest *contest, lk_store *store,
                                    const lk_candidate *candidate, lk_error *err);

#endif
