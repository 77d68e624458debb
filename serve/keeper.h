/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper is a small process that is forked at the start of the service, before there is a thread, and forks one confined
 * process (sandbox.h) for each piece of work. What a picture does to the process that reads it ends with that process. */
#ifndef LK_KEEPER_H
#define LK_KEEPER_H

#include <likeness/status.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "serve/sandbox.h"

enum { KEEPER_ASK_MAX = 1024 };

struct keeper_options {
    struct sandbox_limits limits;
    int32_t wall_ms; /* then the work is killed */
    /* Called once in the keeper, unconfined: what the work needs from files (libraries) is loaded here. NULL for none. */
    void (*prepare)(void *arg);
    /* The work, confined: reads `in`, writes `out`. Its process ends when it returns. */
    void (*work)(void *arg, const void *ask, int in, int out);
    void *arg;
};

struct keeper {
    pid_t pid;
    int socket; /* -1: the keeper is gone */
};

enum keeper_end {
    KEEPER_DONE,   /* work returned */
    KEEPER_KILLED, /* by a signal: a forbidden call, a crash, processor time */
    KEEPER_LATE,   /* did not end in time and was killed */
    KEEPER_LOST,   /* no process could be made, or the keeper is gone */
};

/* Forks. The caller has one thread. LK_E_MEMORY. */
MUST_CHECK lk_status keeper_start(struct keeper *out, const struct keeper_options *options,
                                  lk_error *err);
/* Has the work done; one thread at a time. ask: size bytes, at most KEEPER_ASK_MAX. When it returns, no process can write to out
 * any more. *signal (which may be NULL) tells what killed it. */
enum keeper_end keeper_run(struct keeper *k, const void *ask, size_t size, int in, int out,
                           int32_t *signal);
void keeper_stop(struct keeper *k);

#endif
