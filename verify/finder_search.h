/* SPDX-License-Identifier: Apache-2.0 */
/* The originals of a finder that a photo may show, by what the finder holds: three lists of the best, each by its own measure. */
#ifndef LK_FINDER_SEARCH_H
#define LK_FINDER_SEARCH_H

#include "verify/finder.h"

enum {
    FINDER_COUNTED = 1024, /* references whose votes are counted again */
    FINDER_VOTED = 32,     /* candidates by votes, */
    FINDER_NEAREST = 16,   /* by embedding, */
    FINDER_ALIKE = 1,      /* and by hash */
};

struct scored {
    double score;
    uint32_t reference; /* its number */
};

struct top {
    int32_t most, count;
    struct scored *items; /* a heap, the least on top */
};

/* What is asked. */
struct finder_query {
    const lk_features *photo;
    const lk_hash *mark;  /* may be NULL */
    const bool *unwanted; /* of each number; NULL: all are wanted */
    lk_store *store;      /* whose server is asked where the finder says so */
};

/* tops: by votes (most FINDER_COUNTED), embedding (FINDER_NEAREST) and hash (FINDER_ALIKE), with room and nothing in it; the best
 * come first; of the nearest by embedding the score is the cosine, by hash the bits that differ, negative. LK_E_MEMORY. */
LK_MUST_CHECK lk_status finder_search(struct top tops[3], const struct lk_finder *f,
                                      lk_engine *engine, const struct finder_query *query,
                                      lk_error *err);

#endif
