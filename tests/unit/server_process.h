/* SPDX-License-Identifier: Apache-2.0 */
/* A server of a test's own: a program that prints one line when it is ready and ends when its standard input does. */
#ifndef LK_SERVER_PROCESS_H
#define LK_SERVER_PROCESS_H

#include "tests/unit/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct server_process {
    pid_t pid;
    int input;     /* closed: the server ends */
    char line[64]; /* what it printed */
};

/* Reads up to the end of a line; false when the program ended before it. */
static inline bool server_line(int fd, char *line, size_t size) {
    size_t n = 0;
    while (n + 1 < size && read(fd, line + n, 1) == 1) {
        if (line[n] == '\n') {
            line[n] = '\0';
            return true;
        }
        n++;
    }
    return false;
}

/* Starts argv; false when it is not there or ended at once. */
static inline bool server_start(struct server_process *s, char *const *argv) {
    int in[2], out[2];
    *s = (struct server_process){.input = -1};
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s->input = in[1];
    bool ready = server_line(out[0], s->line, sizeof s->line);
    close(out[0]);
    if (!ready) {
        close(s->input);
        waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
    return ready;
}

/* At once, as a camera whose power fails. */
static inline void server_kill(struct server_process *s) {
    if (s->pid > 0) {
        close(s->input);
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
}

#endif
