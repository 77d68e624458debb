/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures and other large things, named after the SHA-256 of their bytes, and held against it when they are read. Where they lie
 * is a row of calls (store/blob_kind.h): in a folder, as rows of a database, or on S3.
 *
 * In a folder they are files blobs/ab/abcdef….
 *
 * A file comes into being beside its place, is synced, renamed, and its folder synced, before a row names it. It is never
 * changed. Only blob_drop takes one away; like blob_place it runs inside lk_store_begin and lk_store_end, so that no other
 * process names the file meanwhile.
 *
 * On PostgreSQL they are rows of the table blob, unless the store was made with another place; a row is what a file is here: it
 * comes into being under another name, which blob_place changes. On S3 (blob_s3.c) it has its name at once, and blob_place looks
 * whether it is still there. */
#ifndef LK_BLOB_H
#define LK_BLOB_H

#include "store/store.h"

/* Makes the folder of blobs, and clears away what writers that were killed left in it. */
MUST_CHECK lk_status blob_prepare(lk_store *s, lk_error *err);

/* A file on its way to its place. */
struct blob {
    char sha256[65];
    char beside[48]; /* its name in blobs/ until then; empty when there is none */
    char placed
        [48];     /* of a row: its name until it was placed, which is undone with the transaction */
    bool created; /* blob_place: nothing had that name before */
    size_t size;
};

/* Writes the bytes to the disk; takes long, and needs no lock. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status blob_write(struct blob *out, lk_store *s, const void *data, size_t size,
                                lk_error *err);
/* Gives the file its name, or looks that it has it (LK_E_WRITE when another process took it away meanwhile). What has the name
 * already is the same, or damaged: it is replaced. */
MUST_CHECK lk_status blob_place(struct blob *b, lk_store *s, lk_error *err);
/* Takes back what blob_write and blob_place did; for those that failed later. Accepts an empty one. */
void blob_undo(struct blob *b, lk_store *s);

/* The bytes, which have that digest. LK_E_IO when the file is missing, LK_E_CORRUPT when it is a link or its bytes are others,
 * LK_E_AWAY, as from all of these, when it lies on a machine that does not answer; err->input is its path. */
MUST_CHECK lk_status blob_read(lk_bytes *out, const lk_store *s, const char *sha256, int64_t bytes,
                               lk_error *err);
/* Deletes the file, which may be missing, and makes that last. */
MUST_CHECK lk_status blob_drop(lk_store *s, const char *sha256, lk_error *err);

/* The path below the store's folder. */
enum { BLOB_PATH_SIZE = 80 };
void blob_path(char out[BLOB_PATH_SIZE], const char *sha256);

/* Calls visit with the name of each file in blobs/??/. */
MUST_CHECK lk_status blob_visit(const lk_store *s, void (*visit)(void *arg, const char *name),
                                void *arg, lk_error *err);

/* Reads a plain file, not through links, below the folder fd: path has no "..". For messages `whole` stands for it. */
MUST_CHECK lk_status blob_read_below(lk_bytes *out, int fd, const char *path, int64_t max_bytes,
                                     const char *whole, lk_error *err);

#endif
