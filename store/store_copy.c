/* SPDX-License-Identifier: Apache-2.0 */
/* All of a store, as it is, into another: row by row and picture by picture, with nothing made anew, so that the log's chain,
 * numbers of versions and of changes are the same bits.
 *
 * Which tables and columns there are is asked of the schema itself (the steps of migrate.c, taken in memory), so that no new
 * table can be forgotten here. A backup of an older likeness is copied into tables of its own version, and the steps that are
 * missing follow. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "store/blob_kind.h"
#include "store/blob_rows.h"
#include "store/migrate.h"

enum { COLUMNS_MAX = 32, STATEMENT_MAX = 8192 };
#define PICTURE_MAX ((int64_t)1 << 32)

struct copy {
    lk_store *from, *to;
    lk_engine *engine;
    lk_store_copied *out;
    struct database schema; /* in memory */
    int64_t version;        /* of the tables that are copied */
};

/* -- Tables -- */

struct table {
    char name[64];
    char columns[1024]; /* "a, b, c" */
    enum sql_type types[COLUMNS_MAX];
    int count;
};

static lk_status make_schema(struct copy *c, lk_error *err) {
    lk_status status = LK_OK;
    c->schema = (struct database){.path = c->from->at.path};
    int code = sqlite3_open_v2(":memory:", &c->schema.db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        return database_error(&c->schema, code, err);
    }
    for (int64_t i = 0; status == LK_OK && i < c->version; i++) {
        status = sql_run(&c->schema, schema_step(i), err);
    }
    return status;
}

static lk_status read_columns(struct table *t, const struct copy *c, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    size_t n = 0;
    sql_begin(&q, &c->schema, "SELECT name, type FROM pragma_table_info(?)");
    sql_bind_text(&q, t->name);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row && t->count < COLUMNS_MAX) {
        const char *type = sql_text(&q, 1);
        t->types[t->count] = strcmp(type, "INTEGER") == 0 ? SQL_INT
                             : strcmp(type, "BLOB") == 0  ? SQL_BLOB
                                                          : SQL_TEXT;
        n += (size_t)snprintf(t->columns + n, sizeof t->columns - n, "%s%s", n ? ", " : "",
                              sql_text(&q, 0));
        t->count++;
        n = MIN(n, sizeof t->columns - 1);
    }
    sql_end(&q);
    return status;
}

/* -- Rows -- */

/* A cell goes as what its column is; one that is something else is damage. */
static bool bind_cell(struct sql *to, struct sql *from, const struct table *t, int i) {
    enum sql_type type = sql_type(from, i);
    size_t size;
    if (type == SQL_NULL) {
        sql_bind_null(to, t->types[i]);
    } else if (type == SQL_INT) {
        sql_bind_int(to, sql_int(from, i));
    } else if (type == SQL_TEXT) {
        sql_bind_text(to, sql_text(from, i));
    } else if (type == SQL_BLOB) {
        const void *data = sql_blob(from, i, &size);
        sql_bind_blob(to, data, size);
    }
    return type == SQL_NULL || type == t->types[i];
}

static lk_status copy_row(struct sql *to, struct sql *from, const struct copy *c,
                          const struct table *t, lk_error *err) {
    bool row;
    sql_again(to);
    for (int i = 0; i < t->count; i++) {
        if (!bind_cell(to, from, t, i)) {
            lk_status status = error_set(
                err, LK_E_CORRUPT, "a row of the table %s is damaged: column %d", t->name, i + 1);
            return error_input(err, status, c->from->at.path);
        }
    }
    c->out->rows++;
    return sql_step(to, &row, err);
}

static lk_status copy_rows(struct copy *c, const struct table *t, lk_error *err) {
    char select[STATEMENT_MAX], insert[STATEMENT_MAX], values[3 * COLUMNS_MAX + 1] = "?";
    struct sql from, to;
    bool row;
    for (int i = 1; i < t->count; i++) {
        strcat(values, ", ?");
    }
    snprintf(select, sizeof select, "SELECT %s FROM %s", t->columns, t->name);
    snprintf(insert, sizeof insert, "INSERT INTO %s (%s) VALUES (%s)", t->name, t->columns, values);
    sql_begin(&from, &c->from->at, select);
    sql_begin(&to, &c->to->at, insert);
    lk_status status = LK_OK;
    while (status == LK_OK && (status = engine_check_stop(c->engine, err)) == LK_OK &&
           (status = sql_step(&from, &row, err)) == LK_OK && row) {
        status = copy_row(&to, &from, c, t, err);
    }
    sql_end(&to);
    sql_end(&from);
    return status;
}

/* Triggers count what changes, and nothing does. PostgreSQL can turn them off, and would keep each count they write until the
 * end; what SQLite's wrote is written over below. */
static lk_status run_on(const struct copy *c, const char *format, const struct table *t,
                        lk_error *err) {
    char text[200];
    snprintf(text, sizeof text, format, t->name);
    return sql_run(&c->to->at, text, err);
}

static lk_status copy_table(struct copy *c, const char *name, lk_error *err) {
    struct table t = {0};
    bool triggers = c->to->at.postgres != NULL;
    snprintf(t.name, sizeof t.name, "%.63s", name);
    if (strcmp(t.name, "blob_place") == 0) {
        return LK_OK; /* the pictures go where the new store has them */
    }
    lk_status status = read_columns(&t, c, err);
    if (status == LK_OK && triggers) {
        status = run_on(c, "ALTER TABLE %s DISABLE TRIGGER USER", &t, err);
    }
    if (status == LK_OK) {
        status = run_on(c, "DELETE FROM %s", &t, err); /* what the steps put in */
    }
    if (status == LK_OK) {
        status = copy_rows(c, &t, err);
    }
    if (status == LK_OK && triggers) {
        status = run_on(c, "ALTER TABLE %s ENABLE TRIGGER USER", &t, err);
    }
    c->out->tables++;
    return status;
}

/* In the order of their making, so that what a row names is there before it. */
static lk_status copy_tables(struct copy *c, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->schema, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        status = copy_table(c, sql_text(&q, 0), err);
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

/* The numbers of changes that triggers wrote over. */
static lk_status copy_changes(struct copy *c, lk_error *err) {
    enum { SINCE_VERSION = 3 };
    struct sql from, to;
    bool row, none;
    lk_status status = LK_OK;
    if (c->to->at.postgres || c->version < SINCE_VERSION) {
        return LK_OK;
    }
    sql_begin(&from, &c->from->at, "SELECT id, changed FROM reference");
    sql_begin(&to, &c->to->at, "UPDATE reference SET changed = ?2 WHERE id = ?1");
    while (status == LK_OK && (status = sql_step(&from, &row, err)) == LK_OK && row) {
        sql_again(&to);
        sql_bind_text(&to, sql_text(&from, 0));
        sql_bind_int(&to, sql_int(&from, 1));
        status = sql_step(&to, &none, err);
    }
    sql_end(&to);
    sql_end(&from);
    return status;
}

/* -- Pictures -- */

static lk_status copy_picture(struct copy *c, const char *sha256, lk_error *err) {
    lk_bytes picture;
    struct blob blob;
    lk_status status = engine_check_stop(c->engine, err);
    if (status == LK_OK) {
        status = blob_read(&picture, c->from, sha256, PICTURE_MAX, err);
    }
    if (status != LK_OK) {
        return status;
    }
    if (c->to->blob_rows) {
        status = blob_rows_insert(c->to, sha256, picture.data, picture.size, err);
    } else {
        status = blob_write(&blob, c->to, picture.data, picture.size, err);
        status = status == LK_OK ? blob_place(&blob, c->to, err) : status;
    }
    c->out->pictures++;
    c->out->bytes += (int64_t)picture.size;
    lk_bytes_release(&picture);
    return status;
}

static lk_status copy_pictures(struct copy *c, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->to->at, "SELECT DISTINCT sha256 FROM picture_in_use ORDER BY sha256");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        char sha256[65];
        snprintf(sha256, sizeof sha256, "%s", sql_text(&q, 0));
        status = copy_picture(c, sha256, err);
        if (status != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

/* -- All -- */

static lk_status copy_all(struct copy *c, lk_error *err) {
    lk_store *to = c->to;
    lk_status status = make_schema(c, err);
    if (status == LK_OK) {
        status = schema_take(to, 0, c->version, err);
    }
    if (status == LK_OK) {
        status = copy_tables(c, err);
    }
    if (status == LK_OK) {
        status = copy_changes(c, err);
    }
    if (status == LK_OK) {
        status = schema_take(to, c->version, schema_newest(), err);
    }
    if (status == LK_OK) {
        status = to->kind->write_mark(to, schema_newest(), err);
    }
    if (status == LK_OK) {
        status = to->kind->ready(to, err);
    }
    if (status == LK_OK && to->kind != &store_kind_backup) {
        status = blob_remember(to, err);
        status = status == LK_OK ? blob_open(to, err) : status;
        status = status == LK_OK && !to->blob_rows ? blob_prepare(to, err) : status;
    }
    if (status == LK_OK) {
        status = copy_pictures(c, err);
    }
    sqlite3_close(c->schema.db);
    return status;
}

static lk_status expect_nothing(const lk_store *to, lk_error *err) {
    int64_t version;
    lk_status status = schema_check(&version, to, err);
    if (status == LK_OK && version > 0) {
        status =
            error_set(err, LK_E_USAGE, "there is a store here already, and nothing is overwritten");
        error_input(err, status, to->at.path);
    }
    return status;
}

/* The store that is made is written to by nobody else until it is whole. */
static lk_status copy_between(struct copy *c, lk_error *err) {
    lk_status status = store_read_begin(c->from, err);
    if (status != LK_OK) {
        return status;
    }
    status = lk_store_begin(c->to, err);
    if (status == LK_OK) {
        status = expect_nothing(c->to, err); /* somebody may have been first */
        status = status == LK_OK ? copy_all(c, err) : status;
        status = lk_store_end(c->to, status, err);
    }
    store_read_end(c->from);
    return status;
}

static lk_status copy_to(lk_store_copied *out, const struct store_kind *kind, const char *place,
                         const lk_blob_options *blobs, lk_store *from, lk_engine *engine,
                         lk_error *err) {
    struct copy c = {.from = from, .engine = engine, .out = out};
    struct store_mark mark;
    *out = (lk_store_copied){0};
    lk_status status = from->kind->read_mark(&mark, from, err);
    if (status != LK_OK) {
        return status;
    }
    c.version = mark.version;
    c.to = store_new(kind, false);
    if (!c.to) {
        return error_memory(err, sizeof *c.to);
    }
    status = blobs ? blob_options_copy(&c.to->blob_options, blobs, err) : LK_OK;
    status = status == LK_OK ? blob_expect_other(c.to, from, err) : status;
    status = status == LK_OK ? kind->open(c.to, place, err) : status;
    bool opened = status == LK_OK;
    if (status == LK_OK) {
        status = expect_nothing(c.to, err); /* before anything is changed */
    }
    if (status == LK_OK) {
        status = kind->to_write(c.to, err);
    }
    if (status == LK_OK) {
        status = copy_between(&c, err);
    }
    lk_store_close(c.to);
    if (status != LK_OK && opened && kind == &store_kind_backup) {
        unlink(place);
    }
    return status;
}

lk_status lk_store_copy(lk_store_copied *out, const char *place, const lk_blob_options *blobs,
                        lk_store *from, lk_engine *engine, lk_error *err) {
    return copy_to(out, store_kind_of(place), place, blobs, from, engine, err);
}

lk_status lk_store_backup(lk_store_copied *out, const char *file, lk_store *from, lk_engine *engine,
                          lk_error *err) {
    return copy_to(out, &store_kind_backup, file, NULL, from, engine, err);
}

lk_status lk_store_restore(lk_store_copied *out, const char *place, const lk_blob_options *blobs,
                           const char *file, lk_engine *engine, lk_error *err) {
    lk_store *from = store_new(&store_kind_backup, true);
    int64_t version;
    *out = (lk_store_copied){0};
    lk_status status = from ? from->kind->open(from, file, err) : error_memory(err, sizeof *from);
    if (status == LK_OK) {
        status = schema_check(&version, from, err);
    }
    if (status == LK_OK) {
        status = from->kind->ready(from, err);
    }
    if (status == LK_OK) {
        status = copy_to(out, store_kind_of(place), place, blobs, from, engine, err);
    }
    lk_store_close(from);
    return error_input(err, status, file);
}
