/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a watcher tells: whoever called lk_watch, then the receivers of watch/notify.h. An event is done with when all have it. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "store/camera_rows.h"
#include "watch/watcher.h"

static const double flush_s = 20, flush_stopped_s = 2; /* who was told to stop does not wait long */

void watcher_trouble(struct watcher *w, const char *camera, const lk_error *err) {
    if (w->options->trouble) {
        pthread_mutex_lock(&w->lock);
        w->options->trouble(w->options->arg, camera, err);
        pthread_mutex_unlock(&w->lock);
    }
}

/* -- One event -- */

static void done(struct watcher *w, int64_t event) {
    lk_error err = {0};
    pthread_mutex_lock(&w->house.lock);
    lk_status status = camera_event_told(w->house.store, event, &err);
    pthread_mutex_unlock(&w->house.lock);
    if (status != LK_OK) {
        watcher_trouble(w, "", &err); /* it will be told again, under its number */
    }
}

static bool tell_caller(struct watcher *w, const struct notice *n) {
    if (!w->options->told) {
        return true;
    }
    pthread_mutex_lock(&w->lock);
    bool told = w->options->told(w->options->arg, n->camera, n->state, n->json);
    pthread_mutex_unlock(&w->lock);
    return told;
}

static void send(struct watcher *w, const struct notice *n) {
    lk_error err = {0};
    if (!tell_caller(w, n)) {
        return;
    }
    if (!w->notifier) {
        done(w, n->event);
    } else if (notifier_send(w->notifier, n, &err) != LK_OK) {
        watcher_trouble(w, n->camera, &err);
    }
}

void watcher_tell(struct watcher *w, const struct glance *g) {
    const struct notice n = {.camera = g->event.camera,
                             .event = g->event.id,
                             .json = (const char *)g->document.data,
                             .state = g->event.state,
                             .score = g->seen ? g->sighting.score : NAN,
                             .snapshot = g->picture.data,
                             .snapshot_size = g->picture.size};
    send(w, &n);
}

/* -- What comes back -- */

static void delivered(void *context, int64_t event) {
    done(context, event);
}

static void acknowledged(void *context, const char *camera) {
    struct watcher *w = context;
    lk_error err = {0};
    pthread_mutex_lock(&w->house.lock);
    lk_status status = lk_camera_acknowledge(w->house.store, camera, "mqtt", NULL, &err);
    pthread_mutex_unlock(&w->house.lock);
    if (status != LK_OK) {
        watcher_trouble(w, camera, &err);
    }
}

static void set_enabled(void *context, const char *id, bool enabled) {
    struct watcher *w = context;
    lk_error err = {0};
    lk_camera camera;
    pthread_mutex_lock(&w->house.lock);
    lk_status status = lk_camera_get(&camera, w->house.store, id, &err);
    if (status == LK_OK && camera.enabled != enabled) {
        camera.enabled = enabled;
        status = lk_camera_put(w->house.store, &camera, "mqtt", &err);
    }
    lk_camera_release(&camera);
    pthread_mutex_unlock(&w->house.lock);
    status = status == LK_OK ? notifier_camera(w->notifier, id, enabled, &err) : status;
    if (status != LK_OK) {
        watcher_trouble(w, id, &err);
    }
}

static void failed(void *context, const lk_error *err, int64_t event, bool given_up) {
    (void)event;
    (void)given_up;
    watcher_trouble(context, "", err);
}

/* -- Begin and end -- */

struct backlog {
    struct event_copy {
        int64_t id;
        char *camera, *document;
        lk_view_state state;
    } * items;
    size_t count;
    bool failed;
};

static bool keep_event(void *arg, const struct camera_event_row *row) {
    struct backlog *b = arg;
    struct event_copy *grown = mem_realloc(b->items, b->count + 1, sizeof *grown);
    b->failed = !grown;
    if (b->failed) {
        return false;
    }
    b->items = grown;
    b->items[b->count++] = (struct event_copy){
        row->id, mem_strdup(row->camera), mem_strdup(row->document), view_state_find(row->state)};
    return true;
}

static bool watches(const struct watcher *w, const char *camera) {
    for (size_t i = 0; i < w->post_count; i++) {
        if (strcmp(w->posts[i].lookout.camera.id, camera) == 0) {
            return true;
        }
    }
    return false;
}

/* Events that a process which was killed had no time to tell. */
static lk_status tell_backlog(struct watcher *w, lk_error *err) {
    struct backlog b = {0};
    const struct camera_event_query query = {.untold = true};
    pthread_mutex_lock(&w->house.lock);
    lk_status status = camera_event_visit(w->house.store, &query, keep_event, &b, err);
    pthread_mutex_unlock(&w->house.lock);
    status =
        status == LK_OK && b.failed ? error_memory(err, (b.count + 1) * sizeof *b.items) : status;
    for (size_t i = 0; i < b.count; i++) {
        struct event_copy *e = &b.items[i];
        if (status == LK_OK && e->camera && e->document && watches(w, e->camera)) {
            const struct notice n = {.camera = e->camera,
                                     .event = e->id,
                                     .json = e->document,
                                     .state = e->state,
                                     .score = NAN};
            send(w, &n);
        }
        mem_free(e->camera);
        mem_free(e->document);
    }
    mem_free(b.items);
    return status;
}

static lk_status open_notifier(struct watcher *w, lk_error *err) {
    const lk_watch_options *o = w->options;
    const struct notify_options options = {.webhook = o->webhook,
                                           .webhook_secret_file = o->webhook_secret_file,
                                           .webhook_ca_file = o->webhook_ca_file,
                                           .mqtt_ca_file = o->mqtt_ca_file,
                                           .mqtt = o->mqtt,
                                           .mqtt_token_file = o->mqtt_token_file,
                                           .ha_discovery = o->ha_discovery,
                                           .exec = o->exec,
                                           .acknowledged = acknowledged,
                                           .enabled = set_enabled,
                                           .trouble = failed,
                                           .context = w};
    if (!o->webhook && !o->mqtt && !o->exec) {
        return LK_OK;
    }
    lk_status status = notifier_new(&w->notifier, &options, err);
    if (status == LK_OK) {
        notifier_set_delivered(w->notifier, delivered, w);
    }
    for (size_t i = 0; i < w->post_count && status == LK_OK; i++) {
        const lk_camera *c = &w->posts[i].lookout.camera;
        status = notifier_camera(w->notifier, c->id, c->enabled, err);
    }
    return status;
}

lk_status watcher_open(struct watcher *w, lk_error *err) {
    lk_status status = open_notifier(w, err);
    status = status == LK_OK ? tell_backlog(w, err) : status;
    if (status != LK_OK) {
        notifier_free(w->notifier);
        w->notifier = NULL;
    }
    return status;
}

void watcher_close(struct watcher *w) {
    lk_error err = {0};
    bool stopped = engine_check_stop(w->house.engine, NULL) != LK_OK;
    watcher_figures(w);
    if (w->notifier &&
        notifier_flush(w->notifier, stopped ? flush_stopped_s : flush_s, &err) != LK_OK) {
        watcher_trouble(w, "", &err);
    }
    notifier_free(w->notifier);
    w->notifier = NULL;
}
