/* SPDX-License-Identifier: Apache-2.0 */
/* The hash chain of the log (docs/formats/audit-log.md):
 *
 *     hash(n) = SHA-256( "likeness audit entry 1\n" | hash(n-1), 32 bytes | number, 8 bytes |
 *                        at | kind | actor | subject | payload )
 *
 * where hash(0) is 32 zero bytes, each text stands behind its length in bytes (4 bytes), and numbers are big-endian. Every entry
 * holds the hash of the one before as well, which adds nothing to the proof, but tells which of two entries was changed. */
#ifndef LK_AUDIT_LOG_H
#define LK_AUDIT_LOG_H

#include <likeness/audit.h>

#include "store/store.h"

/* The first entry of a new store, "log.begin", which no other store's log has: its payload holds 128 random bits. */
MUST_CHECK lk_status audit_begin(lk_store *s, lk_error *err);
/* An entry {"id":..., "note":...} about the id: what somebody did, and why (NULL for no note). */
MUST_CHECK lk_status audit_note(lk_store *s, const char *kind, const char *id, const char *actor,
                                const char *note, lk_error *err);

/* lk_audit_append at a moment of one's choice. */
MUST_CHECK lk_status audit_append_at(lk_audit_head *head, lk_store *s,
                                     const lk_audit_record *record, int64_t at_ms, lk_error *err);

/* The row of a photo that belongs to the entry. LK_E_USAGE. */
MUST_CHECK lk_status submission_insert(lk_store *s, int64_t entry, const lk_submission *p,
                                       lk_error *err);

/* What the hash of e must be when `prev` is the one before it and its number is seq. */
void audit_hash(uint8_t out[LK_AUDIT_HASH_BYTES], const uint8_t prev[LK_AUDIT_HASH_BYTES],
                int64_t seq, const lk_audit_entry *e);

/* Following a chain, entry by entry. */
struct audit_chain {
    const lk_audit_head *kept; /* NULL for none; borrowed */
    lk_audit_check check;
    bool met; /* the kept head */
    char at[32];
};

void audit_chain_begin(struct audit_chain *c, const lk_audit_head *kept);
/* false when e is the first bad entry; c->check says why then. */
bool audit_chain_add(struct audit_chain *c, const lk_audit_entry *e);
/* There is an entry that cannot be read. */
void audit_chain_unreadable(struct audit_chain *c, const char *why);
/* No entry follows; `claimed` is the head that the log itself names. */
void audit_chain_end(struct audit_chain *c, const lk_audit_head *claimed);

/* The lines of an exported log. LK_E_CORRUPT when the first line is none of such a file. */
MUST_CHECK lk_status audit_lines_check(lk_audit_check *out, const char *text, size_t size,
                                       const lk_audit_head *kept, lk_error *err);

/* A row "seq, at, kind, actor, subject, payload, prev, hash" of the table; false when it cannot be one. */
bool audit_row(lk_audit_entry *out, struct sql *q);
#define AUDIT_COLUMNS "seq, at, kind, actor, subject, payload, prev, hash"

#endif
