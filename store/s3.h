/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in a bucket of S3, or of what speaks like it: put, got, looked for, deleted, listed. Each is tried again, with growing
 * pauses, while the server does not answer or is busy; LK_E_AWAY then. For several threads, one at a time. */
#ifndef LK_S3_H
#define LK_S3_H

#include "store/store.h"

struct s3;

/* at: s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME]. Nothing is sent as yet. LK_E_USAGE for what is no such address and without
 * keys, LK_E_FORMAT without libcurl, LK_E_MEMORY. */
MUST_CHECK lk_status s3_open(struct s3 **out, const char *at, const struct blob_options *options,
                             lk_error *err);
void s3_close(struct s3 *s);

/* Names stand below the prefix. LK_E_AWAY; LK_E_WRITE (put, drop) or LK_E_IO for what the server refuses, with its words. */
MUST_CHECK lk_status s3_put(struct s3 *s, const char *name, const void *data, size_t size,
                            lk_error *err);
/* *there is false when there is none. LK_E_CORRUPT when it has more than most bytes. */
MUST_CHECK lk_status s3_get(lk_bytes *out, bool *there, struct s3 *s, const char *name,
                            int64_t most, lk_error *err);
MUST_CHECK lk_status s3_has(bool *there, struct s3 *s, const char *name, lk_error *err);
MUST_CHECK lk_status s3_drop(struct s3 *s, const char *name, lk_error *err);
/* Calls visit with each name. */
MUST_CHECK lk_status s3_visit(struct s3 *s, void (*visit)(void *arg, const char *name), void *arg,
                              lk_error *err);
/* The address with all that it takes to ask there again, but keys. LK_E_USAGE. */
MUST_CHECK lk_status s3_address(char *out, size_t size, const char *at,
                                const struct blob_options *options, lk_error *err);
/* "s3://BUCKET/PREFIX" for messages, and whether two addresses are the same bucket and prefix. */
const char *s3_shown(const struct s3 *s);
bool s3_same(const char *one, const char *other);
bool s3_is_address(const char *text);

#endif
