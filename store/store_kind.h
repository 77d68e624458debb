/* SPDX-License-Identifier: Apache-2.0 */
/* What a store on SQLite and one on PostgreSQL do each in their own way, besides their statements (store/sql.h). */
#ifndef LK_STORE_KIND_H
#define LK_STORE_KIND_H

#include "store/store.h"

enum { STORE_APPLICATION_ID = 0x4c4b7374 }; /* "LKst" */

/* By what a database is known as a store; all 0 in an empty one. */
struct store_mark {
    int64_t application, version;
    int64_t tables; /* not 0: there are some, of a database that is no store */
};

struct blob_where;

struct store_kind {
    /* Opens the database and the folders, which are made where they are missing and may be. */
    lk_status (*open)(lk_store *s, const char *place, lk_error *err);
    lk_status (*to_write)(lk_store *s, lk_error *err); /* before the tables are looked at */
    lk_status (*to_read)(lk_store *s, lk_error *err);  /* nothing is written from here on */
    lk_status (*ready)(lk_store *s, lk_error *err);    /* the tables are those of today */
    void (*close)(lk_store *s);                        /* accepts one that was opened in part */
    lk_status (*read_mark)(struct store_mark *out, const lk_store *s, lk_error *err);
    lk_status (*write_mark)(const lk_store *s, int64_t version, lk_error *err);
    lk_status (*take_step)(const lk_store *s, const char *text, lk_error *err);
    /* Where blobs lie, of a store that remembers no place of theirs. */
    lk_status (*own_blobs)(struct blob_where *out, lk_store *s, lk_error *err);
    const char *
        integrity; /* a statement that gives "ok", or what is wrong with the database's structure */
};

/* Makes the folder and those above it that are missing. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status store_make_folders(const char *folder, lk_error *err);

/* store_kind_backup: all of a store in one file of SQLite, the pictures as rows. */
extern const struct store_kind store_kind_sqlite, store_kind_postgres, store_kind_backup;
const struct store_kind *store_kind_of(const char *place);

/* One that is not open as yet; NULL when memory is short. */
lk_store *store_new(const struct store_kind *kind, bool reads_only);

#endif
