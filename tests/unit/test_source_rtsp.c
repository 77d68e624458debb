/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras over RTSP, against GStreamer's server on this machine: the newest picture, credentials, cameras lost and back. */
#include "tests/unit/numbered_frames.h"
#include "tests/unit/server_process.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"

struct place {
    char root[SCRATCH_BYTES];
    lk_engine *engine;
    struct server_process server;
    struct source *source;
};

static bool start_server(struct place *p, const char *port, const char *option, const char *value) {
    char *const argv[] = {"/usr/bin/python3",
                          TEST_UNIT "/rtsp_server.py",
                          "--port",
                          (char *)(uintptr_t)port,
                          p->root,
                          (char *)(uintptr_t)option,
                          (char *)(uintptr_t)value,
                          NULL};
    return server_start(&p->server, argv);
}

static int begin(void **state) {
    struct place *p = calloc(1, sizeof *p);
    scratch_make(p->root, "rtsp");
    p->engine = numbered_engine();
    numbered_write_all(p->engine, p->root, STREAM_COUNT);
    *state = p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    source_close(p->source);
    server_kill(&p->server);
    lk_engine_free(p->engine);
    scratch_remove(p->root);
    free(p);
    return 0;
}

static struct source *open_camera(struct place *p, const char *port,
                                  struct source_options options) {
    lk_error err;
    char address[128];
    source_close(p->source);
    snprintf(address, sizeof address, "rtsp://127.0.0.1:%s/cam", port);
    options.timeout_s = options.timeout_s > 0 ? options.timeout_s : 5;
    assert_ok(source_open(&p->source, p->engine, address, &options, &err));
    assert_true(source_is_live(p->source));
    return p->source;
}

static void expect_newest_often(struct source *s) {
    int number = next_number(s);
    double at_s = clock_s();
    for (int i = 0; i < 3; i++) {
        usleep(900000); /* nine pictures, dropped */
        expect_newest(s, 10, &number, &at_s);
    }
    int before = number;
    expect_newest(s, 10, &number, &at_s);
    assert_int_not_equal(number, before); /* another one */
}

static void test_newest(void **state) {
    struct place *p = *state;
    assert_true(start_server(p, "0", NULL, NULL));
    expect_newest_often(open_camera(p, p->server.line, (struct source_options){0}));
    lk_error err;
    struct frame frame;
    bool more;
    assert_ok(source_next(p->source, &frame, &more, &err));
    assert_in_range(time(NULL) - frame.taken_ms / 1000, 0, 3);
    frame_release(&frame);
}

static void test_jpeg(void **state) {
    struct place *p = *state;
    assert_true(start_server(p, "0", "--codec", "jpeg"));
    expect_newest_often(open_camera(p, p->server.line, (struct source_options){0}));
}

static void test_seldom(void **state) {
    struct place *p = *state;
    assert_true(start_server(p, "0", "--key", "5"));
    struct source *s = open_camera(p, p->server.line, (struct source_options){.every_s = 10});
    for (int i = 0; i < 4; i++) {
        assert_int_equal(next_number(s) % 5, 0); /* key pictures alone */
    }
}

/* Key pictures further apart than a frame is waited for. */
static void test_seldom_without_key(void **state) {
    struct place *p = *state;
    assert_true(start_server(p, "0", "--key", "1000"));
    struct source *s =
        open_camera(p, p->server.line, (struct source_options){.every_s = 10, .timeout_s = 3});
    int number = next_number(s);
    double at_s = clock_s();
    for (int i = 0; i < 2; i++) {
        double before_s = at_s;
        expect_newest(s, 10, &number, &at_s);
        assert_true(at_s - before_s > 1.3); /* after half of the time */
    }
}

static void test_credentials(void **state) {
    struct place *p = *state;
    static const char *const kinds[] = {"basic", "digest"};
    char token[128], line[64];
    lk_error err;
    scratch_place(token, sizeof token, p->root, "cred");
    for (int i = 0; i < 2; i++) {
        assert_true(start_server(p, "0", "--auth", kinds[i]));
        err = next_failure(open_camera(p, p->server.line, (struct source_options){0}), LK_E_IO);
        assert_says(&err, "401");
        for (int right = 0; right < 2; right++) {
            snprintf(line, sizeof line, "%s anna:%s\n", kinds[i],
                     right ? "se:cret #1" : "se:cret #2");
            assert_ok(file_write(token, line, strlen(line), &err));
            assert_int_equal(chmod(token, 0600), 0);
            struct source *s =
                open_camera(p, p->server.line, (struct source_options){.token_file = token});
            if (right) {
                assert_true(next_number(s) >= 0);
            } else {
                err = next_failure(s, LK_E_IO);
                assert_says(&err, "401");
                assert_null(strstr(err.text, "cret"));
                assert_null(strstr(err.input, "cret"));
            }
        }
        server_kill(&p->server);
    }
    static const char bearer[] = "bearer x";
    struct source *none;
    const struct source_options options = {.token_file = token};
    assert_ok(file_write(token, bearer, sizeof bearer - 1, &err));
    assert_refused(LK_E_USAGE,
                   source_open(&none, p->engine, "rtsp://127.0.0.1/cam", &options, &err));
}

static void test_lost_and_back(void **state) {
    struct place *p = *state;
    char port[64];
    struct frame frame;
    bool more;
    lk_error err = {0};
    assert_true(start_server(p, "0", NULL, NULL));
    snprintf(port, sizeof port, "%s", p->server.line);
    struct source *s = open_camera(p, port, (struct source_options){.timeout_s = 3});
    assert_true(next_number(s) >= 0);
    server_kill(&p->server);
    double began = clock_s();
    while (source_next(s, &frame, &more, &err) == LK_OK) { /* what had come before */
        frame_release(&frame);
    }
    assert_int_equal(err.status, LK_E_IO);
    assert_non_null(strstr(err.input, "/cam"));
    next_failure(s, LK_E_IO);
    assert_true(clock_s() - began < 8);
    assert_true(start_server(p, port, NULL, NULL));
    expect_newest_often(s);
}

static void *ask_to_stop(void *stop) {
    usleep(300000);
    __atomic_store_n((int *)stop, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* A server that takes the connection and says nothing. */
static void test_silence(void **state) {
    struct place *p = *state;
    lk_error err;
    char port[16];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    double began = clock_s();
    err = next_failure(open_camera(p, port, (struct source_options){.timeout_s = 1}), LK_E_IO);
    assert_says(&err, "within 1 s");
    assert_true(clock_s() - began < 3);
    int stop = 0;
    pthread_t thread;
    struct source *s = open_camera(p, port, (struct source_options){.stop = &stop});
    pthread_create(&thread, NULL, ask_to_stop, &stop);
    began = clock_s();
    next_failure(s, LK_E_CANCELLED);
    source_close(s);
    p->source = NULL;
    assert_true(clock_s() - began < 2.5);
    pthread_join(thread, NULL);
    close(fd);
    next_failure(open_camera(p, port, (struct source_options){0}), LK_E_IO); /* nobody there */
}

#define CAMERA_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    if (system("/usr/bin/python3 " TEST_UNIT "/rtsp_server.py /tmp </dev/null >/dev/null 2>&1") !=
        0) {
        fprintf(stderr,
                "skipped: there is no GStreamer server of RTSP here (tools/setup servers)\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        CAMERA_TEST(test_newest),      CAMERA_TEST(test_jpeg),
        CAMERA_TEST(test_seldom),      CAMERA_TEST(test_seldom_without_key),
        CAMERA_TEST(test_credentials), CAMERA_TEST(test_lost_and_back),
        CAMERA_TEST(test_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
