/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, by numbered steps that are never changed once they have been in a release. */
#ifndef LK_MIGRATE_H
#define LK_MIGRATE_H

#include "store/store.h"

/* The number of steps this likeness knows, which its stores say too (store_mark). */
int64_t schema_newest(void);

/* What makes tables of version `from` into those of version `from` + 1, in SQLite's words. */
const char *schema_step(int64_t from);
/* Takes those steps, within a transaction, without an entry of the log and without a mark. */
MUST_CHECK lk_status schema_take(const lk_store *s, int64_t from, int64_t to, lk_error *err);

/* Whether the database is a store that this likeness can use: LK_E_FORMAT for a newer one and another program's. *version is 0
 * for an empty one. */
MUST_CHECK lk_status schema_check(int64_t *version, const lk_store *s, lk_error *err);

/* Takes the steps that are missing, all or none; a new store also gets the first entry of its log. */
MUST_CHECK lk_status schema_migrate(lk_store *s, lk_error *err);

#endif
