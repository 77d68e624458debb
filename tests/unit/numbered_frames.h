/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that say which one they are, also after a lossy codec: number n is all of one gray level. */
#ifndef LK_NUMBERED_FRAMES_H
#define LK_NUMBERED_FRAMES_H

#include "tests/unit/scratch_folder.h"

#include "base/clock.h"
#include "base/file.h"
#include "image/image.h"
#include "watch/source.h"

enum { NUMBERED_WIDTH = 96, NUMBERED_HEIGHT = 64, NUMBERED_STEP = 8, NUMBERED_MOST = 31 };

static inline lk_engine *numbered_engine(void) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    options.limits.file_bytes = 1 << 20;
    assert_ok(lk_engine_new(&engine, &options, &err));
    return engine;
}

/* The caller releases it. */
static inline lk_bytes numbered_jpeg(lk_engine *engine, int number) {
    lk_error err;
    lk_image image;
    lk_bytes bytes;
    assert_ok(lk_image_new(&image, NUMBERED_WIDTH, NUMBERED_HEIGHT, 3, 8, &err));
    memset(image.data, number * NUMBERED_STEP, image.stride * (size_t)image.height);
    assert_ok(lk_image_encode(&bytes, &image, engine, "jpeg", 90, &err));
    lk_image_release(&image);
    return bytes;
}

static inline void numbered_write(lk_engine *engine, const char *path, int number) {
    lk_error err;
    lk_bytes bytes = numbered_jpeg(engine, number);
    assert_ok(file_write(path, bytes.data, bytes.size, &err));
    lk_bytes_release(&bytes);
}

/* Pictures 0 to count - 1 below root, as 00.jpg and so on. */
static inline void numbered_write_all(lk_engine *engine, const char *root, int count) {
    char path[128], name[32];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%02d.jpg", i);
        scratch_place(path, sizeof path, root, name);
        numbered_write(engine, path, i);
    }
}

/* Which one a frame shows; -1 when it is none or not right in its form. */
static inline int number_of(const struct frame *frame) {
    const lk_image *i = &frame->image;
    if (i->channels != 3 || i->bit_depth != 8 || i->width != NUMBERED_WIDTH ||
        i->height != NUMBERED_HEIGHT) {
        return -1;
    }
    const uint8_t *middle = image_row(i, i->height / 2) + 3 * (i->width / 2);
    int number = (middle[1] + NUMBERED_STEP / 2) / NUMBERED_STEP;
    for (int c = 0; c < 3; c++) {
        if (abs(middle[c] - number * NUMBERED_STEP) > 3) {
            return -1;
        }
    }
    return number;
}

/* The next frame's number; fails the test when there is none. */
static inline int next_number(struct source *s) {
    lk_error err;
    struct frame frame;
    bool more;
    assert_ok(source_next(s, &frame, &more, &err));
    assert_true(more);
    int number = number_of(&frame);
    frame_release(&frame);
    return number;
}

/* Checks that a live source's next frame is the newest: `rate` pictures a second come, STREAM_COUNT and then the first again;
 * *number and *at_s are of the frame before, and become this one's. */
enum { STREAM_COUNT = 20, STREAM_TOLERANCE = 5 };

static inline void expect_newest(struct source *s, double rate, int *number, double *at_s) {
    int now = next_number(s);
    double now_s = clock_s();
    int steps = (now - *number + STREAM_COUNT) % STREAM_COUNT;
    int expected = (int)((now_s - *at_s) * rate + 0.5) % STREAM_COUNT;
    int apart = abs(steps - expected);
    apart = apart < STREAM_COUNT - apart ? apart : STREAM_COUNT - apart;
    if (now < 0 || apart > STREAM_TOLERANCE) {
        fail_msg("%d follows %d after %.2f s", now, *number, now_s - *at_s);
    }
    *number = now;
    *at_s = now_s;
}

/* The next call must fail with this status. */
static inline lk_error next_failure(struct source *s, lk_status expected) {
    lk_error err = {0};
    struct frame frame;
    bool more;
    assert_int_equal(source_next(s, &frame, &more, &err), expected);
    assert_true(more);
    assert_null(frame.image.data);
    return err;
}

static inline void assert_ended(struct source *s) {
    lk_error err;
    struct frame frame;
    bool more;
    assert_ok(source_next(s, &frame, &more, &err));
    assert_false(more);
    assert_null(frame.image.data);
}

#endif
