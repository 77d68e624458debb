/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of lk_store, for the files of this layer. */
#ifndef LK_STORE_H
#define LK_STORE_H

#include <likeness/audit.h>
#include <likeness/store.h>

#include "store/sql.h"

/* The fingerprints of photos that were looked at, in the order of the log: each is read once, however many are asked about. A
 * hundred thousand take 4 MB. */
enum { STORE_FINGERPRINT_BYTES = 32 }; /* others are passed over */
struct fingerprints {
    struct fingerprint {
        uint64_t bits[STORE_FINGERPRINT_BYTES / 8];
        int64_t entry; /* of the log */
    } * items;
    size_t count, capacity;
    int64_t last; /* the entry behind which is read on */
};

/* lk_blob_options, owned. */
struct blob_options {
    char *where, *endpoint, *region, *access_key, *secret_key, *session_token, *ca_file;
};

struct lk_store {
    const struct store_kind *kind; /* what differs between SQLite and PostgreSQL */
    struct database at;            /* likeness.db in the folder, or a database of a server */
    int folder_fd; /* where the finder's files lie: the folder, or one of this machine; -1 for none */
    char *folder;       /* its path without links; or the address without a password */
    int blobs_fd;       /* below which pictures lie; -1 when they are rows (store/blob.h) */
    char *blobs_folder; /* its path, where it is another than `folder`; owned */
    struct blob_rows *blob_rows;      /* where blobs_fd is -1; owned */
    struct s3 *s3;                    /* likewise */
    const struct blob_kind *blobs;    /* which of them; NULL before it is known */
    char blob_salt[33];               /* says whose blobs they are */
    struct blob_options blob_options; /* as it was opened with; owned */
    char *given;   /* an address as it was given, which may hold a password; owned */
    bool spoilt;   /* an inner part could not be undone, so the outermost will be */
    int32_t depth; /* of lk_store_begin */
    struct fingerprints fingerprints;
};

/* LK_E_WRITE in a store that is open for reading alone. */
MUST_CHECK lk_status store_check_writable(const lk_store *s, lk_error *err);

/* What is read between the two is of one state of the store; inside lk_store_begin and lk_store_end it is anyway. */
MUST_CHECK lk_status store_read_begin(lk_store *s, lk_error *err);
void store_read_end(lk_store *s);

/* What is kept beside the database is of this state or it is stale: `changes` grows with every change of what is derived and of
 * which references are in use; the salt is this store's own. */
struct store_state {
    int64_t changes;
    uint8_t salt[16];
    lk_audit_head log;
};
MUST_CHECK lk_status store_state(struct store_state *out, lk_store *s, lk_error *err);
/* Whether the store was in that state once, as far as its log tells: a database brought back from an earlier copy and changed
 * since was not, though it counts as many changes. */
MUST_CHECK lk_status store_was(bool *out, lk_store *s, int64_t entries, const uint8_t hash[32],
                               lk_error *err);

/* Below, `since` leaves out the references that were not changed after that number of changes; STORE_EVER leaves out none. */
enum { STORE_EVER = -1 };

/* Calls visit with each reference, in use or not, in byte order, until it returns false. */
MUST_CHECK lk_status store_visit_changed(lk_store *s, int64_t since,
                                         bool (*visit)(void *arg, const char *id), void *arg,
                                         lk_error *err);

/* Calls visit with each reference in use whose newest version has a picture but lacks something under one of the keys, until it
 * returns false. */
MUST_CHECK lk_status store_visit_underived(lk_store *s, const lk_derived_key *keys, size_t count,
                                           int64_t since, bool (*visit)(void *arg, const char *id),
                                           void *arg, lk_error *err);

/* The first entry whose photo is that file; 0 for none. Damaged rows are passed over, here and below but where they are asked
 * for. */
MUST_CHECK lk_status submission_find(int64_t *entry, lk_store *s, const char *photo_sha256,
                                     lk_error *err);
/* All fingerprints, those of this moment too: what came since the last call is read. No row is held against its checksum. *out is
 * valid until the next call and until something is undone. */
MUST_CHECK lk_status store_fingerprints(const struct fingerprints **out, lk_store *s,
                                        lk_error *err);
/* Some may be of entries that were undone. */
void store_forget_fingerprints(lk_store *s);
/* Whether the photo kept with the entry is as it was written. */
MUST_CHECK lk_status submission_is_sound(bool *out, lk_store *s, int64_t entry, lk_error *err);
/* The first entry whose photo is not; 0 when all are. */
MUST_CHECK lk_status submission_first_damaged(int64_t *entry, lk_store *s, lk_error *err);

/* lk_derived_visit that passes over damaged rows, and adds how many there were. */
MUST_CHECK lk_status store_visit_sound(lk_store *store, const lk_derived_key *key, int64_t since,
                                       int64_t *damaged_count,
                                       bool (*visit)(void *arg, const char *id, int32_t version,
                                                     const void *data, size_t size),
                                       void *arg, lk_error *err);
/* Takes one row away. LK_E_WRITE, LK_E_IO, LK_E_CORRUPT, LK_E_MEMORY. */
MUST_CHECK lk_status store_drop_derived(lk_store *s, const lk_derived_key *key, const char *id,
                                        int64_t version, lk_error *err);
/* Takes the damaged rows of the key away, so that they are derived again. LK_E_WRITE, LK_E_IO, LK_E_CORRUPT, LK_E_MEMORY. */
MUST_CHECK lk_status store_drop_damaged(lk_store *s, const lk_derived_key *key, lk_error *err);

/* The text is UTF-8 of at most max bytes without control characters (line feeds and tabs pass when `lines`); else LK_E_USAGE
 * that calls it `what`. NULL passes. */
MUST_CHECK lk_status store_check_text(const char *what, const char *text, size_t max, bool lines,
                                      lk_error *err);
/* 1 to max of letters, digits and ._- without a dot in front. */
bool store_is_name(const char *text, size_t max);

/* "2026-11-21T19:20:03.123Z" */
enum { MOMENT_LENGTH = 24 };
void moment_text(char out[32], int64_t at_ms);
/* Milliseconds since 1970; false when text is no moment. */
bool moment_parse(int64_t *at_ms, const char *text);
int64_t moment_now_ms(void);

#endif
