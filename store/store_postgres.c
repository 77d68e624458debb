/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a database of PostgreSQL: the same tables, made by the same steps, in the first schema of the search path; pictures in
 * the table blob or in a folder that all machines share. What of SQLite is in the file's head is in a table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "store/blob_kind.h"
#include "store/dialect.h"
#include "store/postgres.h"
#include "store/postgres_steps.h"

static lk_status open_all(lk_store *s, const char *place, lk_error *err) {
    lk_status status = postgres_open(&s->at, place, err);
    if (status != LK_OK) {
        return status;
    }
    s->given = mem_strdup(place);
    s->folder = mem_strdup(s->at.path);
    return s->given && s->folder ? LK_OK : error_memory(err, strlen(place));
}

static void close_all(lk_store *s) {
    postgres_close(&s->at);
}

/* -- The mark -- */

static lk_status read_row(struct store_mark *out, const lk_store *s, lk_error *err) {
    struct sql q;
    bool row;
    sql_begin(&q, &s->at, "SELECT application, version FROM likeness_store");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        out->application = sql_int(&q, 0);
        out->version = sql_int(&q, 1);
    }
    sql_end(&q);
    return status;
}

#define IN_OUR_SCHEMA                                                                              \
    "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "              \
    "WHERE n.nspname = current_schema() "

/* Tables of extensions are nobody's. */
static lk_status read_mark(struct store_mark *out, const lk_store *s, lk_error *err) {
    int64_t ours;
    *out = (struct store_mark){0};
    lk_status status =
        sql_number(&ours, &s->at,
                   "SELECT count(*) FROM " IN_OUR_SCHEMA "AND c.relname = 'likeness_store'", err);
    if (status == LK_OK && ours > 0) {
        status = read_row(out, s, err);
    }
    if (status == LK_OK && out->application != STORE_APPLICATION_ID) {
        status = sql_number(
            &out->tables, &s->at,
            "SELECT count(*) FROM " IN_OUR_SCHEMA "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
            "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = "
            "'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')",
            err);
    }
    return status;
}

/* Pictures are compressed already. */
static const char own_tables[] =
    "CREATE TABLE IF NOT EXISTS likeness_store (one BIGINT PRIMARY KEY CHECK (one = 1), "
    "application "
    "BIGINT NOT NULL, version BIGINT NOT NULL, pictures TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS blob (name TEXT COLLATE \"C\" PRIMARY KEY, made BIGINT NOT NULL, "
    "data BYTEA NOT NULL);"
    "ALTER TABLE blob ALTER COLUMN data SET STORAGE EXTERNAL;";

static lk_status write_mark(const lk_store *s, int64_t version, lk_error *err) {
    struct sql q;
    lk_status status = sql_run(&s->at, own_tables, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(
        &q, &s->at,
        "INSERT INTO likeness_store (one, application, version, pictures) VALUES (1, ?, ?, ?) "
        "ON CONFLICT (one) DO UPDATE SET version = excluded.version");
    sql_bind_int(&q, STORE_APPLICATION_ID);
    sql_bind_int(&q, version);
    sql_bind_text(&q, s->at.postgres->blobs ? "folder" : "rows");
    return sql_finish(&q, err);
}

static lk_status take_step(const lk_store *s, const char *text, lk_error *err) {
    char *own;
    lk_status status = dialect_postgres(&own, text, err);
    if (status == LK_OK) {
        status = sql_run(&s->at, own, err);
        mem_free(own);
    }
    return status;
}

/* -- Folders -- */

/* Pictures lie where the store says that they do, whatever the address says. */
static lk_status own_blobs(struct blob_where *out, lk_store *s, lk_error *err) {
    struct sql q;
    bool row, folder = false;
    const char *given = s->at.postgres->blobs;
    sql_begin(&q, &s->at, "SELECT pictures FROM likeness_store");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        folder = strcmp(sql_text(&q, 0), "folder") == 0;
    }
    sql_end(&q);
    if (status != LK_OK) {
        return status;
    }
    given = given || !folder ? given : s->blob_options.where;
    if (folder != (given != NULL) || (given && strlen(given) > BLOB_WHERE_MAX)) {
        status =
            error_set(err, LK_E_USAGE,
                      folder ? "its pictures lie in a folder: likeness_blobs=DIR in the address "
                               "says which"
                             : "its pictures lie in the database: its address takes no "
                               "likeness_blobs");
        return error_input(err, status, s->at.path);
    }
    out->kind = folder ? &blob_kind_folder : &blob_kind_rows;
    snprintf(out->text, sizeof out->text, "%s", folder ? given : "");
    return folder && !s->at.reads_only ? store_make_folders(given, err) : LK_OK;
}

/* A folder of this store in that for what can be made anew; without one, what would lie there is made each time. */
static void open_cache(lk_store *s, const char *salt) {
    char name[65];
    struct digest d;
    uint8_t sum[DIGEST_BYTES];
    if (!s->at.postgres->cache) {
        return;
    }
    digest_begin(&d);
    digest_add(&d, salt, strlen(salt) + 1);
    digest_add(&d, s->at.path, strlen(s->at.path)); /* a copy is another store */
    digest_end(sum, &d);
    digest_hex(name, sum);
    name[32] = '\0';
    char *folder = folder_join(s->at.postgres->cache, name);
    if (folder && store_make_folders(folder, NULL) == LK_OK) {
        s->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    mem_free(folder);
}

static lk_status get_ready(lk_store *s, lk_error *err) {
    struct store_state state;
    char salt[33];
    lk_status status = s->at.reads_only ? LK_OK : postgres_take_steps(s, err);
    status = status == LK_E_WRITE ? LK_OK : status; /* with the next opening */
    status = status == LK_OK ? store_state(&state, s, err) : status;
    if (status != LK_OK) {
        return status;
    }
    for (int i = 0; i < 16; i++) {
        snprintf(salt + 2 * i, 3, "%02x", state.salt[i]);
    }
    open_cache(s, salt);
    return LK_OK;
}

static lk_status open_to_write(lk_store *s, lk_error *err) {
    (void)s;
    (void)err;
    return LK_OK;
}

static lk_status open_to_read(lk_store *s, lk_error *err) {
    return postgres_only_reads(&s->at, err);
}

const struct store_kind store_kind_postgres = {
    .open = open_all,
    .to_write = open_to_write,
    .to_read = open_to_read,
    .ready = get_ready,
    .close = close_all,
    .read_mark = read_mark,
    .write_mark = write_mark,
    .take_step = take_step,
    .own_blobs = own_blobs,
    .integrity = "SELECT 'ok'",
};
