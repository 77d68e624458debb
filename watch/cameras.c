/* SPDX-License-Identifier: Apache-2.0 */
/* What people do with the cameras of a store. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/colour.h"
#include "store/audit_log.h"
#include "store/blob.h"
#include "store/camera_rows.h"
#include "watch/camera_news.h"
#include "watch/camera_settings.h"
#include "watch/lookout.h"

enum { JPEG_QUALITY = 90, TRIES = 3, PICTURE_MAX = 64 << 20 };

lk_status lk_camera_put(lk_store *store, const lk_camera *camera, const char *actor,
                        lk_error *err) {
    struct buf b;
    lk_status status = settings_check(camera, err);
    if (status != LK_OK) {
        return error_input(err, status, camera->id);
    }
    buf_init(&b, CAMERA_TEXT_MAX);
    settings_write(&b, camera);
    status = buf_status(&b, err);
    status = status == LK_OK ? lk_store_begin(store, err) : status;
    if (status == LK_OK) {
        status = camera_put(store, camera->id, (const char *)b.data, actor, err);
        status =
            status == LK_OK ? camera_news(store, camera->id, "settings", NULL, 0, err) : status;
        status = lk_store_end(store, status, err);
    }
    buf_release(&b);
    return status;
}

lk_status lk_camera_remove(lk_store *store, const char *id, const char *actor, const char *note,
                           lk_error *err) {
    lk_status status = lk_store_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    status = camera_remove(store, id, actor, note, err);
    status = status == LK_OK ? camera_news(store, id, "removed", NULL, 0, err) : status;
    return lk_store_end(store, status, err);
}

/* -- Lists -- */

struct getting {
    lk_camera *out;
    lk_status status;
    lk_error *err;
};

static bool get_row(void *arg, const struct camera_row *row) {
    struct getting *g = arg;
    g->status = settings_read(g->out, row->id, row->settings, g->err);
    return false;
}

lk_status lk_camera_get(lk_camera *out, lk_store *store, const char *id, lk_error *err) {
    struct getting g = {.out = out, .err = err};
    *out = (lk_camera){0};
    lk_status status = camera_visit(store, id, get_row, &g, err);
    return status == LK_OK ? g.status : status;
}

struct listing {
    lk_store *store;
    bool (*visit)(void *arg, const lk_camera *camera, const lk_camera_standing *standing);
    void *arg;
    lk_status status;
    lk_error *err;
};

static bool list_row(void *arg, const struct camera_row *row) {
    struct listing *l = arg;
    lk_camera camera;
    struct standing s;
    int64_t views = 0;
    bool goes_on = false;
    l->status = settings_read(&camera, row->id, row->settings, l->err);
    if (l->status != LK_OK) {
        return false;
    }
    l->status = standing_read(&s, row->standing, l->err);
    l->status =
        l->status == LK_OK ? camera_view_count(&views, l->store, row->id, l->err) : l->status;
    if (l->status == LK_OK) {
        const lk_camera_standing out = {.state = s.state,
                                        .since_ms = s.since_ms,
                                        .looked_ms = s.looked_ms,
                                        .latched = s.latched,
                                        .score = s.score,
                                        .baselines = (int32_t)views,
                                        .frames = s.frames,
                                        .offset = s.offset};
        goes_on = l->visit(l->arg, &camera, &out);
    }
    lk_camera_release(&camera);
    return goes_on;
}

lk_status lk_camera_list(lk_store *store, const char *id,
                         bool (*visit)(void *arg, const lk_camera *camera,
                                       const lk_camera_standing *standing),
                         void *arg, lk_error *err) {
    struct listing l = {.store = store, .visit = visit, .arg = arg, .err = err};
    lk_status status = camera_visit(store, id, list_row, &l, err);
    return status == LK_OK ? l.status : status;
}

struct events {
    bool (*visit)(void *arg, const lk_camera_event *event);
    void *arg;
};

static bool give_event(void *arg, const struct camera_event_row *row) {
    const struct events *e = arg;
    lk_camera_event out = {.id = row->id,
                           .camera = row->camera,
                           .state = row->state,
                           .document = row->document,
                           .time_ms = row->time_ms,
                           .acknowledged_ms = row->acknowledged_ms};
    memcpy(out.before_sha256, row->before_sha256, sizeof out.before_sha256);
    memcpy(out.after_sha256, row->after_sha256, sizeof out.after_sha256);
    return e->visit(e->arg, &out);
}

lk_status lk_camera_events(lk_store *store, const lk_camera_event_query *query,
                           bool (*visit)(void *arg, const lk_camera_event *event), void *arg,
                           lk_error *err) {
    struct events e = {visit, arg};
    const struct camera_event_query rows = {.camera = query->camera,
                                            .after = query->id > 0 ? query->id - 1 : 0,
                                            .before = query->id > 0 ? query->id + 1 : query->before,
                                            .newest = query->newest};
    return camera_event_visit(store, &rows, give_event, &e, err);
}

struct choosing_event {
    bool after;
    char sha256[65];
};

static bool choose_event(void *arg, const struct camera_event_row *row) {
    struct choosing_event *c = arg;
    memcpy(c->sha256, c->after ? row->after_sha256 : row->before_sha256, sizeof c->sha256);
    return false;
}

lk_status lk_camera_event_picture(lk_bytes *out, lk_store *store, int64_t id, bool after,
                                  lk_error *err) {
    struct choosing_event c = {.after = after};
    const struct camera_event_query one = {.after = id - 1, .before = id + 1};
    *out = (lk_bytes){0};
    lk_status status = camera_event_visit(store, &one, choose_event, &c, err);
    if (status == LK_OK && !c.sha256[0]) {
        return error_set(err, LK_E_IO, "no event %lld with such a picture", (long long)id);
    }
    return status == LK_OK ? blob_read(out, store, c.sha256, PICTURE_MAX, err) : status;
}

/* -- One frame -- */

lk_status lookout_fetch(struct frame *out, const struct lookout *l, bool newest, lk_error *err) {
    struct source *source = NULL;
    bool more = false;
    const struct source_options options = {
        .token_file = l->camera.token_file[0] ? l->camera.token_file : NULL, .newest = newest};
    *out = (struct frame){0};
    lk_status status = source_open(&source, l->house->engine, l->camera.source, &options, err);
    for (int i = 0; i < TRIES && status == LK_OK && !more; i++) {
        status = source_next(source, out, &more, err);
        if (status == LK_OK && !more) {
            status =
                error_input(err, error_set(err, LK_E_IO, "no picture comes"), l->camera.source);
        }
    }
    source_close(source);
    return status;
}

static lk_status load(struct frame *out, const struct lookout *l, const char *path,
                      lk_image_info *info, lk_error *err) {
    lk_image loaded;
    *out = (struct frame){0};
    lk_status status = lk_image_load(&loaded, info, l->house->engine, path, NULL, err);
    if (status == LK_OK) {
        status = colour_to_rgb8(&out->image, &loaded, err);
        lk_image_release(&loaded);
    }
    out->taken_ms = moment_now_ms();
    return status;
}

/* -- Baselines -- */

static lk_status write_settled(struct lookout *l, int64_t at_ms, lk_error *err) {
    struct buf b;
    buf_init(&b, CAMERA_TEXT_MAX);
    standing_settle(&l->standing, at_ms);
    standing_write(&b, &l->standing);
    lk_status status = buf_status(&b, err);
    status = status == LK_OK
                 ? camera_stand(l->house->store, l->camera.id, (const char *)b.data, err)
                 : status;
    buf_release(&b);
    return status == LK_OK ? camera_event_acknowledge(l->house->store, l->camera.id, at_ms, err)
                           : status;
}

/* What is asked of a camera: a view of it. */
struct asking {
    const char *id, *path, *actor, *note;
    const lk_image *frame;  /* NULL: the picture file at path, or the next of the source */
    const lk_camera *fresh; /* to be added; NULL: it is in the store */
    bool beside;
};

static lk_status settle_inside(struct lookout *l, struct new_view *view, const struct asking *a,
                               lk_error *err) {
    lk_store *store = l->house->store;
    lk_status status = a->fresh ? lk_camera_put(store, a->fresh, a->actor, err) : LK_OK;
    status = status == LK_OK ? lookout_stand_as_stored(l, err) : status;
    status = status == LK_OK ? lookout_insert_view(l, view, a->beside, err) : status;
    status = status == LK_OK ? write_settled(l, moment_now_ms(), err) : status;
    status =
        status == LK_OK ? camera_news(store, l->camera.id, "state", &l->standing, 0, err) : status;
    return status == LK_OK
               ? audit_note(store, "camera.baseline", l->camera.id, a->actor, a->note, err)
               : status;
}

/* All at once or nothing; what takes long comes before. */
static lk_status settle(struct lookout *l, const struct frame *frame, const lk_bytes *picture,
                        const struct asking *a, lk_error *err) {
    struct new_view view;
    const char *origin = a->fresh ? "first" : a->beside ? "asked" : "accepted";
    lk_status status =
        lookout_make_view(&view, l, &frame->image, picture, origin, frame->taken_ms, err);
    if (status != LK_OK) {
        return status;
    }
    status = lk_store_begin(l->house->store, err);
    if (status == LK_OK) {
        status = lk_store_end(l->house->store, settle_inside(l, &view, a, err), err);
    }
    if (status == LK_OK) {
        view.blob = (struct blob){0}; /* it is the store's */
    }
    new_view_release(&view, l);
    return status;
}

static lk_status picture_bytes(lk_bytes *out, const struct lookout *l, const char *path,
                               const lk_image *frame, lk_error *err) {
    return path ? file_read(out, path, PICTURE_MAX, NULL, err)
                : lk_image_encode(out, frame, l->house->engine, "jpeg", JPEG_QUALITY, err);
}

static lk_status open_asked(struct lookout *l, struct watch_house *house, const struct asking *a,
                            lk_error *err) {
    if (!a->fresh) {
        return lookout_open(l, house, a->id, err);
    }
    *l = (struct lookout){.house = house, .camera = *a->fresh, .standing = standing_new()};
    lk_status status = settings_check(a->fresh, err);
    return status == LK_OK ? LK_OK : error_input(err, status, a->id);
}

static void close_asked(struct lookout *l, const struct asking *a) {
    if (a->fresh) {
        l->camera = (lk_camera){0}; /* the caller's */
    }
    lookout_close(l);
}

static lk_status get_frame(struct frame *out, const struct lookout *l, const struct asking *a,
                           lk_image_info *info, lk_error *err) {
    if (a->frame) {
        *out = (struct frame){.taken_ms = moment_now_ms()};
        return colour_to_rgb8(&out->image, a->frame, err);
    }
    return a->path ? load(out, l, a->path, info, err) : lookout_fetch(out, l, !a->fresh, err);
}

static lk_status ask(lk_image_info *out, lk_store *store, lk_engine *engine, const struct asking *a,
                     lk_error *err) {
    struct watch_house house;
    struct lookout l;
    struct frame frame = {0};
    lk_bytes picture = {0};
    lk_image_info info = {0};
    lk_status status = watch_house_open(&house, store, engine, err);
    if (status != LK_OK) {
        return status;
    }
    status = open_asked(&l, &house, a, err);
    if (status == LK_OK) {
        status = get_frame(&frame, &l, a, &info, err);
        status = status == LK_OK ? picture_bytes(&picture, &l, a->path, &frame.image, err) : status;
        status = status == LK_OK ? settle(&l, &frame, &picture, a, err) : status;
        info.width = frame.image.width;
        info.height = frame.image.height;
    }
    close_asked(&l, a);
    if (status == LK_OK && out) {
        *out = info;
    }
    lk_bytes_release(&picture);
    frame_release(&frame);
    watch_house_close(&house);
    return status;
}

lk_status lk_camera_baseline(lk_image_info *out, lk_store *store, lk_engine *engine, const char *id,
                             const char *path, bool beside, const char *actor, const char *note,
                             lk_error *err) {
    const struct asking a = {
        .id = id, .path = path, .beside = beside, .actor = actor, .note = note};
    return ask(out, store, engine, &a, err);
}

lk_status lk_camera_baseline_of(lk_store *store, lk_engine *engine, const char *id,
                                const lk_image *frame, bool beside, const char *actor,
                                const char *note, lk_error *err) {
    const struct asking a = {
        .id = id, .frame = frame, .beside = beside, .actor = actor, .note = note};
    return ask(NULL, store, engine, &a, err);
}

lk_status lk_camera_add(lk_image_info *out, lk_store *store, lk_engine *engine,
                        const lk_camera *camera, const char *path, const char *actor,
                        const char *note, lk_error *err) {
    const struct asking a = {
        .id = camera->id, .path = path, .fresh = camera, .actor = actor, .note = note};
    return ask(out, store, engine, &a, err);
}

lk_status lk_camera_add_of(lk_store *store, lk_engine *engine, const lk_camera *camera,
                           const lk_image *frame, const char *actor, const char *note,
                           lk_error *err) {
    const struct asking a = {
        .id = camera->id, .frame = frame, .fresh = camera, .actor = actor, .note = note};
    return ask(NULL, store, engine, &a, err);
}

struct views {
    bool (*visit)(void *arg, const lk_camera_view_record *view);
    void *arg;
};

static bool give_view(void *arg, const struct camera_view_row *row) {
    const struct views *v = arg;
    const lk_camera_view_record out = {.number = row->number,
                                       .sha256 = row->sha256,
                                       .origin = row->origin,
                                       .bytes = row->bytes,
                                       .taken_ms = row->taken_ms,
                                       .retired_ms = row->retired_ms};
    return v->visit(v->arg, &out);
}

lk_status lk_camera_views(lk_store *store, const char *id, bool all,
                          bool (*visit)(void *arg, const lk_camera_view_record *view), void *arg,
                          lk_error *err) {
    struct views v = {visit, arg};
    return camera_view_records(store, id, all, give_view, &v, err);
}

struct choosing {
    int32_t number;
    char sha256[65];
    int64_t bytes;
};

static bool choose_view(void *arg, const struct camera_view_row *row) {
    struct choosing *c = arg;
    if (c->number == 0 ? row->retired_ms == 0 : row->number == c->number) {
        memcpy(c->sha256, row->sha256, sizeof c->sha256);
        c->bytes = row->bytes;
    }
    return true;
}

lk_status lk_camera_picture(lk_bytes *out, lk_store *store, const char *id, int32_t number,
                            lk_error *err) {
    struct choosing c = {.number = number};
    *out = (lk_bytes){0};
    lk_status status = camera_view_records(store, id, true, choose_view, &c, err);
    if (status == LK_OK && !c.sha256[0]) {
        status =
            error_input(err, error_set(err, LK_E_IO, "the camera has no such reference view"), id);
    }
    return status == LK_OK ? blob_read(out, store, c.sha256, c.bytes, err) : status;
}

/* -- Acknowledging -- */

static lk_status unlatch(lk_store *store, const char *id, lk_error *err);

lk_status lk_camera_acknowledge(lk_store *store, const char *id, const char *actor,
                                const char *note, lk_error *err) {
    lk_status status = lk_store_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    status = unlatch(store, id, err);
    status = status == LK_OK ? camera_event_acknowledge(store, id, moment_now_ms(), err) : status;
    status = status == LK_OK ? audit_note(store, "camera.ack", id, actor, note, err) : status;
    return lk_store_end(store, status, err);
}

struct unlatching {
    struct buf b;
    struct standing now;
    lk_status status;
    lk_error *err;
};

static bool unlatch_row(void *arg, const struct camera_row *row) {
    struct unlatching *u = arg;
    struct standing s;
    u->status = standing_read(&s, row->standing, u->err);
    s.latched = false;
    if (u->status == LK_OK) {
        standing_write(&u->b, &s);
        u->now = s;
    }
    return false;
}

static lk_status unlatch(lk_store *store, const char *id, lk_error *err) {
    struct unlatching u = {.err = err};
    buf_init(&u.b, CAMERA_TEXT_MAX);
    lk_status status = camera_visit(store, id, unlatch_row, &u, err);
    status = status == LK_OK ? u.status : status;
    status = status == LK_OK ? buf_status(&u.b, err) : status;
    status = status == LK_OK ? camera_stand(store, id, (const char *)u.b.data, err) : status;
    buf_release(&u.b);
    return status == LK_OK ? camera_news(store, id, "acknowledged", &u.now, 0, err) : status;
}
