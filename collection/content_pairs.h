/* SPDX-License-Identifier: Apache-2.0 */
/* Which contents of a collection are copies of each other. */
#ifndef LK_CONTENT_PAIRS_H
#define LK_CONTENT_PAIRS_H

#include "collection/content_facts.h"
#include "collection/relation.h"

/* Of what is kept: another one is found anew. */
enum { PAIRS_VERSION = RELATION_VERSION << 16 | FACTS_VERSION };

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

/* Pairs that were held against each other and are copies, of one scene, or, where that is worth knowing, neither. */
struct pairs {
    struct pair *items;
    size_t count, room;
    uint32_t *places; /* a hash table of room for twice as many: 1 + where in items; 0 is free */
    int64_t tried;    /* in this run */
};

void content_pairs_release(struct pairs *p);
/* The pair of two items, in any order; NULL when it is not there. Valid until one is added. */
const struct pair *content_pairs_at(const struct pairs *p, uint32_t a, uint32_t b);
void content_pairs_describe(struct pair *p, const struct relation *r);
/* The item of a content's id; -1 for none. */
int64_t content_pairs_item(const struct finding *g, int64_t id);

/* What the collection knows. LK_E_CORRUPT, LK_E_MEMORY. */
MUST_CHECK lk_status content_pairs_read(struct pairs *out, lk_collection *c,
                                        const struct finding *g, lk_error *err);

/* Pairs to be held against each other: what a run of them has in common. All is borrowed. */
struct pairs_try {
    lk_collection *collection;
    const struct finding *finding;
    lk_engine *engine;
    struct content_facts *facts;
    struct pairs *pairs; /* what they are goes there */
    bool keep_none;      /* that two are nothing to each other as well */
};

/* Holds the pairs (a < b, none twice) against each other, all threads at once, and keeps what they are. Fills class, and the rest
 * of those that are something. LK_E_MEMORY, LK_E_CANCELLED, LK_E_CORRUPT, LK_E_WRITE. */
MUST_CHECK lk_status content_pairs_try(struct pairs_try *t, struct pair *pairs, size_t count,
                                       lk_error *err);
/* Says that items were searched, beside what is kept of the last pairs. */
MUST_CHECK lk_status content_pairs_searched(const struct pairs_try *t, const uint32_t *items,
                                            size_t count, lk_error *err);

/* -- content_search.c -- */

struct pairs_progress {
    void (*step)(void *arg, size_t total, const char *path); /* may be NULL */
    void *arg;
};

/* Searches copies of what was not searched yet and adds them to what is known. As content_pairs_try. */
MUST_CHECK lk_status content_pairs_search(struct pairs_try *t,
                                          const struct pairs_progress *progress, lk_error *err);

#endif
