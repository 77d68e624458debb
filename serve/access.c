/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "serve/serve.h"

enum { READ_EVERY_S = 2, WRITE_EVERY_S = 30, PASSES_MOST = 100000, PROBES = 8 };

struct pass {
    struct caller caller;
    char hash[65];
    int64_t created_ms, expires_ms, used_ms, written_ms;
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- Scopes -- */

/* Scopes first, in the order of their bits. */
static const struct {
    const char *word;
    int32_t scopes;
} words[] = {
    {"read", SCOPE_READ},
    {"compare", SCOPE_COMPARE},
    {"verify", SCOPE_VERIFY},
    {"decide", SCOPE_DECIDE},
    {"manage", SCOPE_MANAGE},
    {"admin", SCOPE_ALL},
    {"viewer", SCOPE_READ},
    {"operator", SCOPE_READ | SCOPE_COMPARE | SCOPE_VERIFY},
    {"reviewer", SCOPE_READ | SCOPE_COMPARE | SCOPE_VERIFY | SCOPE_DECIDE},
    {"manager", SCOPE_READ | SCOPE_COMPARE | SCOPE_VERIFY | SCOPE_DECIDE | SCOPE_MANAGE},
};
enum { WORDS = sizeof words / sizeof *words };

int32_t scopes_read(const char *text) {
    int32_t scopes = 0;
    for (const char *at = text + strspn(text, " ,"); *at; at += strspn(at, " ,")) {
        size_t length = strcspn(at, " ,"), i = 0;
        while (i < WORDS &&
               (strlen(words[i].word) != length || strncmp(words[i].word, at, length) != 0)) {
            i++;
        }
        if (i == WORDS) {
            return -1;
        }
        scopes |= words[i].scopes;
        at += length;
    }
    return scopes;
}

void scopes_write(char *out, size_t size, int32_t scopes) {
    out[0] = 0;
    for (int i = 0; 1 << i <= SCOPE_ADMIN; i++) {
        size_t n = strlen(out);
        if (scopes >> i & 1) {
            snprintf(out + n, size - n, "%s%s", n > 0 ? " " : "", words[i].word);
        }
    }
}

/* -- Tokens -- */

lk_status access_open(struct access *a, const lk_store *of, int32_t rate, lk_error *err) {
    const lk_store_options options = {.wait_ms = 200}; /* who tends it has other things to do */
    pthread_mutex_init(&a->lock, NULL);
    a->rate = rate;
    a->buckets = mem_calloc(BUCKETS, sizeof *a->buckets);
    if (!a->buckets) {
        return error_memory(err, BUCKETS * sizeof *a->buckets);
    }
    lk_status status = of ? lk_store_open_again(&a->store, of, &options, err) : LK_OK;
    return of && status == LK_OK ? access_read(a, a->store, err) : status;
}

void access_close(struct access *a) {
    lk_store_close(a->store);
    mem_free(a->passes);
    mem_free(a->buckets);
    memset(a, 0, sizeof *a);
}

struct reading {
    struct pass *passes;
    size_t count, room;
    int64_t now_ms;
    bool failed;
};

static bool make_room(struct reading *r) {
    size_t room = MIN(r->room > 0 ? 2 * r->room : 64, (size_t)PASSES_MOST);
    struct pass *grown = r->count < room ? mem_realloc(r->passes, room, sizeof *grown) : NULL;
    if (grown) {
        r->passes = grown;
        r->room = room;
    }
    r->failed = !grown;
    return grown != NULL;
}

/* Of those that may still be used. */
static bool read_token(void *arg, const lk_token *t) {
    struct reading *r = arg;
    int32_t scopes = scopes_read(t->scopes);
    if (t->is_revoked || (t->expires_ms > 0 && t->expires_ms <= r->now_ms)) {
        return true;
    }
    if (r->count == r->room && !make_room(r)) {
        return false;
    }
    struct pass *p = &r->passes[r->count++];
    *p = (struct pass){.created_ms = t->created_ms,
                       .expires_ms = t->expires_ms,
                       .used_ms = t->used_ms,
                       .written_ms = t->used_ms};
    p->caller.scopes = scopes > 0 ? scopes : 0;
    snprintf(p->caller.id, sizeof p->caller.id, "%s", t->id);
    snprintf(p->caller.token, sizeof p->caller.token, "%s", t->parent[0] ? t->parent : t->id);
    snprintf(p->caller.name, sizeof p->caller.name, "%s", t->name);
    snprintf(p->hash, sizeof p->hash, "%s", t->hash);
    return true;
}

static bool is_before(const struct pass *a, const struct pass *b) {
    return a->created_ms != b->created_ms ? a->created_ms < b->created_ms
                                          : strcmp(a->caller.id, b->caller.id) < 0;
}

/* When they were used is known better here than in the store. Both are in the order in which they were made, so that one walk
 * through both does it: the thread that takes requests waits for the lock. */
static void keep_used(struct reading *r, const struct access *a) {
    size_t k = 0;
    for (size_t i = 0; i < a->count; i++) {
        while (k < r->count && is_before(&r->passes[k], &a->passes[i])) {
            k++;
        }
        if (k < r->count && strcmp(r->passes[k].caller.id, a->passes[i].caller.id) == 0 &&
            a->passes[i].used_ms > r->passes[k].used_ms) {
            r->passes[k].used_ms = a->passes[i].used_ms;
        }
    }
}

lk_status access_read(struct access *a, lk_store *store, lk_error *err) {
    struct reading r = {.now_ms = now_ms()};
    lk_status status = lk_token_visit(store, read_token, &r, err);
    if (status == LK_OK && r.failed) {
        status = error_set(err, LK_E_LIMIT, "more than %d tokens and sessions", (int)PASSES_MOST);
    }
    if (status != LK_OK) {
        mem_free(r.passes);
        return status; /* those of before go on */
    }
    pthread_mutex_lock(&a->lock);
    keep_used(&r, a);
    struct pass *old = a->passes;
    a->passes = r.passes;
    a->count = r.count;
    pthread_mutex_unlock(&a->lock);
    mem_free(old);
    return LK_OK;
}

/* One that was used since it was written so; false when there is none. */
static bool next_used(struct pass *out, struct access *a) {
    bool found = false;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; !found && i < a->count; i++) {
        struct pass *p = &a->passes[i];
        if (p->used_ms > p->written_ms) {
            p->written_ms = p->used_ms;
            *out = *p;
            found = true;
        }
    }
    pthread_mutex_unlock(&a->lock);
    return found;
}

void access_tend(struct access *a) {
    double now = clock_s();
    struct pass used;
    if (!a->store) {
        return;
    }
    if (now - a->written_s > WRITE_EVERY_S) {
        a->written_s = now;
        while (next_used(&used, a) &&
               lk_token_used(a->store, used.caller.id, used.used_ms, NULL) == LK_OK) {
        }
    }
    if (now - a->read_s > READ_EVERY_S) {
        a->read_s = now;
        if (access_read(a, a->store, NULL) != LK_OK) {
            return; /* what was known counts, until it is read again */
        }
    }
}

bool access_find(struct caller *out, struct access *a, const char *secret) {
    char hash[65];
    int64_t now = now_ms();
    bool found = false;
    if (strncmp(secret, "lk_", 3) != 0 || strlen(secret) >= LK_TOKEN_SECRET_MAX) {
        return false;
    }
    lk_token_hash(hash, secret);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; !found && i < a->count; i++) {
        struct pass *p = &a->passes[i];
        found = strcmp(p->hash, hash) == 0 && (p->expires_ms == 0 || p->expires_ms > now);
        if (found) {
            p->used_ms = now;
            *out = p->caller;
        }
    }
    pthread_mutex_unlock(&a->lock);
    return found;
}

bool access_holds(struct access *a, const char *id) {
    int64_t now = now_ms();
    bool found = false;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; !found && i < a->count; i++) {
        const struct pass *p = &a->passes[i];
        found = strcmp(p->caller.id, id) == 0 && (p->expires_ms == 0 || p->expires_ms > now);
    }
    pthread_mutex_unlock(&a->lock);
    return found;
}

/* -- How much -- */

/* The bucket of the key, among a few places; the one that was used longest ago makes room. Under the lock. */
static struct bucket *bucket_of(struct access *a, const char *key, double now) {
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (const char *c = key; *c; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    }
    struct bucket *oldest = NULL;
    for (uint32_t i = 0; i < PROBES; i++) {
        struct bucket *b = &a->buckets[(hash + i) % BUCKETS];
        if (b->key[0] && strncmp(b->key, key, BUCKET_KEY - 1) == 0) {
            return b;
        }
        if (!oldest || b->at_s < oldest->at_s) {
            oldest = b;
        }
    }
    *oldest = (struct bucket){.units = a->rate, .at_s = now};
    snprintf(oldest->key, sizeof oldest->key, "%s", key);
    return oldest;
}

bool access_charge(int32_t *wait_s, struct access *a, const char *key, double units) {
    double now = clock_s(), a_second = a->rate / 60.0;
    *wait_s = 0;
    if (a->rate == 0) {
        return true;
    }
    pthread_mutex_lock(&a->lock);
    struct bucket *b = bucket_of(a, key, now);
    double filled = b->units + (now - b->at_s) * a_second;
    b->units = filled < a->rate ? filled : a->rate;
    b->at_s = now;
    /* What is larger than a whole bucket goes through a full one. */
    double wanted = units < a->rate ? units : a->rate;
    bool may = b->units >= wanted;
    if (may) {
        b->units -= wanted;
    } else {
        *wait_s = (int32_t)((wanted - b->units) / a_second) + 1;
    }
    pthread_mutex_unlock(&a->lock);
    return may;
}

int32_t access_login_wait(struct access *a, const char *address) {
    double now = clock_s();
    pthread_mutex_lock(&a->lock);
    double left = bucket_of(a, address, now)->closed_until_s - now;
    pthread_mutex_unlock(&a->lock);
    return left > 0 ? (int32_t)left + 1 : 0;
}

void access_login_note(struct access *a, const char *address, bool succeeded) {
    double now = clock_s();
    pthread_mutex_lock(&a->lock);
    struct bucket *b = bucket_of(a, address, now);
    b->at_s = now;
    b->failures = succeeded ? 0 : b->failures + 1;
    if (b->failures >= FAILURES_FREE) {
        int32_t doublings = b->failures - FAILURES_FREE < 9 ? b->failures - FAILURES_FREE : 9;
        double wait = (double)(1 << doublings);
        b->closed_until_s = now + (wait < FAILURE_WAIT_MOST_S ? wait : FAILURE_WAIT_MOST_S);
    }
    pthread_mutex_unlock(&a->lock);
}

bool serve_scopes(char *out, size_t size, const char *text) {
    int32_t scopes = scopes_read(text);
    if (scopes > 0) {
        scopes_write(out, size, scopes);
    }
    return scopes > 0;
}
