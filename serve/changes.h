/* SPDX-License-Identifier: Apache-2.0 */
/* What other processes change in the store, heard as it happens: one thread, where the store's database tells of changes. */
#ifndef LK_CHANGES_H
#define LK_CHANGES_H

#include "serve/server.h"

struct changes;

/* *out is NULL where the store tells nothing. Once jobs and listeners are there. LK_E_MEMORY. */
MUST_CHECK lk_status changes_start(struct changes **out, struct server *s, lk_error *err);
/* Before they go; accepts NULL. */
void changes_stop(struct changes *c);

#endif
