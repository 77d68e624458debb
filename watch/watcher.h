/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of lk_watch. */
#ifndef LK_WATCHER_H
#define LK_WATCHER_H

#include <semaphore.h>

#include "watch/figures.h"
#include "watch/lookout.h"

struct watcher;

struct post {
    struct watcher *watcher;
    struct lookout lookout;
    struct source *source;
    double delay_s;                /* before its first turn */
    struct camera_figures figures; /* under the watcher's lock */
    pthread_t thread;
    bool started;
    lk_status status;
    lk_error err;
};

struct watcher {
    struct watch_house house;
    const lk_watch_options *options;
    struct post *posts;
    size_t post_count;
    sem_t looks;
    pthread_mutex_t lock; /* of what follows */
    lk_watch_result *result;
    bool any;
    double lowest;             /* score so far */
    double written_s;          /* when the figures were last written */
    struct notifier *notifier; /* NULL: nobody but options->told */
};

/* Whom to tell: receivers are opened, and told what was not delivered before. */
LK_MUST_CHECK lk_status watcher_open(struct watcher *w, lk_error *err);
/* Waits a while for what is on its way. */
void watcher_close(struct watcher *w);

/* An event that is in the store. */
void watcher_tell(struct watcher *w, const struct glance *glance);
/* What a frame came to; seconds: it took to look. */
void watcher_note(struct watcher *w, struct post *post, const struct glance *glance,
                  double seconds);
/* Writes options->metrics_file. */
void watcher_figures(struct watcher *w);
void watcher_trouble(struct watcher *w, const char *camera, const lk_error *err);

#endif
