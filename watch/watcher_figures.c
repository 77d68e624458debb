/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a watcher: to Prometheus by a file, and to MQTT between events. */
#include <math.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "watch/watcher.h"

enum { FIGURES_BYTES_MAX = 16 << 20 };

static const double write_every_s = 10;

static void count_look(struct post *p, const struct glance *g, double seconds) {
    struct camera_figures *f = &p->figures;
    const struct standing *s = &p->lookout.standing;
    f->camera = p->lookout.camera.id;
    f->state = s->state;
    f->score = g->seen ? g->sighting.score : NAN;
    f->enabled = p->lookout.camera.enabled;
    f->latched = s->latched;
    f->frames += g->seen;
    f->failures += !g->seen;
    f->alarms += g->changed && g->event.state != LK_VIEW_OK;
    f->look_seconds += seconds;
    f->last_frame_ms = s->looked_ms;
}

static lk_status write_file(struct watcher *w, lk_error *err) {
    struct notify_counts receivers[NOTIFY_KINDS_MAX];
    struct camera_figures *all = mem_calloc(w->post_count + 1, sizeof *all);
    struct buf b;
    if (!all) {
        return error_memory(err, (w->post_count + 1) * sizeof *all);
    }
    size_t count = 0, receiver_count = w->notifier ? notifier_counts(w->notifier, receivers) : 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->post_count; i++) {
        if (w->posts[i].figures.camera) {
            all[count++] = w->posts[i].figures;
        }
    }
    pthread_mutex_unlock(&w->lock);
    buf_init(&b, FIGURES_BYTES_MAX);
    figures_write(&b, all, count, receivers, receiver_count);
    lk_status status = buf_status(&b, err);
    status = status == LK_OK ? file_write(w->options->metrics_file, b.data, b.size, err) : status;
    buf_release(&b);
    mem_free(all);
    return status;
}

void watcher_figures(struct watcher *w) {
    lk_error err = {0};
    if (w->options->metrics_file && write_file(w, &err) != LK_OK) {
        watcher_trouble(w, "", &err);
    }
}

void watcher_note(struct watcher *w, struct post *post, const struct glance *g, double seconds) {
    pthread_mutex_lock(&w->lock);
    count_look(post, g, seconds);
    bool due = w->options->metrics_file && clock_s() - w->written_s >= write_every_s;
    w->written_s = due ? clock_s() : w->written_s;
    pthread_mutex_unlock(&w->lock);
    if (due) {
        watcher_figures(w);
    }
    if (w->notifier) {
        const struct notice n = {.camera = post->lookout.camera.id,
                                 .state = post->lookout.standing.state,
                                 .score = g->seen ? g->sighting.score : NAN};
        notifier_figures(w->notifier, &n);
    }
}
