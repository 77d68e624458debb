/* SPDX-License-Identifier: Apache-2.0 */
/* The exact nearest of a set of embeddings, by looking at each.
 *
 * An embedding v of `dim` floats becomes bytes x_i = round(64 + 16 sqrt(dim) v_i / |v|), held to 0..127: a component of mean size
 * is 16 levels, and 4 of these pass. Distances are squared Euclidean ones of bytes, in integers: exact, and the same on every
 * machine. As the floats have length 16 sqrt(dim), they order as cosines do: cosine = 1 - distance / (512 dim). */
#ifndef LK_FLAT_H
#define LK_FLAT_H

#include "image/engine.h"
#include "index/neighbours.h"

enum {
    FLAT_BLOCK = SCAN_BLOCK,
    FLAT_DIM_MOST = SCAN_BYTES_MOST,
    FLAT_FAR = 1 << 30, /* the norm of an item that is absent */
};

/* What is searched. The arrays are borrowed and may lie in a mapped file; items 0..count-1. */
struct flat {
    const uint8_t *
        vectors; /* blocks of FLAT_BLOCK vectors, four bytes of each in turn: flat_vectors_size bytes */
    const int32_t *
        norms; /* squared lengths of the bytes, FLAT_FAR where an item is absent: flat_norms_size bytes */
    uint32_t count;
    int32_t dim; /* 1..FLAT_DIM_MOST */
};

/* Bytes of a vector: dim, filled up with zeros to a multiple of four. */
size_t flat_bytes(int32_t dim);
size_t flat_vectors_size(uint32_t count, int32_t dim);
size_t flat_norms_size(uint32_t count);

/* out: flat_bytes(dim). A vector of zeros becomes the middle of all. */
void flat_quantise(uint8_t *out, const float *vector, int32_t dim);

/* -- Filling the arrays. One that grows only gets longer: what is there stays where it is. -- */

/* Makes items from..to-1, and what fills the last block, absent. */
void flat_clear(uint8_t *vectors, int32_t *norms, int32_t dim, uint32_t from, uint32_t to);
void flat_put(uint8_t *vectors, int32_t *norms, int32_t dim, uint32_t item, const uint8_t *bytes);
void flat_remove(int32_t *norms, uint32_t item);
bool flat_has(const struct flat *f, uint32_t item);
/* out: flat_bytes(dim) of an item that is there. */
void flat_get(uint8_t *out, const struct flat *f, uint32_t item);

/* -- What a distance means -- */

/* -1..1, without what the rounding of bytes adds: docs/algorithms/index.md has how much. 1 for distance 0. */
double flat_cosine(int32_t distance, int32_t dim);
/* The cosine, 0 where it is negative. */
double flat_score(int32_t distance, int32_t dim);
/* The largest distance whose cosine is at least this. */
int32_t flat_distance(double cosine, int32_t dim);

/* -- Searching. `query` is as flat_quantise makes it. -- */

/* The k nearest, the nearest first; equally near ones by item. Returns how many there are; the rest of out's k is INDEX_NONE. */
size_t flat_search(struct neighbour *out, size_t k, const struct flat *f, const lk_engine *engine,
                   const uint8_t *query);

/* Takes the nearest among items `from`.. into what was found among others, all of lower numbers; not sorted. */
void flat_scan(struct neighbours *found, const struct flat *f, const lk_engine *engine,
               const uint8_t *query, uint32_t from);

/* The same for many queries, flat_bytes(dim) apart, with the engine's threads: row q of k in out. LK_E_CANCELLED alone. */
LK_MUST_CHECK lk_status flat_search_many(struct neighbour *out, size_t k, const struct flat *f,
                                         const lk_engine *engine, const uint8_t *queries,
                                         size_t count, lk_error *err);

/* The k nearest others of each item: row i of k in out; all INDEX_NONE for an item that is absent. LK_E_CANCELLED alone. */
LK_MUST_CHECK lk_status flat_graph(struct neighbour *out, size_t k, const struct flat *f,
                                   const lk_engine *engine, lk_error *err);

#endif
