/* SPDX-License-Identifier: Apache-2.0 */
/* Where blobs lie: a row of calls each. store/blob.h says what each call promises. */
#ifndef LK_BLOB_KIND_H
#define LK_BLOB_KIND_H

#include "store/blob.h"
#include "store/store_kind.h"

enum { BLOB_WHERE_MAX = 1023 };

/* A place of blobs, as a store remembers it. */
struct blob_where {
    const struct blob_kind *kind;
    char text[BLOB_WHERE_MAX + 1]; /* a folder; s3://...; empty: in the store itself */
    bool is_new;                   /* it was just chosen */
};

/* In a folder of its own, or a prefix of a bucket, this file says whose blobs they are: it holds the store's salt. */
extern const char blob_marker[];

struct blob_kind {
    const char *word; /* as it is remembered */
    lk_status (*open)(lk_store *s, const struct blob_where *at, lk_error *err);
    void (*close)(lk_store *s); /* accepts one that was not opened */
    lk_status (*prepare)(lk_store *s, lk_error *err);
    lk_status (*write)(struct blob *b, lk_store *s, const void *data, size_t size, lk_error *err);
    lk_status (*place)(struct blob *b, lk_store *s, lk_error *err);
    void (*undo)(struct blob *b, lk_store *s);
    /* name: of the blob, for messages. The bytes are looked at by whoever calls. */
    lk_status (*read)(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                      const char *name, lk_error *err);
    lk_status (*drop)(lk_store *s, const char *sha256, lk_error *err);
    lk_status (*visit)(const lk_store *s, void (*visit)(void *arg, const char *name), void *arg,
                       lk_error *err);
    char *(*name)(const lk_store *s, const char *sha256); /* on the heap; NULL without memory */
};

extern const struct blob_kind blob_kind_folder, blob_kind_rows, blob_kind_s3;

/* blob_place.c: opens the blobs of a store whose tables are those of today, where it remembers that they are. What its options say
 * must be the same place, or LK_E_USAGE. */
MUST_CHECK lk_status blob_open(lk_store *s, lk_error *err);
/* For a store that is being made, in the transaction that makes it: opens what its options choose, if anything, which must be
 * nobody's (LK_E_USAGE), and remembers it. */
MUST_CHECK lk_status blob_remember(lk_store *s, lk_error *err);
/* For a copy: LK_E_USAGE when its options choose what the other has. */
MUST_CHECK lk_status blob_expect_other(const lk_store *to, const lk_store *from, lk_error *err);
MUST_CHECK lk_status blob_options_copy(struct blob_options *out, const lk_blob_options *from,
                                       lk_error *err);
void blob_options_release(struct blob_options *o);
lk_blob_options blob_options_given(const struct blob_options *o);

#endif
