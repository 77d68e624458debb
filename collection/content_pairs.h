/* SPDX-License-Identifier: Apache-2.0 */
/* Which contents of a collection are copies of each other. */
#ifndef LK_CONTENT_PAIRS_H
#define LK_CONTENT_PAIRS_H

#include "collection/finding.h"
#include "collection/relation.h"

/* What item b is to item a, without what only relation_find needs; a < b. */
struct pair {
    uint32_t a, b;
    int32_t class; /* enum relation_class */
    uint32_t also;
    int32_t part; /* 1: b is a part of a; -1: a of b */
    int32_t inliers;
    float score, angle_deg, stretch, covers_a, covers_b;
    int32_t mirrored;
};

struct pairs {
    struct pair *items; /* by a, then b; copies and scenes alone */
    size_t count, room;
    int64_t tried; /* in this run */
};

struct pairs_progress {
    void (*step)(void *arg, size_t total, const char *path); /* may be NULL */
    void *arg;
};

/* Searches copies of what was not searched yet, keeps what it finds, and gives all that is known. LK_E_CORRUPT, LK_E_WRITE,
 * LK_E_CANCELLED, LK_E_MEMORY. */
MUST_CHECK lk_status content_pairs_find(struct pairs *out, lk_collection *c, struct finding *g,
                                        lk_engine *engine, const struct pairs_progress *progress,
                                        lk_error *err);
/* The part of it that searches: content_search.c. */
MUST_CHECK lk_status content_pairs_search(struct pairs *out, lk_collection *c, struct finding *g,
                                          lk_engine *engine, const struct pairs_progress *progress,
                                          lk_error *err);
void content_pairs_release(struct pairs *p);
/* The pair of two items, in any order; NULL when they are none. */
const struct pair *content_pairs_at(const struct pairs *p, uint32_t a, uint32_t b);
/* Holds two items against each other that no search brought together, and takes the pair up if it is one. */
MUST_CHECK lk_status content_pairs_try(struct pairs *p, lk_collection *c, const struct finding *g,
                                       lk_engine *engine, uint32_t a, uint32_t b, lk_error *err);

/* -- For content_search.c -- */

void content_pairs_describe(struct pair *p, const struct relation *r);
MUST_CHECK lk_status content_pairs_keep(lk_collection *c, const struct finding *g,
                                        const struct pair *p, lk_error *err);
/* The item of a content's id; -1 for none. */
int64_t content_pairs_item(const struct finding *g, int64_t id);

#endif
