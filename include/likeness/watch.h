/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed cameras: has this view been moved, covered, defocused or replaced, how far, and how to turn it back. */
#ifndef LIKENESS_WATCH_H
#define LIKENESS_WATCH_H

#include <stdbool.h>

#include "likeness/image.h"
#include "likeness/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a camera's picture says of the camera. The first six are seen in one frame, `frozen` and `lost` only in what follows. */
typedef enum lk_view_state {
    LK_VIEW_OK,
    LK_VIEW_MOVED,     /* turned, shifted, rolled or zoomed: the scene is the same */
    LK_VIEW_COVERED,   /* something near hides a part or all of it */
    LK_VIEW_DEFOCUSED, /* much less sharp than the reference in the same light */
    LK_VIEW_DARK,      /* nothing to see: not night, of which there is a reference view */
    LK_VIEW_REPLACED,  /* another scene */
    LK_VIEW_FROZEN,    /* the same picture again and again, bit for bit or nearly */
    LK_VIEW_LOST,      /* no picture comes */
    LK_VIEW_STATES,
} lk_view_state;

/* "ok", "moved", ... as the JSON has it. */
LK_API const char *lk_view_state_name(lk_view_state state);

/* How the camera has turned since the reference view was taken; all 0 and zoom 1 when it has not. Pixels are those of the
 * reference: pan_px > 0 when what it showed now lies further left (the camera looks further right), tilt_px > 0 when it lies
 * further up (the camera looks further down); roll_deg > 0 when the camera turned clockwise, as seen from behind it;
 * zoom > 1 when things look larger. */
typedef struct lk_view_offset {
    double pan_px, tilt_px; /* at the middle of the picture */
    double roll_deg, zoom;
    double reliability; /* 0..1; 0: not known, the others then say nothing */
} lk_view_offset;

/* One frame held against the reference views of its camera. */
typedef struct lk_sighting {
    lk_view_state state; /* as this one frame shows it: LK_VIEW_OK to LK_VIEW_REPLACED */
    bool
        sure; /* false: the frame does not tell (exit code 3 of `watch --once`); state is then the likeliest */
    double score; /* 0..1, higher is more like the reference view that it is most like */
    double scores[LK_VIEW_REPLACED + 1]; /* 0..1: how much speaks for each state */
    int32_t view;                        /* the reference view that it is most like, from 0 */
    lk_view_offset offset;
    double cosine; /* of the embeddings, -1..1; the only thing that `--method embedding` looks at */
    double
        structure; /* 0..1: the share of the reference's lasting edges and keypoints found again in their place */
    double sharpness;  /* relative to the reference: 1 as sharp, 0.5 half */
    double brightness; /* mean luma, 0..1 */
    double covered;    /* 0..1: the share of the picture where the scene is hidden */
} lk_sighting;

/* -- The cameras of a store -- */

enum { LK_CAMERA_TEXT = 1024, LK_QUIET_MAX = 16, LK_CAMERA_AREAS_MAX = 64 };

/* A time of the day in which nobody is told: minutes of the local day, to <= from goes over midnight; bit 0 of days is Monday, and
 * means the day on which the time begins. */
typedef struct lk_quiet {
    int32_t from_min, to_min;
    int32_t days;
} lk_quiet;

/* "22:00-06:30", "sat,sun 00:00-24:00". LK_E_USAGE. */
LK_API LK_MUST_CHECK lk_status lk_quiet_parse(lk_quiet *out, const char *text, lk_error *err);
/* Whether the moment (ms since 1970, UTC) lies in one of them by the clock of this machine's time zone. */
LK_API bool lk_quiet_covers(const lk_quiet *quiet, size_t count, int64_t at_ms);

/* What a camera is set to. */
typedef struct lk_camera {
    char id[LK_REFERENCE_ID_MAX + 1];
    char source[LK_CAMERA_TEXT]; /* "http://...", "rtsp://...", "dir:PATH", a file, "-", "push:" */
    char token_file[LK_CAMERA_TEXT]; /* credentials of the source; "" for none */
    char name[256];                  /* for people */
    double every_s;                  /* between two frames */
    int32_t confirm;                 /* frames in a row before a change of state is believed */
    double hold_s;                   /* how long all must be well again before an alarm ends */
    bool latch;            /* alarms that the picture shows last until they are acknowledged */
    int32_t baselines;     /* reference views at most: day, night, dusk ... */
    double learn_s;        /* how long views are taken by itself, since the first; 0: not at all */
    int32_t learn_frames;  /* > 0: for so many frames instead */
    int32_t frozen_frames; /* identical pictures in a row that mean a frozen camera; 0: never */
    double threshold; /* > 0: only the embedding is looked at, a cosine below it is another scene */
    double
        field_of_view_deg; /* horizontal, for words about degrees; 0: not known, 60 is then supposed */
    bool enabled;
    lk_quiet quiet[LK_QUIET_MAX];
    size_t quiet_count;
    lk_polygon
        ignore[LK_CAMERA_AREAS_MAX]; /* areas to leave out, 0..1 of width and height; owned */
    size_t ignore_count;
} lk_camera;

/* Every 30 s, 3 frames to confirm, held 60 s, latched, 6 views learnt in a day, 5 identical frames. */
LK_API lk_camera lk_camera_default(void);
LK_API void lk_camera_release(lk_camera *camera);

/* Adds a camera to the store or changes it. LK_E_USAGE names what is out of its range. */
LK_API LK_MUST_CHECK lk_status lk_camera_put(lk_store *store, const lk_camera *camera,
                                             const char *actor, lk_error *err);
/* The same with its first reference view, a picture file or (path NULL) the next frame of its source: both or nothing. Views of a
 * camera of that id that was removed are not used again. Not inside lk_store_begin: a source may take its time. */
LK_API LK_MUST_CHECK lk_status lk_camera_add(lk_image_info *out, lk_store *store, lk_engine *engine,
                                             const lk_camera *camera, const char *path,
                                             const char *actor, const char *note, lk_error *err);
/* The same with a picture that somebody else decoded, of any kind. */
LK_API LK_MUST_CHECK lk_status lk_camera_add_of(lk_store *store, lk_engine *engine,
                                                const lk_camera *camera, const lk_image *frame,
                                                const char *actor, const char *note, lk_error *err);
/* LK_E_IO when there is none of that id. */
LK_API LK_MUST_CHECK lk_status lk_camera_get(lk_camera *out, lk_store *store, const char *id,
                                             lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_camera_remove(lk_store *store, const char *id, const char *actor,
                                                const char *note, lk_error *err);

/* Where a camera stands. */
typedef struct lk_camera_standing {
    lk_view_state state;
    int64_t since_ms;      /* when the state began; 0: it has not looked yet */
    int64_t looked_ms;     /* when the last frame was taken */
    bool latched;          /* waits to be acknowledged */
    double score;          /* of the last frame; NaN: none */
    int32_t baselines;     /* reference views in use */
    int64_t frames;        /* looked at so far */
    lk_view_offset offset; /* of the last frame that told it */
} lk_camera_standing;

/* Calls visit with each camera of the store, in byte order of the ids, or with that one, until it returns false. What it gets
 * lives so long. LK_E_IO when there is none of that id. */
LK_API LK_MUST_CHECK lk_status lk_camera_list(lk_store *store, const char *id,
                                              bool (*visit)(void *arg, const lk_camera *camera,
                                                            const lk_camera_standing *standing),
                                              void *arg, lk_error *err);

/* A picture becomes a reference view: the only one from now on, or (`beside`) one more. path: a picture file, or NULL for the
 * next frame of the camera's source (of a folder its last). The state is ok again. out may be NULL. */
LK_API LK_MUST_CHECK lk_status lk_camera_baseline(lk_image_info *out, lk_store *store,
                                                  lk_engine *engine, const char *id,
                                                  const char *path, bool beside, const char *actor,
                                                  const char *note, lk_error *err);
/* The same with a picture that somebody else decoded, of any kind. */
LK_API LK_MUST_CHECK lk_status lk_camera_baseline_of(lk_store *store, lk_engine *engine,
                                                     const char *id, const lk_image *frame,
                                                     bool beside, const char *actor,
                                                     const char *note, lk_error *err);

/* A reference view. */
typedef struct lk_camera_view_record {
    int32_t number;               /* from 1, in the order of coming */
    const char *sha256;           /* of its picture */
    const char *origin;           /* "first", "asked", "learnt", "accepted" */
    int64_t bytes;                /* of the picture */
    int64_t taken_ms, retired_ms; /* 0: in use */
} lk_camera_view_record;

/* Calls visit with the views in use (all: and those before) in the order of their coming, until it returns false. */
LK_API LK_MUST_CHECK lk_status lk_camera_views(lk_store *store, const char *id, bool all,
                                               bool (*visit)(void *arg,
                                                             const lk_camera_view_record *view),
                                               void *arg, lk_error *err);
/* The picture of a reference view (0: the newest in use) as it was stored. LK_E_IO when there is none. */
LK_API LK_MUST_CHECK lk_status lk_camera_picture(lk_bytes *out, lk_store *store, const char *id,
                                                 int32_t number, lk_error *err);
/* The alarm has been seen: it ends when all is well again. */
LK_API LK_MUST_CHECK lk_status lk_camera_acknowledge(lk_store *store, const char *id,
                                                     const char *actor, const char *note,
                                                     lk_error *err);

/* A frame (NULL: the camera's next) held against its views; nothing is written. degrees[2], which may be NULL, gets how far it
 * has turned to the right and down. LK_E_USAGE when the camera has no view yet. */
LK_API LK_MUST_CHECK lk_status lk_camera_look(lk_sighting *out, double *degrees, lk_store *store,
                                              lk_engine *engine, const char *id,
                                              const lk_image *frame, lk_error *err);

/* -- Events -- */

typedef struct lk_camera_event {
    int64_t id; /* from 1, of all cameras of the store */
    const char *camera, *state;
    const char *document;             /* likeness/camera-event/1 */
    int64_t time_ms, acknowledged_ms; /* 0: not acknowledged */
    char before_sha256[65], after_sha256[65];
} lk_camera_event;

typedef struct lk_camera_event_query {
    const char *camera; /* NULL: of all */
    int64_t id;         /* > 0: that one alone */
    int64_t before;     /* > 0: only those with a lower id */
    int64_t newest;     /* > 0: so many of them at most, the last ones */
} lk_camera_event_query;

/* Calls visit with the events that fit, oldest first, until it returns false. */
LK_API LK_MUST_CHECK lk_status lk_camera_events(lk_store *store, const lk_camera_event_query *query,
                                                bool (*visit)(void *arg,
                                                              const lk_camera_event *event),
                                                void *arg, lk_error *err);
/* The picture of before the change, or of after it, as it was stored. LK_E_IO when there is no such event or picture. */
LK_API LK_MUST_CHECK lk_status lk_camera_event_picture(lk_bytes *out, lk_store *store, int64_t id,
                                                       bool after, lk_error *err);

/* -- Scores over time -- */

/* A day is kept in spans of ten seconds, a month in spans of ten minutes. */
enum { LK_SERIES_FINE_S = 10, LK_SERIES_COARSE_S = 600 };

/* What a camera's frames said in a step of time. */
typedef struct lk_camera_score {
    int64_t at_ms;                 /* when the step begins */
    int64_t frames, missed;        /* that came, and that did not */
    double score, lowest, highest; /* their mean and ends, 0..1; NaN where none came */
    lk_view_state state;           /* where the camera stood at the end of it */
    int32_t baseline; /* the reference view that its last frame was most like; 0: none */
} lk_camera_score;

typedef struct lk_camera_series_query {
    const char *camera;
    int64_t from_ms, to_ms; /* since 1970; the step that from_ms lies in is the first */
    int32_t step_s;         /* of lk_camera_series_step */
} lk_camera_series_query;

/* The step that is kept and nearest above the one that is wanted; 0: one that makes about 480 of the whole. */
LK_API int32_t lk_camera_series_step(int64_t from_ms, int64_t to_ms, int32_t step_s);
/* Calls visit with the steps in which the camera was looked at, in the order of time, until it returns false. LK_E_USAGE for a
 * step that is none. */
LK_API LK_MUST_CHECK lk_status
lk_camera_series(lk_store *store, const lk_camera_series_query *query,
                 bool (*visit)(void *arg, const lk_camera_score *score), void *arg, lk_error *err);

/* -- Watching -- */

typedef struct lk_watch_options {
    bool once;      /* one frame of each, then back */
    bool until_end; /* until the sources have no more frames (folders, video files) */
    const char *webhook, *webhook_secret_file, *mqtt, *mqtt_token_file,
        *exec; /* whom to tell; NULL for none */
    const char *webhook_ca_file,
        *mqtt_ca_file; /* PEM: whom to trust instead of the system's; NULL: the system's */
    bool ha_discovery;
    const char *snapshot_dir; /* the pictures of events go there, too; NULL for none */
    const char *metrics_file; /* Prometheus' text format, written anew every 10 s; NULL for none */
    /* Called for each event, once it is stored, by one thread at a time; false: it could not be told, and comes again next time. */
    bool (*told)(void *arg, const char *camera, lk_view_state state, const char *document);
    void (*trouble)(void *arg, const char *camera,
                    const lk_error *err); /* a frame that could not be had */
    void *arg;
} lk_watch_options;

/* What came of it. */
typedef struct lk_watch_result {
    int64_t frames, failures, events;
    lk_view_state
        worst; /* of `once`: the last sighting of the camera with the lowest score; of more, the state at the end */
    bool sure;
    lk_sighting sighting; /* of `once`: of that camera */
} lk_watch_result;

/* A frame that somebody else took, decoded and handed over: what lk_watch does with one of `once`. sha256: of the file it came in
 * (a camera that sends the same again and again is frozen). An event of it is told by the next lk_watch of the camera. */
LK_API LK_MUST_CHECK lk_status lk_camera_take(lk_watch_result *out, lk_store *store,
                                              lk_engine *engine, const char *id,
                                              const lk_image *frame, const char *sha256,
                                              int64_t taken_ms, lk_error *err);

/* Watches cameras of the store (count 0: all that are enabled) until the engine's stop flag is set, then LK_E_CANCELLED after
 * all is written. */
LK_API LK_MUST_CHECK lk_status lk_watch(lk_watch_result *out, lk_store *store, lk_engine *engine,
                                        const char *const *ids, size_t count,
                                        const lk_watch_options *options, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
