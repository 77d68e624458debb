/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <string.h>

#include "store/sql_driver.h"

static const struct sql_driver *driver_of(const struct database *d) {
    return d->postgres ? &sql_driver_postgres : &sql_driver_sqlite;
}

/* -- Statements -- */

void sql_begin(struct sql *q, const struct database *d, const char *text) {
    *q = (struct sql){.database = d};
    driver_of(d)->begin(q, text);
}

void sql_end(struct sql *q) {
    driver_of(q->database)->end(q);
}

void sql_bind_text(struct sql *q, const char *text) {
    q->bound++;
    driver_of(q->database)->bind_text(q, text);
}

void sql_bind_int(struct sql *q, int64_t value) {
    q->bound++;
    driver_of(q->database)->bind_int(q, value);
}

void sql_bind_blob(struct sql *q, const void *data, size_t size) {
    q->bound++;
    driver_of(q->database)->bind_blob(q, data, size);
}

void sql_bind_null(struct sql *q, enum sql_type type) {
    q->bound++;
    driver_of(q->database)->bind_null(q, type);
}

void sql_again(struct sql *q) {
    driver_of(q->database)->again(q);
    q->bound = 0;
}

lk_status sql_step(struct sql *q, bool *row, lk_error *err) {
    *row = false;
    return driver_of(q->database)->step(q, row, err);
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

lk_status sql_number(int64_t *out, const struct database *d, const char *text, lk_error *err) {
    struct sql q;
    sql_begin(&q, d, text);
    return sql_finish_int(out, &q, 0, err);
}

lk_status sql_run(const struct database *d, const char *text, lk_error *err) {
    return driver_of(d)->run(d, text, err);
}

/* -- Columns -- */

int64_t sql_int(struct sql *q, int column) {
    return driver_of(q->database)->number(q, column);
}

const char *sql_text(struct sql *q, int column) {
    size_t size;
    const char *text = driver_of(q->database)->text(q, column, &size);
    return text && strlen(text) == size ? text : "";
}

bool sql_is_null(struct sql *q, int column) {
    return driver_of(q->database)->type(q, column) == SQL_NULL;
}

const void *sql_blob(struct sql *q, int column, size_t *size) {
    const void *data = driver_of(q->database)->blob(q, column, size);
    *size = data ? *size : 0;
    return data ? data : "";
}

enum sql_type sql_type(struct sql *q, int column) {
    const struct sql_driver *driver = driver_of(q->database);
    enum sql_type type = driver->type(q, column);
    size_t size;
    const char *text = type == SQL_TEXT ? driver->text(q, column, &size) : NULL;
    return type == SQL_TEXT && !(text && strlen(text) == size) ? SQL_OTHER : type;
}

/* -- Transactions -- */

lk_status sql_write_begin(const struct database *d, lk_error *err) {
    return driver_of(d)->write_begin(d, err);
}

lk_status sql_read_begin(const struct database *d, lk_error *err) {
    return driver_of(d)->read_begin(d, err);
}

lk_status sql_commit(const struct database *d, lk_error *err) {
    return driver_of(d)->commit(d, err);
}

void sql_roll_back(const struct database *d) {
    driver_of(d)->roll_back(d);
}

lk_status sql_part_begin(const struct database *d, lk_error *err) {
    return sql_run(d, "SAVEPOINT part", err);
}

lk_status sql_part_keep(const struct database *d, lk_error *err) {
    return sql_run(d, "RELEASE part", err);
}

bool sql_part_undo(const struct database *d) {
    return driver_of(d)->in_transaction(d) &&
           sql_run(d, "ROLLBACK TO part; RELEASE part", NULL) == LK_OK;
}
