/* SPDX-License-Identifier: Apache-2.0 */
/* References in the database: what adding, importing and checking share. */
#ifndef LK_REFERENCE_H
#define LK_REFERENCE_H

#include "store/store.h"

/* The columns that reference_row reads, of `version v JOIN reference r ON r.id = v.reference`. */
#define REFERENCE_COLUMNS                                                                          \
    "v.record, v.crc, v.reference, v.number, v.entry, v.purged IS NOT NULL, r.newest, "            \
    "r.removed IS NOT NULL"
#define REFERENCE_TABLES " FROM version v JOIN reference r ON r.id = v.reference "

/* The version in the present row. LK_E_CORRUPT when it is not what was written. The caller releases out. */
MUST_CHECK lk_status reference_row(lk_reference *out, struct sql *q, lk_error *err);

/* Visits the rows of a statement, which it ends, until visit returns false; *count grows by those visited. */
MUST_CHECK lk_status reference_visit(struct sql *q, bool (*visit)(void *arg, const lk_reference *r),
                                     void *arg, int64_t *count, lk_error *err);

/* Writes the rows of a version that follows those there are, and its entry of the log. r->entry is set. */
MUST_CHECK lk_status reference_insert(lk_store *s, lk_reference *r, const char *kind,
                                      const char *actor, lk_error *err);

/* Of the text of a record, or of data. */
int64_t reference_crc(const void *data, size_t size);

/* The version made of a draft; `before` is the newest one, or NULL. */
MUST_CHECK lk_status draft_read(lk_reference *out, const lk_reference_draft *d,
                                const lk_reference *before, lk_error *err);

/* Whether the reference or the version (0 for any) exists. */
MUST_CHECK lk_status reference_exists(bool *out, lk_store *s, const char *id, int32_t version,
                                      lk_error *err);
/* LK_E_IO: there is none of that id. */
lk_status reference_missing(lk_error *err, const char *id, int32_t version);

#endif
