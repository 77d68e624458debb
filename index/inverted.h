/* SPDX-License-Identifier: Apache-2.0 */
/* An inverted file: the vectors of a large set in cells around centres, of which a search looks at the nearest. Approximate: how
 * often it finds what index/flat finds stands in docs/algorithms/index.md.
 *
 * Below INVERTED_LEAST items looking at all is as fast. */
#ifndef LK_INVERTED_H
#define LK_INVERTED_H

#include "index/flat.h"
#include "index/index_file.h"

enum { INVERTED_LEAST = 200000 };

/* The arrays are borrowed and may lie in a mapped file. */
struct inverted {
    const uint8_t *centres; /* of `cells` items, as in struct flat */
    const int32_t *centre_norms;
    const uint32_t *starts; /* of each cell the block of FLAT_BLOCK it begins at; and `blocks` */
    const uint8_t *
        vectors; /* of `blocks` blocks, as in struct flat; the cells one after the other, each in whole blocks */
    const int32_t *norms;
    const uint32_t
        *items; /* which they are, FLAT_BLOCK a block; INDEX_NONE for what fills a cell */
    uint32_t cells, blocks;
    uint32_t count; /* items 0..count-1 of the set are in it, but those that were absent */
    int32_t dim;
    struct index_file
        *file; /* that the arrays lie in: a cell that is damaged there is passed over; NULL: none */
};

enum { INVERTED_ARRAYS = 6 };

/* The same on the heap. */
struct inverted_made {
    struct inverted view;
    void *memory[INVERTED_ARRAYS]; /* its arrays, in the order above */
    size_t sizes[INVERTED_ARRAYS]; /* in bytes */
};

/* Finds cells by k-means over a sample and sorts all of the set into them, with the engine's threads; the same bytes whatever
 * their number. cells: 0 for 4 sqrt(count). Takes seconds a million of 128 dimensions. */
LK_MUST_CHECK lk_status inverted_make(struct inverted_made *out, const struct flat *f,
                                      const lk_engine *engine, uint32_t cells, lk_error *err);
void inverted_release(struct inverted_made *m);
/* What the arrays take at most, of a set of so many items and cells: 0 as above. */
void inverted_sizes(size_t sizes[INVERTED_ARRAYS], uint32_t count, int32_t dim, uint32_t cells);

/* flat_search, but of the set's first `count` items only those in the `probes` nearest cells (0 for the default); of those that
 * came since all, and none that went since. `f` is the set of which it was made, or that has grown
 * since. Arrays that are damaged make it miss items, nothing worse. */
LK_MUST_CHECK lk_status inverted_search(struct neighbour *out, size_t k, const struct inverted *v,
                                        const struct flat *f, const lk_engine *engine,
                                        const uint8_t *query, uint32_t probes, lk_error *err);

/* The default number of cells looked at. */
uint32_t inverted_probes(const struct inverted *v);

#endif
