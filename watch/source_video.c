/* SPDX-License-Identifier: Apache-2.0 */
/* A video file: each picture in its turn, or one in a while of the video's own time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "watch/video_input.h"

struct video_state {
    struct ffmpeg lib;
    struct video_input in;
    AVPacket *packet;
    bool open, ended;
    bool drained; /* the file is at its end, the decoder not yet */
    int64_t begin_ms;
    double next_s; /* the next picture is not earlier; of the video's time */
};

static bool video_takes(const char *address) {
    return !strstr(address, "://") && address[0] != '\0';
}

static void video_close(struct source *s) {
    struct video_state *v = s->state;
    if (v->packet) {
        v->lib.codec.av_packet_free(&v->packet);
    }
    video_input_close(&v->in);
    ffmpeg_close(&v->lib);
}

/* When the first picture was taken: as the file says, or as long before it was written as it lasts. */
static int64_t find_begin_ms(const struct video_state *v, const char *path) {
    const AVFormatContext *format = v->in.format;
    const AVDictionaryEntry *said =
        v->lib.util.av_dict_get(format->metadata, "creation_time", NULL, 0);
    int64_t us = 0;
    if (said && v->lib.util.av_parse_time(&us, said->value, 0) >= 0 && us > 0) {
        return us / 1000;
    }
    struct stat st;
    if (stat(path, &st) != 0) {
        return source_now_ms();
    }
    int64_t lasts_ms = format->duration > 0 ? format->duration / (AV_TIME_BASE / 1000) : 0;
    return (int64_t)st.st_mtim.tv_sec * 1000 - lasts_ms;
}

static lk_status video_open(struct source *s, lk_error *err) {
    struct stat st;
    bool there = stat(s->address, &st) == 0;
    return there ? LK_OK : error_set(err, LK_E_IO, "cannot open: %s", strerror(errno));
}

static lk_status video_begin(struct source *s, lk_error *err) {
    struct video_state *v = s->state;
    lk_status status = ffmpeg_open(&v->lib, err);
    status = status == LK_OK ? video_input_open(&v->in, &v->lib, s, false, s->stop, err) : status;
    if (status == LK_OK) {
        v->packet = v->lib.codec.av_packet_alloc();
        v->begin_ms = find_begin_ms(v, s->address);
        v->open = true;
        status = v->packet ? LK_OK : error_memory(err, 0);
    }
    return status;
}

/* Gives the decoder what comes next in the file. */
static lk_status feed(struct video_state *v, lk_error *err) {
    bool more = false;
    lk_status status = video_input_read(v->packet, &more, &v->in, err);
    if (status == LK_OK) {
        status = video_input_send(&v->in, more ? v->packet : NULL, err);
        v->drained = !more;
    }
    v->lib.codec.av_packet_unref(v->packet);
    return status;
}

/* The place of the picture in the video, in seconds from its beginning. */
static double place_s(const struct video_state *v) {
    const AVStream *stream = v->in.format->streams[v->in.stream];
    int64_t at = v->in.frame->best_effort_timestamp;
    int64_t from = stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time;
    return at == AV_NOPTS_VALUE ? v->next_s : (double)(at - from) * av_q2d(stream->time_base);
}

static lk_status ended(const struct source *s, bool *more, lk_error *err) {
    *more = false;
    return s->count > 0 ? LK_OK
                        : error_set(err, LK_E_CORRUPT, "no picture of this video can be decoded");
}

static lk_status video_find(struct source *s, struct frame *out, bool *more, lk_error *err) {
    struct video_state *v = s->state;
    double end_s = clock_s() + s->timeout_s;
    for (;;) {
        while (video_input_receive(&v->in)) {
            double at_s = place_s(v);
            if (at_s >= v->next_s) {
                v->next_s = at_s + s->every_s;
                out->taken_ms = v->begin_ms + (int64_t)(at_s * 1000);
                snprintf(out->name, sizeof out->name, "picture at %.3f s of %.200s", at_s,
                         s->shown);
                return video_input_picture(out, &v->in, err);
            }
            end_s = clock_s() + s->timeout_s;
        }
        lk_status status = source_check_stop(s, err);
        if (status != LK_OK) {
            return status;
        }
        if (v->drained) {
            v->ended = true;
            return ended(s, more, err);
        }
        if (clock_s() > end_s) {
            return error_set(err, LK_E_IO, "no picture could be decoded within %g s", s->timeout_s);
        }
        status = feed(v, err);
        if (status != LK_OK) {
            v->ended = status != LK_E_CANCELLED;
            return status;
        }
    }
}

static lk_status video_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    struct video_state *v = s->state;
    if (v->ended) {
        *more = false;
        return LK_OK;
    }
    lk_status status = v->open ? LK_OK : video_begin(s, err);
    v->ended = status != LK_OK; /* a file that is no video will not become one */
    return status == LK_OK ? video_find(s, out, more, err) : status;
}

const struct source_kind source_video = {
    .state_size = sizeof(struct video_state),
    .takes = video_takes,
    .open = video_open,
    .next = video_next,
    .close = video_close,
};
