/* SPDX-License-Identifier: Apache-2.0 */
/* One list holds the events that somebody still has to take, each with a bit a receiver; a receiver's queue is what has its bit.
 * A try that fails is repeated after retry_s, then after twice as long each time up to what the kind says, shortened at random by
 * up to a half so that many who lost the same receiver do not come back at once. Nothing overtakes: a receiver sees events in
 * order. */
#include "watch/notify.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "watch/notify_kind.h"

static const double longest_asked_s = 3600;
enum { REFUSED_MAX = 1000 }; /* events given up of which it is still known who took them */

static const struct notify_kind *const kinds[] = {&notify_exec, &notify_mqtt, &notify_webhook};
_Static_assert(ARRAY_COUNT(kinds) <= NOTIFY_KINDS_MAX, "a bit and a row of counts each");

struct event {
    struct event *next;
    int64_t number;
    char *camera, *json;
    lk_view_state state;
    double score;
    double since;              /* when it was queued */
    uint32_t waiting, refused; /* a bit a receiver: has it in its queue; gave it up */
};

struct receiver {
    struct notifier *n;
    const struct notify_kind *kind;
    void *state;
    uint32_t bit;
    struct notify_counts counts;
    int32_t tries; /* of the event it is at */
    struct rng rng;
    lk_error last; /* its newest failure */
    bool worked;   /* the last try did */
    pthread_t thread;
    bool started;
};

struct notifier {
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct event *first, **end;
    struct receiver receivers[NOTIFY_KINDS_MAX];
    size_t count;
    double retry_s;
    int32_t reporting; /* calls of delivered() on their way */
    int stop;          /* atomic */
    void (*delivered)(void *context, int64_t event);
    void *delivered_context;
    void (*trouble)(void *context, const lk_error *err, int64_t event, bool given_up);
    void *context;
};

static bool is_stopped(const struct notifier *n) {
    return __atomic_load_n(&n->stop, __ATOMIC_ACQUIRE) != 0;
}

static void wait_until(struct notifier *n, double moment) {
    struct timespec until = {.tv_sec = (time_t)moment,
                             .tv_nsec = (long)((moment - floor(moment)) * 1e9)};
    pthread_cond_timedwait(&n->change, &n->lock, &until);
}

static void event_free(struct event *e) {
    if (e) {
        mem_free(e->camera);
        mem_free(e->json);
        mem_free(e);
    }
}

static struct event *event_find(struct notifier *n, int64_t number) {
    struct event *e = n->first;
    while (e && e->number != number) {
        e = e->next;
    }
    return e;
}

static void event_remove(struct notifier *n, struct event *e) {
    struct event **at = &n->first;
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    if (n->end == &e->next) {
        n->end = at;
    }
    event_free(e);
}

/* Of events that somebody gave up only the newest are remembered. */
static void forget_refused(struct notifier *n) {
    struct event *oldest = NULL;
    int32_t known = 0;
    for (struct event *e = n->first; e; e = e->next) {
        if (!e->waiting) {
            oldest = oldest ? oldest : e;
            known++;
        }
    }
    if (known > REFUSED_MAX) {
        event_remove(n, oldest);
    }
}

/* The lock is let go while the caller is called. */
static void report_delivered(struct notifier *n, struct event *e) {
    int64_t number = e->number;
    event_remove(n, e);
    if (n->delivered) {
        n->reporting++;
        pthread_mutex_unlock(&n->lock);
        n->delivered(n->delivered_context, number);
        pthread_mutex_lock(&n->lock);
        n->reporting--;
    }
}

static void take(struct receiver *r, struct event *e, bool taken) {
    struct notifier *n = r->n;
    e->waiting &= ~r->bit;
    r->counts.waiting--;
    r->tries = 0;
    if (taken) {
        r->counts.delivered++;
        r->worked = true;
    } else {
        r->counts.given_up++;
        e->refused |= r->bit;
    }
    if (!e->waiting && !e->refused) {
        report_delivered(n, e);
    } else if (!e->waiting) {
        forget_refused(n);
    }
    pthread_cond_broadcast(&n->change);
}

static double wait_of(struct receiver *r, double asked_s) {
    double s = r->n->retry_s * exp2(MIN(r->tries - 1, 30));
    s = MIN(s, r->kind->longest_wait_s) * (1 - 0.5 * rng_unit(&r->rng));
    return MAX(s, MIN(asked_s, longest_asked_s));
}

static void report_trouble(struct receiver *r, const lk_error *err, int64_t number, bool given_up) {
    struct notifier *n = r->n;
    bool new = r->worked || strcmp(r->last.text, err->text) != 0;
    r->worked = false;
    r->counts.failures++;
    r->last = *err;
    error_input(&r->last, r->last.status, r->kind->name);
    if (n->trouble && (new || given_up)) {
        lk_error copy = r->last;
        pthread_mutex_unlock(&n->lock);
        n->trouble(n->context, &copy, number, given_up);
        pthread_mutex_lock(&n->lock);
    }
}

/* One try of one event. The event stays in the list while it has this receiver's bit. */
static void tell(struct receiver *r, struct event *e) {
    struct notifier *n = r->n;
    const struct notice notice = {.camera = e->camera,
                                  .event = e->number,
                                  .json = e->json,
                                  .state = e->state,
                                  .score = e->score};
    struct telling telling = {.notice = &notice, .stop = &n->stop};
    lk_error err = {0};
    pthread_mutex_unlock(&n->lock);
    enum told told = r->kind->tell(r->state, &telling, &err);
    pthread_mutex_lock(&n->lock);
    if (told == TOLD) {
        take(r, e, true);
        return;
    }
    if (is_stopped(n)) {
        return;
    }
    r->tries++;
    bool last = told == TOLD_NEVER || (r->kind->tries > 0 && r->tries >= r->kind->tries) ||
                clock_s() - e->since > r->kind->give_up_s;
    double until = clock_s() + wait_of(r, telling.wait_s);
    report_trouble(r, &err, e->number, last);
    if (last) {
        take(r, e, false);
        return;
    }
    while (clock_s() < until && !is_stopped(n)) {
        wait_until(n, until);
    }
}

static void *receiver_run(void *arg) {
    struct receiver *r = arg;
    struct notifier *n = r->n;
    pthread_mutex_lock(&n->lock);
    while (!is_stopped(n)) {
        struct event *e = n->first;
        while (e && !(e->waiting & r->bit)) {
            e = e->next;
        }
        if (e) {
            tell(r, e);
        } else {
            pthread_cond_wait(&n->change, &n->lock);
        }
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

/* Signals are the program's own threads' to handle, and a broken pipe here is an error, not the end. */
static lk_status receiver_start(struct receiver *r, lk_error *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&r->thread, NULL, receiver_run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->started = failed == 0;
    return failed ? error_set(err, LK_E_MEMORY, "no thread to be had: %s", strerror(failed))
                  : LK_OK;
}

static lk_status receivers_open(struct notifier *n, const struct notify_options *options,
                                lk_error *err) {
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct receiver *r = &n->receivers[n->count];
        lk_status status = kinds[i]->open(&r->state, options, err);
        if (status != LK_OK) {
            return status;
        }
        if (r->state) {
            r->n = n;
            r->kind = kinds[i];
            r->bit = 1u << n->count;
            r->counts.receiver = kinds[i]->name;
            rng_init(&r->rng, (uint64_t)(clock_s() * 1e6) ^ (uint64_t)getpid() << 32 ^ n->count);
            n->count++;
        }
    }
    lk_status status = LK_OK;
    for (size_t i = 0; i < n->count && status == LK_OK; i++) {
        status = receiver_start(&n->receivers[i], err);
    }
    return status;
}

lk_status notifier_new(struct notifier **out, const struct notify_options *options, lk_error *err) {
    *out = NULL;
    struct notifier *n = mem_calloc(1, sizeof *n);
    if (!n) {
        return error_memory(err, sizeof *n);
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&n->change, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&n->lock, NULL);
    n->end = &n->first;
    n->retry_s = options->retry_s > 0 ? options->retry_s : 1;
    n->trouble = options->trouble;
    n->context = options->context;
    lk_status status = receivers_open(n, options, err);
    if (status != LK_OK) {
        notifier_free(n);
        return status;
    }
    *out = n;
    return LK_OK;
}

void notifier_free(struct notifier *n) {
    if (!n) {
        return;
    }
    pthread_mutex_lock(&n->lock);
    __atomic_store_n(&n->stop, 1, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&n->change);
    pthread_mutex_unlock(&n->lock);
    for (size_t i = 0; i < n->count; i++) {
        struct receiver *r = &n->receivers[i];
        if (r->kind->interrupt) {
            r->kind->interrupt(r->state);
        }
        if (r->started) {
            pthread_join(r->thread, NULL);
        }
        r->kind->close(r->state);
    }
    while (n->first) {
        event_remove(n, n->first);
    }
    pthread_cond_destroy(&n->change);
    pthread_mutex_destroy(&n->lock);
    mem_free(n);
}

void notifier_set_delivered(struct notifier *n, void (*delivered)(void *context, int64_t event),
                            void *context) {
    pthread_mutex_lock(&n->lock);
    n->delivered = delivered;
    n->delivered_context = context;
    pthread_mutex_unlock(&n->lock);
}

lk_status notifier_camera(struct notifier *n, const char *camera, bool enabled, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < n->count && status == LK_OK; i++) {
        const struct receiver *r = &n->receivers[i];
        if (r->kind->camera) {
            status = r->kind->camera(r->state, camera, enabled, err);
        }
    }
    return status;
}

void notifier_figures(struct notifier *n, const struct notice *notice) {
    for (size_t i = 0; i < n->count; i++) {
        const struct receiver *r = &n->receivers[i];
        if (r->kind->figures) {
            r->kind->figures(r->state, notice);
        }
    }
}

static struct event *event_new(const struct notice *notice) {
    struct event *e = mem_calloc(1, sizeof *e);
    if (!e) {
        return NULL;
    }
    e->number = notice->event;
    e->state = notice->state;
    e->score = notice->score;
    e->camera = mem_strdup(notice->camera);
    e->json = mem_strdup(notice->json);
    if (!e->camera || !e->json) {
        event_free(e);
        return NULL;
    }
    return e;
}

/* Under the lock. Every receiver of `wanted` gets it or, where its queue is full, has given it up. */
static lk_status queue(struct notifier *n, struct event *e, uint32_t wanted, lk_error *err) {
    lk_status status = LK_OK;
    e->since = clock_s();
    for (size_t i = 0; i < n->count; i++) {
        struct receiver *r = &n->receivers[i];
        if (!(wanted & r->bit)) {
            continue;
        }
        if (r->counts.waiting >= NOTIFY_QUEUE_MAX) {
            e->refused |= r->bit;
            status = error_set(err, LK_E_LIMIT, "%d events wait for it; this one does not",
                               NOTIFY_QUEUE_MAX);
            error_input(err, status, r->kind->name);
            continue;
        }
        e->waiting |= r->bit;
        e->refused &= ~r->bit;
        r->counts.waiting++;
    }
    if (!e->waiting) {
        forget_refused(n);
    }
    pthread_cond_broadcast(&n->change);
    return status;
}

/* The event with that number, made where it is not known; *wanted: whom it is for. */
static struct event *event_known(struct notifier *n, const struct notice *notice,
                                 uint32_t *wanted) {
    struct event *e = event_find(n, notice->event);
    if (e) {
        *wanted = e->refused;
        return e;
    }
    e = event_new(notice);
    if (e) {
        *n->end = e;
        n->end = &e->next;
        *wanted = (1u << n->count) - 1;
    }
    return e;
}

lk_status notifier_send(struct notifier *n, const struct notice *notice, lk_error *err) {
    notifier_figures(n, notice);
    uint32_t wanted = 0;
    pthread_mutex_lock(&n->lock);
    struct event *e = event_known(n, notice, &wanted);
    lk_status status = e ? queue(n, e, wanted, err) : error_memory(err, strlen(notice->json));
    if (e && n->count == 0) { /* nobody to tell: all of them have been */
        report_delivered(n, e);
    }
    pthread_mutex_unlock(&n->lock);
    return status;
}

static bool is_waiting(const struct notifier *n) {
    bool waiting = n->reporting > 0;
    for (size_t i = 0; i < n->count; i++) {
        waiting |= n->receivers[i].counts.waiting > 0;
    }
    return waiting;
}

/* Names the first receiver that has not taken everything. */
static lk_status not_taken(const struct notifier *n, lk_error *err) {
    for (size_t i = 0; i < n->count; i++) {
        const struct receiver *r = &n->receivers[i];
        int32_t left = 0;
        for (const struct event *e = n->first; e; e = e->next) {
            left += ((e->waiting | e->refused) & r->bit) != 0;
        }
        if (left > 0) {
            error_set(err, LK_E_WRITE, "%d event%s not delivered: %s", left, left > 1 ? "s" : "",
                      r->last.text[0] ? r->last.text : "no answer yet");
            return error_input(err, LK_E_WRITE, r->last.input[0] ? r->last.input : r->kind->name);
        }
    }
    return LK_OK;
}

lk_status notifier_flush(struct notifier *n, double timeout_s, lk_error *err) {
    double until = clock_s() + timeout_s;
    pthread_mutex_lock(&n->lock);
    while (is_waiting(n) && clock_s() < until) {
        wait_until(n, until);
    }
    lk_status status = not_taken(n, err);
    pthread_mutex_unlock(&n->lock);
    for (size_t i = 0; i < n->count && status == LK_OK; i++) {
        const struct receiver *r = &n->receivers[i];
        if (r->kind->settle) {
            status = r->kind->settle(r->state, until, err);
        }
    }
    return status;
}

size_t notifier_counts(struct notifier *n, struct notify_counts out[NOTIFY_KINDS_MAX]) {
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->count; i++) {
        out[i] = n->receivers[i].counts;
    }
    pthread_mutex_unlock(&n->lock);
    return n->count;
}
