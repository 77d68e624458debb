/* SPDX-License-Identifier: Apache-2.0 */
/* Time that only goes on, whatever is done to the clock on the wall. */
#ifndef LK_CLOCK_H
#define LK_CLOCK_H

#include <time.h>

/* Seconds since some moment. */
static inline double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
