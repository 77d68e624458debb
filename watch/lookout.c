/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/lookout.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "watch/camera_news.h"
#include "watch/camera_settings.h"

lk_status watch_house_open(struct watch_house *out, lk_store *store, lk_engine *engine,
                           lk_error *err) {
    *out = (struct watch_house){.store = store, .engine = engine};
    pthread_mutex_init(&out->lock, NULL); /* cannot fail without attributes */
    return camera_eye_new(&out->eye, engine, err);
}

void watch_house_close(struct watch_house *house) {
    camera_eye_free(house->eye);
    pthread_mutex_destroy(&house->lock);
}

/* -- Views of the store -- */

static void drop_views(struct lookout *l) {
    for (size_t i = 0; i < l->view_count; i++) {
        camera_view_free(l->views[i].view);
    }
    mem_free(l->views);
    l->views = NULL;
    l->view_count = 0;
}

/* A view of a picture, with what the settings leave out. */
static lk_status make_view(struct camera_view **out, const struct lookout *l, const lk_image *frame,
                           lk_error *err) {
    lk_image mask = {0};
    lk_status status = l->camera.ignore_count > 0
                           ? settings_mask(&mask, &l->camera, frame->width, frame->height, err)
                           : LK_OK;
    status = status == LK_OK
                 ? camera_view_new(out, l->house->eye, frame, mask.data ? &mask : NULL, err)
                 : status;
    lk_image_release(&mask);
    return status;
}

static lk_status push_view(struct lookout *l, struct camera_view *view, int32_t number,
                           const char *sha256, lk_error *err) {
    struct viewpoint *grown = mem_realloc(l->views, l->view_count + 1, sizeof *grown);
    if (!grown) {
        camera_view_free(view);
        return error_memory(err, (l->view_count + 1) * sizeof *grown);
    }
    l->views = grown;
    l->views[l->view_count] = (struct viewpoint){.view = view, .number = number};
    snprintf(l->views[l->view_count++].sha256, 65, "%s", sha256);
    return LK_OK;
}

/* A view whose data cannot be used, or was made under another mask, is made again of its picture. */
static lk_status view_of_picture(struct camera_view **out, const struct lookout *l,
                                 const struct camera_view_row *row, lk_error *err) {
    lk_bytes bytes;
    lk_image frame = {0};
    lk_status status = blob_read(&bytes, l->house->store, row->sha256, row->bytes, err);
    if (status == LK_OK) {
        status = lk_image_decode(&frame, NULL, l->house->engine, bytes.data, bytes.size,
                                 row->sha256, NULL, err);
        lk_bytes_release(&bytes);
    }
    status = status == LK_OK ? make_view(out, l, &frame, err) : status;
    lk_image_release(&frame);
    return status;
}

struct loading {
    struct lookout *l;
    bool anew; /* the mask has changed */
    lk_status status;
    lk_error *err;
};

static bool load_view(void *arg, const struct camera_view_row *row) {
    struct loading *v = arg;
    struct camera_view *view = NULL;
    v->status = v->anew || !row->data ? LK_E_CORRUPT
                                      : camera_view_read(&view, row->data, row->size, v->err);
    if (v->status == LK_E_CORRUPT || v->status == LK_E_FORMAT) {
        v->status = view_of_picture(&view, v->l, row, v->err);
    }
    if (v->status == LK_OK) {
        v->status = push_view(v->l, view, row->number, row->sha256, v->err);
    }
    return v->status == LK_OK;
}

/* -- Settings and standing of the store -- */

struct reading {
    struct lookout *l;
    bool found, settings_too, other; /* whether the settings are others than before */
    lk_status status;
    lk_error *err;
};

static bool read_row(void *arg, const struct camera_row *row) {
    struct reading *r = arg;
    struct lookout *l = r->l;
    r->found = true;
    r->status = standing_read(&l->standing, row->standing, r->err);
    r->other = r->settings_too && (!l->settings || strcmp(l->settings, row->settings) != 0);
    if (r->status != LK_OK || !r->other) {
        return false;
    }
    char *text = mem_strdup(row->settings);
    lk_camera camera;
    r->status = text ? settings_read(&camera, row->id, row->settings, r->err)
                     : error_memory(r->err, strlen(row->settings));
    if (r->status != LK_OK) {
        mem_free(text);
        return false;
    }
    mem_free(l->settings);
    l->settings = text;
    lk_camera_release(&l->camera);
    l->camera = camera;
    return false;
}

struct stored_standing {
    struct standing *out;
    lk_status status;
    lk_error *err;
};

static bool read_standing(void *arg, const struct camera_row *row) {
    struct stored_standing *s = arg;
    s->status = standing_read(s->out, row->standing, s->err);
    return false;
}

lk_status lookout_stand_as_stored(struct lookout *l, lk_error *err) {
    struct stored_standing s = {.out = &l->standing, .err = err};
    lk_status status = camera_visit(l->house->store, l->camera.id, read_standing, &s, err);
    return status == LK_OK ? s.status : status;
}

/* What others changed since the last frame: settings, masks, views. */
static lk_status refresh(struct lookout *l, const char *id, lk_error *err) {
    int64_t mark = 0;
    bool first = !l->settings;
    struct reading r = {.l = l, .settings_too = true, .err = err};
    lk_status status = camera_visit(l->house->store, id, read_row, &r, err);
    l->gone = status == LK_E_IO && !r.found;
    status = status == LK_OK ? r.status : status;
    status = status == LK_OK ? camera_view_mark(&mark, l->house->store, id, err) : status;
    if (status == LK_OK && (r.other || mark != l->mark)) {
        struct loading v = {.l = l, .anew = r.other && !first, .err = err};
        drop_views(l);
        status = camera_view_visit(l->house->store, id, false, load_view, &v, err);
        status = status == LK_OK ? v.status : status;
        l->mark = status == LK_OK ? mark : -1;
    }
    return status;
}

lk_status lookout_refresh(struct lookout *l, lk_error *err) {
    char id[sizeof l->camera.id];
    snprintf(id, sizeof id, "%s", l->camera.id);
    return refresh(l, id, err);
}

lk_status lookout_open(struct lookout *out, struct watch_house *house, const char *id,
                       lk_error *err) {
    *out = (struct lookout){.house = house, .mark = -1};
    pthread_mutex_lock(&house->lock);
    lk_status status = refresh(out, id, err);
    pthread_mutex_unlock(&house->lock);
    if (status != LK_OK) {
        lookout_close(out);
    }
    return status;
}

void lookout_close(struct lookout *l) {
    drop_views(l);
    lk_camera_release(&l->camera);
    mem_free(l->settings);
    l->settings = NULL;
}

/* -- Looking -- */

lk_status lookout_glance(lk_sighting *out, struct lookout *l, const lk_image *frame,
                         lk_error *err) {
    if (l->view_count == 0) {
        return error_input(err, error_set(err, LK_E_USAGE, "the camera has no reference view yet"),
                           l->camera.id);
    }
    const struct camera_view **views = mem_alloc(l->view_count, sizeof *views);
    if (!views) {
        return error_memory(err, l->view_count * sizeof *views);
    }
    for (size_t i = 0; i < l->view_count; i++) {
        views[i] = l->views[i].view;
    }
    lk_status status = camera_view_look(out, l->house->eye, views, l->view_count, frame,
                                        l->camera.threshold > 0 ? LOOK_EMBEDDING : LOOK_ALL,
                                        l->camera.threshold, err);
    mem_free(views);
    return status;
}

/* -- Taking views -- */

void new_view_release(struct new_view *v, struct lookout *l) {
    blob_undo(&v->blob, l->house->store);
    camera_view_free(v->view);
    buf_release(&v->data);
    *v = (struct new_view){0};
}

lk_status lookout_make_view(struct new_view *out, struct lookout *l, const lk_image *frame,
                            const lk_bytes *picture, const char *origin, int64_t taken_ms,
                            lk_error *err) {
    *out = (struct new_view){.row = {.taken_ms = taken_ms, .bytes = (int64_t)picture->size}};
    buf_init(&out->data, CAMERA_VIEW_MAX);
    snprintf(out->row.origin, sizeof out->row.origin, "%s", origin);
    lk_status status = make_view(&out->view, l, frame, err);
    status = status == LK_OK ? camera_view_write(&out->data, out->view, err) : status;
    status = status == LK_OK ? buf_status(&out->data, err) : status;
    status = status == LK_OK
                 ? blob_write(&out->blob, l->house->store, picture->data, picture->size, err)
                 : status;
    if (status != LK_OK) {
        new_view_release(out, l);
        return status;
    }
    snprintf(out->row.sha256, sizeof out->row.sha256, "%s", out->blob.sha256);
    out->row.data = out->data.data;
    out->row.size = out->data.size;
    return LK_OK;
}

lk_status lookout_insert_view(struct lookout *l, struct new_view *v, bool beside, lk_error *err) {
    lk_store *store = l->house->store;
    lk_status status = blob_place(&v->blob, store, err);
    if (status == LK_OK && !beside) {
        status = camera_view_retire(store, l->camera.id, 0, v->row.taken_ms, err);
    }
    status = status == LK_OK ? camera_view_put(store, l->camera.id, &v->row, err) : status;
    return status == LK_OK ? camera_news(store, l->camera.id, "view", NULL, 0, err) : status;
}

/* A view that is in the store goes among those that are loaded; if not, the next look reads all again. */
static lk_status take_over(struct lookout *l, struct new_view *v, lk_error *err) {
    lk_status status = push_view(l, v->view, v->row.number, v->row.sha256, err);
    v->view = NULL;
    v->blob = (struct blob){0};
    return status == LK_OK ? camera_view_mark(&l->mark, l->house->store, l->camera.id, err)
                           : status;
}

lk_status lookout_add_view(struct lookout *l, struct new_view *v, lk_error *err) {
    int64_t mark = 0;
    lk_status status = lk_store_begin(l->house->store, err);
    if (status == LK_OK) {
        status = camera_view_mark(&mark, l->house->store, l->camera.id, err);
        bool stale = status == LK_OK && mark != l->mark; /* somebody chose other views meanwhile */
        status = status == LK_OK && !stale ? lookout_insert_view(l, v, true, err) : status;
        status = lk_store_end(l->house->store, status, err);
        status = status == LK_OK && !stale ? take_over(l, v, err) : status;
    }
    return status;
}
