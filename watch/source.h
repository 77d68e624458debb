/* SPDX-License-Identifier: Apache-2.0 */
/* Where frames come from: one table of kinds (a folder's files in name order, a picture that is written again and again, an HTTP
 * snapshot, MJPEG, RTSP and video files by FFmpeg, JPEGs on standard input). */
#ifndef LK_SOURCE_H
#define LK_SOURCE_H

#include "likeness/image.h"

struct source;

struct source_options {
    /* Credentials of an HTTP or RTSP source (net/credentials.h), or NULL; never in the address. */
    const char *token_file;
    const char *ca_file; /* PEM certificates to trust over https instead of the system's, or NULL */
    double timeout_s;    /* for one frame; 0: 10 s */
    /* How often frames will be asked for; 0: not known. Of a video file: how far apart in its time they lie at least. From 2 s on
     * an MJPEG stream is connected to anew for each, and of RTSP only whole (key) pictures are decoded. */
    double every_s;
    /* A folder: begins behind the file of this name (frame.name), so that a restart goes on where it was; NULL or "": with
     * the first. */
    const char *after;
    bool newest; /* a folder: begins with its last file instead */
    bool follow; /* a folder: waits for files to come instead of ending after the last */
    /* Not 0 (read atomically; a signal handler or another thread may set it): source_next ends within some 1 s with
     * LK_E_CANCELLED. NULL: the engine's. */
    const int *stop;
};

struct frame {
    lk_image image; /* owned by whoever asked; RGB, 8 bits, upright */
    int64_t
        taken_ms; /* since 1970, UTC: of the file, the answer, the arrival; of a video file its beginning and place */
    uint8_t digest[32]; /* SHA-256 of the bytes it came in, or of the pixels of a video frame */
    char name[256];     /* of the file or the number of the frame, for messages */
};

/* Opens a source: "dir:PATH", "file:PATH" or a path (a folder, a picture that is written again and again, a video file),
 * "http(s)://", "rtsp(s)://", "-". Does not connect yet. LK_E_USAGE for an address of no kind or with credentials inside; what
 * credentials_read says. engine and options->stop must outlive the source; the texts are copied. */
LK_MUST_CHECK lk_status source_open(struct source **out, lk_engine *engine, const char *address,
                                    const struct source_options *options, lk_error *err);
void source_close(struct source *source);
/* "push:": its frames are sent, and there is nothing to fetch. */
bool source_is_pushed(const char *address);

/* The next frame; *more is false, and out empty, when a source that ends has ended. A frame that cannot be had is an error that
 * names the address (without credentials) or the file, and the cause; the source stays usable: the next call goes on with the
 * next file, or tries (and connects) again. Not to be called by two threads at once. */
LK_MUST_CHECK lk_status source_next(struct source *source, struct frame *out, bool *more,
                                    lk_error *err);
void frame_release(struct frame *frame);

/* Live (a snapshot, a stream, a picture that is written again and again): source_next gives the picture of now, what came in
 * between is dropped, and whoever asks decides how often. A picture file that has not changed is given again. Otherwise
 * (folder, video file, standard input) each frame comes in its turn. Not known of an http address before its first frame,
 * and live either way. */
bool source_is_live(const struct source *source);

/* The address as messages may have it. */
const char *source_shown(const struct source *source);

#endif
