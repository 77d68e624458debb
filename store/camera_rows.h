/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras in a store: what each is set to and where it stands (JSON of whoever writes it, here only text), its reference views
 * with their pictures, and its events. Views are versions: none is changed into another picture, a retired one stays. */
#ifndef LK_CAMERA_ROWS_H
#define LK_CAMERA_ROWS_H

#include "store/store.h"

enum { CAMERA_TEXT_MAX = 256 << 10, CAMERA_VIEW_MAX = 16 << 20 };

/* One camera; borrowed texts. */
struct camera_row {
    const char *id;
    const char *settings;
    const char *standing; /* "": it has not looked yet */
};

/* Adds a camera or changes its settings; an entry of the log, "camera.add" or "camera.set", says who. LK_E_USAGE for an id that
 * is none (as lk_reference_id_is_valid). A removed one comes back with its events and views. */
MUST_CHECK lk_status camera_put(lk_store *s, const char *id, const char *settings,
                                const char *actor, lk_error *err);
/* Out of use: its views and events stay, its scores go. LK_E_IO when there is none. */
MUST_CHECK lk_status camera_remove(lk_store *s, const char *id, const char *actor, const char *note,
                                   lk_error *err);
/* Calls visit with the camera of that id, or with each in byte order (id NULL), until it returns false. LK_E_IO when there is no
 * such id. */
MUST_CHECK lk_status camera_visit(lk_store *s, const char *id,
                                  bool (*visit)(void *arg, const struct camera_row *row), void *arg,
                                  lk_error *err);
MUST_CHECK lk_status camera_stand(lk_store *s, const char *id, const char *standing, lk_error *err);

/* A picture that belongs to a view or an event: kept as a blob. Outside of lk_store_begin, since it waits for the disk; then
 * blob_place inside, or blob_undo. */

struct camera_view_row {
    int32_t number; /* from 1, in the order of coming */
    char sha256[65];
    char origin[16]; /* "first", "asked", "learnt", "accepted" */
    int64_t bytes;   /* of the picture */
    int64_t taken_ms;
    int64_t retired_ms; /* 0: in use */
    const void *data;   /* what camera_view_write made; borrowed */
    size_t size;
};

/* Adds a view; row->number is set. Inside lk_store_begin and lk_store_end. */
MUST_CHECK lk_status camera_view_put(lk_store *s, const char *id, struct camera_view_row *row,
                                     lk_error *err);
/* What was learnt since: the same picture, other data. */
MUST_CHECK lk_status camera_view_update(lk_store *s, const char *id, int32_t number,
                                        const void *data, size_t size, lk_error *err);
/* Takes a view out of use; 0: all of the camera. */
MUST_CHECK lk_status camera_view_retire(lk_store *s, const char *id, int32_t number, int64_t at_ms,
                                        lk_error *err);
/* Calls visit with the views in use, or with all, without their data, in their order, until it returns false. */
MUST_CHECK lk_status camera_view_records(lk_store *s, const char *id, bool all,
                                         bool (*visit)(void *arg,
                                                       const struct camera_view_row *row),
                                         void *arg, lk_error *err);
/* How many are in use. */
MUST_CHECK lk_status camera_view_count(int64_t *out, lk_store *s, const char *id, lk_error *err);
/* A number that is another whenever other views are in use. */
MUST_CHECK lk_status camera_view_mark(int64_t *out, lk_store *s, const char *id, lk_error *err);
/* Calls visit with the views in use, or with all, in their order, until it returns false. Data whose checksum is another comes
 * as NULL: the view is then to be made again of its picture. */
MUST_CHECK lk_status camera_view_visit(lk_store *s, const char *id, bool all,
                                       bool (*visit)(void *arg, const struct camera_view_row *row),
                                       void *arg, lk_error *err);

struct camera_event_row {
    int64_t id;                            /* from 1, of all cameras */
    const char *camera, *state, *document; /* likeness/camera-event/1 */
    char before_sha256[65], after_sha256[65];
    int64_t time_ms;
    bool told;               /* to everybody who is to be told */
    int64_t acknowledged_ms; /* 0: not */
};

/* The number that the next event gets; inside lk_store_begin and lk_store_end, in which camera_event_put follows. */
MUST_CHECK lk_status camera_event_next(int64_t *id, lk_store *s, lk_error *err);
MUST_CHECK lk_status camera_event_put(lk_store *s, const struct camera_event_row *row,
                                      lk_error *err);
MUST_CHECK lk_status camera_event_told(lk_store *s, int64_t id, lk_error *err);
/* Marks the camera's events that are not acknowledged. */
MUST_CHECK lk_status camera_event_acknowledge(lk_store *s, const char *camera, int64_t at_ms,
                                              lk_error *err);

struct camera_event_query {
    const char *camera; /* NULL: all */
    bool untold;        /* only those */
    int64_t after;      /* only ids above */
    int64_t before;     /* > 0: only ids below */
    int64_t newest;     /* > 0: only so many, the last ones */
};
/* Calls visit with the events that fit, oldest first, until it returns false. */
MUST_CHECK lk_status camera_event_visit(lk_store *s, const struct camera_event_query *query,
                                        bool (*visit)(void *arg,
                                                      const struct camera_event_row *row),
                                        void *arg, lk_error *err);

#endif
