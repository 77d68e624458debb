/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/retention.h"

#include "base/clock.h"

enum { LOOK_EVERY_S = 10, PAUSE_MS = 50 };

/* Whether it goes on after so long. */
static bool wait(struct retention *r, int64_t ms) {
    const struct timespec until = clock_in_ms(ms);
    pthread_mutex_lock(&r->lock);
    int late = 0;
    while (!r->ends && late == 0) {
        late = pthread_cond_timedwait(&r->ends_came, &r->lock, &until);
    }
    bool goes_on = !r->ends;
    pthread_mutex_unlock(&r->lock);
    return goes_on;
}

/* A few at a time, so that verdicts need not wait. What cannot be forgotten now can be later. */
static void *run(void *arg) {
    struct retention *r = arg;
    bool more = true;
    while (wait(r, more ? PAUSE_MS : LOOK_EVERY_S * 1000)) {
        if (lk_kept_prune(&more, r->store, r->bytes, r->ms, NULL) != LK_OK) {
            more = false;
        }
    }
    return NULL;
}

lk_status retention_start(struct retention *r, const lk_store *of, int64_t bytes, int64_t ms,
                          lk_error *err) {
    r->bytes = bytes;
    r->ms = ms;
    if (bytes == 0) {
        return LK_OK;
    }
    lk_status status = lk_store_open_again(&r->store, of, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    pthread_mutex_init(&r->lock, NULL);
    clock_cond_init(&r->ends_came);
    if (pthread_create(&r->thread, NULL, run, r) != 0) {
        lk_store_close(r->store);
        r->store = NULL;
        if (err) {
            *err = (lk_error){.status = LK_E_MEMORY, .text = "no memory for a thread"};
        }
        return LK_E_MEMORY;
    }
    return LK_OK;
}

void retention_stop(struct retention *r) {
    if (!r->store) {
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->ends = true;
    pthread_cond_signal(&r->ends_came);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    lk_store_close(r->store);
    r->store = NULL;
}
