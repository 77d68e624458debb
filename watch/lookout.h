/* SPDX-License-Identifier: Apache-2.0 */
/* One camera at work: its settings, its views, and what each frame does to where it stands. Everything that lasts is in the
 * store, as one with the event it belongs to: a process that is killed goes on behind the last frame it finished. */
#ifndef LK_LOOKOUT_H
#define LK_LOOKOUT_H

#include <pthread.h>

#include "store/blob.h"
#include "store/camera_rows.h"
#include "watch/camera_view.h"
#include "watch/event.h"
#include "watch/source.h"
#include "watch/standing.h"

/* What all cameras of a process share. */
struct watch_house {
    lk_store *store;
    lk_engine *engine;
    struct camera_eye *eye;
    pthread_mutex_t lock; /* of the store */
};

LK_MUST_CHECK lk_status watch_house_open(struct watch_house *out, lk_store *store,
                                         lk_engine *engine, lk_error *err);
void watch_house_close(struct watch_house *house);

struct lookout {
    struct watch_house *house;
    lk_camera camera;
    char *settings;           /* of which camera was read */
    struct standing standing; /* as of the last step */
    int64_t mark;             /* of the views that are loaded */
    bool gone;                /* there is no such camera any more */
    struct viewpoint {
        struct camera_view *view;
        int32_t number;
        char sha256[65];
        int32_t unsaved; /* frames learnt since it was stored */
    } * views;
    size_t view_count;
};

/* The camera of that id with its views. LK_E_IO when there is none. */
LK_MUST_CHECK lk_status lookout_open(struct lookout *out, struct watch_house *house, const char *id,
                                     lk_error *err);
void lookout_close(struct lookout *l);

/* Takes over what others changed in the store since: settings, masks, views. The lock is held. */
LK_MUST_CHECK lk_status lookout_refresh(struct lookout *l, lk_error *err);

/* Where the camera stands by now, of the store: others may have acknowledged or settled since. The lock is held. */
LK_MUST_CHECK lk_status lookout_stand_as_stored(struct lookout *l, lk_error *err);

/* The next frame of the camera's source, of a folder the last when the newest is wanted; a camera may need a second try to wake
 * up. */
LK_MUST_CHECK lk_status lookout_fetch(struct frame *out, const struct lookout *l, bool newest,
                                      lk_error *err);

/* What came of a frame. */
struct glance {
    lk_sighting sighting; /* when seen */
    bool seen, changed;
    struct camera_event event; /* when changed; it is in the store by then */
    lk_bytes document;         /* the event's JSON, owned; empty when nothing changed */
    lk_bytes picture;          /* the frame as JPEG, when changed and seen; owned */
};
void glance_release(struct glance *g);
/* What lk_watch_result says of it, as long as no other frame has a lower score. */
void glance_result(lk_watch_result *out, const struct glance *g, const struct lookout *l);

/* Takes a frame, or that none came (NULL), at that moment. A camera without views takes its first of it. */
LK_MUST_CHECK lk_status lookout_take(struct glance *out, struct lookout *l,
                                     const struct frame *frame, int64_t at_ms, lk_error *err);

/* Holds a frame against the views; nothing changes. LK_E_USAGE when there is none. */
LK_MUST_CHECK lk_status lookout_glance(lk_sighting *out, struct lookout *l, const lk_image *frame,
                                       lk_error *err);

/* A view on its way into the store. */
struct new_view {
    struct camera_view *view;
    struct camera_view_row row;
    struct blob blob;
    struct buf data;
};
/* Of a picture (its bytes, and decoded): what takes long, without a lock. */
LK_MUST_CHECK lk_status lookout_make_view(struct new_view *out, struct lookout *l,
                                          const lk_image *frame, const lk_bytes *picture,
                                          const char *origin, int64_t taken_ms, lk_error *err);
/* Into the store, inside a transaction of the caller; all others retire unless it stands beside them. */
LK_MUST_CHECK lk_status lookout_insert_view(struct lookout *l, struct new_view *v, bool beside,
                                            lk_error *err);
/* Into the store beside the others and among those that l looks with; nothing when the views in the store are others than l's.
 * The lock is held. */
LK_MUST_CHECK lk_status lookout_add_view(struct lookout *l, struct new_view *v, lk_error *err);
/* Also takes away the picture that did not come into the store. Accepts an empty one. */
void new_view_release(struct new_view *v, struct lookout *l);

#endif
