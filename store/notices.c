/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a store on PostgreSQL, heard when they are committed: LISTEN on the store's channel, on which triggers of
 * postgres_steps.c tell the words below. A notice is only ever a reason to look: what was changed is asked of the database. */
#include <likeness/service.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/postgres.h"
#include "store/store.h"

enum { CONNECT_MS = 2000, RETRY_S = 1 };

struct lk_notices {
    char *address; /* with the password; owned */
    struct database at;
    bool hears;
    double tried_s; /* to connect; 0: never */
};

static const struct {
    const char *word;
    unsigned bit;
} topics[] = {
    {"references", LK_CHANGE_REFERENCES},
    {"jobs", LK_CHANGE_JOBS},
    {"news", LK_CHANGE_NEWS},
};

lk_status lk_store_changes(int64_t *out, lk_store *s, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "SELECT changes FROM state");
    return sql_finish_int(out, &q, 0, err);
}

lk_status lk_notices_open(lk_notices **out, const lk_store *store, lk_error *err) {
    *out = NULL;
    if (!store->at.postgres) {
        return LK_OK;
    }
    lk_notices *n = mem_calloc(1, sizeof *n);
    char *address = mem_strdup(store->given);
    if (!n || !address) {
        mem_free(n);
        mem_free(address);
        return error_memory(err, sizeof *n);
    }
    n->address = address;
    n->at.wait_ms = CONNECT_MS;
    *out = n;
    return LK_OK;
}

static void disconnect(lk_notices *n) {
    postgres_close(&n->at);
    mem_free(n->at.path);
    n->at.path = NULL;
    n->hears = false;
}

void lk_notices_close(lk_notices *n) {
    if (n) {
        disconnect(n);
        mem_free(n->address);
        mem_free(n);
    }
}

/* The channel is the schema's, in which no other store is; a schema that was made anew has another. */
static lk_status listen_to(lk_notices *n, lk_error *err) {
    struct sql q;
    int64_t schema;
    char text[64];
    sql_begin(&q, &n->at,
              "SELECT oid::bigint FROM pg_catalog.pg_namespace WHERE nspname = current_schema()");
    lk_status status = sql_finish_int(&schema, &q, 0, err);
    snprintf(text, sizeof text, "LISTEN likeness_%lld", (long long)schema);
    return status == LK_OK ? postgres_run(&n->at, text, err) : status;
}

static lk_status connect_again(lk_notices *n, lk_error *err) {
    if (n->tried_s > 0 && clock_s() - n->tried_s < RETRY_S) {
        return error_set(err, LK_E_IO, "there is no connection");
    }
    n->tried_s = clock_s();
    lk_status status = postgres_open(&n->at, n->address, err);
    status = status == LK_OK ? listen_to(n, err) : status;
    if (status != LK_OK) {
        disconnect(n);
    }
    n->hears = status == LK_OK;
    return status;
}

/* What has come. */
static unsigned take(const lk_notices *n) {
    const struct postgres *p = n->at.postgres;
    unsigned changes = 0;
    PGnotify *notice;
    while ((notice = p->lib.PQnotifies(p->conn)) != NULL) {
        for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
            changes |= strcmp(notice->extra, topics[i].word) == 0 ? topics[i].bit : 0;
        }
        p->lib.PQfreemem(notice);
    }
    return changes;
}

static void rest(int fd, int32_t wait_ms) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    if (poll(&one, fd < 0 ? 0 : 1, wait_ms) < 0) {
        return; /* a signal: the caller looks, and waits again */
    }
}

lk_status lk_notices_wait(unsigned *changes, lk_notices *n, int32_t wait_ms, lk_error *err) {
    *changes = 0;
    if (!n->hears) {
        lk_status status = connect_again(n, err);
        *changes = status == LK_OK ? LK_CHANGE_ALL : 0;
        if (status != LK_OK) {
            rest(-1, wait_ms);
        }
        return status;
    }
    const struct postgres *p = n->at.postgres;
    rest(p->lib.PQsocket(p->conn), wait_ms);
    if (!p->lib.PQconsumeInput(p->conn) || p->lib.PQstatus(p->conn) != CONNECTION_OK) {
        lk_status status = postgres_error(&n->at, NULL, err);
        disconnect(n);
        return status;
    }
    *changes = take(n);
    return LK_OK;
}
