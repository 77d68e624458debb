/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs as rows of a database of PostgreSQL, and of a backup (blob_kind_rows). */
#ifndef LK_BLOB_ROWS_H
#define LK_BLOB_ROWS_H

#include "store/blob.h"

struct blob_rows;

/* NULL when memory is short. */
struct blob_rows *blob_rows_new(void);
void blob_rows_free(struct blob_rows *rows);

/* A row under its last name at once, in the transaction of the store itself. */
MUST_CHECK lk_status blob_rows_insert(lk_store *s, const char *sha256, const void *data,
                                      size_t size, lk_error *err);

#endif
