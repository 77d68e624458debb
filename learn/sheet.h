/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures to look at what was learnt. */
#ifndef LK_SHEET_H
#define LK_SHEET_H

#include <likeness/evaluate.h>

#include "base/compiler.h"

/* One answer of a sheet of neighbours. */
struct sheet_answer {
    const char *path; /* borrowed */
    float cosine;
    bool right;
};

/* One row of it: the picture that asks, and its nearest, best first. */
struct sheet_question {
    const char *path; /* borrowed */
    int32_t rank;     /* of the first right answer, from 1 */
    int32_t answer_count;
    struct sheet_answer answers[LK_SHEET_NEAREST_MAX];
    lk_image image; /* what is drawn instead of path where it is not empty; the caller's */
};

/* Draws the questions below the title, which may be NULL: 8-bit RGB. LK_E_CANCELLED, LK_E_MEMORY. */
MUST_CHECK lk_status sheet_neighbours(lk_image *out, lk_engine *engine, const char *title,
                                      const struct sheet_question *questions, int32_t count,
                                      lk_error *err);

/* Pictures that ask and are no files: fills out, which the sheet releases. place is the set's. */
struct sheet_source {
    lk_status (*make)(lk_image *out, void *arg, int32_t place, lk_error *err);
    void *arg;
};
/* lk_eval_set_sheet with such questions; source NULL: all are files. */
MUST_CHECK lk_status sheet_of_set(lk_image *out, lk_engine *engine, const lk_eval_set *set,
                                  const lk_vectors *vectors, const bool *have, int32_t rows,
                                  int32_t nearest, const struct sheet_source *source,
                                  lk_error *err);

/* Draws originals beside what was made of them and where they differ: pairs of 8-bit pictures, gray or RGB, of one size each. Small
 * ones are enlarged by whole pixels, large ones resized. The difference is the mean of the channels' in the colours of
 * viridis, where 64 levels and more are yellow; below it is the mean over the picture. LK_E_SIZE naming the pair; LK_E_MEMORY. */
MUST_CHECK lk_status sheet_reconstructions(lk_image *out, lk_engine *engine, const char *title,
                                           const lk_image *originals, const lk_image *made,
                                           int32_t count, lk_error *err);

#endif
