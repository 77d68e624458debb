/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper is a small process that forks one confined process (sandbox.h) for each piece of work. What a picture does to the
 * process that reads it ends with that process.
 * Keepers come from a nursery: a process that is forked at the start of the service, before there is a thread, and forks a keeper
 * whenever one is wanted. A keeper that dies is replaced with the next piece of work; nothing replaces the nursery. */
#ifndef LK_KEEPER_H
#define LK_KEEPER_H

#include <likeness/status.h>
#include <pthread.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "serve/passing.h"
#include "serve/sandbox.h"

enum { KEEPER_ASK_MAX = PASSING_SIZE_MAX };

struct keeper_options {
    struct sandbox_limits limits;
    int32_t wall_ms; /* then the work is killed */
    int32_t nice;    /* 0 to 19, how much the work gives way to others */
    /* Called once in the nursery, unconfined: what the work needs from files (libraries) is loaded here. NULL for none. */
    void (*prepare)(void *arg);
    /* The work, confined: reads `in`, writes `out`. Its process ends when it returns. */
    void (*work)(void *arg, const void *ask, int in, int out);
    void *arg;
};

struct nursery {
    pthread_mutex_t lock; /* one keeper is asked for at a time */
    pid_t pid; /* 0: none was started; the number of the group of all that came from it */
    int socket;
    int32_t wall_ms;
    uint64_t keepers; /* that it made */
};

/* For one thread at a time. Begins as {.nursery = N, .socket = -1}; the process comes with the first piece of work. */
struct keeper {
    struct nursery *nursery;
    pid_t pid;
    int socket; /* -1: none */
};

enum keeper_end {
    KEEPER_DONE,   /* work returned */
    KEEPER_KILLED, /* by a signal: a forbidden call, a crash, processor time */
    KEEPER_LATE,   /* did not end in time and was killed */
    KEEPER_LOST,   /* no process could be made, or the keeper died meanwhile */
};

/* Forks. The caller has one thread; options stay as they are from here on. LK_E_MEMORY. */
MUST_CHECK lk_status nursery_start(struct nursery *out, const struct keeper_options *options,
                                   lk_error *err);
/* From any thread: whether it can make keepers. */
bool nursery_is_there(const struct nursery *n);
/* How many keepers it has made. */
uint64_t nursery_keepers(const struct nursery *n);
/* Ends it, its keepers and what they do. */
void nursery_stop(struct nursery *n);

/* Has the work done. ask: size bytes, at most KEEPER_ASK_MAX. When it returns, no process can write to out any more, unless the
 * keeper was LOST. *signal (which may be NULL) tells what killed it. */
enum keeper_end keeper_run(struct keeper *k, const void *ask, size_t size, int in, int out,
                           int32_t *signal);
void keeper_stop(struct keeper *k);

#endif
