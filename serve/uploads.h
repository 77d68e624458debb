/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures on their way to the service: all together take a bounded part of memory. They stand in a line, and as many as can be
 * taken whole without exceeding the bound are read; the others rest, and TCP holds back who sends them. Who sends slowly while
 * others wait goes to the end of the line, and is cut off when even so there is no room.
 * Numbers and the line are under the server's lock, which each of these functions takes. */
#ifndef LK_UPLOADS_H
#define LK_UPLOADS_H

#include <stdbool.h>
#include <stdint.h>

struct request;
struct server;

struct uploads {
    struct request *first, *last;
    int32_t count;
    int64_t bytes,
        most_bytes; /* of bodies in memory, those too that are whole and wait to be worked on */
};

/* What a request has of it. */
struct upload {
    struct request *next, *before;
    bool is_in_line, rests, is_slow;
    int64_t expected;  /* bytes; what it has and may still get is reserved when it is read */
    int64_t size;      /* that came */
    int64_t mark_size; /* at mark_s, since when it has not rested */
    double mark_s, rested_s, rests_since_s;
};

/* largest: bytes of one. */
void uploads_init(struct uploads *u, int64_t largest);
/* A body of at most `expected` bytes begins. False when too many are on their way. */
bool uploads_enter(struct request *r, int64_t expected);
/* Some of it came, of a picture or another body. In the handler of its connection, which may rest from here on. */
void uploads_take(struct request *r, int64_t size);
/* Seconds that it has rested. */
double uploads_rested(struct request *r);
/* It is whole. */
void uploads_leave(struct request *r);
/* It is gone, and its bytes with it. */
void uploads_forget(struct request *r);
/* Every now and then: those that send little give way to those that wait. */
void uploads_watch(struct server *s);
/* The service ends: nobody rests any more. */
void uploads_wake_all(struct server *s);

#endif
