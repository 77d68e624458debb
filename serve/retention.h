/* SPDX-License-Identifier: Apache-2.0 */
/* Forgets the files of the oldest verdicts when they are too many or too old, beside everything else and on a thread of its own. */
#ifndef LK_RETENTION_H
#define LK_RETENTION_H

#include <likeness/service.h>
#include <pthread.h>

#include "base/compiler.h"

struct retention {
    lk_store *store; /* NULL: there is no thread */
    int64_t bytes, ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ends_came;
    bool ends;
};

/* of: the store, which is opened once more. bytes 0: nothing is kept from here on, and nothing
 * forgotten, since other nodes may keep files. ms 0: however old they are. */
MUST_CHECK lk_status retention_start(struct retention *r, const lk_store *of, int64_t bytes,
                                     int64_t ms, lk_error *err);
/* Accepts one that was not started. */
void retention_stop(struct retention *r);

#endif
