/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame does to a camera: it is looked at, learnt from, and the step it makes is written down. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/score_rows.h"
#include "watch/camera_news.h"
#include "watch/event_json.h"
#include "watch/lookout.h"

enum { JPEG_QUALITY = 90, DARKENING_FRAMES = 8, SAVE_EVERY = 10 };

static const double new_light = 0.5; /* a good frame that scores less wants a view of its own */
static const double learn_every_s = 60;

void glance_release(struct glance *g) {
    lk_bytes_release(&g->document);
    lk_bytes_release(&g->picture);
}

void glance_result(lk_watch_result *out, const struct glance *g, const struct lookout *l) {
    out->sighting = g->sighting;
    out->worst = !g->seen                              ? LK_VIEW_LOST
                 : l->standing.state == LK_VIEW_FROZEN ? LK_VIEW_FROZEN
                                                       : g->sighting.state;
    out->sure = !g->seen || g->sighting.sure || out->worst == LK_VIEW_FROZEN;
}

/* -- Learning -- */

static lk_status take_view(struct lookout *l, const struct frame *frame, const char *origin,
                           int64_t at_ms, lk_error *err) {
    lk_bytes picture;
    lk_status status =
        lk_image_encode(&picture, &frame->image, l->house->engine, "jpeg", JPEG_QUALITY, err);
    struct new_view v = {0};
    if (status != LK_OK) {
        return status;
    }
    status = lookout_make_view(&v, l, &frame->image, &picture, origin, at_ms, err);
    lk_bytes_release(&picture);
    if (status == LK_OK) {
        pthread_mutex_lock(&l->house->lock);
        status = lookout_add_view(l, &v, err);
        new_view_release(&v, l);
        pthread_mutex_unlock(&l->house->lock);
    }
    return status;
}

static lk_status save_view(struct lookout *l, struct viewpoint *v, lk_error *err) {
    struct buf b;
    buf_init(&b, CAMERA_VIEW_MAX);
    lk_status status = camera_view_write(&b, v->view, err);
    status = status == LK_OK ? buf_status(&b, err) : status;
    if (status == LK_OK) {
        pthread_mutex_lock(&l->house->lock);
        status = camera_view_update(l->house->store, l->camera.id, v->number, b.data, b.size, err);
        pthread_mutex_unlock(&l->house->lock);
        v->unsaved = 0;
    }
    buf_release(&b);
    return status;
}

static lk_status learn_more(struct lookout *l, struct viewpoint *v, const lk_image *frame,
                            lk_error *err) {
    lk_status status = camera_view_learn(v->view, l->house->eye, frame, err);
    if (status == LK_E_SIZE) {
        return LK_OK; /* the camera was set to another resolution: it is brought to the view's for looking, not for learning */
    }
    v->unsaved += status == LK_OK;
    return status == LK_OK && v->unsaved >= SAVE_EVERY ? save_view(l, v, err) : status;
}

/* Dusk comes step by step: while views are learnt, a dark frame that came so is another light, and no alarm. */
static bool is_dusk(const struct lookout *l, const lk_sighting *s) {
    return (s->state == LK_VIEW_DARK || !s->sure) && l->standing.state == LK_VIEW_OK &&
           l->standing.darkening >= DARKENING_FRAMES && s->brightness < 0.25;
}

static lk_status learn(struct lookout *l, lk_sighting *s, const struct frame *frame, int64_t at_ms,
                       bool *learnt, lk_error *err) {
    bool dusk = is_dusk(l, s),
         well = s->sure && s->state == LK_VIEW_OK && l->standing.state == LK_VIEW_OK;
    bool room = l->view_count < (size_t)l->camera.baselines;
    bool late = (double)(at_ms - l->standing.learnt_ms) >= 1000 * learn_every_s ||
                l->camera.learn_frames > 0;
    *learnt = false;
    if (!standing_learns(&l->standing, &l->camera, at_ms) || !(dusk || well)) {
        return LK_OK;
    }
    if (room && (dusk || s->score < new_light)) {
        *learnt = true;
        lk_status status = take_view(l, frame, "learnt", at_ms, err);
        return status == LK_OK ? lookout_glance(s, l, &frame->image, err) : status;
    }
    if (well && late && s->view >= 0 && (size_t)s->view < l->view_count) {
        *learnt = true;
        return learn_more(l, &l->views[s->view], &frame->image, err);
    }
    return LK_OK;
}

/* -- Writing down -- */

static lk_status write_event(struct glance *out, struct lookout *l, const struct blob *after,
                             lk_error *err) {
    struct camera_event *e = &out->event;
    struct buf b;
    lk_status status = camera_event_next(&e->id, l->house->store, err);
    if (status != LK_OK) {
        return status;
    }
    snprintf(e->after_sha256, sizeof e->after_sha256, "%s", after->sha256);
    buf_init(&b, CAMERA_TEXT_MAX);
    event_json(&b, e);
    status = buf_finish(&b, &out->document, err);
    if (status != LK_OK) {
        return status;
    }
    struct camera_event_row row = {.id = e->id,
                                   .camera = e->camera,
                                   .state = lk_view_state_name(e->state),
                                   .document = (const char *)out->document.data,
                                   .time_ms = e->time_ms,
                                   .told = e->muted};
    snprintf(row.before_sha256, sizeof row.before_sha256, "%s", e->before_sha256);
    snprintf(row.after_sha256, sizeof row.after_sha256, "%s", e->after_sha256);
    return camera_event_put(l->house->store, &row, err);
}

/* The event of a step that was taken. */
static void fill_event(struct glance *out, const struct lookout *l, int64_t at_ms) {
    const struct standing *s = &l->standing;
    out->event = (struct camera_event){.camera = l->camera.id,
                                       .state = s->state,
                                       .previous = s->previous,
                                       .since_ms = s->since_ms,
                                       .time_ms = at_ms,
                                       .seen = out->seen,
                                       .sighting = out->sighting,
                                       .confirmed_frames = s->confirmed,
                                       .latched = s->latched,
                                       .muted = s->muted};
    size_t view = out->seen && out->sighting.view >= 0 ? (size_t)out->sighting.view : 0;
    if (view < l->view_count) {
        snprintf(out->event.before_sha256, sizeof out->event.before_sha256, "%s",
                 l->views[view].sha256);
        out->event.sighting.view = l->views[view].number;
    }
}

static lk_status write_standing(const struct lookout *l, lk_error *err) {
    struct buf b;
    buf_init(&b, CAMERA_TEXT_MAX);
    standing_write(&b, &l->standing);
    lk_status status = buf_status(&b, err);
    status = status == LK_OK
                 ? camera_stand(l->house->store, l->camera.id, (const char *)b.data, err)
                 : status;
    buf_release(&b);
    return status;
}

/* What the frame said, for the camera's series. */
static lk_status write_score(const struct glance *g, const struct lookout *l, int64_t at_ms,
                             lk_error *err) {
    int64_t score = g->seen ? (int64_t)lround(g->sighting.score * SCORE_UNIT) : 0;
    bool known = g->seen && g->sighting.view >= 0 && (size_t)g->sighting.view < l->view_count;
    const struct score_row row = {.at_ms = at_ms,
                                  .frames = g->seen,
                                  .missed = !g->seen,
                                  .total = score,
                                  .lowest = score,
                                  .highest = score,
                                  .baseline = known ? l->views[g->sighting.view].number : 0,
                                  .state = lk_view_state_name(l->standing.state)};
    return score_add(l->house->store, l->camera.id, &row, err);
}

/* The frame becomes a file, without a name as yet. */
static lk_status write_picture(struct glance *out, struct lookout *l, const struct frame *frame,
                               struct blob *after, lk_error *err) {
    lk_status status =
        lk_image_encode(&out->picture, &frame->image, l->house->engine, "jpeg", JPEG_QUALITY, err);
    return status == LK_OK
               ? blob_write(after, l->house->store, out->picture.data, out->picture.size, err)
               : status;
}

/* The picture of an event is written before anything is locked. Whether it will be one is guessed: the standing is as of the
 * beginning of this look, and seldom another in the store by now. */
static lk_status write_ahead(struct glance *out, struct lookout *l, const struct frame *frame,
                             const struct observation *o, struct blob *after, lk_error *err) {
    struct standing guess = l->standing;
    return frame && standing_step(&guess, &l->camera, o) ? write_picture(out, l, frame, after, err)
                                                         : LK_OK;
}

/* The step, inside of a transaction: others may have acknowledged or settled meanwhile, so that it starts from the store's. */
static lk_status step(struct glance *out, struct lookout *l, const struct frame *frame,
                      const struct observation *o, bool learnt, struct blob *after, lk_error *err) {
    lk_store *store = l->house->store;
    lk_status status = lookout_stand_as_stored(l, err);
    if (status != LK_OK) {
        return status;
    }
    out->changed = standing_step(&l->standing, &l->camera, o);
    l->standing.learnt_ms = learnt ? o->at_ms : l->standing.learnt_ms;
    if (frame && frame->name[0]) {
        snprintf(l->standing.position, sizeof l->standing.position, "%s", frame->name);
    }
    if (out->changed && frame) {
        status = out->picture.data ? LK_OK : write_picture(out, l, frame, after, err);
        status = status == LK_OK ? blob_place(after, store, err) : status;
    }
    if (status == LK_OK && out->changed) {
        fill_event(out, l, o->at_ms);
        status = write_event(out, l, after, err);
        status = status == LK_OK
                     ? camera_news(store, l->camera.id, "state", &l->standing, out->event.id, err)
                     : status;
    }
    status = status == LK_OK ? write_score(out, l, o->at_ms, err) : status;
    return status == LK_OK ? write_standing(l, err) : status;
}

static lk_status write_down(struct glance *out, struct lookout *l, const struct frame *frame,
                            const struct observation *o, bool learnt, lk_error *err) {
    struct blob after = {0};
    const struct standing before = l->standing;
    lk_status status = write_ahead(out, l, frame, o, &after, err);
    pthread_mutex_lock(&l->house->lock);
    status = status == LK_OK ? lk_store_begin(l->house->store, err) : status;
    if (status == LK_OK) {
        status = lk_store_end(l->house->store, step(out, l, frame, o, learnt, &after, err), err);
    }
    if (status == LK_OK && !out->changed) {
        blob_undo(&after, l->house->store); /* it was guessed wrong */
        lk_bytes_release(&out->picture);
    }
    if (status != LK_OK) {
        blob_undo(&after, l->house->store);
        l->standing = before;
        glance_release(out);
        out->changed = false;
    }
    pthread_mutex_unlock(&l->house->lock);
    return status;
}

lk_status lookout_take(struct glance *out, struct lookout *l, const struct frame *frame,
                       int64_t at_ms, lk_error *err) {
    char digest[65] = "";
    bool learnt = false;
    *out = (struct glance){.seen = frame != NULL};
    pthread_mutex_lock(&l->house->lock);
    lk_status status = lookout_refresh(l, err);
    pthread_mutex_unlock(&l->house->lock);
    if (status == LK_OK && frame && l->view_count == 0) {
        status = take_view(l, frame, "first", at_ms, err);
    }
    if (status == LK_OK && frame) {
        status = lookout_glance(&out->sighting, l, &frame->image, err);
        status = status == LK_OK ? learn(l, &out->sighting, frame, at_ms, &learnt, err) : status;
    }
    for (size_t i = 0; frame && i < sizeof frame->digest; i++) {
        snprintf(digest + 2 * i, 3, "%02x", frame->digest[i]);
    }
    const struct observation o = {at_ms, frame ? &out->sighting : NULL, frame ? digest : NULL};
    return status == LK_OK ? write_down(out, l, frame, &o, learnt, err) : status;
}
