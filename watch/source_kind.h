/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a source, for the kinds of sources: a kind is a row of the table in source.c. */
#ifndef LK_SOURCE_KIND_H
#define LK_SOURCE_KIND_H

#include <sys/stat.h>

#include "net/address.h"
#include "net/credentials.h"
#include "watch/source.h"

struct source {
    const struct source_kind *kind;
    lk_engine *engine;
    char *address; /* without "dir:" or "file:" */
    char *ca_file; /* or NULL */
    char *after;   /* or NULL */
    char shown[ADDRESS_SHOWN];
    struct credentials credentials;
    double timeout_s, every_s;
    bool newest, follow;
    const int *stop; /* or NULL */
    bool opened;
    int64_t count; /* frames given so far */
    void *state;   /* the kind's own, state_size bytes of zeros at first */
};

struct source_kind {
    size_t state_size;
    bool live;
    bool (*takes)(const char *address); /* asked in the order of the table */
    lk_status (*open)(struct source *s, lk_error *err);
    lk_status (*next)(struct source *s, struct frame *out, bool *more, lk_error *err);
    void (*close)(struct source *s); /* also after an open that failed; or NULL */
};

extern const struct source_kind source_stdin, source_http, source_rtsp, source_folder, source_file,
    source_video;

/* LK_E_CANCELLED once somebody asked to stop. */
LK_MUST_CHECK lk_status source_check_stop(const struct source *s, lk_error *err);
/* Waits, at most until fd (or -1 for none) has something to read; the same. */
LK_MUST_CHECK lk_status source_wait(const struct source *s, int fd, int ms, lk_error *err);

/* Milliseconds since 1970. */
int64_t source_now_ms(void);

/* Decodes the bytes of a picture into the image and digest of out. */
LK_MUST_CHECK lk_status frame_decode(struct frame *out, const struct source *s,
                                     const lk_bytes *bytes, const char *name, lk_error *err);
/* The picture in the file at path. One that somebody is still writing is waited for: it is read again until it decodes and did
 * not change meanwhile, for timeout_s since it changed last. */
LK_MUST_CHECK lk_status frame_read(struct frame *out, const struct source *s, const char *path,
                                   lk_error *err);

#endif
