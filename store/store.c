/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a store, and what is done as a whole. */
#include "store/store.h"

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
#include "store/blob.h"
#include "store/migrate.h"

static const char database_name[] = "likeness.db";

enum { WAIT_MS = 10000 };

static lk_status fail(lk_error *err, lk_status status, const char *what, const char *path) {
    return error_input(err, error_set(err, status, "%s: %s", what, strerror(errno)), path);
}

lk_status store_check_writable(const lk_store *s, lk_error *err) {
    return s->at.reads_only
               ? error_input(err,
                             error_set(err, LK_E_WRITE, "the store was opened for reading alone"),
                             s->at.path)
               : LK_OK;
}

/* -- The folder -- */

/* mkdir, and the new name made to last. */
static bool make_one(const char *path) {
    if (mkdir(path, 0777) != 0) {
        return errno == EEXIST;
    }
    int fd = -1;
    char *parent = folder_join(path, "..");
    if (parent) {
        fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        mem_free(parent);
    }
    bool done = fd >= 0 && fsync(fd) == 0;
    int failed = parent ? errno : ENOMEM;
    if (fd >= 0) {
        close(fd);
    }
    errno = failed;
    return done;
}

/* The folder and those above it that are missing. */
static lk_status make_folders(const char *folder, lk_error *err) {
    char *path = mem_strdup(folder);
    bool done = true;
    if (!path) {
        return error_memory(err, strlen(folder));
    }
    for (char *p = path; done && *p; p++) {
        if (p[0] == '/' && p > path && p[-1] != '/') {
            *p = '\0';
            done = access(path, F_OK) == 0 || make_one(path);
            *p = '/';
        }
    }
    done = done && make_one(path);
    lk_status status = done              ? LK_OK
                       : errno == ENOMEM ? error_memory(err, strlen(folder))
                                         : fail(err, LK_E_WRITE, "cannot make the folder", folder);
    mem_free(path);
    return status;
}

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
    sqlite3_finalize(s->rollback);
    s->rollback = NULL;
    int code = sqlite3_prepare_v2(s->at.db, "ROLLBACK", -1, &s->rollback, NULL);
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

/* -- Both -- */

static lk_status say_older(const lk_store *s, int64_t version, const char *why, lk_error *err) {
    lk_status status = error_set(
        err, LK_E_FORMAT,
        "of an older likeness (store version %lld, this one wants %lld), and not brought up to "
        "date: %s; \"likeness ref list\" on it, by somebody who may write there, does that",
        (long long)version, (long long)schema_newest(), why);
    return error_input(err, status, s->at.path);
}

/* What is read needs the tables of today: the store is opened for writing, for as long as they take to be made. */
static lk_status bring_up_to_date(lk_store *s, int64_t version, bool allowed, lk_error *err) {
    const lk_store_options writing = {.wait_ms = s->at.wait_ms};
    lk_store *writer;
    lk_error why = {0};
    if (!allowed) {
        return say_older(s, version, "nothing may be written here", err);
    }
    lk_status status = lk_store_open(&writer, s->folder, &writing, &why);
    if (status == LK_E_WRITE || status == LK_E_IO) {
        return say_older(s, version, why.text, err);
    }
    if (status != LK_OK) {
        if (err) {
            *err = why;
        }
        return status;
    }
    lk_store_close(writer);
    return LK_OK;
}

static lk_status open_for_reading(lk_store *s, int64_t version, bool untouched, lk_error *err) {
    if (version == 0) {
        lk_status status = error_set(err, LK_E_IO, "there is no store here");
        return error_input(err, status, s->folder);
    }
    lk_status status =
        version < schema_newest() ? bring_up_to_date(s, version, !untouched, err) : LK_OK;
    if (status == LK_OK) {
        status = prepare_rollback(s, err); /* anew: the tables may have changed */
    }
    return status == LK_OK ? sql_run(&s->at, "PRAGMA query_only = ON", err) : status;
}

static lk_status open_all(lk_store *s, const char *folder, bool untouched, lk_error *err) {
    int64_t version;
    lk_status status = s->at.reads_only ? LK_OK : make_folders(folder, err);
    if (status == LK_OK) {
        status = open_folder(s, folder, err);
    }
    if (status == LK_OK) {
        status = open_database(s, err);
    }
    if (status == LK_OK) {
        status = schema_check(&version, s, err); /* before anything is changed */
    }
    if (status != LK_OK) {
        return status;
    }
    if (s->at.reads_only) {
        return open_for_reading(s, version, untouched, err);
    }
    status = set_log(s, err);
    if (status == LK_OK) {
        status = schema_migrate(s, err);
    }
    if (status == LK_OK) {
        status = prepare_rollback(s, err); /* anew: the tables may have changed */
    }
    return status == LK_OK ? blob_prepare(s, err) : status;
}

lk_status lk_store_open(lk_store **out, const char *folder, const lk_store_options *options,
                        lk_error *err) {
    *out = NULL;
    lk_store *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    s->folder_fd = -1;
    const lk_store_mode mode = options ? options->mode : LK_STORE_WRITE;
    s->at.reads_only = mode != LK_STORE_WRITE;
    s->at.wait_ms = options && options->wait_ms > 0 ? options->wait_ms : WAIT_MS;
    lk_status status = open_all(s, folder, mode == LK_STORE_UNTOUCHED, err);
    if (status != LK_OK) {
        lk_store_close(s);
        return error_input(err, status, folder);
    }
    *out = s;
    return LK_OK;
}

void lk_store_close(lk_store *s) {
    if (s) {
        sqlite3_finalize(s->rollback);
        sqlite3_close(s->at.db);
        if (s->folder_fd >= 0) {
            close(s->folder_fd);
        }
        store_forget_fingerprints(s);
        mem_free(s->folder);
        mem_free(s->at.path);
        mem_free(s);
    }
}

const char *lk_store_folder(const lk_store *store) {
    return store->folder;
}

bool lk_store_reads_only(const lk_store *store) {
    return store->at.reads_only;
}

/* -- As a whole -- */

static lk_status say_spoilt(const lk_store *s, lk_error *err) {
    lk_status status = error_set(
        err, LK_E_WRITE, "a part that failed could not be undone alone, so nothing is written");
    return error_input(err, status, s->at.path);
}

lk_status lk_store_begin(lk_store *s, lk_error *err) {
    lk_status status = s->spoilt ? say_spoilt(s, err) : store_check_writable(s, err);
    if (status == LK_OK) {
        status = sql_run(&s->at, s->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT inner", err);
    }
    s->depth += status == LK_OK;
    return status;
}

/* Ends the transaction without a trace, unless SQLite has done so already. */
static void roll_back(lk_store *s) {
    if (!sqlite3_get_autocommit(s->at.db)) {
        sqlite3_step(s->rollback);
        sqlite3_reset(s->rollback);
    }
    s->spoilt = false;
}

static void roll_back_inner(lk_store *s) {
    bool begun = !sqlite3_get_autocommit(s->at.db);
    if (!begun ||
        sqlite3_exec(s->at.db, "ROLLBACK TO inner; RELEASE inner", NULL, NULL, NULL) != SQLITE_OK) {
        s->spoilt = true;
    }
}

lk_status lk_store_end(lk_store *s, lk_status so_far, lk_error *err) {
    s->depth--;
    bool outermost = s->depth == 0;
    if (so_far == LK_OK && s->spoilt) {
        so_far = say_spoilt(s, err);
    }
    if (so_far == LK_OK) {
        so_far = sql_run(&s->at, outermost ? "COMMIT" : "RELEASE inner", err);
    }
    if (so_far != LK_OK) {
        store_forget_fingerprints(s);
    }
    if (so_far != LK_OK && outermost) {
        roll_back(s);
    } else if (so_far != LK_OK) {
        roll_back_inner(s);
    }
    return so_far;
}

lk_status store_read_begin(lk_store *s, lk_error *err) {
    lk_status status = s->depth == 0 ? sql_run(&s->at, "BEGIN", err) : LK_OK;
    s->depth += status == LK_OK;
    return status;
}

void store_read_end(lk_store *s) {
    s->depth--;
    if (s->depth == 0) {
        roll_back(s); /* nothing was written */
    }
}
