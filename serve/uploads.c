/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/uploads.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "serve/server.h"

/* So many may stand in line. Slow: fewer bytes than this within so many seconds. One that has to rest has sent as much as is read
 * at once, of which there is room for all besides so many of the largest. */
enum { LINE_MOST = 256, SLOW_S = 1, SLOW_BYTES = 64 << 10, READ_MOST = 48 << 10, LARGEST = 4 };

void uploads_init(struct uploads *u, int64_t largest) {
    *u = (struct uploads){.most_bytes = LARGEST * largest + (int64_t)LINE_MOST * READ_MOST};
}

static void remove_from_line(struct uploads *u, struct request *r) {
    struct upload *x = &r->upload;
    *(x->before ? &x->before->upload.next : &u->first) = x->next;
    *(x->next ? &x->next->upload.before : &u->last) = x->before;
    x->next = x->before = NULL;
    x->is_in_line = false;
    u->count--;
}

/* Behind the others of its kind: those that have been slow come last. */
static void add_to_line(struct uploads *u, struct request *r) {
    struct request *before = u->last;
    while (before && before->upload.is_slow && !r->upload.is_slow) {
        before = before->upload.before;
    }
    struct request *next = before ? before->upload.next : u->first;
    r->upload.before = before;
    r->upload.next = next;
    *(before ? &before->upload.next : &u->first) = r;
    *(next ? &next->upload.before : &u->last) = r;
    r->upload.is_in_line = true;
    u->count++;
}

static int64_t missing(const struct request *r) {
    int64_t bytes = r->upload.expected - r->upload.size;
    return bytes > 0 ? bytes : 0;
}

static bool may_go_on(const struct uploads *u, const struct request *r) {
    int64_t bytes = u->bytes;
    for (const struct request *x = u->first; x; x = x->upload.next) {
        bytes += missing(x);
        if (bytes > u->most_bytes) {
            return false;
        }
        if (x == r) {
            return true;
        }
    }
    return false;
}

static void wake(struct server *s, struct request *r, double now) {
    struct upload *x = &r->upload;
    x->rests = false;
    x->rested_s += now - x->rests_since_s;
    x->mark_s = now;
    x->mark_size = x->size;
    s->http.MHD_resume_connection(r->connection);
}

/* Those whose turn it is. */
static void wake_next(struct server *s) {
    const struct uploads *u = &s->uploads;
    double now = clock_s();
    int64_t bytes = u->bytes;
    for (struct request *x = u->first; x; x = x->upload.next) {
        bytes += missing(x);
        if (bytes > u->most_bytes) {
            return;
        }
        if (x->upload.rests) {
            wake(s, x, now);
        }
    }
}

bool uploads_enter(struct request *r, int64_t expected) {
    struct server *s = r->server;
    pthread_mutex_lock(&s->lock);
    bool room = s->uploads.count < LINE_MOST;
    if (room) {
        r->upload.expected = expected;
        r->upload.mark_s = clock_s();
        add_to_line(&s->uploads, r);
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

void uploads_take(struct request *r, int64_t size) {
    struct server *s = r->server;
    struct upload *x = &r->upload;
    pthread_mutex_lock(&s->lock);
    x->size += size;
    s->uploads.bytes += size;
    if (x->is_in_line && missing(r) > 0 && !s->ends && !may_go_on(&s->uploads, r)) {
        x->rests = true;
        x->rests_since_s = clock_s();
        s->http.MHD_suspend_connection(r->connection);
    }
    pthread_mutex_unlock(&s->lock);
}

double uploads_rested(struct request *r) {
    pthread_mutex_lock(&r->server->lock);
    double seconds = r->upload.rested_s;
    pthread_mutex_unlock(&r->server->lock);
    return seconds;
}

void uploads_leave(struct request *r) {
    struct server *s = r->server;
    pthread_mutex_lock(&s->lock);
    if (r->upload.is_in_line) {
        remove_from_line(&s->uploads, r);
        wake_next(s);
    }
    pthread_mutex_unlock(&s->lock);
}

void uploads_forget(struct request *r) {
    struct server *s = r->server;
    pthread_mutex_lock(&s->lock);
    s->uploads.bytes -= r->upload.size;
    r->upload.size = 0;
    if (r->upload.is_in_line) {
        remove_from_line(&s->uploads, r);
    }
    wake_next(s);
    pthread_mutex_unlock(&s->lock);
}

static bool somebody_rests(const struct uploads *u) {
    for (const struct request *x = u->first; x; x = x->upload.next) {
        if (x->upload.rests) {
            return true;
        }
    }
    return false;
}

static void move_slow(struct uploads *u, double now) {
    for (struct request *x = u->first, *next; x; x = next) {
        next = x->upload.next;
        if (!x->upload.rests && now - x->upload.mark_s > SLOW_S) {
            if (x->upload.size - x->upload.mark_size < SLOW_BYTES) {
                remove_from_line(u, x);
                x->upload.is_slow = true;
                add_to_line(u, x);
            }
            x->upload.mark_s = now;
            x->upload.mark_size = x->upload.size;
        }
    }
}

/* Nobody can go on, and nothing is being worked on whose end would make room: of those that were slow, the one that holds most is
 * cut off. */
static void make_room(struct server *s) {
    const struct uploads *u = &s->uploads;
    int64_t bytes = 0;
    struct request *most = NULL;
    for (struct request *x = u->first; x; x = x->upload.next) {
        bytes += x->upload.size;
        most = x->upload.is_slow && (!most || x->upload.size > most->upload.size) ? x : most;
    }
    if (most && bytes == u->bytes && u->first->upload.rests && most->place) {
        shutdown(most->place->socket, SHUT_RDWR);
        if (most->upload.rests) {
            wake(s, most, clock_s()); /* to find its connection ended */
        }
    }
}

void uploads_watch(struct server *s) {
    pthread_mutex_lock(&s->lock);
    if (somebody_rests(&s->uploads)) {
        move_slow(&s->uploads, clock_s());
        wake_next(s);
        make_room(s);
    }
    pthread_mutex_unlock(&s->lock);
}

void uploads_wake_all(struct server *s) {
    pthread_mutex_lock(&s->lock);
    for (struct request *x = s->uploads.first; x; x = x->upload.next) {
        if (x->upload.rests) {
            wake(s, x, clock_s());
        }
    }
    pthread_mutex_unlock(&s->lock);
}
