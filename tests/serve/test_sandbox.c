/* SPDX-License-Identifier: Apache-2.0 */
/* A planted decoder that opens files, connects, forks, traces, allocates, writes without end or never returns is stopped each time,
 * and the next piece of work is done; a decoder that does its work is not. A keeper that dies is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "serve/keeper.h"
#include "serve/memory_file.h"
#include "tests/serve/deeds.h"

static void plant(void *arg, const void *ask, int in, int out) {
    (void)arg, (void)in;
    deed_do(*(const int32_t *)ask, out);
    if (write(out, "done", 4) != 4) {
        abort();
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_MEMORY_LIMIT = 0 };
#else
enum { HAS_MEMORY_LIMIT = 1 };
#endif

static void stops_what_it_must_not_do(void **state) {
    (void)state;
    const struct keeper_options options = {
        .limits = {.memory_bytes = HAS_MEMORY_LIMIT ? 1 << 30 : 0,
                   .output_bytes = 1 << 20,
                   .cpu_s = 1},
        .wall_ms = 20000,
        .work = plant};
    struct nursery n;
    assert_int_equal(nursery_start(&n, &options, NULL), LK_OK);
    struct keeper k = {.nursery = &n, .socket = -1};
    for (int32_t deed = 0; deed < 2 * DEED_COUNT; deed++) {
        int32_t ask = deed % 2 ? deed / 2 : DEED_GOOD, signal_number = 0;
        char said[4] = "";
        int in = memory_file_new(), out = memory_file_new();
        if (ask == DEED_ALLOCATES && !HAS_MEMORY_LIMIT) {
            ask = DEED_GOOD;
        }
        enum keeper_end end = keeper_run(&k, &ask, sizeof ask, in, out, &signal_number);
        bool wrote = memory_file_read(out, said, 4, 0) && memcmp(said, "done", 4) == 0;
        if (ask == DEED_GOOD) {
            assert_int_equal(end, KEEPER_DONE);
            assert_true(wrote);
        } else {
            assert_int_not_equal(end, KEEPER_DONE);
            assert_false(wrote);
        }
        if (ask == DEED_OPENS || ask == DEED_CONNECTS || ask == DEED_FORKS || ask == DEED_EXECS ||
            ask == DEED_MAPS_CODE) {
            assert_int_equal(signal_number, SIGSYS);
        }
        assert_true(memory_file_size(out) <= 1 << 20);
        close(in);
        close(out);
    }
    assert_int_equal(nursery_keepers(&n), 1); /* none of that harmed the keeper */
    keeper_stop(&k);
    nursery_stop(&n);
}

static const struct keeper_options patient = {
    .limits = {.output_bytes = 1 << 20, .cpu_s = 60}, .wall_ms = 1000, .work = plant};

static enum keeper_end run(struct keeper *k, int32_t ask) {
    int in = memory_file_new(), out = memory_file_new();
    enum keeper_end end = keeper_run(k, &ask, sizeof ask, in, out, NULL);
    close(in);
    close(out);
    return end;
}

static void kills_what_is_late(void **state) {
    (void)state;
    struct nursery n;
    assert_int_equal(nursery_start(&n, &patient, NULL), LK_OK);
    struct keeper k = {.nursery = &n, .socket = -1};
    assert_int_equal(run(&k, DEED_LOOPS), KEEPER_LATE);
    assert_int_equal(run(&k, DEED_GOOD), KEEPER_DONE);
    keeper_stop(&k);
    nursery_stop(&n);
}

static void *kill_later(void *arg) {
    usleep(100000);
    kill(*(const pid_t *)arg, SIGKILL);
    return NULL;
}

/* Idle, nobody notices; at work, that work is lost, and the next is done. */
static void replaces_a_keeper_that_dies(void **state) {
    (void)state;
    struct nursery n;
    pthread_t thread;
    assert_int_equal(nursery_start(&n, &patient, NULL), LK_OK);
    struct keeper k = {.nursery = &n, .socket = -1};
    assert_int_equal(run(&k, DEED_GOOD), KEEPER_DONE);
    pid_t pid = k.pid;
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (passing_is_open(k.socket)) { /* until it is gone */
        usleep(1000);
    }
    assert_int_equal(run(&k, DEED_GOOD), KEEPER_DONE);
    assert_int_not_equal(k.pid, pid);
    assert_int_equal(pthread_create(&thread, NULL, kill_later, &k.pid), 0);
    assert_int_equal(run(&k, DEED_LOOPS), KEEPER_LOST);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(run(&k, DEED_GOOD), KEEPER_DONE);
    assert_int_equal(nursery_keepers(&n), 3);
    keeper_stop(&k);
    nursery_stop(&n);
}

static void says_that_the_nursery_is_gone(void **state) {
    (void)state;
    struct nursery n;
    assert_int_equal(nursery_start(&n, &patient, NULL), LK_OK);
    struct keeper k = {.nursery = &n, .socket = -1}, other = k;
    assert_int_equal(run(&k, DEED_GOOD), KEEPER_DONE);
    assert_true(nursery_is_there(&n));
    assert_int_equal(kill(n.pid, SIGKILL), 0);
    while (nursery_is_there(&n)) {
        usleep(1000);
    }
    assert_int_equal(run(&k, DEED_GOOD), KEEPER_DONE); /* whose keeper lives */
    assert_int_equal(run(&other, DEED_GOOD), KEEPER_LOST);
    assert_int_equal(run(&other, DEED_GOOD), KEEPER_LOST);
    keeper_stop(&k);
    nursery_stop(&n);
}

static void sealed_files_stay(void **state) {
    (void)state;
    int file = memory_file_new();
    assert_true(memory_file_write(file, "abc", 3, 0));
    assert_true(memory_file_seal(file));
    assert_false(memory_file_write(file, "x", 1, 0));
    assert_int_equal(memory_file_size(file), 3);
    close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_what_it_must_not_do),
        cmocka_unit_test(kills_what_is_late),
        cmocka_unit_test(replaces_a_keeper_that_dies),
        cmocka_unit_test(says_that_the_nursery_is_gone),
        cmocka_unit_test(sealed_files_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
