/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's change of state, as it is stored and told: plain data. */
#ifndef LK_EVENT_H
#define LK_EVENT_H

#include "likeness/watch.h"

struct camera_event {
    int64_t id; /* in the store, from 1; however often it is told, it is under this number */
    const char *camera; /* borrowed */
    lk_view_state state, previous;
    int64_t since_ms; /* when the first frame that shows the state was taken; 1970, UTC */
    int64_t time_ms;  /* when it was confirmed */
    bool seen; /* false: no picture stands behind it (LK_VIEW_LOST); sighting then says nothing */
    lk_sighting sighting; /* of the frame that confirmed it */
    int32_t confirmed_frames;
    bool latched;                             /* stays until it is acknowledged */
    bool muted;                               /* in a quiet time: stored, nobody is told */
    char before_sha256[65], after_sha256[65]; /* the pictures in the store; "": none */
};

/* The state of a name that lk_view_state_name gives; LK_VIEW_STATES when there is none. */
lk_view_state view_state_find(const char *name);

#endif
