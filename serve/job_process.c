/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/job_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

/* How much it gives way; how often goes_on is asked; how long it may take to end when asked to. */
enum { NICE = 10, LOOK_MS = 200, END_S = 15 };

struct stream {
    int fd; /* -1: it has ended */
    bool is_talk;
    char *line; /* PROCESS_LINE_MAX + 1 bytes */
    size_t size;
};

struct running {
    const struct process_ask *ask;
    pid_t pid;
    struct stream out, talk;
    double asked_s; /* when it was asked to end; 0: it was not */
};

/* -- In the new process: only what is safe after a fork among threads -- */

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t written = write(fd, text, strlen(text));
        (void)written; /* nothing depends on it */
        close(fd);
    }
}

static void become(const struct process_ask *ask, int out, int talk, pid_t parent) {
    struct rlimit none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(125); /* it died in between */
    }
    setpgid(0, 0); /* Ctrl-C at a terminal ends the service, which then sees to this */
    setpriority(PRIO_PROCESS, 0, NICE);
    setrlimit(RLIMIT_CORE, &none);
    write_file("/proc/self/oom_score_adj", "700");
    int null = open("/dev/null", O_RDONLY);
    if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(talk, 2) < 0 ||
        syscall(SYS_close_range, 3, ~0U, 0) != 0) {
        _exit(125);
    }
    execv("/proc/self/exe", (char *const *)(uintptr_t)ask->words);
    _exit(126);
}

/* -- In this one -- */

static void take_line(struct running *r, struct stream *s) {
    s->line[s->size] = 0;
    if (s->size > 0) {
        r->ask->line(r->ask->arg, s->is_talk, s->line);
    }
    s->size = 0;
}

static void take_bytes(struct running *r, struct stream *s, const char *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            take_line(r, s);
        } else if (s->size < PROCESS_LINE_MAX) {
            s->line[s->size++] = data[i];
        }
    }
}

static void read_stream(struct running *r, struct stream *s) {
    char data[8192];
    ssize_t got = read(s->fd, data, sizeof data);
    if (got > 0) {
        take_bytes(r, s, data, (size_t)got);
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        take_line(r, s);
        close(s->fd);
        s->fd = -1;
    }
}

/* Asks it to end, once, and then no more. */
static void end_process(struct running *r) {
    double now = clock_s();
    if (r->asked_s == 0) {
        r->asked_s = now;
        kill(r->pid, SIGINT);
    } else if (now - r->asked_s > END_S) {
        kill(r->pid, SIGKILL);
    }
}

static void follow(struct running *r) {
    while (r->out.fd >= 0 || r->talk.fd >= 0) {
        struct pollfd both[2] = {{.fd = r->out.fd, .events = POLLIN},
                                 {.fd = r->talk.fd, .events = POLLIN}};
        int ready = poll(both, 2, LOOK_MS);
        if (ready > 0 && both[0].revents) {
            read_stream(r, &r->out);
        }
        if (ready > 0 && both[1].revents) {
            read_stream(r, &r->talk);
        }
        if (!r->ask->goes_on(r->ask->arg)) {
            end_process(r);
        }
    }
}

static lk_status start(struct running *r, lk_error *err) {
    int out[2] = {-1, -1}, talk[2] = {-1, -1};
    pid_t parent = getpid();
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(talk, O_CLOEXEC) != 0) {
        if (out[0] >= 0) {
            close(out[0]);
            close(out[1]);
        }
        return error_set(err, LK_E_MEMORY, "no pipe: %s", strerror(errno));
    }
    r->pid = fork();
    if (r->pid == 0) {
        become(r->ask, out[1], talk[1], parent);
    }
    close(out[1]);
    close(talk[1]);
    r->out.fd = out[0];
    r->talk.fd = talk[0];
    if (r->pid < 0) {
        close(out[0]);
        close(talk[0]);
        return error_set(err, LK_E_MEMORY, "no process: %s", strerror(errno));
    }
    return LK_OK;
}

lk_status process_run(struct process_end *out, const struct process_ask *ask, lk_error *err) {
    struct running r = {.ask = ask, .out = {.fd = -1}, .talk = {.fd = -1, .is_talk = true}};
    int status = 0;
    *out = (struct process_end){.code = -1};
    r.out.line = mem_alloc(PROCESS_LINE_MAX + 1, 1);
    r.talk.line = mem_alloc(PROCESS_LINE_MAX + 1, 1);
    lk_status begun =
        r.out.line && r.talk.line ? start(&r, err) : error_memory(err, PROCESS_LINE_MAX);
    if (begun == LK_OK) {
        follow(&r);
        while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR) {
        }
        out->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    mem_free(r.out.line);
    mem_free(r.talk.line);
    return begun;
}
