/* SPDX-License-Identifier: Apache-2.0 */
/* Sources on this machine: folders, pictures that are written again and again, standard input; whole and half-written. */
#include "tests/unit/numbered_frames.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/clock.h"

struct place {
    char root[SCRATCH_BYTES];
    lk_engine *engine;
};

static int begin(void **state) {
    struct place *p = calloc(1, sizeof *p);
    scratch_make(p->root, "source");
    p->engine = numbered_engine();
    *state = p;
    return 0;
}

static int end(void **state) {
    struct place *p = *state;
    lk_engine_free(p->engine);
    scratch_remove(p->root);
    free(p);
    return 0;
}

static const char *path_of(char out[128], const struct place *p, const char *below) {
    scratch_place(out, 128, p->root, below);
    return out;
}

static void write_number(const struct place *p, const char *below, int number) {
    char path[128];
    numbered_write(p->engine, path_of(path, p, below), number);
}

static struct source *open_source(const struct place *p, const char *address,
                                  const struct source_options *options) {
    lk_error err;
    struct source *s;
    assert_ok(source_open(&s, p->engine, address, options, &err));
    return s;
}

/* A writer in a thread: the bytes of a number in two pieces with a pause, or a whole file moved to its place. */
struct writer {
    const struct place *place;
    const char *below;
    int number, wait_ms, pause_ms; /* pause_ms < 0: written elsewhere and moved */
    pthread_t thread;
};

static void *write_slowly(void *context) {
    struct writer *w = context;
    char path[128], hidden[160];
    lk_bytes bytes = numbered_jpeg(w->place->engine, w->number);
    path_of(path, w->place, w->below);
    usleep((unsigned)w->wait_ms * 1000);
    snprintf(hidden, sizeof hidden, "%s/.upload", w->place->root);
    const char *to = w->pause_ms < 0 ? hidden : path;
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    size_t half = w->pause_ms < 0 ? bytes.size : bytes.size / 2;
    assert_true(write(fd, bytes.data, half) == (ssize_t)half);
    if (w->pause_ms > 0) {
        usleep((unsigned)w->pause_ms * 1000);
    }
    assert_true(write(fd, bytes.data + half, bytes.size - half) == (ssize_t)(bytes.size - half));
    close(fd);
    if (w->pause_ms < 0) {
        rename(hidden, path);
    }
    lk_bytes_release(&bytes);
    return NULL;
}

static void start_writer(struct writer *w) {
    assert_int_equal(pthread_create(&w->thread, NULL, write_slowly, w), 0);
}

/* -- Opening -- */

static void test_open(void **state) {
    struct place *p = *state;
    lk_error err;
    struct source *s;
    static const char *const wrong[] = {"", "ftp://host/x.jpg", "http://anna:secret@host/x.jpg",
                                        "https://"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_refused(LK_E_USAGE, source_open(&s, p->engine, wrong[i], NULL, &err));
        assert_null(s);
        assert_null(strstr(err.text, "secret"));
        assert_null(strstr(err.input, "secret"));
    }
    assert_refused(LK_E_IO, source_open(&s, p->engine, "/nowhere/at/all", NULL, &err));
    assert_refused(LK_E_IO, source_open(&s, p->engine, "dir:/nowhere/at/all", NULL, &err));
    assert_string_equal(err.input, "dir:/nowhere/at/all");
    struct source_options options = {.token_file = "/nowhere/cred"};
    assert_refused(LK_E_IO, source_open(&s, p->engine, "http://host/x.jpg", &options, &err));
    assert_string_equal(err.input, "/nowhere/cred");
    s = open_source(p, "http://host/x.jpg?user=a&pwd=secret", NULL);
    assert_string_equal(source_shown(s), "http://host/x.jpg?...");
    assert_true(source_is_live(s));
    source_close(s);
    source_close(NULL);
}

/* -- Folders -- */

static void test_folder(void **state) {
    struct place *p = *state;
    char address[128];
    lk_error err;
    struct frame frame;
    bool more;
    write_number(p, "f/b.jpg", 2);
    write_number(p, "f/a.jpg", 1);
    write_number(p, "f/day/x.jpg", 4);
    write_number(p, "f/c.png.part", 9); /* not a picture's name */
    write_number(p, "f/.d.jpg", 9);     /* hidden: being uploaded */
    write_number(p, "f/c.jpg", 3);
    snprintf(address, sizeof address, "dir:%s/f", p->root);
    struct source *s = open_source(p, address, NULL);
    assert_false(source_is_live(s));
    assert_ok(source_next(s, &frame, &more, &err));
    assert_int_equal(number_of(&frame), 1);
    assert_string_equal(frame.name, "a.jpg");
    struct stat st;
    char path[128];
    assert_int_equal(stat(path_of(path, p, "f/a.jpg"), &st), 0);
    assert_int_equal(frame.taken_ms / 1000, st.st_mtim.tv_sec);
    uint8_t first[32];
    memcpy(first, frame.digest, 32);
    frame_release(&frame);
    assert_int_equal(next_number(s), 2);
    assert_int_equal(next_number(s), 3);
    assert_int_equal(next_number(s), 4);
    assert_ended(s);
    assert_ended(s);
    source_close(s);
    s = open_source(p, address + 4, NULL); /* a folder by its path alone */
    assert_ok(source_next(s, &frame, &more, &err));
    assert_memory_equal(frame.digest, first, 32);
    frame_release(&frame);
    source_close(s);
    const struct source_options options = {.after = "b.jpg"};
    s = open_source(p, address, &options); /* where it was left */
    assert_int_equal(next_number(s), 3);
    source_close(s);
}

static void make_old(const struct place *p, const char *below) {
    char path[128];
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path_of(path, p, below), times, 0), 0);
}

static void test_folder_damaged(void **state) {
    struct place *p = *state;
    char address[128], path[128];
    lk_error err;
    write_number(p, "f/a.jpg", 1);
    write_number(p, "f/b.jpg", 2);
    write_number(p, "f/c.jpg", 3);
    write_number(p, "f/d.jpg", 4);
    assert_int_equal(truncate(path_of(path, p, "f/b.jpg"), 300), 0);
    make_old(p, "f/b.jpg");
    snprintf(address, sizeof address, "%s/f", p->root);
    struct source *s = open_source(p, address, NULL);
    assert_int_equal(next_number(s), 1);
    double began = clock_s();
    err = next_failure(s, LK_E_CORRUPT);
    assert_true(clock_s() - began < 1); /* nobody writes it any more */
    assert_non_null(strstr(err.input, "f/b.jpg"));
    assert_int_equal(unlink(path_of(path, p, "f/c.jpg")), 0);
    assert_int_equal(next_number(s), 4); /* what is gone is passed over */
    assert_ended(s);
    source_close(s);
}

static void test_folder_slow_writer(void **state) {
    struct place *p = *state;
    char address[128];
    write_number(p, "f/a.jpg", 1);
    snprintf(address, sizeof address, "dir:%s/f", p->root);
    struct writer half = {.place = p, .below = "f/b.jpg", .number = 2, .pause_ms = 700};
    start_writer(&half);
    usleep(200000);
    struct source *s = open_source(p, address, NULL);
    assert_int_equal(next_number(s), 1);
    assert_int_equal(next_number(s), 2); /* waits for its second half */
    assert_ended(s);
    pthread_join(half.thread, NULL);
    source_close(s);
}

static void test_folder_follow(void **state) {
    struct place *p = *state;
    char address[128];
    lk_error err;
    write_number(p, "f/a.jpg", 1);
    snprintf(address, sizeof address, "dir:%s/f", p->root);
    const struct source_options options = {.follow = true, .timeout_s = 1.5};
    struct source *s = open_source(p, address, &options);
    assert_int_equal(next_number(s), 1);
    struct writer slow = {
        .place = p, .below = "f/b.jpg", .number = 2, .wait_ms = 300, .pause_ms = 600};
    struct writer moved = {
        .place = p, .below = "f/c.jpg", .number = 3, .wait_ms = 1300, .pause_ms = -1};
    double began = clock_s();
    start_writer(&slow);
    start_writer(&moved);
    assert_int_equal(next_number(s), 2);
    assert_true(clock_s() - began > 0.8);
    assert_int_equal(next_number(s), 3);
    assert_true(clock_s() - began < 1.3 + 0.5); /* woken, not found when listing again */
    pthread_join(slow.thread, NULL);
    pthread_join(moved.thread, NULL);
    write_number(p, "f/aa.jpg", 9); /* behind what was given: never */
    err = next_failure(s, LK_E_IO);
    assert_says(&err, "no new picture for 1.5 s");
    write_number(p, "f/d.jpg", 4);
    assert_int_equal(next_number(s), 4); /* and back again */
    source_close(s);
}

static void *ask_to_stop(void *stop) {
    usleep(300000);
    __atomic_store_n((int *)stop, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void test_stop(void **state) {
    struct place *p = *state;
    char address[128], path[128];
    int stop = 0;
    pthread_t thread;
    const struct source_options options = {.follow = true, .stop = &stop};
    mkdir(path_of(path, p, "f"), 0777);
    snprintf(address, sizeof address, "dir:%s/f", p->root);
    struct source *s = open_source(p, address, &options);
    pthread_create(&thread, NULL, ask_to_stop, &stop);
    double began = clock_s();
    next_failure(s, LK_E_CANCELLED);
    assert_true(clock_s() - began < 1.5);
    next_failure(s, LK_E_CANCELLED);
    pthread_join(thread, NULL);
    source_close(s);
}

/* -- A picture that is written again and again -- */

static void test_file(void **state) {
    struct place *p = *state;
    lk_error err;
    char path[128];
    struct frame first, again;
    bool more;
    const struct source_options options = {.timeout_s = 1};
    write_number(p, "now.jpg", 1);
    struct source *s = open_source(p, path_of(path, p, "now.jpg"), &options);
    assert_true(source_is_live(s));
    assert_ok(source_next(s, &first, &more, &err));
    assert_ok(source_next(s, &again, &more, &err)); /* not changed: the same again */
    assert_int_equal(number_of(&again), 1);
    assert_int_equal(first.taken_ms, again.taken_ms);
    assert_memory_equal(first.digest, again.digest, 32);
    frame_release(&first);
    frame_release(&again);
    write_number(p, "now.jpg", 2);
    assert_int_equal(next_number(s), 2);
    struct writer slow = {.place = p, .below = "now.jpg", .number = 3, .pause_ms = 500};
    start_writer(&slow); /* in place: half of it is there for a while */
    usleep(200000);
    assert_int_equal(next_number(s), 3);
    pthread_join(slow.thread, NULL);
    assert_int_equal(truncate(path, 200), 0);
    double began = clock_s();
    err = next_failure(s, LK_E_CORRUPT);
    assert_in_range((int)((clock_s() - began) * 10), 8, 25); /* it might have been going on */
    assert_int_equal(unlink(path), 0);
    err = next_failure(s, LK_E_IO);
    assert_string_equal(err.input, path);
    write_number(p, "now.jpg", 4);
    assert_int_equal(next_number(s), 4);
    source_close(s);
}

static void test_file_to_come(void **state) {
    struct place *p = *state;
    char path[128], address[160];
    const struct source_options options = {.timeout_s = 3};
    snprintf(address, sizeof address, "file:%s", path_of(path, p, "later.jpg"));
    struct source *s = open_source(p, address, &options);
    struct writer later = {
        .place = p, .below = "later.jpg", .number = 5, .wait_ms = 400, .pause_ms = -1};
    start_writer(&later);
    assert_int_equal(next_number(s), 5);
    pthread_join(later.thread, NULL);
    source_close(s);
}

/* -- Standard input -- */

/* Puts the reading end of a pipe in its place; the writing end is returned, what stood there goes to *saved. */
static int pipe_to_stdin(int *saved) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *saved = dup(STDIN_FILENO);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static void give(int fd, const lk_bytes *bytes, size_t from, size_t to) {
    assert_true(write(fd, bytes->data + from, to - from) == (ssize_t)(to - from));
}

static void test_stdin(void **state) {
    struct place *p = *state;
    lk_error err;
    int saved, fd = pipe_to_stdin(&saved);
    const struct source_options options = {.timeout_s = 0.5};
    struct source *s = open_source(p, "-", &options);
    assert_false(source_is_live(s));
    lk_bytes one = numbered_jpeg(p->engine, 1), two = numbered_jpeg(p->engine, 2);
    give(fd, &one, 0, one.size);
    give(fd, &two, 0, two.size);
    give(fd, &one, 0, 100);
    assert_int_equal(next_number(s), 1);
    assert_int_equal(next_number(s), 2);
    err = next_failure(s, LK_E_IO);
    assert_says(&err, "no picture came within 0.5 s");
    give(fd, &one, 100, one.size); /* the half that came before is kept */
    assert_int_equal(next_number(s), 1);
    give(fd, &one, 0, one.size - 20);
    give(fd, &two, 0, two.size); /* begins within the other: that one is lost */
    assert_int_equal(next_number(s), 2);
    give(fd, &two, 0, 50);
    close(fd);
    err = next_failure(s, LK_E_CORRUPT);
    assert_says(&err, "ends within a picture");
    assert_ended(s);
    source_close(s);
    lk_bytes_release(&one);
    lk_bytes_release(&two);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

/* More than the limit between start and end of a picture. */
static void *give_too_much(void *context) {
    int fd = *(int *)context;
    static uint8_t block[1 << 16];
    static const uint8_t start[] = {0xff, 0xd8, 0xff, 0xda, 0, 2};
    memset(block, 'x', sizeof block);
    assert_true(write(fd, start, sizeof start) == sizeof start);
    for (int i = 0; i < 16; i++) { /* with the start just over 1 MiB */
        assert_true(write(fd, block, sizeof block) == sizeof block);
    }
    return NULL;
}

static void test_stdin_limit(void **state) {
    struct place *p = *state;
    lk_error err;
    pthread_t thread;
    int saved, fd = pipe_to_stdin(&saved);
    struct source *s = open_source(p, "-", NULL);
    lk_bytes one = numbered_jpeg(p->engine, 1);
    pthread_create(&thread, NULL, give_too_much, &fd);
    err = next_failure(s, LK_E_LIMIT);
    assert_string_equal(err.limit, "file_bytes");
    pthread_join(thread, NULL);
    give(fd, &one, 0, one.size);
    close(fd);
    assert_int_equal(next_number(s), 1);
    assert_ended(s);
    source_close(s);
    lk_bytes_release(&one);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

#define SOURCE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(test_open),           SOURCE_TEST(test_folder),
        SOURCE_TEST(test_folder_damaged), SOURCE_TEST(test_folder_slow_writer),
        SOURCE_TEST(test_folder_follow),  SOURCE_TEST(test_stop),
        SOURCE_TEST(test_file),           SOURCE_TEST(test_file_to_come),
        SOURCE_TEST(test_stdin),          SOURCE_TEST(test_stdin_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
