/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of PostgreSQL. Values go beside the text, never into it.
 *
 * Writers come one after the other, as SQLite's do: each takes a lock that stands for the store until its transaction ends. The
 * log is a chain, so that no two entries can be written at once anyway, and the rules that were made for one writer hold.
 * Readers see what was committed and wait for nobody. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/dialect.h"
#include "store/query.h"
#include "store/sql_driver.h"

enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25
};
enum { TEXT_FORMAT = 0, BINARY_FORMAT = 1 };

/* "LKst", and which of the stores that may lie in the schemas of one database. */
static const char write_lock[] =
    "SELECT pg_advisory_xact_lock(1280013172, oid::int) FROM pg_catalog.pg_namespace "
    "WHERE nspname = current_schema()";

/* -- Beginning and ending -- */

static bool begins_with(const char *text, const char *word) {
    return strncmp(text, word, strlen(word)) == 0;
}

static void begin(struct sql *q, const char *text) {
    struct query *s = q->query = mem_calloc(1, sizeof *s);
    if (!s) {
        return; /* said by the first step */
    }
    s->postgres = q->database->postgres;
    s->database = q->database;
    s->changes = !begins_with(text, "SELECT");
    s->alone = s->postgres->alone || strstr(text, "SKIP LOCKED") != NULL;
    buf_init(&s->kept, QUERY_KEPT_MAX);
    s->failed.status = dialect_postgres(&s->text, text, &s->failed);
}

/* What the server still says is not wanted. The row it stands on stays. */
static void stop(struct query *s) {
    struct postgres *p = s->postgres;
    for (PGresult *r = NULL; p->running == s && (r = p->lib.PQgetResult(p->conn)) != NULL;) {
        p->lib.PQclear(r);
    }
    p->running = p->running == s ? NULL : p->running;
    s->ended = true;
}

static void leave_row(struct query *s) {
    s->postgres->lib.PQclear(s->row);
    s->row = NULL;
}

static void end(struct sql *q) {
    struct query *s = q->query;
    if (s) {
        stop(s);
        leave_row(s);
        buf_release(&s->kept);
        mem_free(s->text);
        mem_free(s);
        q->query = NULL;
    }
}

static void again(struct sql *q) {
    struct query *s = q->query;
    if (s) {
        stop(s);
        leave_row(s);
        buf_release(&s->kept);
        buf_init(&s->kept, QUERY_KEPT_MAX);
        s->kept_at = 0;
        s->count = 0;
        s->sent = s->ended = false;
    }
}

/* -- Values -- */

/* The place of the next value; NULL when there is none. */
static struct query *next(struct sql *q, int *at) {
    struct query *s = q->query;
    if (s && s->count == QUERY_VALUES && s->failed.status == LK_OK) {
        s->failed.status = error_set(&s->failed, LK_E_LIMIT, "more values than a statement takes");
    }
    if (!s || s->count == QUERY_VALUES) {
        return NULL;
    }
    *at = s->count++;
    return s;
}

static void bind_text(struct sql *q, const char *text) {
    int at;
    struct query *s = next(q, &at);
    if (s) {
        s->types[at] = TYPE_TEXT;
        s->values[at] = text;
        s->formats[at] = TEXT_FORMAT;
    }
}

static void bind_int(struct sql *q, int64_t value) {
    int at;
    struct query *s = next(q, &at);
    if (s) {
        for (int i = 0; i < 8; i++) {
            s->numbers[at][i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
        }
        s->types[at] = TYPE_INT8;
        s->values[at] = (const char *)s->numbers[at];
        s->sizes[at] = 8;
        s->formats[at] = BINARY_FORMAT;
    }
}

static void bind_blob(struct sql *q, const void *data, size_t size) {
    int at;
    struct query *s = next(q, &at);
    if (s && size > INT32_MAX) {
        s->failed.status = error_set(&s->failed, LK_E_LIMIT, "more than the database takes");
    } else if (s) {
        s->types[at] = TYPE_BYTEA;
        s->values[at] = size ? data : "";
        s->sizes[at] = (int)size;
        s->formats[at] = BINARY_FORMAT;
    }
}

static void bind_null(struct sql *q, enum sql_type type) {
    int at;
    struct query *s = next(q, &at);
    if (s) {
        s->types[at] = type == SQL_INT ? TYPE_INT8 : type == SQL_BLOB ? TYPE_BYTEA : TYPE_TEXT;
        s->values[at] = NULL;
    }
}

/* -- Rows -- */

/* The cells of the first row of a result. */
static void point_at(struct query *s, const PGresult *r) {
    const struct pq_calls *lib = &s->postgres->lib;
    for (int i = 0; i < s->columns; i++) {
        s->cells[i] = lib->PQgetvalue(r, 0, i);
        s->cell_sizes[i] = lib->PQgetisnull(r, 0, i) ? -1 : lib->PQgetlength(r, 0, i);
    }
}

/* Each cell: its size, 8 bytes; its bytes, a zero and what is missing to a multiple of 8. */
static void keep_row(struct query *s, const PGresult *r) {
    static const char zeros[8];
    const struct pq_calls *lib = &s->postgres->lib;
    for (int i = 0; i < s->columns; i++) {
        int64_t size = lib->PQgetisnull(r, 0, i) ? -1 : lib->PQgetlength(r, 0, i);
        size_t bytes = (size_t)MAX(size, 0);
        buf_add(&s->kept, &size, sizeof size);
        buf_add(&s->kept, lib->PQgetvalue(r, 0, i), bytes);
        buf_add(&s->kept, zeros, 8 - bytes % 8);
    }
}

static bool take_kept(struct query *s) {
    if (s->kept_at >= s->kept.size) {
        return false;
    }
    for (int i = 0; i < s->columns; i++) {
        memcpy(&s->cell_sizes[i], s->kept.data + s->kept_at, sizeof s->cell_sizes[i]);
        s->cells[i] = (const char *)s->kept.data + s->kept_at + 8;
        size_t bytes = (size_t)MAX(s->cell_sizes[i], 0);
        s->kept_at += 8 + bytes + 8 - bytes % 8;
    }
    return true;
}

/* The columns, of the first result. */
static void learn(struct query *s, const PGresult *r) {
    s->columns = MIN(s->postgres->lib.PQnfields(r), (int)QUERY_COLUMNS);
    for (int i = 0; i < s->columns; i++) {
        s->column_types[i] = s->postgres->lib.PQftype(r, i);
    }
}

/* The next result that is a row; NULL behind the last, and when it fails. */
static PGresult *receive(struct query *s, lk_error *err) {
    struct postgres *p = s->postgres;
    PGresult *r, *row = NULL;
    while (!row && err->status == LK_OK && (r = p->lib.PQgetResult(p->conn)) != NULL) {
        ExecStatusType is = p->lib.PQresultStatus(r);
        if (is == PGRES_SINGLE_TUPLE) {
            learn(s, r);
            row = r;
        } else if (is == PGRES_TUPLES_OK || is == PGRES_COMMAND_OK) {
            p->lib.PQclear(r);
        } else {
            err->status = postgres_error(s->database, r, err);
        }
    }
    if (!row) {
        stop(s);
    }
    return row;
}

void query_keep_rows(struct query *s) {
    PGresult *r;
    while ((r = receive(s, &s->failed)) != NULL) {
        keep_row(s, r);
        s->postgres->lib.PQclear(r);
    }
    s->postgres->running = NULL;
    if (s->failed.status == LK_OK) {
        s->failed.status = buf_status(&s->kept, &s->failed);
    }
}

/* -- Stepping -- */

static lk_status send(struct query *s, lk_error *err) {
    struct postgres *p = s->postgres;
    const struct pq_calls *lib = &p->lib;
    bool sent = lib->PQsendQueryParams(p->conn, s->text, s->count, s->types, s->values, s->sizes,
                                       s->formats, BINARY_FORMAT) &&
                lib->PQsetSingleRowMode(p->conn);
    if (!sent) {
        return postgres_error(s->database, NULL, err);
    }
    s->sent = true;
    p->running = s;
    return LK_OK;
}

static lk_status write_begin(const struct database *d, lk_error *err);
static lk_status commit(const struct database *d, lk_error *err);
static void roll_back(const struct database *d);

/* What changes something is done with as a whole, and lasts, before its first row is looked at. */
static lk_status carry_out(struct query *s, lk_error *err) {
    const struct database *d = s->database;
    bool own = !s->postgres->begun && !s->alone;
    lk_status status = own ? write_begin(d, err) : postgres_prepare(d, err);
    if (status == LK_OK) {
        status = send(s, err);
    }
    if (status == LK_OK) {
        query_keep_rows(s);
        status = s->failed.status;
        if (status != LK_OK && err) {
            *err = s->failed;
        }
    }
    if (own && status == LK_OK) {
        status = commit(d, err);
    }
    if (own && status != LK_OK) {
        roll_back(d);
    }
    return status;
}

static lk_status start(struct query *s, lk_error *err) {
    lk_status status = s->changes ? carry_out(s, err) : postgres_prepare(s->database, err);
    return status == LK_OK && !s->changes ? send(s, err) : status;
}

/* The row that comes next, from the server. */
static bool take_row(struct query *s) {
    struct postgres *p = s->postgres;
    bool first = s->columns == 0;
    s->row = receive(s, &s->failed);
    bool lost = s->failed.status != LK_OK && p->lib.PQstatus(p->conn) != CONNECTION_OK;
    if (first && lost && !p->begun && !s->tried) { /* it was lost before it was asked */
        s->tried = true;
        s->ended = false;
        s->failed = (lk_error){0};
        s->failed.status = start(s, &s->failed);
        s->row = s->failed.status == LK_OK ? receive(s, &s->failed) : NULL;
    }
    if (s->row) {
        point_at(s, s->row);
    }
    return s->row != NULL;
}

static lk_status step(struct sql *q, bool *row, lk_error *err) {
    struct query *s = q->query;
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    if (s->failed.status == LK_OK && !s->sent) {
        s->failed.status = start(s, &s->failed);
    }
    leave_row(s);
    *row = take_kept(s) || (s->failed.status == LK_OK && !s->ended && take_row(s));
    if (s->failed.status != LK_OK && !*row) {
        if (err) {
            *err = s->failed;
        }
        return error_input(err, s->failed.status, q->database->path);
    }
    return LK_OK;
}

/* -- Columns -- */

static bool has(const struct query *s, int column) {
    return s && column < s->columns && s->cell_sizes[column] >= 0;
}

static enum sql_type type(struct sql *q, int column) {
    const struct query *s = q->query;
    if (!has(s, column)) {
        return SQL_NULL;
    }
    switch (s->column_types[column]) {
    case TYPE_BOOL:
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8: return SQL_INT;
    case TYPE_TEXT: return SQL_TEXT;
    case TYPE_BYTEA: return SQL_BLOB;
    default: return SQL_OTHER;
    }
}

/* Of 1, 2, 4 or 8 bytes, the highest first. */
static int64_t number(struct sql *q, int column) {
    const struct query *s = q->query;
    if (type(q, column) != SQL_INT) {
        return 0;
    }
    const uint8_t *bytes = (const uint8_t *)s->cells[column];
    uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
    for (int64_t i = 0; i < s->cell_sizes[column]; i++) {
        value = value << 8 | bytes[i];
    }
    return (int64_t)value;
}

static const void *blob(struct sql *q, int column, size_t *size) {
    const struct query *s = q->query;
    *size = has(s, column) ? (size_t)s->cell_sizes[column] : 0;
    return has(s, column) ? s->cells[column] : NULL;
}

static const char *text(struct sql *q, int column, size_t *size) {
    return blob(q, column, size);
}

/* -- Transactions -- */

static lk_status write_begin(const struct database *d, lk_error *err) {
    char both[200];
    snprintf(both, sizeof both, "BEGIN ISOLATION LEVEL READ COMMITTED; %s", write_lock);
    lk_status status = postgres_run(d, both, err);
    d->postgres->begun = true;
    if (status != LK_OK) {
        roll_back(d);
    }
    return status;
}

static lk_status read_begin(const struct database *d, lk_error *err) {
    lk_status status = postgres_run(d, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    d->postgres->begun = status == LK_OK;
    return status;
}

/* A transaction in which something failed "commits" as well, and is undone. */
static lk_status commit(const struct database *d, lk_error *err) {
    struct postgres *p = d->postgres;
    lk_status status = postgres_prepare(d, err);
    if (status != LK_OK) {
        return status;
    }
    PGresult *result = p->lib.PQexec(p->conn, "COMMIT");
    if (p->lib.PQresultStatus(result) != PGRES_COMMAND_OK) {
        return postgres_error(d, result, err);
    }
    bool done = strcmp(p->lib.PQcmdStatus(result), "COMMIT") == 0;
    p->lib.PQclear(result);
    p->begun = false;
    return done ? LK_OK
                : error_input(
                      err, error_set(err, LK_E_WRITE, "a part of it failed, so nothing is written"),
                      d->path);
}

/* A connection that was lost has no transaction any more. */
static void roll_back(const struct database *d) {
    struct postgres *p = d->postgres;
    if (p->begun) {
        postgres_settle(p);
        p->lib.PQclear(p->lib.PQexec(p->conn, "ROLLBACK"));
        p->begun = false;
    }
}

static bool in_transaction(const struct database *d) {
    return d->postgres->begun;
}

const struct sql_driver sql_driver_postgres = {
    .begin = begin,
    .end = end,
    .again = again,
    .bind_text = bind_text,
    .bind_int = bind_int,
    .bind_blob = bind_blob,
    .bind_null = bind_null,
    .step = step,
    .type = type,
    .number = number,
    .text = text,
    .blob = blob,
    .run = postgres_run,
    .write_begin = write_begin,
    .read_begin = read_begin,
    .commit = commit,
    .roll_back = roll_back,
    .in_transaction = in_transaction,
};
