/* SPDX-License-Identifier: Apache-2.0 */
/* A video that is being read: its packets, its decoder, its pictures as images. FFmpeg reads much that nobody means to give to a
 * camera watch: the formats, protocols and codecs that are opened are listed, and sizes are checked before pictures are decoded. */
#ifndef LK_VIDEO_INPUT_H
#define LK_VIDEO_INPUT_H

#include "watch/ffmpeg.h"
#include "watch/source_kind.h"

struct video_input {
    const struct ffmpeg *lib;
    const struct source *source;
    AVFormatContext *format;
    AVCodecContext *decoder;
    AVFrame *frame; /* what video_input_receive gave last, until it gives the next */
    AVFrame *spare;
    struct SwsContext *scaler;
    int stream;          /* the one that is decoded */
    int32_t orientation; /* EXIF 1..8 */
    /* Asked again and again while a call below waits. */
    const int *stop; /* not 0: it ends; NULL for none */
    double end_s;    /* of clock_s(): it ends */
};

/* Connects, finds the video and its decoder. live: the address is one of RTSP, else a file. Every call ends after the source's
 * timeout_s, or when *stop is not 0. lib and source must outlive it. */
LK_MUST_CHECK lk_status video_input_open(struct video_input *out, const struct ffmpeg *lib,
                                         const struct source *source, bool live, const int *stop,
                                         lk_error *err);
void video_input_close(struct video_input *v);

/* The next packet of the video, from whichever thread; *more is false at its end. */
LK_MUST_CHECK lk_status video_input_read(AVPacket *out, bool *more, struct video_input *v,
                                         lk_error *err);

/* A packet, or NULL for the end, into the decoder. What is damaged is passed over. */
LK_MUST_CHECK lk_status video_input_send(struct video_input *v, const AVPacket *packet,
                                         lk_error *err);
/* Whether the decoder has one more picture, now in v->frame; pictures with errors in them are passed over. */
bool video_input_receive(struct video_input *v);
/* Forgets pictures that are half done: what comes next begins with a whole (key) picture. */
void video_input_flush(struct video_input *v);

/* v->frame as an image in sRGB, upright, with its digest. */
LK_MUST_CHECK lk_status video_input_picture(struct frame *out, struct video_input *v,
                                            lk_error *err);

#endif
