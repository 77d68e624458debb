/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/sql.h"

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

void sql_begin(struct sql *q, const struct database *d, const char *text) {
    *q = (struct sql){.database = d};
    q->code = sqlite3_prepare_v2(d->db, text, -1, &q->statement, NULL);
}

void sql_end(struct sql *q) {
    sqlite3_finalize(q->statement); /* says again what the last step said */
    q->statement = NULL;
}

void sql_bind_text(struct sql *q, const char *text) {
    q->bound++;
    if (q->code == SQLITE_OK) {
        keep(q, text ? sqlite3_bind_text(q->statement, q->bound, text, -1, SQLITE_STATIC)
                     : sqlite3_bind_null(q->statement, q->bound));
    }
}

void sql_bind_int(struct sql *q, int64_t value) {
    q->bound++;
    if (q->code == SQLITE_OK) {
        keep(q, sqlite3_bind_int64(q->statement, q->bound, value));
    }
}

void sql_bind_blob(struct sql *q, const void *data, size_t size) {
    q->bound++;
    if (q->code == SQLITE_OK) {
        keep(q, size ? sqlite3_bind_blob64(q->statement, q->bound, data, size, SQLITE_STATIC)
                     : sqlite3_bind_zeroblob(q->statement, q->bound, 0));
    }
}

void sql_again(struct sql *q) {
    if (q->statement) {
        sqlite3_reset(q->statement); /* says again what the last step said */
    }
    q->bound = 0;
}

lk_status sql_step(struct sql *q, bool *row, lk_error *err) {
    *row = false;
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

lk_status sql_finish(struct sql *q, lk_error *err) {
    bool row;
    lk_status status = sql_step(q, &row, err);
    sql_end(q);
    return status;
}

lk_status sql_finish_int(int64_t *out, struct sql *q, int64_t missing, lk_error *err) {
    bool row;
    lk_status status = sql_step(q, &row, err);
    *out = status == LK_OK && row && !sql_is_null(q, 0) ? sql_int(q, 0) : missing;
    sql_end(q);
    return status;
}

lk_status sql_run(const struct database *d, const char *text, lk_error *err) {
    int code = sqlite3_exec(d->db, text, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        return LK_OK;
    }
    int more = sqlite3_extended_errcode(d->db);
    return database_error(d, (more & 0xff) == (code & 0xff) ? more : code, err);
}

int64_t sql_int(struct sql *q, int column) {
    return sqlite3_column_int64(q->statement, column);
}

const char *sql_text(struct sql *q, int column) {
    const char *text = (const char *)sqlite3_column_text(q->statement, column);
    int size = sqlite3_column_bytes(q->statement, column);
    return text && strlen(text) == (size_t)size ? text : "";
}

bool sql_is_null(struct sql *q, int column) {
    return sqlite3_column_type(q->statement, column) == SQLITE_NULL;
}

const void *sql_blob(struct sql *q, int column, size_t *size) {
    const void *data = sqlite3_column_blob(q->statement, column);
    *size = data ? (size_t)sqlite3_column_bytes(q->statement, column) : 0;
    return data ? data : "";
}
