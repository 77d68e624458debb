/* SPDX-License-Identifier: Apache-2.0 */
/* A command that runs in a process of its own: what a picture does to it ends with it. It gives way to requests (nice), is the
 * first to go when memory runs short, and is killed when this process dies. */
#ifndef LK_JOB_PROCESS_H
#define LK_JOB_PROCESS_H

#include <likeness/status.h>
#include <stdbool.h>

#include "base/compiler.h"

enum { PROCESS_LINE_MAX = 64 << 10 }; /* bytes; the rest of a longer line is dropped */

struct process_ask {
    const char *const *words; /* of the command line, ended by NULL; the program is this one */
    /* Called with each line of standard output and of standard error (is_talk). */
    void (*line)(void *arg, bool is_talk, const char *text);
    /* Called several times a second; false: it is asked to end (SIGINT), and killed when it does not. */
    bool (*goes_on)(void *arg);
    void *arg;
};

struct process_end {
    int code;   /* exit status; -1 when a signal ended it */
    int signal; /* 0 for none */
};

/* Returns when it has ended. From any thread. LK_E_MEMORY when there is no process to be had. */
MUST_CHECK lk_status process_run(struct process_end *out, const struct process_ask *ask,
                                 lk_error *err);

#endif
