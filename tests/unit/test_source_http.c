/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras over HTTP, against a server process: snapshots, credentials, MJPEG streams, and cameras that fail and come back. */
#include "tests/unit/numbered_frames.h"
#include "tests/unit/server_process.h"

#include "base/clock.h"

struct place {
    char root[SCRATCH_BYTES];
    lk_engine *engine;
    struct server_process server;
};

static void start_server(struct place *p, const char *port) {
    char *const argv[] = {
        "python3", TEST_UNIT "/camera_server.py", "--port", (char *)(uintptr_t)port, p->root, NULL};
    assert_true(server_start(&p->server, argv));
}

static int begin(void **state) {
    struct place *p = calloc(1, sizeof *p);
    scratch_make(p->root, "camera");
    p->engine = numbered_engine();
    numbered_write_all(p->engine, p->root, STREAM_COUNT);
    start_server(p, "0");
    *state = p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    server_kill(&p->server);
    lk_engine_free(p->engine);
    scratch_remove(p->root);
    free(p);
    return 0;
}

static struct source *open_at(struct place *p, const char *path, struct source_options options) {
    lk_error err;
    struct source *s;
    char address[128];
    snprintf(address, sizeof address, "http://127.0.0.1:%s%s", p->server.line, path);
    options.timeout_s = 1;
    assert_ok(source_open(&s, p->engine, address, &options, &err));
    assert_true(source_is_live(s));
    return s;
}

static void place_number(struct place *p, int number) {
    char path[128];
    scratch_place(path, sizeof path, p->root, "now");
    numbered_write(p->engine, path, number);
}

/* -- Snapshots -- */

static void test_snapshot(void **state) {
    struct place *p = *state;
    lk_error err;
    struct frame frame;
    bool more;
    struct source *s = open_at(p, "/file/now?pwd=secret", (struct source_options){0});
    place_number(p, 3);
    assert_ok(source_next(s, &frame, &more, &err));
    assert_int_equal(number_of(&frame), 3);
    assert_in_range(time(NULL) - frame.taken_ms / 1000, 0, 5);
    assert_null(strstr(frame.name, "secret"));
    frame_release(&frame);
    place_number(p, 4);
    assert_int_equal(next_number(s), 4);
    char path[128];
    scratch_place(path, sizeof path, p->root, "now");
    assert_int_equal(truncate(path, 700), 0);
    err = next_failure(s, LK_E_CORRUPT);
    assert_null(strstr(err.input, "secret"));
    assert_int_equal(unlink(path), 0);
    err = next_failure(s, LK_E_IO);
    assert_says(&err, "HTTP 404");
    place_number(p, 5);
    assert_int_equal(next_number(s), 5);
    source_close(s);
}

static void test_snapshot_failures(void **state) {
    struct place *p = *state;
    static const struct {
        const char *path;
        lk_status status;
        const char *words;
    } cases[] = {
        {"/text", LK_E_FORMAT, "no picture format"},
        {"/slow", LK_E_IO, "within 1 s"},
        {"/drip", LK_E_IO, "within 1 s"},
        {"/cut", LK_E_IO, "cut off"},
        {"/large", LK_E_LIMIT, "1048576 bytes"},
        {"/large-chunked", LK_E_LIMIT, "1048576 bytes"},
        {"/basic", LK_E_IO, "HTTP 401"},
        {"/redirect/3", LK_E_IO, "redirected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source *s = open_at(p, cases[i].path, (struct source_options){0});
        double began = clock_s();
        lk_error err = next_failure(s, cases[i].status);
        assert_says(&err, cases[i].words);
        assert_non_null(strstr(err.input, cases[i].path));
        assert_true(clock_s() - began < 3);
        source_close(s);
    }
}

static void test_credentials(void **state) {
    struct place *p = *state;
    lk_error err;
    static const char *const lines[] = {"basic anna:se:cret #1", "digest anna:se:cret #1",
                                        "bearer abc.def-123"};
    static const char *const paths[] = {"/basic/now", "/digest/now", "/bearer/now"};
    char token[128];
    place_number(p, 6);
    scratch_place(token, sizeof token, p->root, "cred");
    for (int i = 0; i < 3; i++) {
        assert_ok(file_write(token, lines[i], strlen(lines[i]), &err));
        assert_int_equal(chmod(token, 0600), 0);
        for (int k = 0; k < 3; k++) {
            struct source *s = open_at(p, paths[k], (struct source_options){.token_file = token});
            if (i == k) {
                assert_int_equal(next_number(s), 6);
                assert_int_equal(next_number(s), 6);
            } else {
                err = next_failure(s, LK_E_IO);
                assert_says(&err, "HTTP 401: it wants credentials, or other ones");
            }
            source_close(s);
        }
    }
    assert_int_equal(chmod(token, 0644), 0);
    struct source *s;
    const struct source_options options = {.token_file = token};
    assert_refused(LK_E_USAGE, source_open(&s, p->engine, "http://127.0.0.1/x", &options, &err));
    assert_string_equal(err.input, token);
}

/* -- Streams -- */

static void test_stream(void **state) {
    struct place *p = *state;
    static const char *const paths[] = {"/mjpeg", "/mjpeg-bare"};
    for (int i = 0; i < 2; i++) {
        struct source *s = open_at(p, paths[i], (struct source_options){0});
        assert_int_equal(next_number(s), 0);
        int number = next_number(s);
        double at_s = clock_s();
        for (int k = 0; k < 3; k++) {
            usleep(500000); /* ten pictures: what came meanwhile is dropped */
            expect_newest(s, 20, &number, &at_s);
        }
        int before = number;
        expect_newest(s, 20, &number, &at_s);
        assert_int_not_equal(number, before); /* not the same once more */
        source_close(s);
    }
}

static void test_stream_seldom(void **state) {
    struct place *p = *state;
    struct source *s = open_at(p, "/mjpeg", (struct source_options){.every_s = 10});
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next_number(s), 0); /* the first of a connection of its own */
    }
    source_close(s);
}

/* Asks until there is a failure; some pictures come first. */
static lk_error ask_until_failure(struct source *s, int *pictures) {
    lk_error err = {0};
    struct frame frame;
    bool more;
    for (*pictures = 0; source_next(s, &frame, &more, &err) == LK_OK; (*pictures)++) {
        assert_true(more && *pictures < 100);
        frame_release(&frame);
    }
    return err;
}

static void test_stream_ends(void **state) {
    struct place *p = *state;
    int pictures;
    struct source *s = open_at(p, "/mjpeg-cut", (struct source_options){0});
    for (int round = 0; round < 2; round++) {
        lk_error err = ask_until_failure(s, &pictures);
        assert_int_equal(err.status, LK_E_IO);
        assert_says(&err, "the stream has ended");
        assert_in_range(pictures, 1, 3);
    }
    source_close(s);
    s = open_at(p, "/mjpeg-stall", (struct source_options){0});
    double began = clock_s();
    lk_error err = ask_until_failure(s, &pictures);
    assert_non_null(strstr(err.text, "within 1 s"));
    assert_in_range(pictures, 1, 3);
    assert_true(clock_s() - began < 4);
    source_close(s);
}

static void test_lost_and_back(void **state) {
    struct place *p = *state;
    char port[64];
    snprintf(port, sizeof port, "%s", p->server.line);
    place_number(p, 7);
    struct source *stream = open_at(p, "/mjpeg", (struct source_options){0});
    struct source *snapshot = open_at(p, "/file/now", (struct source_options){0});
    int pictures;
    next_number(stream);
    next_number(stream);
    assert_int_equal(next_number(snapshot), 7);
    server_kill(&p->server);
    lk_error err = ask_until_failure(stream, &pictures);
    assert_int_equal(err.status, LK_E_IO);
    assert_in_range(pictures, 0, 2);
    next_failure(stream, LK_E_IO);
    next_failure(snapshot, LK_E_IO);
    start_server(p, port);
    assert_true(next_number(stream) >= 0);
    assert_true(next_number(stream) >= 0);
    assert_int_equal(next_number(snapshot), 7);
    source_close(stream);
    source_close(snapshot);
}

static void test_closed_while_streaming(void **state) {
    struct place *p = *state;
    struct source *s = open_at(p, "/mjpeg", (struct source_options){0});
    next_number(s);
    next_number(s);
    double began = clock_s();
    source_close(s);
    assert_true(clock_s() - began < 2.5);
}

#define CAMERA_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CAMERA_TEST(test_snapshot),      CAMERA_TEST(test_snapshot_failures),
        CAMERA_TEST(test_credentials),   CAMERA_TEST(test_stream),
        CAMERA_TEST(test_stream_seldom), CAMERA_TEST(test_stream_ends),
        CAMERA_TEST(test_lost_and_back), CAMERA_TEST(test_closed_while_streaming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
