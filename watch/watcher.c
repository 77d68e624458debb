/* SPDX-License-Identifier: Apache-2.0 */
/* Many cameras in one process: a thread each, which mostly sleeps or waits for its source, and as many looks at a time as the
 * engine has threads. */
#include <errno.h>
#include <math.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/engine.h"
#include "store/camera_rows.h"
#include "watch/lookout.h"
#include "watch/watcher.h"

static const double shortest_s = 0.02, slice_s = 0.25; /* how soon a stop is seen */
static const double timeout_least_s = 10;

/* -- Posts: one camera each -- */

static bool stopped(const struct watcher *w) {
    return engine_check_stop(w->house.engine, NULL) != LK_OK;
}

/* False when it was stopped meanwhile. */
static bool sleep_until(const struct watcher *w, double due_s) {
    for (double left; !stopped(w) && (left = due_s - clock_s()) > 0;) {
        double nap = fmin(left, slice_s);
        nanosleep(&(struct timespec){(time_t)nap, (long)((nap - floor(nap)) * 1e9)}, NULL);
    }
    return !stopped(w);
}

/* When a frame was taken. A live source says now; files of one folder may all have been copied at once, so that what is not to be
 * waited for is supposed to come every so many seconds at least. */
static int64_t moment_of(const struct post *p, const struct frame *frame) {
    int64_t every = (int64_t)(1000 * p->lookout.camera.every_s),
            looked = p->lookout.standing.looked_ms;
    if (!frame || source_is_live(p->source)) {
        return moment_now_ms();
    }
    if (p->watcher->options->until_end) {
        return looked && frame->taken_ms < looked + every ? looked + every : frame->taken_ms;
    }
    return frame->taken_ms > looked ? frame->taken_ms : looked + every;
}

static void save_snapshot(const struct post *p, const struct glance *g) {
    char path[4096];
    lk_error err = {0};
    if (!p->watcher->options->snapshot_dir || g->picture.size == 0) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s-%06lld-%s.jpg", p->watcher->options->snapshot_dir,
             p->lookout.camera.id, (long long)g->event.id, lk_view_state_name(g->event.state));
    if (file_write(path, g->picture.data, g->picture.size, &err) != LK_OK) {
        watcher_trouble(p->watcher, p->lookout.camera.id, &err);
    }
}

static void count(struct post *p, const struct glance *g) {
    struct watcher *w = p->watcher;
    pthread_mutex_lock(&w->lock);
    lk_watch_result *r = w->result;
    r->frames += g->seen;
    r->failures += !g->seen;
    r->events += g->changed;
    double score = g->seen ? g->sighting.score : -1;
    if (!w->any || score < w->lowest) {
        w->any = true;
        w->lowest = score;
        glance_result(r, g, &p->lookout);
    }
    pthread_mutex_unlock(&w->lock);
}

static lk_status take(struct post *p, const struct frame *frame, lk_error *err) {
    struct watcher *w = p->watcher;
    struct glance g;
    while (sem_wait(&w->looks) != 0 && errno == EINTR) {
    }
    double begin = clock_s();
    lk_status status = lookout_take(&g, &p->lookout, frame, moment_of(p, frame), err);
    sem_post(&w->looks);
    if (status == LK_OK) {
        watcher_note(w, p, &g, clock_s() - begin);
        count(p, &g);
        save_snapshot(p, &g);
        if (g.changed && !g.event.muted) {
            watcher_tell(w, &g);
        }
    }
    glance_release(&g);
    return status;
}

/* One frame; *more is false behind the last. */
static lk_status turn(struct post *p, bool *more, lk_error *err) {
    struct frame frame = {0};
    lk_error missed = {0};
    *more = true;
    lk_status status = source_next(p->source, &frame, more, &missed);
    if (status == LK_E_CANCELLED || (status == LK_OK && !*more)) {
        *more = false;
        return status == LK_OK ? LK_OK : error_set(err, LK_E_CANCELLED, "stopped");
    }
    if (status != LK_OK) {
        watcher_trouble(p->watcher, p->lookout.camera.id, &missed);
    }
    status = take(p, status == LK_OK ? &frame : NULL, err);
    frame_release(&frame);
    return status;
}

static lk_status open_source(struct post *p, lk_error *err) {
    const lk_watch_options *o = p->watcher->options;
    const lk_camera *c = &p->lookout.camera;
    const struct source_options options = {.token_file = c->token_file[0] ? c->token_file : NULL,
                                           .timeout_s = fmax(timeout_least_s, 3 * c->every_s),
                                           .every_s = c->every_s,
                                           .follow = !o->until_end && !o->once,
                                           .after = p->lookout.standing.position};
    return source_open(&p->source, p->watcher->house.engine, c->source, &options, err);
}

static lk_status is_on(bool *out, struct post *p, lk_error *err) {
    pthread_mutex_lock(&p->watcher->house.lock);
    lk_status status = lookout_refresh(&p->lookout, err);
    pthread_mutex_unlock(&p->watcher->house.lock);
    *out = status == LK_OK && (p->lookout.camera.enabled || p->watcher->options->once);
    return status;
}

static lk_status stand_watch(struct post *p, lk_error *err) {
    struct watcher *w = p->watcher;
    bool more = true, on = true;
    double due = clock_s() + p->delay_s;
    lk_status status = open_source(p, err);
    while (status == LK_OK && more && sleep_until(w, due)) {
        status = is_on(&on, p, err);
        if (status == LK_OK && on) {
            status = turn(p, &more, err);
        }
        more = more && !w->options->once;
        double every =
            source_is_live(p->source) || !on ? fmax(p->lookout.camera.every_s, shortest_s) : 0;
        due = fmax(due + every, clock_s());
    }
    return status;
}

static void *run_post(void *arg) {
    struct post *p = arg;
    p->status = stand_watch(p, &p->err);
    if (p->status != LK_OK && p->status != LK_E_CANCELLED) {
        watcher_trouble(p->watcher, p->lookout.camera.id, &p->err);
    }
    return NULL;
}

/* -- All of them -- */

static lk_status open_posts(struct watcher *w, const char *const *ids, size_t count,
                            lk_error *err) {
    w->posts = mem_calloc(count ? count : 1, sizeof *w->posts);
    if (!w->posts) {
        return error_memory(err, count * sizeof *w->posts);
    }
    lk_status status = LK_OK;
    for (size_t i = 0; i < count && status == LK_OK; i++) {
        struct post *p = &w->posts[i];
        p->watcher = w;
        status = lookout_open(&p->lookout, &w->house, ids[i], err);
        w->post_count += status == LK_OK;
        /* Their turns lie apart, so that not all look in the same second. */
        p->delay_s = w->options->once ? 0 : p->lookout.camera.every_s * (double)i / (double)count;
    }
    return status;
}

static lk_status run_posts(struct watcher *w, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < w->post_count; i++) {
        struct post *p = &w->posts[i];
        p->started = pthread_create(&p->thread, NULL, run_post, p) == 0;
        if (!p->started) {
            p->status = error_set(&p->err, LK_E_MEMORY, "no thread can be started for it");
        }
    }
    for (size_t i = 0; i < w->post_count; i++) {
        struct post *p = &w->posts[i];
        if (p->started) {
            pthread_join(p->thread, NULL);
        }
        if (p->status != LK_OK && (status == LK_OK || status == LK_E_CANCELLED)) {
            status = p->status;
            if (err) {
                *err = p->err;
            }
        }
    }
    return status;
}

static void close_posts(struct watcher *w) {
    for (size_t i = 0; i < w->post_count; i++) {
        source_close(w->posts[i].source);
        lookout_close(&w->posts[i].lookout);
    }
    mem_free(w->posts);
}

struct id_list {
    char (*ids)[LK_REFERENCE_ID_MAX + 1];
    size_t count;
    bool failed;
};

static bool add_id(void *arg, const lk_camera *camera, const lk_camera_standing *standing) {
    struct id_list *l = arg;
    (void)standing;
    if (!camera->enabled || source_is_pushed(camera->source)) {
        return true;
    }
    void *grown = mem_realloc(l->ids, l->count + 1, sizeof *l->ids);
    l->failed = !grown;
    if (grown) {
        l->ids = grown;
        memcpy(l->ids[l->count++], camera->id, sizeof *l->ids);
    }
    return !l->failed;
}

static lk_status watch_ids(struct watcher *w, const char *const *ids, size_t count, lk_error *err) {
    lk_status status = open_posts(w, ids, count, err);
    status = status == LK_OK ? watcher_open(w, err) : status;
    if (status == LK_OK) {
        status = run_posts(w, err);
        watcher_close(w);
    }
    close_posts(w);
    return status;
}

/* All cameras that are on. */
static lk_status watch_all(struct watcher *w, lk_error *err) {
    struct id_list all = {0};
    lk_status status = lk_camera_list(w->house.store, NULL, add_id, &all, err);
    const char **ids = mem_calloc(all.count ? all.count : 1, sizeof *ids);
    if (status == LK_OK && (all.failed || !ids)) {
        status = error_memory(err, all.count * sizeof *all.ids);
    } else if (status == LK_OK && all.count == 0) {
        status = error_input(err, error_set(err, LK_E_IO, "the store has no camera that is on"),
                             lk_store_folder(w->house.store));
    }
    for (size_t i = 0; ids && i < all.count; i++) {
        ids[i] = all.ids[i];
    }
    status = status == LK_OK ? watch_ids(w, ids, all.count, err) : status;
    mem_free(ids);
    mem_free(all.ids);
    return status;
}

lk_status lk_watch(lk_watch_result *out, lk_store *store, lk_engine *engine, const char *const *ids,
                   size_t count, const lk_watch_options *options, lk_error *err) {
    struct watcher w = {.options = options, .result = out};
    *out = (lk_watch_result){.sure = true};
    lk_status status = watch_house_open(&w.house, store, engine, err);
    if (status != LK_OK) {
        return status;
    }
    pthread_mutex_init(&w.lock, NULL);
    sem_init(&w.looks, 0, (unsigned)lk_engine_threads(engine));
    status = count > 0 ? watch_ids(&w, ids, count, err) : watch_all(&w, err);
    sem_destroy(&w.looks);
    pthread_mutex_destroy(&w.lock);
    watch_house_close(&w.house);
    return status;
}
