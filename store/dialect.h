/* SPDX-License-Identifier: Apache-2.0 */
/* Statements are written as SQLite takes them; this says the same to PostgreSQL.
 *
 * What may be written: the types INTEGER, TEXT and BLOB, in capitals; tables that end in STRICT or STRICT, WITHOUT ROWID;
 * triggers "CREATE TRIGGER name BEFORE|AFTER event ON table BEGIN statements; END;" whose statements are SELECT RAISE(ABORT,
 * 'text') or such as change something; DROP TRIGGER; randomblob(16); `?` and `?1`; INDEXED BY and CROSS JOIN ... ON, which give
 * SQLite's planner a hint. What SQLite alone knows besides (rowid, INSERT OR, IS with two values, functions of its own, numbers
 * as conditions) may not, nor a column whose name SQL reserves. */
#ifndef LK_DIALECT_H
#define LK_DIALECT_H

#include <likeness/status.h>

#include "base/compiler.h"

/* The statement, or statements, in PostgreSQL's words. The caller frees *out. LK_E_MEMORY. */
MUST_CHECK lk_status dialect_postgres(char **out, const char *text, lk_error *err);

#endif
