/* SPDX-License-Identifier: Apache-2.0 */
/* Half of the bits of a set of vectors, to look at before the whole: what flat_search finds, at the price of reading half as much.
 * For sets that do not fit the processor's cache. */
#ifndef LK_COARSE_H
#define LK_COARSE_H

#include "index/flat.h"
#include "index/index_file.h"

enum { COARSE_ERROR_MOST = 16 }; /* of a number: its half is 4 away at most */

/* The arrays are borrowed and may lie in a mapped file. */
struct coarse {
    const uint8_t *
        halves; /* blocks of FLAT_BLOCK vectors, four bytes of each in turn, which are eight numbers: coarse_size */
    const int32_t *
        norms; /* squared lengths of what the halves stand for: flat_norms_size bytes; FLAT_FAR: absent */
    int32_t error;  /* the greatest squared distance of a vector to what its half stands for */
    uint32_t count; /* items 0..count-1 of the set are in it */
    struct index_file *
        file; /* that these arrays and the set's lie in: what is damaged there is passed over; NULL: none */
};

size_t coarse_size(uint32_t count, int32_t dim);

/* Fills both arrays with f->count items, with the engine's threads; returns the error. */
int32_t coarse_make(uint8_t *halves, int32_t *norms, const struct flat *f, const lk_engine *engine);

/* flat_search, and the same answer. Of items that came since all are looked at whole; those that went since do not count.
 * With an error that is not coarse_make's items may be missed. */
size_t coarse_search(struct neighbour *out, size_t k, const struct coarse *c, const struct flat *f,
                     const lk_engine *engine, const uint8_t *query);

#endif
