/* SPDX-License-Identifier: Apache-2.0 */
/* A version as text: one JSON object with fixed keys in a fixed order, which the database keeps, the log hashes, and an exported
 * folder's manifest holds (docs/formats/store.md). What was read comes out the same when it is written again. */
#ifndef LK_RECORD_H
#define LK_RECORD_H

#include <likeness/store.h>

#include "base/buf.h"

/* AREA_TEXT_MAX: of an area as it was written. */
enum { RECORD_BYTES_MAX = 16 << 20, AREA_POINTS_MAX = 1000, AREA_TEXT_MAX = 32768 };

/* Appends the record, one line without its end. */
void record_write(struct buf *b, const lk_reference *r);

/* Parts of it, for other documents that tell of a reference: "tags", "ignore", "star". */
struct json;
void record_tags(struct json *j, const lk_reference *r);
void record_areas(struct json *j, const lk_reference *r);
void record_star(struct json *j, const lk_star *star);

/* Reads one; LK_E_CORRUPT names the key that is unknown, missing, of the wrong type or out of range. The caller releases out. */
MUST_CHECK lk_status record_read(lk_reference *out, const char *text, size_t size, lk_error *err);

/* LK_E_USAGE that begins with `what` unless text is one JSON object without a key twice. */
MUST_CHECK lk_status record_check_object(const char *what, const char *text, lk_error *err);

/* Whether the two say the same of a picture: bytes, name, tags, areas. */
bool record_same(const lk_reference *a, const lk_reference *b);

/* The extension of a picture's file in an exported folder: jpg for jpeg, else the format. */
const char *record_extension(const lk_reference *r);

/* An exported folder's list: {"schema":"likeness/store-export/1","versions":[{record, with "purged":true of those without a
 * picture}, ...]}, in the order of ids and versions. */
struct manifest {
    lk_reference *versions; /* owned */
    size_t count;
};
enum { MANIFEST_BYTES_MAX = 1 << 30, MANIFEST_VERSIONS_MAX = 1000000 };
/* LK_E_CORRUPT, also when a version is there twice or the order is another. */
MUST_CHECK lk_status manifest_read(struct manifest *out, const char *text, size_t size,
                                   lk_error *err);
void manifest_release(struct manifest *m);
/* The pieces of one: the beginning; a version; the end. */
void manifest_begin(struct buf *b);
void manifest_add(struct buf *b, const lk_reference *r, bool first);
void manifest_end(struct buf *b);

#endif
