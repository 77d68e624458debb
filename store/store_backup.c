/* SPDX-License-Identifier: Apache-2.0 */
/* A backup: one file of SQLite with the tables of a store as they are, and the pictures as rows. It is no store, so that nobody
 * writes to it: it is made of one, and one is made of it (store_copy.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/blob_kind.h"

enum { BACKUP_APPLICATION_ID = 0x4c4b626b }; /* "LKbk" */

/* Nothing is overwritten. */
static lk_status make_file(const char *file, lk_error *err) {
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        lk_status status = error_set(err, LK_E_WRITE, "cannot make the file: %s", strerror(errno));
        return error_input(err, status, file);
    }
    close(fd);
    return LK_OK;
}

static lk_status open_all(lk_store *s, const char *file, lk_error *err) {
    s->folder = mem_strdup(file);
    s->at.path = mem_strdup(file);
    if (!s->folder || !s->at.path) {
        return error_memory(err, strlen(file));
    }
    lk_status status = s->at.reads_only ? LK_OK : make_file(file, err);
    if (status != LK_OK) {
        return status;
    }
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
                (s->at.reads_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int code = sqlite3_open_v2(file, &s->at.db, flags, NULL);
    if (code == SQLITE_OK) {
        sqlite3_db_config(s->at.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        code = sqlite3_prepare_v2(s->at.db, "ROLLBACK", -1, &s->at.rollback, NULL);
    }
    return code == SQLITE_OK
               ? sql_run(&s->at, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", err)
               : database_error(&s->at, code, err);
}

static void close_all(lk_store *s) {
    sqlite3_finalize(s->at.rollback);
    sqlite3_close(s->at.db);
}

static lk_status open_to_write(lk_store *s, lk_error *err) {
    return sql_run(&s->at, "PRAGMA synchronous = FULL", err);
}

static lk_status get_ready(lk_store *s, lk_error *err) {
    s->blobs = &blob_kind_rows;
    return s->blobs->open(s, NULL, err);
}

static lk_status open_to_read(lk_store *s, lk_error *err) {
    (void)s;
    (void)err;
    return LK_OK;
}

static lk_status read_mark(struct store_mark *out, const lk_store *s, lk_error *err) {
    *out = (struct store_mark){.tables = !s->at.reads_only ? 0 : 1};
    lk_status status = sql_number(&out->application, &s->at, "PRAGMA application_id", err);
    if (status == LK_OK && out->application == BACKUP_APPLICATION_ID) {
        out->application = STORE_APPLICATION_ID;
        status = sql_number(&out->version, &s->at, "PRAGMA user_version", err);
    } else if (status == LK_OK && s->at.reads_only) {
        status = error_set(err, LK_E_FORMAT, "is no backup of a store");
        error_input(err, status, s->at.path);
    }
    return status;
}

static lk_status write_mark(const lk_store *s, int64_t version, lk_error *err) {
    char text[300];
    snprintf(text, sizeof text,
             "CREATE TABLE blob (name TEXT NOT NULL PRIMARY KEY, made INTEGER NOT NULL, data BLOB "
             "NOT NULL) STRICT; PRAGMA application_id = %d; PRAGMA user_version = %lld",
             BACKUP_APPLICATION_ID, (long long)version);
    return sql_run(&s->at, text, err);
}

static lk_status take_step(const lk_store *s, const char *text, lk_error *err) {
    return sql_run(&s->at, text, err);
}

const struct store_kind store_kind_backup = {
    .open = open_all,
    .to_write = open_to_write,
    .to_read = open_to_read,
    .ready = get_ready,
    .close = close_all,
    .read_mark = read_mark,
    .write_mark = write_mark,
    .take_step = take_step,
    .integrity = "PRAGMA integrity_check(20)",
};
