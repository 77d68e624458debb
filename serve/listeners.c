/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listeners.h"

#include <likeness/jobs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

/* Events in the ring; streams at once; milliseconds between looks at the store, and where it tells of its news; seconds of silence;
 * events before the first that a stream brings at most (who wants more comes again). */
enum {
    RING = 512,
    LISTENERS_MOST = 200,
    LOOK_MS = 300,
    LOOK_TOLD_MS = 1000,
    HEARTBEAT_S = 15,
    BACKLOG_MOST = 1000
};

struct heard {
    int64_t number, job;
    char *text; /* as it is sent */
    size_t size;
};

struct listener {
    struct listeners *all;
    struct MHD_Connection *connection;
    char caller[LK_TOKEN_ID_MAX + 1]; /* who listens; empty where nobody logs in */
    int64_t job, after;
    struct buf text; /* being sent */
    size_t sent;
    bool suspended, ends; /* ends: with what is in text */
    double last_s;        /* that something was sent */
    struct listener *next, **link;
};

struct listeners {
    struct server *server;
    lk_store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t nudged;
    bool was_nudged, ends, stops;
    struct heard ring[RING]; /* number n of those heard is at n % RING */
    int64_t count;           /* heard since the start */
    int64_t before;          /* news up to this number are not in the ring */
    int64_t last;            /* the newest heard */
    struct listener *first;
    int32_t listening;
};

/* -- Events -- */

static void add_event(struct buf *b, const lk_news *news) {
    buf_printf(b, "id: %lld\nevent: %s\ndata: ", (long long)news->number, news->type);
    for (const char *line = news->document; *line;) {
        size_t length = strcspn(line, "\r\n");
        buf_add(b, line, length);
        line += length + strspn(line + length, "\r\n");
    }
    buf_add_text(b, "\n\n");
}

/* Into the ring, where the oldest makes room. */
static bool hear(void *arg, const lk_news *news) {
    struct listeners *l = arg;
    struct buf b;
    buf_init(&b, 2 * LK_JOB_TEXT_MAX);
    add_event(&b, news);
    pthread_mutex_lock(&l->lock);
    struct heard *place = &l->ring[l->count % RING];
    if (l->count >= RING) {
        l->before = place->number;
        mem_free(place->text);
    }
    *place = (struct heard){news->number, news->job, (char *)b.data, b.size};
    if (b.status != LK_OK) { /* no memory: who listens is to come again */
        buf_release(&b);
        *place = (struct heard){.number = news->number};
        l->before = news->number;
    }
    l->count++;
    l->last = news->number;
    pthread_mutex_unlock(&l->lock);
    return true;
}

/* -- Streams, under the lock -- */

static const struct heard *next_of(const struct listener *x) {
    const struct listeners *l = x->all;
    int64_t first = l->count > RING ? l->count - RING : 0;
    for (int64_t i = first; i < l->count; i++) {
        const struct heard *h = &l->ring[i % RING];
        if (h->number > x->after && h->text && (x->job == 0 || x->job == h->job)) {
            return h;
        }
    }
    return NULL;
}

/* What is to be sent next, into x->text; false when there is nothing. */
static bool refill(struct listener *x) {
    const struct heard *h = x->ends || x->after < x->all->before ? NULL : next_of(x);
    buf_release(&x->text);
    buf_init(&x->text, 2 * LK_JOB_TEXT_MAX);
    x->sent = 0;
    if (h) {
        buf_add(&x->text, h->text, h->size);
        x->after = h->number;
        return x->text.size > 0;
    }
    if (!x->ends && x->after >= x->all->before) { /* what it did not want is behind it too */
        x->after = MAX(x->after, x->all->last);
    }
    if (clock_s() - x->last_s >= HEARTBEAT_S) {
        buf_add_text(&x->text, ": \n\n");
    }
    return x->text.size > 0;
}

static ssize_t send_text(struct listener *x, char *out, size_t max) {
    size_t size = MIN(x->text.size - x->sent, max);
    memcpy(out, x->text.data + x->sent, size);
    x->sent += size;
    x->last_s = clock_s();
    return (ssize_t)size;
}

static ssize_t read_stream(void *arg, uint64_t position, char *out, size_t max) {
    struct listener *x = arg;
    struct listeners *l = x->all;
    ssize_t sent = 0;
    (void)position;
    pthread_mutex_lock(&l->lock);
    if (x->sent < x->text.size || (!l->ends && refill(x))) {
        sent = send_text(x, out, max);
    } else if (x->ends || l->ends || x->after < l->before) {
        sent = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        x->suspended = true;
        l->server->http.MHD_suspend_connection(x->connection);
    }
    pthread_mutex_unlock(&l->lock);
    return sent;
}

/* Whose token or session may no longer be used hears no more, not even of what was about to be sent. */
static void end_forbidden(struct listeners *l) {
    for (struct listener *x = l->first; x; x = x->next) {
        if (!x->ends && x->caller[0] && !access_holds(&l->server->access, x->caller)) {
            x->ends = true;
            x->sent = x->text.size;
        }
    }
}

/* Those who wait look again: there is something for them, or nothing has been said for too long. */
static void wake(struct listeners *l) {
    double now = clock_s();
    for (struct listener *x = l->first; x; x = x->next) {
        bool due = l->ends || x->ends || x->after < l->before || now - x->last_s >= HEARTBEAT_S ||
                   next_of(x);
        if (x->suspended && due) {
            x->suspended = false;
            l->server->http.MHD_resume_connection(x->connection);
        } else if (x->suspended) {
            x->after = MAX(x->after, l->last);
        }
    }
}

static void unlink_listener(struct listener *x) {
    if (x->link) {
        *x->link = x->next;
        if (x->next) {
            x->next->link = x->link;
        }
        x->all->listening--;
        x->link = NULL;
    }
}

void listener_free(struct listener *x) {
    if (x) {
        pthread_mutex_lock(&x->all->lock);
        unlink_listener(x);
        pthread_mutex_unlock(&x->all->lock);
        buf_release(&x->text);
        mem_free(x);
    }
}

static void free_stream(void *arg) {
    listener_free(arg);
}

struct MHD_Response *listener_response(struct listener *x) {
    return x->all->server->http.MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096,
                                                                  read_stream, x, free_stream);
}

/* -- Answers -- */

struct backlog {
    struct buf *out;
    int64_t last;
    int32_t count;
};

static bool add_backlog(void *arg, const lk_news *news) {
    struct backlog *b = arg;
    add_event(b->out, news);
    b->last = news->number;
    b->count++;
    return b->out->status == LK_OK;
}

struct ending {
    bool found, ended;
};

static bool see_ended(void *arg, const lk_job *job) {
    struct ending *e = arg;
    *e = (struct ending){true, job->ended_ms > 0};
    return false;
}

/* Whether the job is there; a problem otherwise. */
static bool check_job(struct ending *out, struct request *r, lk_store *store, int64_t job) {
    const lk_job_query query = {.id = job, .most = 1};
    lk_error err = {0};
    *out = (struct ending){0};
    if (job > 0 && lk_job_visit(store, &query, see_ended, out, &err) != LK_OK) {
        answer_error(r, &err);
        return false;
    }
    if (job > 0 && !out->found) {
        answer_problem(r, 404, "not-found", "there is no job %lld", (long long)job);
        return false;
    }
    return true;
}

/* What the stream begins with; x->after is where it goes on, *last the newest that it brings. */
static lk_status fill_backlog(int64_t *last, struct listener *x, lk_store *store, int64_t after,
                              lk_error *err) {
    struct backlog backlog = {&x->text, MAX(after, 0), 0};
    int64_t newest;
    buf_init(&x->text, (size_t)16 << 20);
    buf_add_text(&x->text, "retry: 2000\n\n");
    lk_status status = lk_news_last(&newest, store, err); /* before they are read */
    if (status == LK_OK && (after >= 0 || x->job > 0)) {
        status =
            lk_news_visit(store, backlog.last, x->job, BACKLOG_MOST, add_backlog, &backlog, err);
    }
    *last = backlog.last;
    x->after = backlog.count < BACKLOG_MOST ? MAX(backlog.last, newest) : backlog.last;
    return status == LK_OK ? buf_status(&x->text, err) : status;
}

static struct listener *listener_new(struct request *r, int64_t job) {
    struct listener *x = mem_calloc(1, sizeof *x);
    if (!x) {
        r->retry_after_s = 10;
        answer_problem(r, 503, "busy", "no memory for a stream");
        return NULL;
    }
    *x = (struct listener){.all = r->server->listeners, .connection = r->connection, .job = job};
    snprintf(x->caller, sizeof x->caller, "%s", r->who.id);
    return x;
}

/* Among those that the thread looks at, from now on under the lock; false, with a problem, when there are too many. */
static bool link_listener(struct listener *x, struct request *r) {
    struct listeners *l = x->all;
    pthread_mutex_lock(&l->lock);
    bool room = l->listening < LISTENERS_MOST;
    if (room) {
        x->last_s = clock_s();
        x->next = l->first;
        x->link = &l->first;
        if (l->first) {
            l->first->link = &x->next;
        }
        l->first = x;
        l->listening++;
    }
    pthread_mutex_unlock(&l->lock);
    if (!room) {
        r->retry_after_s = 10;
        answer_problem(r, 503, "busy", "%d streams are open already", LISTENERS_MOST);
    }
    return room;
}

void listen_answer(struct request *r, struct bench *bench, int64_t job, int64_t after) {
    lk_error err = {0};
    struct ending ending;
    int64_t last;
    struct listener *x = check_job(&ending, r, bench->store, job) ? listener_new(r, job) : NULL;
    if (!x) {
        return;
    }
    if (fill_backlog(&last, x, bench->store, after, &err) != LK_OK) {
        listener_free(x);
        answer_error(r, &err);
        return;
    }
    /* A job that has ended has no more to say, or its news are forgotten: 204 tells a browser not to come again. */
    bool nothing = ending.ended && last <= MAX(after, 0);
    x->ends = ending.ended;
    if (nothing || !link_listener(x, r)) {
        listener_free(x);
        if (nothing) {
            answer_written(r, 204);
        }
        return;
    }
    r->listener = x;
    r->type = "text/event-stream";
    answer_written(r, 200);
}

/* -- The thread -- */

static void wait_for_news(struct listeners *l) {
    bool told = __atomic_load_n(&l->server->hears, __ATOMIC_RELAXED);
    const struct timespec until = clock_in_ms(told ? LOOK_TOLD_MS : LOOK_MS);
    pthread_mutex_lock(&l->lock);
    if (!l->was_nudged && !l->stops) {
        pthread_cond_timedwait(&l->nudged, &l->lock, &until);
    }
    l->was_nudged = false;
    pthread_mutex_unlock(&l->lock);
}

static void *listen_run(void *arg) {
    struct listeners *l = arg;
    bool stops = false;
    while (!stops) {
        lk_error ignored; /* a store that cannot be read for a while is read later */
        lk_status status = lk_news_visit(l->store, l->last, 0, RING / 2, hear, l, &ignored);
        (void)status;
        pthread_mutex_lock(&l->lock);
        end_forbidden(l);
        wake(l);
        stops = l->stops;
        pthread_mutex_unlock(&l->lock);
        wait_for_news(l);
    }
    return NULL;
}

lk_status listeners_start(struct listeners **out, struct server *s, lk_error *err) {
    struct listeners *l = mem_calloc(1, sizeof *l);
    *out = NULL;
    if (!l) {
        return error_memory(err, sizeof *l);
    }
    l->server = s;
    pthread_mutex_init(&l->lock, NULL);
    clock_cond_init(&l->nudged);
    lk_status status = server_store(&l->store, s, err);
    status = status == LK_OK ? lk_news_last(&l->last, l->store, err) : status;
    l->before = l->last;
    if (status == LK_OK && pthread_create(&l->thread, NULL, listen_run, l) != 0) {
        status = error_memory(err, 0);
    }
    if (status != LK_OK) {
        lk_store_close(l->store);
        mem_free(l);
        return status;
    }
    *out = l;
    return LK_OK;
}

void listeners_nudge(struct listeners *l) {
    if (l) {
        pthread_mutex_lock(&l->lock);
        l->was_nudged = true;
        pthread_cond_signal(&l->nudged);
        pthread_mutex_unlock(&l->lock);
    }
}

void listeners_drain(struct listeners *l) {
    if (l) {
        pthread_mutex_lock(&l->lock);
        l->ends = true;
        wake(l);
        pthread_mutex_unlock(&l->lock);
    }
}

void listeners_stop(struct listeners *l) {
    if (!l) {
        return;
    }
    pthread_mutex_lock(&l->lock);
    l->ends = l->stops = true;
    wake(l);
    pthread_cond_signal(&l->nudged);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    lk_store_close(l->store);
    for (int64_t i = 0; i < MIN(l->count, (int64_t)RING); i++) {
        mem_free(l->ring[i].text);
    }
    pthread_cond_destroy(&l->nudged);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

int32_t listeners_count(struct listeners *l) {
    pthread_mutex_lock(&l->lock);
    int32_t count = l->listening;
    pthread_mutex_unlock(&l->lock);
    return count;
}
