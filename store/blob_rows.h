/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as rows of a database of PostgreSQL; store/blob.h calls these, and says what each promises. */
#ifndef LK_BLOB_ROWS_H
#define LK_BLOB_ROWS_H

#include "store/blob.h"

struct blob_rows;

/* NULL when memory is short. */
struct blob_rows *blob_rows_new(void);
void blob_rows_free(struct blob_rows *rows);

MUST_CHECK lk_status blob_rows_prepare(lk_store *s, lk_error *err);
MUST_CHECK lk_status blob_rows_write(struct blob *out, lk_store *s, const void *data, size_t size,
                                     lk_error *err);
MUST_CHECK lk_status blob_rows_place(struct blob *b, lk_store *s, lk_error *err);
/* A row under its last name at once, in the transaction of the store itself. */
MUST_CHECK lk_status blob_rows_insert(lk_store *s, const char *sha256, const void *data,
                                      size_t size, lk_error *err);
void blob_rows_undo(struct blob *b, lk_store *s);
MUST_CHECK lk_status blob_rows_read(lk_bytes *out, const lk_store *s, const char *sha256,
                                    int64_t bytes, const char *whole, lk_error *err);
MUST_CHECK lk_status blob_rows_drop(lk_store *s, const char *sha256, lk_error *err);
MUST_CHECK lk_status blob_rows_visit(const lk_store *s, void (*visit)(void *arg, const char *name),
                                     void *arg, lk_error *err);

#endif
