/* SPDX-License-Identifier: Apache-2.0 */
/* Where a camera stands: what is confirmed, what is about to be, what was learnt. Plain data that goes from frame to frame and, as
 * JSON, over a restart; one function takes a step. */
#ifndef LK_STANDING_H
#define LK_STANDING_H

#include "base/buf.h"
#include "likeness/watch.h"

struct standing {
    lk_view_state state; /* confirmed */
    int64_t
        since_ms; /* when the first frame that showed it was taken; 0: nothing was looked at yet */
    int32_t confirmed;      /* frames that showed it when it was confirmed */
    bool latched;           /* lasts until it is acknowledged */
    bool untold;            /* a quiet time muted what came since `told` */
    lk_view_state told;     /* when untold: the state that was told last */
    lk_view_state previous; /* of the last step that was an event, not kept: what was before it, */
    bool muted;             /* and whether a quiet time mutes it */

    int32_t others[LK_VIEW_STATES]; /* frames in a row, by kind, that showed something else */
    int64_t others_since_ms;
    int32_t well; /* frames in a row that were well while the state is not */
    int64_t well_since_ms;

    char digest[65]; /* of the last picture */
    int32_t same;    /* so many times in a row */
    int64_t same_since_ms;

    int64_t started_ms, frames, looked_ms;
    int64_t learnt_ms; /* when a view last learnt */
    double brightness; /* of the last frame, and how long it has gone down step by step */
    int32_t darkening;
    double fell_from; /* the brightness before a sudden fall that lasts; NaN: there is none */
    double score;     /* of the last frame, NaN: none */
    lk_view_offset offset;
    char position
        [256]; /* the name of the last frame of a source that ends: a restart goes on behind it */
};

/* One look, or a frame that did not come (sighting NULL). */
struct observation {
    int64_t at_ms;
    const lk_sighting *sighting;
    const char *digest; /* hex; NULL without a frame */
};

struct standing standing_new(void);

/* Takes a step; true when the confirmed state changed, or has to be told again after a quiet time. */
bool standing_step(struct standing *s, const lk_camera *camera, const struct observation *o);

/* All is well again by decree: a new reference view. */
void standing_settle(struct standing *s, int64_t at_ms);

/* Whether views are still learnt at this moment. */
bool standing_learns(const struct standing *s, const lk_camera *camera, int64_t at_ms);

/* What of it is a number, for reading and writing. */
struct standing_field {
    const char *key;
    enum { STANDING_INT32, STANDING_INT64, STANDING_REAL, STANDING_FLAG } kind;
    size_t offset;
};
extern const struct standing_field standing_fields[];
extern const size_t standing_field_count;

void standing_write(struct buf *out, const struct standing *s);
/* "" gives standing_new(). LK_E_CORRUPT. */
LK_MUST_CHECK lk_status standing_read(struct standing *out, const char *text, lk_error *err);

#endif
