/* SPDX-License-Identifier: Apache-2.0 */
/* A planted decoder that opens files, connects, forks, traces, allocates, writes without end or never returns is stopped each time,
 * and the next piece of work is done; a decoder that does its work is not. A keeper that dies is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/keeper.h"
#include "serve/memory_file.h"

enum deed {
    GOOD,
    OPENS,
    CONNECTS,
    FORKS,
    EXECS,
    TRACES,
    SIGNALS,
    MAPS_CODE,
    ALLOCATES,
    FLOODS,
    LOOPS,
    SLEEPS,
    DEEDS
};

static void flood(int out) {
    static char part[1 << 16];
    while (write(out, part, sizeof part) > 0) {
    }
    _exit(3); /* refused, not killed: as bad */
}

static void allocate(void) {
    volatile char *block = malloc((size_t)4 << 30);
    if (!block) {
        abort();
    }
    memset((void *)(uintptr_t)block, 1, (size_t)4 << 30);
}

static void plant(void *arg, const void *ask, int in, int out) {
    (void)arg, (void)in;
    volatile long n = 0;
    switch (*(const int32_t *)ask) {
    case OPENS: n = open("/etc/passwd", O_RDONLY); break;
    case CONNECTS: n = socket(AF_INET, SOCK_STREAM, 0); break;
    case FORKS: n = fork(); break;
    case EXECS: n = execl("/bin/true", "true", (char *)NULL); break;
    case TRACES: n = ptrace(PTRACE_TRACEME, 0, NULL, NULL); break;
    case SIGNALS: n = kill(getppid(), SIGKILL); break;
    case MAPS_CODE:
        n = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != NULL;
        break;
    case ALLOCATES: allocate(); break;
    case FLOODS: flood(out); break;
    case LOOPS:
        for (;;) {
            n++;
        }
    case SLEEPS: n = pause(); break;
    default: break;
    }
    if (write(out, "done", 4) != 4) {
        abort();
    }
}

#ifdef __SANITIZE_ADDRESS__
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
    for (int32_t deed = 0; deed < 2 * DEEDS; deed++) {
        int32_t ask = deed % 2 ? deed / 2 : GOOD, signal_number = 0;
        char said[4] = "";
        int in = memory_file_new(), out = memory_file_new();
        if (ask == ALLOCATES && !HAS_MEMORY_LIMIT) {
            ask = GOOD;
        }
        enum keeper_end end = keeper_run(&k, &ask, sizeof ask, in, out, &signal_number);
        bool wrote = memory_file_read(out, said, 4, 0) && memcmp(said, "done", 4) == 0;
        if (ask == GOOD) {
            assert_int_equal(end, KEEPER_DONE);
            assert_true(wrote);
        } else {
            assert_int_not_equal(end, KEEPER_DONE);
            assert_false(wrote);
        }
        if (ask == OPENS || ask == CONNECTS || ask == FORKS || ask == EXECS || ask == MAPS_CODE) {
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
    assert_int_equal(run(&k, LOOPS), KEEPER_LATE);
    assert_int_equal(run(&k, GOOD), KEEPER_DONE);
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
    assert_int_equal(run(&k, GOOD), KEEPER_DONE);
    pid_t pid = k.pid;
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (passing_is_open(k.socket)) { /* until it is gone */
        usleep(1000);
    }
    assert_int_equal(run(&k, GOOD), KEEPER_DONE);
    assert_int_not_equal(k.pid, pid);
    assert_int_equal(pthread_create(&thread, NULL, kill_later, &k.pid), 0);
    assert_int_equal(run(&k, LOOPS), KEEPER_LOST);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(run(&k, GOOD), KEEPER_DONE);
    assert_int_equal(nursery_keepers(&n), 3);
    keeper_stop(&k);
    nursery_stop(&n);
}

static void says_that_the_nursery_is_gone(void **state) {
    (void)state;
    struct nursery n;
    assert_int_equal(nursery_start(&n, &patient, NULL), LK_OK);
    struct keeper k = {.nursery = &n, .socket = -1}, other = k;
    assert_int_equal(run(&k, GOOD), KEEPER_DONE);
    assert_true(nursery_is_there(&n));
    assert_int_equal(kill(n.pid, SIGKILL), 0);
    while (nursery_is_there(&n)) {
        usleep(1000);
    }
    assert_int_equal(run(&k, GOOD), KEEPER_DONE); /* whose keeper lives */
    assert_int_equal(run(&other, GOOD), KEEPER_LOST);
    assert_int_equal(run(&other, GOOD), KEEPER_LOST);
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
