/* SPDX-License-Identifier: Apache-2.0 */
/* compare --explain: what each piece of evidence says, and how near it came to its limit. */
#ifndef LK_EXPLAIN_H
#define LK_EXPLAIN_H

#include <likeness/likeness.h>

#include "base/buf.h"

/* Appends the lines. a and b are the two pictures as they were read. Fails with LK_E_MEMORY. */
LK_MUST_CHECK lk_status explain(struct buf *out, lk_engine *engine, const lk_comparison *c,
                                const lk_image *a, const lk_image *b, lk_error *err);

#endif
