/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/changes.h"

#include "base/error.h"
#include "base/mem.h"
#include "serve/jobs.h"
#include "serve/listeners.h"

enum { WAIT_MS = 250 }; /* until it is looked whether the service ends */

struct changes {
    struct server *server;
    lk_notices *heard;
    pthread_t thread;
    bool stops;
};

static void pass_on(const struct server *s, unsigned changes) {
    if (changes & LK_CHANGE_JOBS) {
        jobs_nudge(s->jobs);
    }
    if (changes & LK_CHANGE_NEWS) {
        listeners_nudge(s->listeners);
    }
}

static void *changes_run(void *arg) {
    struct changes *c = arg;
    struct server *s = c->server;
    while (!__atomic_load_n(&c->stops, __ATOMIC_RELAXED)) {
        lk_error ignored; /* what is not heard is looked for more often */
        unsigned changes;
        bool hears = lk_notices_wait(&changes, c->heard, WAIT_MS, &ignored) == LK_OK;
        __atomic_store_n(&s->hears, hears, __ATOMIC_RELAXED);
        if (changes & LK_CHANGE_REFERENCES) {
            __atomic_fetch_add(&s->references_changed, 1, __ATOMIC_RELAXED);
        }
        pass_on(s, changes);
    }
    return NULL;
}

lk_status changes_start(struct changes **out, struct server *s, lk_error *err) {
    lk_notices *heard;
    *out = NULL;
    lk_status status = lk_notices_open(&heard, s->benches[0].store, err);
    if (status != LK_OK || !heard) {
        return status;
    }
    struct changes *c = mem_calloc(1, sizeof *c);
    if (c) {
        *c = (struct changes){.server = s, .heard = heard};
    }
    if (!c || pthread_create(&c->thread, NULL, changes_run, c) != 0) {
        lk_notices_close(heard);
        mem_free(c);
        return error_memory(err, 0);
    }
    *out = c;
    return LK_OK;
}

void changes_stop(struct changes *c) {
    if (c) {
        __atomic_store_n(&c->stops, true, __ATOMIC_RELAXED);
        pthread_join(c->thread, NULL);
        lk_notices_close(c->heard);
        mem_free(c);
    }
}
