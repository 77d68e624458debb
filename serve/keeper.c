/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

struct end_message {
    int32_t end, signal;
};

/* Room for the two files that come with an ask. */
union fd_space {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

/* The next ask and its files; its size, 0 when the service is gone. */
static ssize_t receive(int socket, uint8_t *ask, int files[2]) {
    union fd_space space;
    struct iovec part = {ask, KEEPER_ASK_MAX};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};
    ssize_t size;
    do {
        size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    const struct cmsghdr *c = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(2 * sizeof(int))) {
        return 0;
    }
    memcpy(files, CMSG_DATA(c), 2 * sizeof(int));
    return size;
}

/* Should memory run short, this process goes first, not the service. */
static void offer_to_oom_killer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t written = write(fd, "1000", 4);
        (void)written; /* nothing depends on it */
        close(fd);
    }
}

/* The files keep the numbers 3 and 4; all else is closed, the service's sockets with it. */
static void work_alone(const struct keeper_options *o, const uint8_t *ask, const int files[2]) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGXCPU, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    offer_to_oom_killer();
    int in = fcntl(files[0], F_DUPFD, 16), out = fcntl(files[1], F_DUPFD, 16);
    if (in < 0 || out < 0 || dup2(in, 3) < 0 || dup2(out, 4) < 0 ||
        syscall(SYS_close_range, 5, ~0U, 0) != 0 || !sandbox_enter(&o->limits)) {
        _exit(1);
    }
    o->work(o->arg, ask, 3, 4);
    _exit(0);
}

/* Waits for the process, and kills it when it takes too long. */
static struct end_message wait_end(pid_t pid, int32_t wall_ms) {
    struct end_message m = {KEEPER_DONE, 0};
    int status = 0;
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    int ready;
    do {
        ready = poll(&ended, 1, wall_ms);
    } while (ready < 0 && errno == EINTR);
    if (handle < 0 || ready <= 0) {
        kill(pid, SIGKILL);
        m.end = KEEPER_LATE;
    }
    if (handle >= 0) {
        close(handle);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        m.signal = WTERMSIG(status);
        m.end = m.end == KEEPER_LATE ? KEEPER_LATE : KEEPER_KILLED;
    } else if (WEXITSTATUS(status) != 0 && m.end == KEEPER_DONE) {
        m.end = KEEPER_LOST;
    }
    return m;
}

static void keep(int socket, const struct keeper_options *o) {
    uint8_t ask[KEEPER_ASK_MAX];
    int files[2];
    memset(ask, 0, sizeof ask);
    while (receive(socket, ask, files) > 0) {
        pid_t pid = fork();
        if (pid == 0) {
            work_alone(o, ask, files);
        }
        const struct end_message m =
            pid > 0 ? wait_end(pid, o->wall_ms) : (struct end_message){KEEPER_LOST, 0};
        close(files[0]);
        close(files[1]);
        memset(ask, 0, sizeof ask);
        if (send(socket, &m, sizeof m, MSG_NOSIGNAL) != (ssize_t)sizeof m) {
            return;
        }
    }
}

/* Ctrl-C at a terminal reaches the keeper too, which ends when the service does. */
static void be_keeper(int socket, const struct keeper_options *o) {
    prctl(PR_SET_NAME, "likeness-keeper");
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (o->prepare) {
        o->prepare(o->arg);
    }
    keep(socket, o);
    _exit(0);
}

lk_status keeper_start(struct keeper *out, const struct keeper_options *options, lk_error *err) {
    int pair[2];
    *out = (struct keeper){.socket = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return error_set(err, LK_E_MEMORY, "no sockets: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_keeper(pair[1], options);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return error_set(err, LK_E_MEMORY, "no process: %s", strerror(errno));
    }
    *out = (struct keeper){.pid = pid, .socket = pair[0]};
    return LK_OK;
}

enum keeper_end keeper_run(struct keeper *k, const void *ask, size_t size, int in, int out,
                           int32_t *signal_number) {
    const int files[2] = {in, out};
    union fd_space space = {0};
    uint8_t copy[KEEPER_ASK_MAX];
    struct iovec part = {copy, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};
    struct end_message m = {KEEPER_LOST, 0};
    if (k->socket < 0 || size == 0 || size > sizeof copy) {
        return KEEPER_LOST;
    }
    memcpy(copy, ask, size);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof files);
    memcpy(CMSG_DATA(c), files, sizeof files);
    ssize_t got = -1;
    if (sendmsg(k->socket, &message, MSG_NOSIGNAL) == (ssize_t)size) {
        do {
            got = recv(k->socket, &m, sizeof m, 0);
        } while (got < 0 && errno == EINTR);
    }
    if (got != (ssize_t)sizeof m) {
        close(k->socket);
        k->socket = -1;
        return KEEPER_LOST;
    }
    if (signal_number) {
        *signal_number = m.signal;
    }
    return (enum keeper_end)m.end;
}

void keeper_stop(struct keeper *k) {
    if (k->socket >= 0) {
        close(k->socket);
    }
    if (k->pid > 0) {
        kill(k->pid, SIGKILL); /* it may wait for work that never ends; that one dies with it */
        while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    *k = (struct keeper){.socket = -1};
}
