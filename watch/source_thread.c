/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/source_thread.h"

#include <time.h>

#include "base/error.h"

void source_thread_init(struct source_thread *t) {
    pthread_condattr_t attributes;
    *t = (struct source_thread){0};
    pthread_mutex_init(&t->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void source_thread_release(struct source_thread *t) {
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->mutex);
}

lk_status source_thread_start(struct source_thread *t, void *(*run)(void *context), void *context,
                              lk_error *err) {
    t->stop = 0;
    t->ended = false;
    int failed = pthread_create(&t->thread, NULL, run, context);
    t->running = failed == 0;
    return t->running ? LK_OK : error_set(err, LK_E_MEMORY, "no thread can be started");
}

void source_thread_end(struct source_thread *t) {
    if (t->running) {
        __atomic_store_n(&t->stop, 1, __ATOMIC_RELAXED);
        pthread_join(t->thread, NULL);
        t->running = false;
    }
}

void source_thread_finish(struct source_thread *t, const lk_error *error) {
    pthread_mutex_lock(&t->mutex);
    t->ended = true;
    t->error = *error;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

lk_status source_thread_wait(struct source_thread *t, const struct source *s, lk_error *err) {
    enum { MOMENT_NS = 200000000 }; /* how soon a wish to stop is seen */
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += MOMENT_NS;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&t->changed, &t->mutex, &end);
    return source_check_stop(s, err);
}
