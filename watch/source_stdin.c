/* SPDX-License-Identifier: Apache-2.0 */
/* JPEGs one after the other on standard input, as `ffmpeg -f mjpeg -` and cameras' tools write them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "image/engine.h"
#include "watch/jpeg_split.h"
#include "watch/source_kind.h"

enum { BLOCK_BYTES = 1 << 16 };

struct stdin_state {
    struct jpeg_split split;
    const uint8_t *at, *end; /* what of the block is still to be split */
    bool ended;
    uint8_t block[BLOCK_BYTES];
};

static bool stdin_takes(const char *address) {
    return strcmp(address, "-") == 0;
}

static lk_status stdin_open(struct source *s, lk_error *err) {
    (void)err;
    struct stdin_state *in = s->state;
    jpeg_split_init(&in->split, (size_t)s->engine->limits.file_bytes);
    return LK_OK;
}

static void stdin_close(struct source *s) {
    struct stdin_state *in = s->state;
    jpeg_split_release(&in->split);
}

/* Fills the block; LK_E_IO when nothing comes in time. */
static lk_status read_block(struct source *s, double end_s, lk_error *err) {
    struct stdin_state *in = s->state;
    double left_ms = (end_s - clock_s()) * 1000;
    if (left_ms <= 0) {
        return error_set(err, LK_E_IO, "no picture came within %g s", s->timeout_s);
    }
    lk_status status = source_wait(s, STDIN_FILENO, (int)left_ms + 1, err);
    if (status != LK_OK || clock_s() > end_s) {
        return status; /* late: the next call says so */
    }
    ssize_t n = read(STDIN_FILENO, in->block, sizeof in->block);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
        return error_set(err, LK_E_IO, "read failed: %s", strerror(errno));
    }
    in->ended = n == 0;
    in->at = in->block;
    in->end = in->block + MAX(n, 0);
    return LK_OK;
}

static lk_status split_failed(const struct source *s, enum split_result result, lk_error *err) {
    if (result == SPLIT_NO_MEMORY) {
        return error_memory(err, 0);
    }
    return error_limit(err, "file_bytes", "a picture is longer than the limit of %lld bytes",
                       (long long)s->engine->limits.file_bytes);
}

static lk_status stdin_next(struct source *s, struct frame *out, bool *more, lk_error *err) {
    struct stdin_state *in = s->state;
    double end_s = clock_s() + s->timeout_s;
    for (;;) {
        enum split_result result = jpeg_split_take(&in->split, &in->at, in->end);
        if (result == SPLIT_WHOLE) {
            break;
        }
        if (result != SPLIT_MORE) {
            return split_failed(s, result, err);
        }
        if (in->ended) {
            bool cut = jpeg_split_is_inside(&in->split);
            jpeg_split_again(&in->split);
            *more = cut;
            return cut ? error_set(err, LK_E_CORRUPT, "standard input ends within a picture")
                       : LK_OK;
        }
        lk_status status = read_block(s, end_s, err);
        if (status != LK_OK) {
            return status;
        }
    }
    lk_bytes bytes;
    snprintf(out->name, sizeof out->name, "frame %lld of standard input", (long long)s->count + 1);
    out->taken_ms = source_now_ms();
    lk_status status = jpeg_split_finish(&in->split, &bytes, err);
    status = status == LK_OK ? frame_decode(out, s, &bytes, out->name, err) : status;
    lk_bytes_release(&bytes);
    return status;
}

const struct source_kind source_stdin = {
    .state_size = sizeof(struct stdin_state),
    .takes = stdin_takes,
    .open = stdin_open,
    .next = stdin_next,
    .close = stdin_close,
};
