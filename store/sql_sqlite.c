/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of SQLite. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/sql_driver.h"

static lk_status say(const struct database *d, lk_status status, const char *text, lk_error *err) {
    return error_input(err, error_set(err, status, "%s", text), d->path);
}

/* A failed call to the system, with errno's words, or SQLite's number where it kept none. */
static lk_status say_system(const struct database *d, lk_status status, const char *what, int code,
                            lk_error *err) {
    int number = d->db ? sqlite3_system_errno(d->db) : 0;
    char text[256];
    if (number) {
        snprintf(text, sizeof text, "%s: %s", what, strerror(number));
    } else {
        snprintf(text, sizeof text, "%s (SQLite's code %d)", what, code);
    }
    return say(d, status, text, err);
}

lk_status database_error(const struct database *d, int code, lk_error *err) {
    switch (code & 0xff) {
    case SQLITE_NOMEM: return error_memory(err, 0);
    case SQLITE_FULL: return say(d, LK_E_WRITE, "no space left on the disk", err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: {
        char text[128];
        snprintf(text, sizeof text, "another process has been writing to it for more than %g s",
                 d->wait_ms / 1000.0);
        return say(d, LK_E_WRITE, text, err);
    }
    case SQLITE_READONLY:
        if (d->reads_only) {
            return say(d, LK_E_IO,
                       "reading wants leave to write in its folder, where SQLite keeps an index "
                       "meanwhile: read a "
                       "copy, or from a disk mounted read-only",
                       err);
        }
        return say(d, LK_E_WRITE, "the file or its folder is read-only", err);
    case SQLITE_PERM:
    case SQLITE_AUTH: return say_system(d, LK_E_WRITE, "not permitted", code, err);
    case SQLITE_CANTOPEN: return say_system(d, LK_E_IO, "cannot open", code, err);
    case SQLITE_NOTADB: return say(d, LK_E_CORRUPT, "not a database, or damaged", err);
    case SQLITE_CORRUPT: return say(d, LK_E_CORRUPT, "the database is damaged", err);
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM) {
            return error_memory(err, 0);
        }
        return say_system(
            d, code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ? LK_E_IO : LK_E_WRITE,
            "input or output failed", code, err);
    case SQLITE_CONSTRAINT: return say(d, LK_E_WRITE, sqlite3_errmsg(d->db), err);
    case SQLITE_TOOBIG: return say(d, LK_E_LIMIT, "more than the database takes", err);
    default: return say(d, LK_E_CORRUPT, d->db ? sqlite3_errmsg(d->db) : "unknown", err);
    }
}

static void keep(struct sql *q, int code) {
    if (q->code == SQLITE_OK) {
        q->code = code;
    }
}

/* Words for databases that several write to at once: here one writes at a time. */
static const char others_words[] = " FOR UPDATE SKIP LOCKED";

static int prepare_without(struct sql *q, const char *text, const char *words) {
    char *own = mem_strdup(text);
    if (!own) {
        return SQLITE_NOMEM;
    }
    char *at = own + (words - text), *behind = at + sizeof others_words - 1;
    memmove(at, behind, strlen(behind) + 1);
    int code = sqlite3_prepare_v2(q->database->db, own, -1, &q->statement, NULL);
    mem_free(own);
    return code;
}

static void begin(struct sql *q, const char *text) {
    const char *words = strstr(text, others_words);
    q->code = words ? prepare_without(q, text, words)
                    : sqlite3_prepare_v2(q->database->db, text, -1, &q->statement, NULL);
}

static void end(struct sql *q) {
    sqlite3_finalize(q->statement); /* says again what the last step said */
    q->statement = NULL;
}

static void bind_text(struct sql *q, const char *text) {
    if (q->code == SQLITE_OK) {
        keep(q, text ? sqlite3_bind_text(q->statement, q->bound, text, -1, SQLITE_STATIC)
                     : sqlite3_bind_null(q->statement, q->bound));
    }
}

static void bind_int(struct sql *q, int64_t value) {
    if (q->code == SQLITE_OK) {
        keep(q, sqlite3_bind_int64(q->statement, q->bound, value));
    }
}

static void bind_blob(struct sql *q, const void *data, size_t size) {
    if (q->code == SQLITE_OK) {
        keep(q, size ? sqlite3_bind_blob64(q->statement, q->bound, data, size, SQLITE_STATIC)
                     : sqlite3_bind_zeroblob(q->statement, q->bound, 0));
    }
}

static void bind_null(struct sql *q, enum sql_type type) {
    (void)type;
    bind_text(q, NULL);
}

static void again(struct sql *q) {
    if (q->statement) {
        sqlite3_reset(q->statement); /* says again what the last step said */
    }
}

static lk_status step(struct sql *q, bool *row, lk_error *err) {
    if (q->code == SQLITE_OK) {
        int code = sqlite3_step(q->statement);
        if (code == SQLITE_ROW || code == SQLITE_DONE) {
            *row = code == SQLITE_ROW;
            return LK_OK;
        }
        code = sqlite3_extended_errcode(q->database->db);
        q->code = code == SQLITE_OK ? SQLITE_ERROR : code;
    }
    return database_error(q->database, q->code, err);
}

static lk_status run(const struct database *d, const char *text, lk_error *err) {
    int code = sqlite3_exec(d->db, text, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        return LK_OK;
    }
    int more = sqlite3_extended_errcode(d->db);
    return database_error(d, (more & 0xff) == (code & 0xff) ? more : code, err);
}

/* -- Columns -- */

static enum sql_type type(struct sql *q, int column) {
    switch (sqlite3_column_type(q->statement, column)) {
    case SQLITE_NULL: return SQL_NULL;
    case SQLITE_INTEGER: return SQL_INT;
    case SQLITE_TEXT: return SQL_TEXT;
    case SQLITE_BLOB: return SQL_BLOB;
    default: return SQL_OTHER;
    }
}

static int64_t number(struct sql *q, int column) {
    return sqlite3_column_int64(q->statement, column);
}

static const char *text(struct sql *q, int column, size_t *size) {
    const char *found = (const char *)sqlite3_column_text(q->statement, column);
    *size = (size_t)sqlite3_column_bytes(q->statement, column);
    return found;
}

static const void *blob(struct sql *q, int column, size_t *size) {
    const void *found = sqlite3_column_blob(q->statement, column);
    *size = (size_t)sqlite3_column_bytes(q->statement, column);
    return found;
}

/* -- Transactions -- */

static lk_status write_begin(const struct database *d, lk_error *err) {
    return run(d, "BEGIN IMMEDIATE", err);
}

static lk_status read_begin(const struct database *d, lk_error *err) {
    return run(d, "BEGIN", err);
}

static lk_status commit(const struct database *d, lk_error *err) {
    return run(d, "COMMIT", err);
}

static bool in_transaction(const struct database *d) {
    return !sqlite3_get_autocommit(d->db);
}

/* SQLite may have done so already. */
static void roll_back(const struct database *d) {
    if (in_transaction(d)) {
        sqlite3_step(d->rollback);
        sqlite3_reset(d->rollback);
    }
}

const struct sql_driver sql_driver_sqlite = {
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
    .run = run,
    .write_begin = write_begin,
    .read_begin = read_begin,
    .commit = commit,
    .roll_back = roll_back,
    .in_transaction = in_transaction,
};
