/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log of a store: entries that are only ever added, each chained to the one before by SHA-256, so that no entry can be
 * inserted, deleted, edited or moved without it being seen. docs/formats/audit-log.md has the bytes.
 *
 * What the chain cannot show: that its end was cut off, or all of it from some entry on was written anew, by somebody who may write
 * to the store. A head (the number of entries and the hash of the last) that was kept elsewhere shows that. */
#ifndef LIKENESS_AUDIT_H
#define LIKENESS_AUDIT_H

#include <likeness/store.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_AUDIT_KIND_MAX = 32, LK_AUDIT_PAYLOAD_MAX = 1 << 20, LK_AUDIT_HASH_BYTES = 32 };

/* How far the log goes. */
typedef struct lk_audit_head {
    int64_t count;                     /* entries; 0 in a kept head that is a hash alone */
    uint8_t hash[LK_AUDIT_HASH_BYTES]; /* of the last */
} lk_audit_head;

/* "COUNT:HASH", at most 84 characters, into out. */
LK_API void lk_audit_head_text(char *out, size_t size, const lk_audit_head *head);
/* Reads "COUNT:HASH", or 64 hex digits. LK_E_USAGE. */
LK_API LK_MUST_CHECK lk_status lk_audit_head_parse(lk_audit_head *out, const char *text,
                                                   lk_error *err);

/* What becomes an entry; all borrowed. */
typedef struct lk_audit_record {
    const char *kind;    /* "verify", "ref.add": 1 to 32 of a-z, 0-9 and ._- */
    const char *actor;   /* who; NULL for nobody */
    const char *subject; /* the id of what it is about, by which entries are found; NULL for none */
    const char *payload; /* one JSON object; its bytes are kept and hashed as they are */
    const lk_submission *submission; /* a photo to keep with the entry; NULL for none */
} lk_audit_record;

typedef struct lk_audit_entry {
    int64_t seq;    /* from 1 */
    const char *at; /* when it was written, UTC: 2026-11-21T19:20:03.123Z */
    const char *kind, *actor, *subject;
    const char *payload;
    size_t payload_size;
    uint8_t prev[LK_AUDIT_HASH_BYTES]; /* the hash of the entry before; zeros in the first */
    uint8_t hash[LK_AUDIT_HASH_BYTES];
} lk_audit_entry;

/* Adds an entry, and the submission, as one; inside lk_store_begin and lk_store_end as one with what else is written there. head
 * (which may be NULL) gets the log's new head: count is the entry's number. When the clock has been put back since the last
 * entry, an entry "log.clock" that says so comes first. LK_E_USAGE for a kind, text or payload that cannot be one, LK_E_CORRUPT
 * when the log does not end as the last entry left it, LK_E_WRITE, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_audit_append(lk_audit_head *head, lk_store *store,
                                               const lk_audit_record *record, lk_error *err);

/* The log's head as the store has it. */
LK_API LK_MUST_CHECK lk_status lk_audit_head_get(lk_audit_head *out, lk_store *store,
                                                 lk_error *err);

typedef struct lk_audit_query {
    int64_t first, last; /* numbers of entries; 0: from the first, to the last */
    int64_t newest;      /* > 0: only so many, the last ones that fit */
    const char *kind;    /* also the beginning of kinds: "ref" finds "ref.add"; NULL for any */
    const char *subject; /* NULL for any */
} lk_audit_query;

/* Calls visit with the entries that fit, oldest first, until it returns false. The texts are valid during the call. Nothing is
 * verified. LK_E_IO, LK_E_CORRUPT, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_audit_list(lk_store *store, const lk_audit_query *query,
                                             bool (*visit)(void *arg, const lk_audit_entry *e),
                                             void *arg, lk_error *err);

/* What a verification came to. */
typedef struct lk_audit_check {
    bool good;
    int64_t count;      /* entries that were read */
    lk_audit_head head; /* of the last entry that is good */
    int64_t first_bad;  /* number of the first entry that is not; 0 when all are good */
    char text[300];     /* what is wrong with it; empty when all are good */
} lk_audit_check;

/* Follows the chain from the first entry to the last. With a kept head (which may be NULL) the log must go on from it. LK_OK
 * whether or not the log is good; LK_E_IO, LK_E_CORRUPT for a database that cannot be read, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_audit_verify(lk_audit_check *out, lk_store *store,
                                               const lk_audit_head *kept, lk_error *err);

/* Writes the log to the file at path ("-" is standard output) as lines of JSON: a line with the head, then one an entry.
 * LK_E_WRITE, LK_E_IO, LK_E_CORRUPT, LK_E_MEMORY. head may be NULL. */
LK_API LK_MUST_CHECK lk_status lk_audit_export(lk_audit_head *head, lk_store *store,
                                               const char *path, lk_error *err);
/* Verifies what lk_audit_export wrote; needs no store. LK_E_IO, LK_E_CORRUPT when it is no such file, LK_E_LIMIT above 2 GiB. */
LK_API LK_MUST_CHECK lk_status lk_audit_verify_file(lk_audit_check *out, const char *path,
                                                    const lk_audit_head *kept, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
