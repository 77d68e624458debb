/* SPDX-License-Identifier: Apache-2.0 */
/* A file written piece by piece and replaced atomically at its end: what file_write is for bytes that are not in memory at once. */
#ifndef LK_STREAM_H
#define LK_STREAM_H

#include <likeness/status.h>

#include "base/buf.h"

struct stream {
    const char *path; /* borrowed */
    char *beside;     /* where it is written until its end; NULL when that is path itself */
    int fd;
    struct buf pending;
    lk_error *err; /* of the first failure; borrowed, may be NULL */
    lk_status status;
};

/* "-" is standard output; devices and pipes are written in place. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status stream_open(struct stream *out, const char *path, lk_error *err);
/* Appends; the first failure sticks. */
void stream_add(struct stream *s, const void *data, size_t size);
/* Ends it: when so_far is LK_OK and all was written, the file is synced and takes its name; else it is taken away. Returns so_far,
 * or what failed. */
MUST_CHECK lk_status stream_close(struct stream *s, lk_status so_far);

#endif
