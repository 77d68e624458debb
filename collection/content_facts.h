/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of contents that are held against each other, read once while they are needed: at most FACTS_HELD of them (some 110 kB
 * each) are in memory, whatever the collection holds. */
#ifndef LK_CONTENT_FACTS_H
#define LK_CONTENT_FACTS_H

#include "collection/finding.h"

enum { FACTS_HELD = 1024 };

struct content_facts;
/* Borrows all. LK_E_MEMORY. */
MUST_CHECK lk_status content_facts_new(struct content_facts **out, lk_collection *c,
                                       const struct finding *g, lk_engine *engine, lk_error *err);
void content_facts_free(struct content_facts *f);

/* Sees to it that the facts of these items (keypoints and thumbnail) are there; those wanted longest ago make room. What an earlier
 * call gave may be gone. count: FACTS_HELD at most. A damaged row is no error. LK_E_MEMORY, LK_E_CANCELLED, LK_E_CORRUPT. */
MUST_CHECK lk_status content_facts_want(struct content_facts *f, const uint32_t *items,
                                        size_t count, lk_error *err);
/* NULL where the row is damaged. From any thread. */
const struct facts *content_facts_at(const struct content_facts *f, uint32_t item);

#endif
