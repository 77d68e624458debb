/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder, with a database of SQLite. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "store/blob_kind.h"

static const char database_name[] = "likeness.db";

static lk_status fail(lk_error *err, lk_status status, const char *what, const char *path) {
    return error_input(err, error_set(err, status, "%s: %s", what, strerror(errno)), path);
}

/* -- The folder -- */

static lk_status open_folder(lk_store *s, const char *folder, lk_error *err) {
    char whole[PATH_MAX];
    if (!realpath(folder, whole)) {
        return fail(err, LK_E_IO, "there is no store here", folder);
    }
    s->folder = mem_strdup(whole);
    s->at.path = s->folder ? folder_join(s->folder, database_name) : NULL;
    if (!s->at.path) {
        return error_memory(err, strlen(folder));
    }
    s->folder_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->folder_fd < 0 ? fail(err, LK_E_IO, "cannot open the folder", folder) : LK_OK;
}

/* -- The database -- */

/* A link could lead anywhere. */
static lk_status look_at(const lk_store *s, bool *there, lk_error *err) {
    struct stat st;
    *there = fstatat(s->folder_fd, database_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*there && errno != ENOENT) {
        return fail(err, LK_E_IO, "cannot open", s->at.path);
    }
    if (*there && !S_ISREG(st.st_mode)) {
        return error_input(err,
                           error_set(err, LK_E_CORRUPT,
                                     S_ISLNK(st.st_mode)
                                         ? "is a symbolic link, which a store is not read through"
                                         : "is no plain file"),
                           s->at.path);
    }
    if (!*there && s->at.reads_only) {
        return error_input(err, error_set(err, LK_E_IO, "there is no store here"), s->folder);
    }
    return LK_OK;
}

/* On a disk that nobody can write to, SQLite must not try to keep its index of the write-ahead log beside the database. That this
 * process may not write says nothing: another user's may be writing. */
static bool is_still(const lk_store *s) {
    struct stat st;
    struct statvfs disk;
    bool log =
        fstatat(s->folder_fd, "likeness.db-wal", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
    return s->at.reads_only && fstatvfs(s->folder_fd, &disk) == 0 && (disk.f_flag & ST_RDONLY) &&
           !log;
}

/* The path as SQLite's URI, so that it can be called immutable. */
static char *still_uri(const char *path) {
    static const char head[] = "file:", tail[] = "?immutable=1";
    char *uri = mem_alloc(3 * strlen(path) + sizeof head + sizeof tail, 1);
    if (!uri) {
        return NULL;
    }
    char *to = uri + sprintf(uri, "%s", head);
    for (const char *p = path; *p; p++) {
        bool plain = *p == '/' || *p == '.' || *p == '-' || *p == '_' || (*p >= '0' && *p <= '9') ||
                     (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z');
        to += sprintf(to, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    sprintf(to, "%s", tail);
    return uri;
}

/* Undoing must not want for memory. */
static lk_status prepare_rollback(lk_store *s, lk_error *err) {
    sqlite3_finalize(s->at.rollback);
    s->at.rollback = NULL;
    int code = sqlite3_prepare_v2(s->at.db, "ROLLBACK", -1, &s->at.rollback, NULL);
    return code == SQLITE_OK ? LK_OK : database_error(&s->at, code, err);
}

static lk_status open_database(lk_store *s, lk_error *err) {
    bool there;
    lk_status status = look_at(s, &there, err);
    if (status != LK_OK) {
        return status;
    }
    bool still = is_still(s);
    char *name = still ? still_uri(s->at.path) : mem_strdup(s->at.path);
    if (!name) {
        return error_memory(err, strlen(s->at.path));
    }
    int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_EXRESCODE |
                (still              ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
                 : s->at.reads_only ? SQLITE_OPEN_READWRITE
                                    : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int code = sqlite3_open_v2(name, &s->at.db, flags, NULL);
    mem_free(name);
    if (code != SQLITE_OK) {
        return database_error(&s->at, code, err);
    }
    if (!s->at.reads_only && sqlite3_db_readonly(s->at.db, "main") == 1) {
        return database_error(&s->at, SQLITE_READONLY, err);
    }
    sqlite3_busy_timeout(s->at.db, s->at.wait_ms);
    sqlite3_db_config(s->at.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    status = sql_run(
        &s->at,
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; "
        "PRAGMA cache_size = -32768" /* KiB, when they are used: SHA-256 are searched everywhere */,
        err);
    return status == LK_OK ? prepare_rollback(s, err) : status;
}

/* Write-ahead logging is a property of the file: one process sets it, once, and others that come at that moment find it busy,
 * which SQLite's own waiting does not cover. */
static lk_status set_log(lk_store *s, lk_error *err) {
    enum { PAUSE_US = 5000 };
    for (int64_t waited_us = 0;; waited_us += PAUSE_US) {
        struct sql q;
        bool row;
        sql_begin(&q, &s->at, "PRAGMA journal_mode = WAL");
        lk_status status = sql_step(&q, &row, err);
        bool set = status == LK_OK && row && strcmp(sql_text(&q, 0), "wal") == 0;
        bool busy = (q.code & 0xff) == SQLITE_BUSY;
        sql_end(&q);
        if (set) {
            return sql_run(&s->at, "PRAGMA synchronous = FULL", err);
        }
        if (!busy || waited_us >= (int64_t)s->at.wait_ms * 1000) {
            return status != LK_OK
                       ? status
                       : error_input(err,
                                     error_set(err, LK_E_WRITE,
                                               "this file system takes no write-ahead log"),
                                     s->at.path);
        }
        usleep(PAUSE_US);
    }
}

/* -- As a kind of store -- */

static lk_status open_all(lk_store *s, const char *folder, lk_error *err) {
    lk_status status = s->at.reads_only ? LK_OK : store_make_folders(folder, err);
    if (status == LK_OK) {
        status = open_folder(s, folder, err);
    }
    return status == LK_OK ? open_database(s, err) : status;
}

static lk_status open_to_read(lk_store *s, lk_error *err) {
    return sql_run(&s->at, "PRAGMA query_only = ON", err);
}

static void close_all(lk_store *s) {
    sqlite3_finalize(s->at.rollback);
    sqlite3_close(s->at.db);
}

static lk_status read_mark(struct store_mark *out, const lk_store *s, lk_error *err) {
    *out = (struct store_mark){0};
    lk_status status = sql_number(&out->application, &s->at, "PRAGMA application_id", err);
    if (status == LK_OK) {
        status = sql_number(&out->version, &s->at, "PRAGMA user_version", err);
    }
    if (status == LK_OK && out->application != STORE_APPLICATION_ID) {
        status = sql_number(&out->tables, &s->at, "SELECT count(*) FROM sqlite_schema", err);
    }
    return status;
}

static lk_status write_mark(const lk_store *s, int64_t version, lk_error *err) {
    char text[128];
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %lld",
             STORE_APPLICATION_ID, (long long)version);
    return sql_run(&s->at, text, err);
}

static lk_status take_step(const lk_store *s, const char *text, lk_error *err) {
    return sql_run(&s->at, text, err);
}

static lk_status own_blobs(struct blob_where *out, lk_store *s, lk_error *err) {
    (void)s, (void)err;
    out->kind = &blob_kind_folder;
    return LK_OK;
}

const struct store_kind store_kind_sqlite = {
    .open = open_all,
    .to_write = set_log,
    .ready = prepare_rollback, /* anew: the tables may have changed */
    .to_read = open_to_read,
    .close = close_all,
    .read_mark = read_mark,
    .write_mark = write_mark,
    .take_step = take_step,
    .own_blobs = own_blobs,
    .integrity = "PRAGMA integrity_check(20)",
};
