/* SPDX-License-Identifier: Apache-2.0 */
/* Where frames come from: one table of kinds (a folder's files in name order, a file that changes, an HTTP snapshot, MJPEG,
 * RTSP and video files by FFmpeg, JPEGs on standard input). */
#ifndef LK_SOURCE_H
#define LK_SOURCE_H

#include <stdatomic.h>

#include "likeness/image.h"
#include "likeness/watch.h"

struct source;

struct source_options {
    const char *
        token_file; /* credentials of an HTTP or RTSP source (basic, digest, bearer), or NULL; never in the address */
    double timeout_s; /* for one frame, 0: 10 s */
    bool follow;      /* a folder: wait for files to come instead of ending after the last */
    const atomic_bool *
        stop; /* or NULL: set by another thread or a signal handler; source_next then ends with LK_E_CANCELLED soon */
};

struct frame {
    lk_image image;     /* owned by whoever asked; RGB, 8 bits, upright */
    int64_t taken_ms;   /* since 1970, UTC: of the file, the response, the arrival */
    uint8_t digest[32]; /* SHA-256 of the bytes it came in, or of the pixels of a video frame */
    char name[256];     /* of the file or the number of the frame, for messages */
};

/* Opens a source: "dir:PATH", "file:PATH" or a path (a video file, a picture that changes), "http(s)://", "rtsp(s)://", "-".
 * LK_E_USAGE for an address of no kind, or credentials inside it. Does not connect yet where it can wait. */
LK_MUST_CHECK lk_status source_open(struct source **out, lk_engine *engine, const char *address,
                                    const struct source_options *options, lk_error *err);
void source_close(struct source *source);

/* The next frame; *more is false when a source that ends has ended. A frame that cannot be had is an error that names the address
 * (without credentials) and the cause; the source stays usable, the next call tries again (and connects again where it must).
 * A live stream gives its newest picture, not the oldest that waits. */
LK_MUST_CHECK lk_status source_next(struct source *source, struct frame *out, bool *more,
                                    lk_error *err);

/* Whether it brings frames at its own pace (a stream, a video, a folder); of a snapshot whoever asks decides how often. */
bool source_is_stream(const struct source *source);

#endif
