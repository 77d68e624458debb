/* SPDX-License-Identifier: Apache-2.0 */
/* News of the store as Server-Sent Events (WHATWG HTML, 9.2). One thread reads what is new, whichever process wrote it, into a
 * ring that all listeners share; each has a place in it and no store of its own, so that one who reads slowly costs nothing. Who
 * falls out of the ring is cut off, and comes back with the number of the last event it saw. */
#ifndef LK_LISTENERS_H
#define LK_LISTENERS_H

#include "serve/server.h"

struct listeners;
struct listener;

MUST_CHECK lk_status listeners_start(struct listeners **out, struct server *s, lk_error *err);
/* There may be news: looks at once. Accepts NULL. */
void listeners_nudge(struct listeners *l);
/* All streams end; new ones end at once. */
void listeners_drain(struct listeners *l);
void listeners_stop(struct listeners *l);
int32_t listeners_count(struct listeners *l);

/* Makes the request's answer a stream of the news of one job (0: of all) above `after`; after < 0: from now on, or of a job from
 * its beginning. At a bench. */
void listen_answer(struct request *r, struct bench *bench, int64_t job, int64_t after);
/* answer.c: the response that streams, which owns the listener; NULL when there is no memory. */
struct MHD_Response *listener_response(struct listener *l);
/* Of one that became no response. */
void listener_free(struct listener *l);

#endif
