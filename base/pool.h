/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: one parallel loop at a time, never nested. */
#ifndef LK_POOL_H
#define LK_POOL_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/compiler.h"

struct pool;

/* threads <= 0 means one a core; more than 256 are 256. The calling thread is one of them: 1 starts none. Threads start on
 * first use. */
MUST_CHECK lk_status pool_new(struct pool **out, int32_t threads, lk_error *err);
void pool_free(struct pool *p);
int32_t pool_threads(const struct pool *p);

/* Calls run(arg, i) for every i in 0..count-1, in any order, and returns when all are done. Called from inside a
 * running loop (or with p == NULL) it runs on the calling thread alone, so a nested loop is slow, never wrong. */
void pool_for(struct pool *p, int32_t count, void (*run)(void *arg, int32_t i), void *arg);

#endif
