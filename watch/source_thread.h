/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a stream: it reads on while nobody asks, so that what is given is the newest. */
#ifndef LK_SOURCE_THREAD_H
#define LK_SOURCE_THREAD_H

#include <pthread.h>

#include "watch/source_kind.h"

struct source_thread {
    bool running;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what the thread shares */
    pthread_cond_t changed;
    int stop;       /* read atomically by the thread */
    bool ended;     /* under the mutex */
    lk_error error; /* why; under the mutex */
};

void source_thread_init(struct source_thread *t);
/* After source_thread_end. */
void source_thread_release(struct source_thread *t);

/* Runs run(context), which ends soon after t->stop, and calls source_thread_finish last. */
LK_MUST_CHECK lk_status source_thread_start(struct source_thread *t, void *(*run)(void *context),
                                            void *context, lk_error *err);
/* Stops it and waits for its end. */
void source_thread_end(struct source_thread *t);

/* From inside: it is over, and why. */
void source_thread_finish(struct source_thread *t, const lk_error *error);
/* Waits a moment for a change (t->changed is signalled); the mutex is held. LK_E_CANCELLED once the source is to stop. */
LK_MUST_CHECK lk_status source_thread_wait(struct source_thread *t, const struct source *s,
                                           lk_error *err);

#endif
