/* SPDX-License-Identifier: Apache-2.0 */
/* A row is written over a connection of its own, since that takes long: it needs no transaction to have begun, and threads that
 * share a store write side by side with what another does. It has a name of its own until blob_place, in the transaction that
 * names the picture, gives it the name of its bytes; those that nobody placed go after an hour, by the server's clock. */
#include "store/blob_rows.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "store/blob_kind.h"
#include "store/postgres.h"

static const char fresh[] = ".new-";

struct blob_rows {
    pthread_mutex_t lock;
    struct database at; /* connected with the first picture that is written */
};

struct blob_rows *blob_rows_new(void) {
    struct blob_rows *rows = mem_calloc(1, sizeof *rows);
    if (rows) {
        pthread_mutex_init(&rows->lock, NULL);
    }
    return rows;
}

static void disconnect(struct database *d) {
    postgres_close(d);
    mem_free(d->path);
    d->path = NULL;
}

void blob_rows_free(struct blob_rows *rows) {
    if (rows) {
        disconnect(&rows->at);
        pthread_mutex_destroy(&rows->lock);
        mem_free(rows);
    }
}

static lk_status rows_prepare(lk_store *s, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "DELETE FROM blob WHERE name < '/' AND made < extract(epoch FROM now()) - 3600");
    return sql_finish(&q, err);
}

/* -- Writing -- */

static lk_status connect_own(struct database *d, const lk_store *s, lk_error *err) {
    if (d->postgres) {
        return LK_OK;
    }
    d->wait_ms = s->at.wait_ms;
    lk_status status = postgres_open(d, s->given, err);
    if (status != LK_OK) {
        disconnect(d);
        return status;
    }
    d->postgres->alone = true; /* the row has a name that nobody else has */
    return LK_OK;
}

static lk_status insert(const struct database *d, const char *name, const void *data, size_t size,
                        lk_error *err) {
    struct sql q;
    sql_begin(&q, d,
              "INSERT INTO blob (name, made, data) VALUES (?, extract(epoch FROM now()), ?)");
    sql_bind_text(&q, name);
    sql_bind_blob(&q, data, size);
    return sql_finish(&q, err);
}

static lk_status rows_write(struct blob *b, lk_store *s, const void *data, size_t size,
                            lk_error *err) {
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return error_set(err, LK_E_IO, "no random numbers: %s", strerror(errno));
    }
    snprintf(b->beside, sizeof b->beside, "%s%016llx%016llx", fresh, (unsigned long long)random[0],
             (unsigned long long)random[1]);
    struct blob_rows *rows = s->blob_rows;
    pthread_mutex_lock(&rows->lock);
    lk_status status = connect_own(&rows->at, s, err);
    if (status == LK_OK) {
        status = insert(&rows->at, b->beside, data, size, err);
    }
    pthread_mutex_unlock(&rows->lock);
    if (status != LK_OK) {
        b->beside[0] = '\0';
    }
    return status;
}

lk_status blob_rows_insert(lk_store *s, const char *sha256, const void *data, size_t size,
                           lk_error *err) {
    struct sql q;
    sql_begin(
        &q, &s->at,
        "INSERT INTO blob (name, made, data) VALUES (?, 0, ?) ON CONFLICT (name) DO UPDATE SET "
        "data = excluded.data");
    sql_bind_text(&q, sha256);
    sql_bind_blob(&q, data, size);
    return sql_finish(&q, err);
}

static lk_status delete_name(bool *there, const struct database *d, const char *name,
                             lk_error *err) {
    struct sql q;
    int64_t found;
    sql_begin(&q, d, "DELETE FROM blob WHERE name = ? RETURNING 1");
    sql_bind_text(&q, name);
    lk_status status = sql_finish_int(&found, &q, 0, err);
    *there = found == 1;
    return status;
}

static lk_status rows_place(struct blob *b, lk_store *s, lk_error *err) {
    struct sql q;
    bool before;
    int64_t placed;
    lk_status status = delete_name(&before, &s->at, b->sha256, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(&q, &s->at, "UPDATE blob SET name = ? WHERE name = ? RETURNING 1");
    sql_bind_text(&q, b->sha256);
    sql_bind_text(&q, b->beside);
    status = sql_finish_int(&placed, &q, 0, err);
    if (status == LK_OK && placed == 0) {
        status = error_set(err, LK_E_WRITE, "the picture waited for too long and was cleared away");
        return error_input(err, status, s->at.path);
    }
    if (status == LK_OK) {
        snprintf(b->placed, sizeof b->placed, "%s", b->beside);
        b->beside[0] = '\0';
        b->created = !before;
    }
    return status;
}

/* One that was placed in a transaction that has not ended waits for it, and is the transaction's to undo. */
static void rows_undo(struct blob *b, lk_store *s) {
    const char *name = b->beside[0] ? b->beside : b->placed;
    bool there;
    if (b->beside[0] || (b->placed[0] && s->depth == 0)) {
        pthread_mutex_lock(&s->blob_rows->lock);
        if (connect_own(&s->blob_rows->at, s, NULL) == LK_OK) {
            lk_status status = delete_name(&there, &s->blob_rows->at, name, NULL);
            (void)status; /* it goes in an hour */
        }
        pthread_mutex_unlock(&s->blob_rows->lock);
    }
    b->beside[0] = '\0';
    b->created = false;
}

/* -- Reading -- */

static lk_status rows_read(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                           const char *name, lk_error *err) {
    struct sql q;
    bool row;
    *out = (lk_bytes){0};
    /* Its size is looked at before it is asked for: it could be any. */
    sql_begin(&q, &s->at,
              "SELECT length(data), CASE WHEN length(data) <= ?2 THEN data END FROM "
              "blob WHERE name = ?1");
    sql_bind_text(&q, sha256);
    sql_bind_int(&q, bytes);
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && !row) {
        status = error_set(err, LK_E_IO, "cannot open: there is no such picture");
    } else if (status == LK_OK && sql_is_null(&q, 1)) {
        status = error_set(err, LK_E_CORRUPT, "has %lld bytes, %lld at most are expected",
                           (long long)sql_int(&q, 0), (long long)bytes);
    } else if (status == LK_OK) {
        const void *data = sql_blob(&q, 1, &out->size);
        out->data = mem_alloc(out->size + 1, 1);
        if (out->data) {
            memcpy(out->data, data, out->size);
            out->data[out->size] = 0;
        } else {
            status = error_memory(err, out->size);
        }
    }
    sql_end(&q);
    if (status != LK_OK) {
        lk_bytes_release(out);
    }
    return error_input(err, status, name);
}

static lk_status rows_drop(lk_store *s, const char *sha256, lk_error *err) {
    bool there;
    return delete_name(&there, &s->at, sha256, err);
}

static lk_status rows_visit(const lk_store *s, void (*visit)(void *arg, const char *name),
                            void *arg, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &s->at, "SELECT name FROM blob WHERE name >= '/' ORDER BY name");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        visit(arg, sql_text(&q, 0));
    }
    sql_end(&q);
    return status;
}

/* -- As a kind -- */

static lk_status rows_open(lk_store *s, const struct blob_where *at, lk_error *err) {
    (void)at;
    s->blob_rows = blob_rows_new();
    return s->blob_rows ? LK_OK : error_memory(err, 64);
}

static void rows_close(lk_store *s) {
    blob_rows_free(s->blob_rows);
    s->blob_rows = NULL;
}

static char *rows_name(const lk_store *s, const char *sha256) {
    char path[BLOB_PATH_SIZE];
    blob_path(path, sha256);
    return folder_join(s->folder, path);
}

const struct blob_kind blob_kind_rows = {
    .word = "rows",
    .open = rows_open,
    .close = rows_close,
    .prepare = rows_prepare,
    .write = rows_write,
    .place = rows_place,
    .undo = rows_undo,
    .read = rows_read,
    .drop = rows_drop,
    .visit = rows_visit,
    .name = rows_name,
};
