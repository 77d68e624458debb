/* SPDX-License-Identifier: Apache-2.0 */
/* A camera over RTSP (RFC 2326), its RTP within the same TCP connection, so that nothing is lost and no port need be open.
 *
 * A picture of H.264 and its kin builds on the ones before, back to the last whole (key) picture. A thread receives; it keeps the
 * packets since the last key picture, undecoded. Who asks decodes: all of them, or, when asking seldom, the key picture alone,
 * which costs a hundredth and is as old as the camera's key pictures lie apart (mostly 1 to 4 s). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "watch/source_thread.h"
#include "watch/video_input.h"

/* From here on the last key picture is new enough. */
static const double seldom_s = 2;

struct arrival {
    AVPacket *packet;
    int64_t at_ms;
};

struct rtsp_state {
    struct source *source;
    struct ffmpeg lib;
    struct video_input in; /* read by the thread; its decoder is of who asks */
    bool loaded;
    struct source_thread thread;
    /* Under the thread's mutex. */
    struct arrival *group; /* since the last key picture, which is the first */
    size_t count, capacity, bytes;
    size_t sent;     /* how many of them the decoder had */
    bool key_unseen; /* the first has not been given yet */
    bool full;       /* the group became too long: only its first is kept */
};

static bool rtsp_takes(const char *address) {
    return address_is(address, "rtsp") || address_is(address, "rtsps");
}

static lk_status rtsp_open(struct source *s, lk_error *err) {
    struct rtsp_state *r = s->state;
    r->source = s;
    source_thread_init(&r->thread);
    lk_status status = address_check(s->address, "rtsp rtsps", err);
    if (status == LK_OK && s->credentials.kind == CREDENTIALS_BEARER) {
        status = error_set(err, LK_E_USAGE, "RTSP knows no bearer tokens: basic or digest");
    }
    return status;
}

/* -- The thread -- */

static void drop_packets(struct rtsp_state *r, size_t from) {
    for (size_t i = from; i < r->count; i++) {
        r->lib.codec.av_packet_free(&r->group[i].packet);
    }
    r->count = MIN(r->count, from);
}

/* Takes the packet over in a copy that shares its bytes; the mutex is held. */
static lk_status keep_packet(struct rtsp_state *r, const AVPacket *packet, lk_error *err) {
    bool key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (key) {
        drop_packets(r, 0);
        r->bytes = 0;
        r->sent = 0;
        r->full = false;
        r->key_unseen = true;
    }
    if (r->full || (!key && r->count == 0)) {
        return LK_OK; /* nothing that it could build on */
    }
    r->bytes += (size_t)packet->size;
    if (r->bytes > (size_t)r->source->engine->limits.file_bytes) {
        drop_packets(r, MIN(r->count, (size_t)1));
        r->full = true;
        return LK_OK;
    }
    if (r->count == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        struct arrival *grown = mem_realloc(r->group, capacity, sizeof *grown);
        if (!grown) {
            return error_memory(err, capacity * sizeof *grown);
        }
        r->group = grown;
        r->capacity = capacity;
    }
    AVPacket *copy = r->lib.codec.av_packet_clone(packet);
    if (!copy) {
        return error_memory(err, (size_t)packet->size);
    }
    r->group[r->count++] = (struct arrival){copy, source_now_ms()};
    return LK_OK;
}

static lk_status receive(struct rtsp_state *r, AVPacket *packet, lk_error *err) {
    bool more;
    lk_status status = video_input_read(packet, &more, &r->in, err);
    if (status == LK_OK && !more) {
        return error_set(err, LK_E_IO, "the stream has ended");
    }
    if (status == LK_OK) {
        pthread_mutex_lock(&r->thread.mutex);
        status = keep_packet(r, packet, err);
        pthread_cond_signal(&r->thread.changed);
        pthread_mutex_unlock(&r->thread.mutex);
    }
    r->lib.codec.av_packet_unref(packet);
    return status;
}

static void *run(void *context) {
    struct rtsp_state *r = context;
    lk_error error = {0};
    AVPacket *packet = r->lib.codec.av_packet_alloc();
    lk_status status =
        packet ? video_input_open(&r->in, &r->lib, r->source, true, &r->thread.stop, &error)
               : error_memory(&error, 0);
    while (status == LK_OK) {
        status = receive(r, packet, &error);
    }
    r->lib.codec.av_packet_free(&packet);
    source_thread_finish(&r->thread, &error);
    return NULL;
}

/* -- Who asks -- */

/* Ends the connection; the next call makes a new one. */
static void disconnect(struct rtsp_state *r) {
    source_thread_end(&r->thread);
    drop_packets(r, 0);
    r->bytes = r->sent = 0;
    r->key_unseen = r->full = false;
    video_input_close(&r->in);
}

/* What is to be decoded now. */
struct batch {
    struct arrival *packets; /* owned */
    size_t count;
    bool fresh; /* begins with a key picture */
    bool alone; /* and is nothing else */
};

static void batch_release(struct batch *b, struct rtsp_state *r) {
    for (size_t i = 0; i < b->count; i++) {
        r->lib.codec.av_packet_free(&b->packets[i].packet);
    }
    mem_free(b->packets);
    *b = (struct batch){0};
}

/* Copies of packets of the group; the mutex is held. */
static lk_status take_packets(struct batch *b, struct rtsp_state *r, bool alone, lk_error *err) {
    size_t from = alone ? 0 : r->sent, to = alone ? 1 : r->count;
    *b = (struct batch){.fresh = from == 0, .alone = alone};
    b->packets = mem_calloc(to - from + 1, sizeof *b->packets);
    if (!b->packets) {
        return error_memory(err, (to - from) * sizeof *b->packets);
    }
    for (size_t i = from; i < to; i++) {
        AVPacket *copy = r->lib.codec.av_packet_clone(r->group[i].packet);
        if (!copy) {
            batch_release(b, r);
            return error_memory(err, 0);
        }
        b->packets[b->count++] = (struct arrival){copy, r->group[i].at_ms};
    }
    r->sent = alone ? 0 : to;
    r->key_unseen = false;
    return LK_OK;
}

/* Waits for something to decode. Asking seldom, it waits for a key picture first, for half the time. */
static lk_status wait_packets(struct batch *b, struct rtsp_state *r, double end_s, lk_error *err) {
    const struct source *s = r->source;
    bool seldom = s->every_s >= seldom_s;
    double key_end_s = end_s - s->timeout_s / 2;
    lk_status status = source_check_stop(s, err);
    pthread_mutex_lock(&r->thread.mutex);
    while (status == LK_OK) {
        bool late = clock_s() > key_end_s;
        if (seldom && r->key_unseen) {
            status = take_packets(b, r, true, err);
            break;
        }
        if ((!seldom || late) && r->sent < r->count) {
            status = take_packets(b, r, false, err);
            break;
        }
        if (r->thread.ended) {
            status = r->thread.error.status;
            if (err) {
                *err = r->thread.error;
            }
            break;
        }
        if (clock_s() > end_s) {
            status = error_set(err, LK_E_IO, "no picture came within %g s", s->timeout_s);
            break;
        }
        status = source_thread_wait(&r->thread, s, err);
    }
    pthread_mutex_unlock(&r->thread.mutex);
    return status;
}

/* Decodes the batch; *any when v->frame is its last picture. */
static lk_status decode_batch(bool *any, struct rtsp_state *r, const struct batch *b,
                              lk_error *err) {
    *any = false;
    lk_status status = LK_OK;
    if (b->fresh) {
        video_input_flush(&r->in);
    }
    for (size_t i = 0; status == LK_OK && i < b->count; i++) {
        status = source_check_stop(r->source, err);
        status = status == LK_OK ? video_input_send(&r->in, b->packets[i].packet, err) : status;
        while (status == LK_OK && video_input_receive(&r->in)) {
            *any = true;
        }
    }
    if (status == LK_OK && b->alone) {
        status = video_input_send(&r->in, NULL, err); /* it need not wait for what follows */
        while (video_input_receive(&r->in)) {
            *any = true;
        }
    }
    return status;
}

static lk_status connect(struct rtsp_state *r, lk_error *err) {
    lk_status status = r->loaded ? LK_OK : ffmpeg_open(&r->lib, err);
    r->loaded = status == LK_OK;
    return status == LK_OK ? source_thread_start(&r->thread, run, r, err) : status;
}

static lk_status rtsp_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    (void)more;
    struct rtsp_state *r = s->state;
    double end_s = clock_s() + s->timeout_s;
    lk_status status = r->thread.running ? LK_OK : connect(r, err);
    for (bool any = false; status == LK_OK && !any;) {
        struct batch batch = {0};
        status = wait_packets(&batch, r, end_s, err);
        if (status == LK_OK) {
            out->taken_ms = batch.packets[batch.count - 1].at_ms;
            status = decode_batch(&any, r, &batch, err);
        }
        batch_release(&batch, r);
    }
    snprintf(out->name, sizeof out->name, "%.255s", s->shown);
    if (status == LK_OK) {
        return video_input_picture(out, &r->in, err);
    }
    if (r->thread.running) { /* only while it runs does it share these */
        pthread_mutex_lock(&r->thread.mutex);
        bool ended = r->thread.ended;
        pthread_mutex_unlock(&r->thread.mutex);
        if (ended) {
            disconnect(r);
        }
    }
    return status;
}

static void rtsp_close(struct source *s) {
    struct rtsp_state *r = s->state;
    disconnect(r);
    mem_free(r->group);
    source_thread_release(&r->thread);
    if (r->loaded) {
        ffmpeg_close(&r->lib);
    }
}

const struct source_kind source_rtsp = {
    .state_size = sizeof(struct rtsp_state),
    .live = true,
    .takes = rtsp_takes,
    .open = rtsp_open,
    .next = rtsp_next,
    .close = rtsp_close,
};
