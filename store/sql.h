/* SPDX-License-Identifier: Apache-2.0 */
/* A database of SQLite: what is said of its errors, and one statement at a time. */
#ifndef LK_SQL_H
#define LK_SQL_H

#include <likeness/status.h>

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct database {
    sqlite3 *db;
    char *path; /* for messages; owned */
    int32_t wait_ms;
    bool reads_only;
};

/* What SQLite says, in words, with the file: from `code`, and from errno where that tells more. */
lk_status database_error(const struct database *d, int code, lk_error *err);

/* One statement: prepared, bound, stepped. The first failure sticks, so that bindings need no check of their own:
 *
 *     struct sql q;
 *     sql_begin(&q, &database, "SELECT data FROM derived WHERE kind = ?");
 *     sql_bind_text(&q, kind);
 *     while ((status = sql_step(&q, &row, err)) == LK_OK && row) { ... sql_int(&q, 0) ... }
 *     sql_end(&q); */
struct sql {
    const struct database *database;
    sqlite3_stmt *statement;
    int code;  /* the first that was not SQLITE_OK */
    int bound; /* values so far */
};

void sql_begin(struct sql *q, const struct database *d, const char *text);
void sql_end(struct sql *q);
/* Each binds the next value. Borrowed until sql_end or sql_again. NULL text is NULL. */
void sql_bind_text(struct sql *q, const char *text);
void sql_bind_int(struct sql *q, int64_t value);
void sql_bind_blob(struct sql *q, const void *data, size_t size);
/* The same statement with new values. */
void sql_again(struct sql *q);

/* The next row; *row is false behind the last. */
MUST_CHECK lk_status sql_step(struct sql *q, bool *row, lk_error *err);
/* A statement that gives no rows, and its end. */
MUST_CHECK lk_status sql_finish(struct sql *q, lk_error *err);
/* The only number of the only row of a statement, and its end; `missing` when there is no row. */
MUST_CHECK lk_status sql_finish_int(int64_t *out, struct sql *q, int64_t missing, lk_error *err);
/* Statements without values, one after the other. */
MUST_CHECK lk_status sql_run(const struct database *d, const char *text, lk_error *err);

/* Columns from 0. Texts are valid until the next step, and never NULL. A text with a zero inside is damage: it reads as empty. */
int64_t sql_int(struct sql *q, int column);
const char *sql_text(struct sql *q, int column);
bool sql_is_null(struct sql *q, int column);
const void *sql_blob(struct sql *q, int column, size_t *size);

#endif
