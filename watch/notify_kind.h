/* SPDX-License-Identifier: Apache-2.0 */
/* A kind of receiver: how it is opened and how it is told of one event. Queues, threads, waiting and trying again are
 * watch/notify.c's. */
#ifndef LK_NOTIFY_KIND_H
#define LK_NOTIFY_KIND_H

#include "watch/notify.h"

enum told {
    TOLD,       /* it has taken it */
    TOLD_AGAIN, /* not now: try again later */
    TOLD_NEVER, /* it refuses it, and would again */
};

struct telling {
    const struct notice *notice; /* snapshot is NULL */
    const int *stop;             /* not 0 (read atomically): return soon, with TOLD_AGAIN */
    double wait_s;               /* out: the receiver asks for so long a wait; 0 */
};

struct notify_kind {
    const char *name;
    int32_t tries;    /* of one event, 0: as many as fit into give_up_s */
    double give_up_s; /* an event that has waited for so long is given up with the next failure */
    double longest_wait_s; /* between two tries */

    /* *out stays NULL where the options name no such receiver. */
    lk_status (*open)(void **out, const struct notify_options *options, lk_error *err);
    /* Called by one thread at a time. err is filled unless it was TOLD. */
    enum told (*tell)(void *receiver, struct telling *telling, lk_error *err);
    void (*close)(void *receiver);

    /* NULL where a kind has no use for them; called from any thread. */
    lk_status (*camera)(void *receiver, const char *camera, bool enabled, lk_error *err);
    void (*figures)(void *receiver, const struct notice *notice);
    void (*interrupt)(void *receiver); /* `stop` has been set: wake up */
    /* Waits until what camera() and figures() said has arrived, at most until that moment of clock_s. */
    lk_status (*settle)(void *receiver, double until, lk_error *err);
};

extern const struct notify_kind notify_exec, notify_mqtt, notify_webhook;

#endif
