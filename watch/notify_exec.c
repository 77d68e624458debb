/* SPDX-License-Identifier: Apache-2.0 */
/* A program that is run for each event, without a shell, the event's JSON on its standard input. It has taken the event when it
 * ends with 0; anything else is tried again a few times. Its input is a file in memory, not a pipe: a program that does not read
 * it does no harm, and nobody waits for one that reads slowly. It inherits nothing but that and standard error, where its standard
 * output goes too (ours may be somebody's data). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "watch/notify_kind.h"

enum { ARGUMENTS_MAX = 64, LOOK_MS_MIN = 1, LOOK_MS_MAX = 50 };

struct exec {
    char *words; /* the command, cut into words */
    char *argv[ARGUMENTS_MAX + 1];
    double timeout_s;
};

static void exec_close(void *receiver) {
    struct exec *x = receiver;
    mem_free(x->words);
    mem_free(x);
}

static lk_status check_program(const struct exec *x, lk_error *err) {
    if (!x->argv[0]) {
        return error_set(err, LK_E_USAGE, "no program is named");
    }
    if (strchr(x->argv[0], '/') && access(x->argv[0], X_OK) != 0) {
        return error_set(err, LK_E_USAGE, "cannot be run: %s", strerror(errno));
    }
    return LK_OK;
}

static lk_status split(struct exec *x, const char *command, lk_error *err) {
    x->words = mem_strdup(command);
    if (!x->words) {
        return error_memory(err, strlen(command));
    }
    char *rest = x->words, *word;
    size_t count = 0;
    while ((word = strtok_r(rest, " ", &rest))) {
        if (count == ARGUMENTS_MAX) {
            return error_set(err, LK_E_USAGE, "more than %d words", ARGUMENTS_MAX);
        }
        x->argv[count++] = word;
    }
    return check_program(x, err);
}

static lk_status exec_open(void **out, const struct notify_options *options, lk_error *err) {
    if (!options->exec) {
        return LK_OK;
    }
    struct exec *x = mem_calloc(1, sizeof *x);
    if (!x) {
        return error_memory(err, sizeof *x);
    }
    x->timeout_s = options->exec_timeout_s > 0 ? options->exec_timeout_s : 30;
    lk_status status = split(x, options->exec, err);
    if (status != LK_OK) {
        exec_close(x);
        return error_input(err, status, options->exec);
    }
    *out = x;
    return LK_OK;
}

/* A file without a name that holds the event; -1 with errno. */
static int event_file(const char *json) {
    int fd = memfd_create("event", MFD_CLOEXEC);
    bool whole = fd >= 0 && file_write_open(fd, json, strlen(json)) &&
                 file_write_open(fd, "\n", 1) && lseek(fd, 0, SEEK_SET) == 0;
    if (fd >= 0 && !whole) {
        int why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

/* A group of its own, so that what it starts is killed with it; signals as a fresh program has them. */
static int spawn(pid_t *pid, char *const *argv, int input) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, ours;
    sigemptyset(&none);
    sigfillset(&ours);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &ours);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawnp(pid, argv[0], &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static void sleep_ms(int ms) {
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* Whether it ended by itself; if not, it is killed. *how: what waitpid says. */
static bool wait_for(int *how, pid_t pid, double timeout_s, const int *stop) {
    double until = clock_s() + timeout_s;
    for (int ms = LOOK_MS_MIN; clock_s() < until && __atomic_load_n(stop, __ATOMIC_ACQUIRE) == 0;
         ms = MIN(2 * ms, LOOK_MS_MAX)) {
        pid_t got = waitpid(pid, how, WNOHANG);
        if (got < 0) { /* whoever started us has SIGCHLD ignored: it ended, nobody knows how */
            *how = W_EXITCODE(255, 0);
        }
        if (got != 0) {
            return true;
        }
        sleep_ms(ms);
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, how, 0) < 0 && errno == EINTR) {
    }
    return false;
}

static enum told exec_tell(void *receiver, struct telling *telling, lk_error *err) {
    struct exec *x = receiver;
    int input = event_file(telling->notice->json), how = 0;
    if (input < 0) {
        error_set(err, LK_E_WRITE, "no file in memory: %s", strerror(errno));
        return TOLD_AGAIN;
    }
    pid_t pid = 0;
    int failed = spawn(&pid, x->argv, input);
    close(input);
    if (failed) {
        error_set(err, LK_E_WRITE, "cannot be run: %s", strerror(failed));
    } else if (!wait_for(&how, pid, x->timeout_s, telling->stop)) {
        error_set(err, LK_E_WRITE, "did not end within %g s and was killed", x->timeout_s);
    } else if (WIFSIGNALED(how)) {
        error_set(err, LK_E_WRITE, "was ended by signal %d", WTERMSIG(how));
    } else if (WEXITSTATUS(how) != 0) {
        error_set(err, LK_E_WRITE, "ended with %d", WEXITSTATUS(how));
    } else {
        return TOLD;
    }
    error_input(err, LK_E_WRITE, x->argv[0]);
    return TOLD_AGAIN;
}

/* Five tries: a program of this machine that keeps failing is broken rather than busy. */
const struct notify_kind notify_exec = {
    .name = "exec",
    .tries = 5,
    .give_up_s = 3600,
    .longest_wait_s = 60,
    .open = exec_open,
    .tell = exec_tell,
    .close = exec_close,
};
