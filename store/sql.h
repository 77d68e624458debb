/* SPDX-License-Identifier: Apache-2.0 */
/* A database, of SQLite or of PostgreSQL: what is said of its errors, one statement at a time, and transactions.
 *
 * Statements are written once. What the two spell differently is translated (store/dialect.h says what may be written), so that
 * nobody above this header asks which of them it is. */
#ifndef LK_SQL_H
#define LK_SQL_H

#include <likeness/status.h>

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct postgres;

struct database {
    sqlite3 *db;               /* SQLite's, or NULL */
    sqlite3_stmt *rollback;    /* SQLite's; prepared, so that undoing needs no memory */
    struct postgres *postgres; /* PostgreSQL's, or NULL */
    char *path; /* for messages: the file, or the address without a password; owned */
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
 *     sql_end(&q);
 *
 * Numbers are bound to columns of INTEGER, texts to columns of TEXT. What changes something is carried out by its first step. */
struct sql {
    const struct database *database;
    sqlite3_stmt *statement; /* SQLite's */
    struct query *query;     /* PostgreSQL's */
    int code;                /* the first that was not SQLITE_OK */
    int bound;               /* values so far */
};

void sql_begin(struct sql *q, const struct database *d, const char *text);
void sql_end(struct sql *q);
/* Each binds the next value. Borrowed until sql_end or sql_again. NULL text is NULL. */
void sql_bind_text(struct sql *q, const char *text);
void sql_bind_int(struct sql *q, int64_t value);
void sql_bind_blob(struct sql *q, const void *data, size_t size);
enum sql_type { SQL_NULL, SQL_INT, SQL_TEXT, SQL_BLOB, SQL_OTHER };
/* NULL, to a column of that type. */
void sql_bind_null(struct sql *q, enum sql_type type);
/* The same statement with new values. */
void sql_again(struct sql *q);

/* The next row; *row is false behind the last. */
MUST_CHECK lk_status sql_step(struct sql *q, bool *row, lk_error *err);
/* A statement that gives no rows, and its end. */
MUST_CHECK lk_status sql_finish(struct sql *q, lk_error *err);
/* The only number of the only row of a statement, and its end; `missing` when there is no row. */
MUST_CHECK lk_status sql_finish_int(int64_t *out, struct sql *q, int64_t missing, lk_error *err);
/* The number that a statement without values gives; 0 where it gives no row. */
MUST_CHECK lk_status sql_number(int64_t *out, const struct database *d, const char *text,
                                lk_error *err);
/* Statements without values, one after the other, as they are: not translated. */
MUST_CHECK lk_status sql_run(const struct database *d, const char *text, lk_error *err);

/* Columns from 0. Texts are valid until the next step, and never NULL. A text with a zero inside is damage: it reads as empty. */
int64_t sql_int(struct sql *q, int column);
const char *sql_text(struct sql *q, int column);
bool sql_is_null(struct sql *q, int column);
const void *sql_blob(struct sql *q, int column, size_t *size);
/* What lies in the row. SQL_OTHER is a text with a zero inside, and all else that is none of these. */
enum sql_type sql_type(struct sql *q, int column);

/* -- Transactions -- */

/* Begins one that writes, alone: others that want to wait, for wait_ms at most (LK_E_WRITE then). */
MUST_CHECK lk_status sql_write_begin(const struct database *d, lk_error *err);
/* Begins one that reads one state of the database. */
MUST_CHECK lk_status sql_read_begin(const struct database *d, lk_error *err);
/* Makes it last, or says why not: it is undone then, or must be. */
MUST_CHECK lk_status sql_commit(const struct database *d, lk_error *err);
/* Ends it without a trace, if there is one. */
void sql_roll_back(const struct database *d);
/* A part of it, which can be undone alone. */
MUST_CHECK lk_status sql_part_begin(const struct database *d, lk_error *err);
MUST_CHECK lk_status sql_part_keep(const struct database *d, lk_error *err);
/* false when it could not be undone, so that all must be. */
bool sql_part_undo(const struct database *d);

#endif
