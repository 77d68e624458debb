/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `likeness camera` share. */
#ifndef LK_CAMERA_VERBS_H
#define LK_CAMERA_VERBS_H

#include "cli/camera.h"

struct camera_settings {
    struct common common;
    struct camera_options camera;
    const char *db, *note, *actor, *baseline;
    int32_t newest;
    bool beside, follow, yes;
};

/* What a verb works on. */
struct camera_call {
    const struct camera_settings *s;
    lk_engine *engine;
    lk_store *store;
    const char *id, *file; /* as far as given */
    const char *actor;
};

/* Verbs that only look: camera_show.c. */
enum exit_code list_cameras(const struct camera_call *c);
enum exit_code list_events(const struct camera_call *c);
enum exit_code aim(const struct camera_call *c);

#endif
