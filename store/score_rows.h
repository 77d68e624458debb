/* SPDX-License-Identifier: Apache-2.0 */
/* How alike cameras' frames were to their reference views, over time: spans of ten seconds for a day, of ten minutes for a month.
 * What is kept of a camera is bounded, however often it looks and whatever times its frames say. */
#ifndef LK_SCORE_ROWS_H
#define LK_SCORE_ROWS_H

#include "store/store.h"

enum {
    SCORE_FINE_S = 10,
    SCORE_FINE_KEPT_S = 25 * 3600, /* a day, and room for who looks at the last one */
    SCORE_COARSE_S = 600,
    SCORE_COARSE_KEPT_S = 31 * 86400,
    SCORE_UNIT = 1000000, /* of a score of 1 */
};

/* What was seen in a span; scores in millionths. */
struct score_row {
    int64_t at_ms;           /* of a frame; of what is read, when the span begins */
    int64_t frames, missed;  /* that came, and that did not */
    int64_t total;           /* of the frames' scores */
    int64_t lowest, highest; /* 0 without frames */
    int64_t baseline;        /* the reference view that the last frame was most like; 0: none */
    const char *state;       /* where the camera stood at the end; borrowed */
};

/* Adds to both spans of the row's time, and takes away what is too old; inside lk_store_begin and lk_store_end. */
MUST_CHECK lk_status score_add(lk_store *s, const char *camera, const struct score_row *row,
                               lk_error *err);
/* All of a camera, which is removed. */
MUST_CHECK lk_status score_forget(lk_store *s, const char *camera, lk_error *err);
/* Calls visit with the spans of that length that begin from from_ms on and before to_ms, in the order of time, until it returns
 * false. */
MUST_CHECK lk_status score_visit(lk_store *s, const char *camera, int64_t span_s, int64_t from_ms,
                                 int64_t to_ms,
                                 bool (*visit)(void *arg, const struct score_row *row), void *arg,
                                 lk_error *err);

#endif
