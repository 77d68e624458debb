/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's picture over HTTP: a snapshot is fetched when it is asked for. An address that answers with multipart/x-mixed-replace
 * (MJPEG) is a stream: its JPEGs follow each other for as long as the connection lasts. Of one that is asked for seldom the first
 * picture of a new connection is taken; else a thread reads on and keeps the newest. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "net/http.h"
#include "watch/jpeg_split.h"
#include "watch/source_thread.h"

/* From here on connecting again costs less than all that would be read in between. */
static const double seldom_s = 2;

/* One answer as it comes. */
struct fetch {
    struct http_state *http;
    struct jpeg_split split;
    struct buf whole; /* of a snapshot */
    double end_s;     /* a snapshot must have come by then */
    bool is_stream, late, too_long;
    lk_status failed; /* LK_E_MEMORY */
};

struct http_state {
    struct source *source;
    struct http *client;
    bool is_stream;              /* known after the first answer */
    struct source_thread thread; /* of a stream */
    lk_bytes newest;             /* not given yet, or empty; under the thread's mutex */
    int64_t newest_ms;
};

static bool http_takes(const char *address) {
    return address_is(address, "http") || address_is(address, "https");
}

static lk_status http_kind_open(struct source *s, lk_error *err) {
    struct http_state *h = s->state;
    h->source = s;
    source_thread_init(&h->thread);
    return address_check(s->address, "http https", err);
}

static struct http_request request_of(const struct source *s) {
    return (struct http_request){
        .url = s->address,
        .credentials = &s->credentials,
        .ca_file = s->ca_file,
        .timeout_s = s->timeout_s,
        .max_bytes = s->engine->limits.file_bytes,
    };
}

static void fetch_begin(struct fetch *f, struct http_state *h) {
    size_t max = (size_t)h->source->engine->limits.file_bytes;
    *f = (struct fetch){.http = h, .end_s = clock_s() + h->source->timeout_s};
    jpeg_split_init(&f->split, max);
    buf_init(&f->whole, max);
}

static void fetch_release(struct fetch *f) {
    jpeg_split_release(&f->split);
    buf_release(&f->whole);
}

/* What ended an answer from our side; LK_OK when nothing did. */
static lk_status fetch_error(const struct fetch *f, lk_error *err) {
    const struct source *s = f->http->source;
    if (f->failed == LK_E_MEMORY) {
        return error_memory(err, f->whole.size);
    }
    if (f->too_long) {
        return error_limit(err, "file_bytes", "the picture is longer than the limit of %lld bytes",
                           (long long)s->engine->limits.file_bytes);
    }
    return f->late ? error_set(err, LK_E_IO, "the answer did not end within %g s", s->timeout_s)
                   : LK_OK;
}

/* -- A stream's pictures -- */

static void keep_newest(struct http_state *h, lk_bytes *picture) {
    pthread_mutex_lock(&h->thread.mutex);
    lk_bytes_release(&h->newest);
    h->newest = *picture;
    h->newest_ms = source_now_ms();
    pthread_cond_signal(&h->thread.changed);
    pthread_mutex_unlock(&h->thread.mutex);
    *picture = (lk_bytes){0};
}

/* false when memory is short, or (`once`) there is a picture. Pictures that are too long are passed over. */
static bool take_stream(struct fetch *f, const uint8_t *bytes, size_t size, bool once) {
    for (const uint8_t *at = bytes; at < bytes + size;) {
        enum split_result result = jpeg_split_take(&f->split, &at, bytes + size);
        if (result == SPLIT_MORE) {
            return true;
        }
        if (result == SPLIT_TOO_LONG) {
            f->too_long = true;
            if (once) {
                return false;
            }
            continue;
        }
        lk_bytes picture;
        f->failed =
            result == SPLIT_WHOLE ? jpeg_split_finish(&f->split, &picture, NULL) : LK_E_MEMORY;
        if (f->failed != LK_OK) {
            return false;
        }
        keep_newest(f->http, &picture);
        f->too_long = false;
        if (once) {
            return false;
        }
    }
    return true;
}

static bool sink_stream(void *context, const struct http_answer *answer, const uint8_t *bytes,
                        size_t size) {
    (void)answer;
    return take_stream(context, bytes, size, false);
}

/* -- The first answer, and those that are whole -- */

static bool sink_once(void *context, const struct http_answer *answer, const uint8_t *bytes,
                      size_t size) {
    static const char multipart[] = "multipart/";
    struct fetch *f = context;
    f->late = clock_s() > f->end_s;
    f->is_stream = strncasecmp(answer->content_type, multipart, sizeof multipart - 1) == 0;
    if (f->late) {
        return false;
    }
    if (f->is_stream) {
        return take_stream(f, bytes, size, true);
    }
    buf_add(&f->whole, bytes, size);
    f->too_long = f->whole.status == LK_E_LIMIT;
    f->failed = f->whole.status == LK_E_MEMORY ? LK_E_MEMORY : LK_OK;
    return f->whole.status == LK_OK;
}

/* One picture of a request of its own, and when it was taken. */
static lk_status fetch_once(lk_bytes *out, int64_t *taken_ms, struct source *s, lk_error *err) {
    struct http_state *h = s->state;
    struct fetch f;
    struct http_answer answer;
    struct http_request request = request_of(s);
    fetch_begin(&f, h);
    request.stop = s->stop;
    request.sink = sink_once;
    request.context = &f;
    lk_status status = http_send(h->client, &answer, &request, err);
    status = status == LK_OK ? http_expect(&answer, &request, err) : status;
    status = status == LK_OK ? fetch_error(&f, err) : status;
    *taken_ms = source_now_ms() - MAX(answer.age_ms, 0);
    if (status == LK_OK && f.is_stream) {
        h->is_stream = true;
        *out = h->newest;
        *taken_ms = h->newest_ms;
        h->newest = (lk_bytes){0};
        status = out->data ? LK_OK
                           : error_set(err, LK_E_IO, "the stream ended before its first picture");
    } else if (status == LK_OK) {
        status = buf_finish(&f.whole, out, err);
    }
    http_answer_release(&answer);
    fetch_release(&f);
    return status;
}

/* -- The thread of a stream -- */

static void *read_stream(void *context) {
    struct http_state *h = context;
    struct fetch f;
    struct http_answer answer;
    struct http_request request = request_of(h->source);
    lk_error error = {0};
    fetch_begin(&f, h);
    request.stop = &h->thread.stop;
    request.sink = sink_stream;
    request.context = &f;
    lk_status status = http_send(h->client, &answer, &request, &error);
    status = status == LK_OK ? http_expect(&answer, &request, &error) : status;
    status = status == LK_OK ? fetch_error(&f, &error) : status;
    if (status == LK_OK) {
        error_set(&error, LK_E_IO, "the stream has ended");
    }
    http_answer_release(&answer);
    fetch_release(&f);
    source_thread_finish(&h->thread, &error);
    return NULL;
}

static void end_stream(struct http_state *h) {
    source_thread_end(&h->thread);
    lk_bytes_release(&h->newest);
}

static lk_status next_of_stream(lk_bytes *out, int64_t *taken_ms, struct source *s, lk_error *err) {
    struct http_state *h = s->state;
    double end_s = clock_s() + s->timeout_s;
    lk_status status =
        h->thread.running ? LK_OK : source_thread_start(&h->thread, read_stream, h, err);
    if (status != LK_OK) {
        return status;
    }
    pthread_mutex_lock(&h->thread.mutex);
    while (status == LK_OK && !h->newest.data && !h->thread.ended && clock_s() < end_s) {
        status = source_thread_wait(&h->thread, s, err);
    }
    *out = h->newest;
    *taken_ms = h->newest_ms;
    h->newest = (lk_bytes){0};
    bool ended = h->thread.ended && !out->data;
    pthread_mutex_unlock(&h->thread.mutex);
    if (status == LK_OK && ended) {
        end_stream(h); /* the next call connects again */
        if (err) {
            *err = h->thread.error;
        }
        return h->thread.error.status;
    }
    if (status == LK_OK && !out->data) {
        status = error_set(err, LK_E_IO, "no picture came within %g s", s->timeout_s);
    }
    return status;
}

/* -- The kind -- */

static lk_status http_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    (void)more;
    struct http_state *h = s->state;
    lk_bytes bytes = {0};
    lk_status status = h->client ? LK_OK : http_open(&h->client, err);
    if (status == LK_OK) {
        bool threaded = h->is_stream && s->every_s < seldom_s;
        status = threaded ? next_of_stream(&bytes, &out->taken_ms, s, err)
                          : fetch_once(&bytes, &out->taken_ms, s, err);
    }
    snprintf(out->name, sizeof out->name, "%.255s", s->shown);
    status = status == LK_OK ? frame_decode(out, s, &bytes, s->shown, err) : status;
    lk_bytes_release(&bytes);
    return status;
}

static void http_kind_close(struct source *s) {
    struct http_state *h = s->state;
    end_stream(h);
    http_close(h->client);
    source_thread_release(&h->thread);
}

const struct source_kind source_http = {
    .state_size = sizeof(struct http_state),
    .live = true,
    .takes = http_takes,
    .open = http_kind_open,
    .next = http_next,
    .close = http_kind_close,
};
