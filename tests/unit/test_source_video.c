/* SPDX-License-Identifier: Apache-2.0 */
/* Video files, made by the ffmpeg program: each picture in its turn, and files that are damaged, too large or something else. */
#include "tests/unit/numbered_frames.h"

#include <fcntl.h>

#include "base/clock.h"

enum { COUNT = 20 }; /* pictures, 10 a second */

struct place {
    char root[SCRATCH_BYTES];
    lk_engine *engine;
};

static int begin(void **state) {
    static struct place p;
    scratch_make(p.root, "video");
    p.engine = numbered_engine();
    numbered_write_all(p.engine, p.root, COUNT);
    *state = &p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    lk_engine_free(p->engine);
    scratch_remove(p->root);
    return 0;
}

/* Has ffmpeg make the file below root; false when it lacks the encoder. */
static bool make_video(char path[128], const struct place *p, const char *name,
                       const char *options) {
    char command[768];
    scratch_place(path, 128, p->root, name);
    snprintf(
        command, sizeof command,
        "ffmpeg -v error -y -framerate 10 -i '%s/%%02d.jpg' -an %s '%s' >'%s/log' 2>&1 </dev/null",
        p->root, options, path, p->root);
    return system(command) == 0;
}

static struct source *open_video(const struct place *p, const char *path, double every_s) {
    lk_error err;
    struct source *s;
    const struct source_options options = {.every_s = every_s, .timeout_s = 5};
    assert_ok(source_open(&s, p->engine, path, &options, &err));
    assert_false(source_is_live(s));
    return s;
}

static void test_codecs(void **state) {
    struct place *p = *state;
    static const struct {
        const char *name, *options;
    } kinds[] = {
        {"a.mp4", "-c:v libx264 -pix_fmt yuv420p -g 7 -bf 2"},
        {"b.mkv", "-c:v libx265 -pix_fmt yuv420p -x265-params log-level=none"},
        {"c.avi", "-c:v mpeg4 -q:v 2"},
        {"d.avi", "-c:v mjpeg -q:v 2"},
        {"e.ts", "-c:v mpeg2video -q:v 2 -r 25 -vf select=1 -fps_mode passthrough"},
        {"f.webm", "-c:v libvpx-vp9 -crf 20 -b:v 0 -cpu-used 8"},
        {"odd:name -x.mp4", "-c:v libx264 -pix_fmt yuv420p"},
    };
    char path[128];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!make_video(path, p, kinds[i].name, kinds[i].options)) {
            print_message("this ffmpeg does not make %s\n", kinds[i].name);
            continue;
        }
        struct source *s = open_video(p, path, 0);
        for (int k = 0; k < COUNT; k++) {
            assert_int_equal(next_number(s), k);
        }
        assert_ended(s);
        assert_ended(s);
        source_close(s);
    }
}

static void test_times(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128];
    bool more;
    struct frame frame;
    if (!make_video(path, p, "t.mp4",
                    "-c:v libx264 -pix_fmt yuv420p -metadata creation_time=2026-11-20T17:02:31Z")) {
        skip();
    }
    struct source *s = open_video(p, path, 0.5);
    for (int k = 0; k < 4; k++) {
        assert_ok(source_next(s, &frame, &more, &err));
        assert_int_equal(number_of(&frame), 5 * k);
        assert_true(frame.taken_ms == 1795194151000 + 500 * k);
        assert_non_null(strstr(frame.name, k == 1 ? "picture at 0.500 s of" : "picture at"));
        frame_release(&frame);
    }
    assert_ended(s);
    source_close(s);
    if (!make_video(path, p, "u.mp4", "-c:v libx264 -pix_fmt yuv420p")) {
        skip();
    }
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    s = open_video(p, path, 0);
    assert_ok(source_next(s, &frame, &more, &err));
    assert_in_range(frame.taken_ms, 1700000000000 - 2500, 1700000000000 - 1500); /* it lasts 2 s */
    frame_release(&frame);
    source_close(s);
}

/* Runs a command of ffmpeg's in the folder; false when it fails. */
static bool run_ffmpeg(const struct place *p, const char *arguments) {
    char command[512];
    snprintf(command, sizeof command, "cd '%s' && ffmpeg -v error -y %s </dev/null >log 2>&1",
             p->root, arguments);
    return system(command) == 0;
}

/* As a phone was held: the ffmpeg program turns its pictures by the same matrix. */
static void test_turned(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128], arguments[256];
    static const int angles[] = {0, 90, 180, 270};
    if (!run_ffmpeg(
            p,
            "-f lavfi -i testsrc=s=96x64:r=10:d=0.3 -c:v libx264 -pix_fmt yuv420p upright.mp4")) {
        skip();
    }
    for (int i = 0; i < 4; i++) {
        struct frame frame;
        lk_image expected;
        bool more;
        snprintf(arguments, sizeof arguments,
                 "-i upright.mp4 -c copy -metadata:s:v:0 rotate=%d turned.mp4", angles[i]);
        assert_true(run_ffmpeg(p, arguments));
        assert_true(run_ffmpeg(p, "-i turned.mp4 -frames:v 1 turned.png"));
        scratch_place(path, sizeof path, p->root, "turned.png");
        assert_ok(lk_image_load(&expected, NULL, p->engine, path, NULL, &err));
        scratch_place(path, sizeof path, p->root, "turned.mp4");
        struct source *s = open_video(p, path, 0);
        assert_ok(source_next(s, &frame, &more, &err));
        assert_int_equal(frame.image.width, i % 2 ? 64 : 96);
        assert_true(image_same_size(&frame.image, &expected));
        double sum = 0;
        for (int32_t y = 0; y < expected.height; y++) {
            for (int32_t x = 0; x < 3 * expected.width; x++) {
                sum += abs(image_row(&frame.image, y)[x] - image_row(&expected, y)[x]);
            }
        }
        assert_true(sum / (96 * 64 * 3) < 10); /* its chroma is interpolated in another way */
        frame_release(&frame);
        lk_image_release(&expected);
        source_close(s);
    }
}

/* The matrix of BT.601 or BT.709, which the stream names or, silent, is to be guessed by its size; both ranges. */
static void test_colours(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128], arguments[320];
    static const char *const kinds[] = {
        "96x64:d=0.3 -pix_fmt yuv420p",
        "96x64:d=0.3 -vf scale=out_color_matrix=bt709 -colorspace bt709 -pix_fmt yuv420p",
        "96x64:d=0.3 -vf scale=out_range=full -color_range pc -pix_fmt yuv420p",
        "1280x720:d=0.3 -vf scale=out_color_matrix=bt709 -pix_fmt yuv420p",
        "1280x720:d=0.3 -vf scale=out_color_matrix=bt601 -colorspace smpte170m -pix_fmt yuv420p",
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        static const int expected[] = {200, 40, 90};
        struct frame frame;
        bool more;
        snprintf(arguments, sizeof arguments,
                 "-f lavfi -i color=0xc8285a:r=10:s=%s -c:v libx264 colour.mp4", kinds[i]);
        if (!run_ffmpeg(p, arguments)) {
            skip();
        }
        scratch_place(path, sizeof path, p->root, "colour.mp4");
        struct source *s = open_video(p, path, 0);
        assert_ok(source_next(s, &frame, &more, &err));
        const uint8_t *middle =
            image_row(&frame.image, frame.image.height / 2) + 3 * (frame.image.width / 2);
        for (int c = 0; c < 3; c++) {
            assert_in_range(middle[c], expected[c] - 5, expected[c] + 5);
        }
        frame_release(&frame);
        source_close(s);
    }
}

static void test_damaged(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128];
    struct stat st;
    if (!make_video(path, p, "cut.mp4", "-c:v libx264 -pix_fmt yuv420p")) {
        skip();
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0); /* its index is gone */
    struct source *s = open_video(p, path, 0);
    err = next_failure(s, LK_E_CORRUPT);
    assert_string_equal(err.input, path);
    assert_ended(s);
    source_close(s);
    if (!make_video(path, p, "cut.mkv", "-c:v mjpeg -q:v 2")) {
        skip();
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0); /* gives what is there */
    s = open_video(p, path, 0);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(next_number(s), k);
    }
    source_close(s);
    struct source *none;
    assert_refused(LK_E_IO, source_open(&none, p->engine, "/nowhere/x.mp4", NULL, &err));
}

static void test_no_video(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128], list[256];
    static const char *const texts[] = {
        "this is no video",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n00.jpg\n#EXT-X-ENDLIST\n",
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 "
        "RTP/AVP 26\r\n"};
    scratch_place(path, sizeof path, p->root, "list.mp4");
    for (size_t i = 0; i < 4; i++) {
        snprintf(list, sizeof list, "ffconcat version 1.0\nfile '%s/00.jpg'\n", p->root);
        const char *text = i < 3 ? texts[i] : list;
        assert_ok(file_write(path, text, strlen(text), &err));
        struct source *s = open_video(p, path, 0);
        double began = clock_s();
        struct frame frame;
        bool more;
        assert_int_not_equal(source_next(s, &frame, &more, &err), LK_OK);
        assert_true(clock_s() - began < 3);
        assert_ended(s);
        source_close(s);
    }
}

static void test_limits(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128];
    lk_engine *small;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    options.limits.side = 80;
    assert_ok(lk_engine_new(&small, &options, &err));
    if (!make_video(path, p, "large.mp4", "-c:v libx264 -pix_fmt yuv420p")) {
        skip();
    }
    struct source *s;
    assert_ok(source_open(&s, small, path, NULL, &err));
    err = next_failure(s, LK_E_LIMIT);
    assert_string_equal(err.limit, "side");
    assert_ended(s);
    source_close(s);
    lk_engine_free(small);
}

int main(void) {
    if (system("ffmpeg -version >/dev/null 2>&1") != 0) {
        fprintf(stderr, "skipped: there is no ffmpeg here\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs),  cmocka_unit_test(test_times),
        cmocka_unit_test(test_turned),  cmocka_unit_test(test_colours),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_no_video),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
