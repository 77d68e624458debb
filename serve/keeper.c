/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* A keeper that does not answer so long after its work had to end, or a nursery that does not answer, is as good as gone. */
enum { PATIENCE_MS = 20000 };

struct end_message {
    int32_t end, signal;
};

struct birth_message {
    int32_t pid;
};

/* -- The confined process -- */

/* Should memory run short, this process goes first, not the service. */
static void offer_to_oom_killer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t written = write(fd, "1000", 4);
        (void)written; /* nothing depends on it */
        close(fd);
    }
}

/* The files keep the numbers 3 and 4; all else is closed, the keeper's socket with it. */
static void work_alone(const struct keeper_options *o, pid_t keeper, const uint8_t *ask,
                       const int files[2]) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) { /* which died before that */
        _exit(1);
    }
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

/* -- The keeper -- */

/* Waits for the process, and kills it when it takes too long or nobody waits for it any more. */
static struct end_message wait_end(pid_t pid, int socket, int32_t wall_ms) {
    struct end_message m = {KEEPER_DONE, 0};
    int status = 0;
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended[2] = {{.fd = handle, .events = POLLIN}, {.fd = socket, .events = 0}};
    int ready;
    do {
        ready = poll(ended, 2, wall_ms);
    } while (ready < 0 && errno == EINTR);
    if (handle < 0 || !(ended[0].revents & POLLIN)) {
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

static void be_keeper(int socket, const struct keeper_options *o) {
    uint8_t ask[KEEPER_ASK_MAX] = {0};
    int files[2];
    pid_t self = getpid();
    prctl(PR_SET_NAME, "likeness-keeper");
    signal(SIGCHLD, SIG_DFL); /* it waits for its own */
    while (passing_receive(socket, ask, sizeof ask, files, 2, -1) > 0) {
        pid_t pid = fork();
        if (pid == 0) {
            work_alone(o, self, ask, files);
        }
        const struct end_message m =
            pid > 0 ? wait_end(pid, socket, o->wall_ms) : (struct end_message){KEEPER_LOST, 0};
        close(files[0]);
        close(files[1]);
        memset(ask, 0, sizeof ask);
        if (!passing_send(socket, &m, sizeof m, NULL, 0)) {
            break;
        }
    }
    _exit(0);
}

/* -- The nursery -- */

/* A keeper and the end of its socket that is the service's; false when there is none to be had. */
static bool bear(int socket, const struct keeper_options *o) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return passing_send(socket, &(struct birth_message){0}, sizeof(struct birth_message), NULL,
                            0);
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(socket);
        close(pair[0]);
        be_keeper(pair[1], o);
    }
    const struct birth_message m = {pid > 0 ? pid : 0};
    bool sent = passing_send(socket, &m, sizeof m, pair, 1);
    close(pair[0]);
    close(pair[1]);
    return sent;
}

/* In a group of its own, so that Ctrl-C at a terminal reaches the service alone. What keepers leave behind becomes its child, and
 * is not waited for. */
static void be_nursery(int socket, const struct keeper_options *o) {
    uint8_t any[KEEPER_ASK_MAX];
    setpgid(0, 0);
    prctl(PR_SET_NAME, "likeness-nurse");
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    setpriority(PRIO_PROCESS, 0, o->nice); /* without it all works, less evenly */
    if (o->prepare) {
        o->prepare(o->arg);
    }
    while (passing_receive(socket, any, sizeof any, NULL, 0, -1) > 0 && bear(socket, o)) {
    }
    _exit(0);
}

lk_status nursery_start(struct nursery *out, const struct keeper_options *options, lk_error *err) {
    int pair[2];
    *out = (struct nursery){.socket = -1, .wall_ms = options->wall_ms};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return error_set(err, LK_E_MEMORY, "no sockets: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_nursery(pair[1], options);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return error_set(err, LK_E_MEMORY, "no process: %s", strerror(errno));
    }
    setpgid(pid, pid); /* as the nursery does: whoever comes first */
    pthread_mutex_init(&out->lock, NULL);
    out->pid = pid;
    out->socket = pair[0];
    return LK_OK;
}

bool nursery_is_there(const struct nursery *n) {
    return n->pid > 0 && passing_is_open(n->socket);
}

uint64_t nursery_keepers(const struct nursery *n) {
    return __atomic_load_n(&n->keepers, __ATOMIC_RELAXED);
}

void nursery_stop(struct nursery *n) {
    if (n->pid <= 0) {
        return;
    }
    close(n->socket);
    kill(-n->pid, SIGKILL);
    while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    pthread_mutex_destroy(&n->lock);
    *n = (struct nursery){.socket = -1};
}

/* -- The service's side -- */

/* A keeper that died while it had nothing to do is replaced before anybody notices. */
static bool keeper_open(struct keeper *k) {
    struct nursery *n = k->nursery;
    struct birth_message m = {0};
    if (passing_is_open(k->socket)) {
        return true;
    }
    keeper_stop(k);
    pthread_mutex_lock(&n->lock);
    if (passing_send(n->socket, "", 1, NULL, 0) &&
        passing_receive(n->socket, &m, sizeof m, &k->socket, 1, PATIENCE_MS) == (int32_t)sizeof m) {
        __atomic_fetch_add(&n->keepers, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&n->lock);
    k->pid = m.pid;
    return k->socket >= 0 && k->pid > 0;
}

enum keeper_end keeper_run(struct keeper *k, const void *ask, size_t size, int in, int out,
                           int32_t *signal_number) {
    const int files[2] = {in, out};
    struct end_message m = {KEEPER_LOST, 0};
    if (size > KEEPER_ASK_MAX || !keeper_open(k)) {
        return KEEPER_LOST;
    }
    if (!passing_send(k->socket, ask, size, files, 2) ||
        passing_receive(k->socket, &m, sizeof m, NULL, 0, k->nursery->wall_ms + PATIENCE_MS) !=
            (int32_t)sizeof m) {
        keeper_stop(k);
        return KEEPER_LOST;
    }
    if (signal_number) {
        *signal_number = m.signal;
    }
    return (enum keeper_end)m.end;
}

void keeper_stop(struct keeper *k) {
    if (k->socket >= 0) {
        close(k->socket); /* which ends it, and what it does */
    }
    *k = (struct keeper){.nursery = k->nursery, .socket = -1};
}
