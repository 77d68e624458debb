/* SPDX-License-Identifier: Apache-2.0 */
/* Time that only goes on, whatever is done to the clock on the wall. */
#ifndef LK_CLOCK_H
#define LK_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Seconds since some moment. */
static inline double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A condition whose timed waits go by this clock: one that is waited for with clock_in_ms(). */
static inline void clock_cond_init(pthread_cond_t *c) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* The moment in so many milliseconds. */
static inline struct timespec clock_in_ms(int64_t ms) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

#endif
