/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite and PostgreSQL do each in their own way; store/sql.h says what each call promises. */
#ifndef LK_SQL_DRIVER_H
#define LK_SQL_DRIVER_H

#include "store/sql.h"

struct sql_driver {
    void (*begin)(struct sql *q, const char *text);
    void (*end)(struct sql *q);
    void (*again)(struct sql *q);
    void (*bind_text)(struct sql *q, const char *text);
    void (*bind_int)(struct sql *q, int64_t value);
    void (*bind_blob)(struct sql *q, const void *data, size_t size);
    void (*bind_null)(struct sql *q, enum sql_type type);
    lk_status (*step)(struct sql *q, bool *row, lk_error *err);
    enum sql_type (*type)(struct sql *q, int column);
    int64_t (*number)(struct sql *q, int column);
    /* NULL for NULL */
    const char *(*text)(struct sql *q, int column, size_t *size);
    const void *(*blob)(struct sql *q, int column, size_t *size);
    lk_status (*run)(const struct database *d, const char *text, lk_error *err);
    lk_status (*write_begin)(const struct database *d, lk_error *err);
    lk_status (*read_begin)(const struct database *d, lk_error *err);
    lk_status (*commit)(const struct database *d, lk_error *err);
    void (*roll_back)(const struct database *d);
    bool (*in_transaction)(const struct database *d);
};

extern const struct sql_driver sql_driver_sqlite, sql_driver_postgres;

#endif
