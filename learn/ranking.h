/* SPDX-License-Identifier: Apache-2.0 */
/* Cosines of queries with references, a query at a time. */
#ifndef LK_RANKING_H
#define LK_RANKING_H

#include <likeness/evaluate.h>

#include "base/compiler.h"

/* Rows of length 1, so that a product is a cosine; a row of zeros stays. */
struct unit_vectors {
    float *data; /* owned; rows begin at multiples of stride */
    int32_t count, dim, stride;
};

/* LK_E_USAGE for a number that is not finite, naming its row; LK_E_MEMORY. */
MUST_CHECK lk_status unit_vectors_new(struct unit_vectors *out, const lk_vectors *from,
                                      lk_error *err);
void unit_vectors_release(struct unit_vectors *v);

/* The cosine of row i of queries with each reference, count of them, -1..1. Sums are of floats, in an order that depends on dim
 * alone: the error stays below (dim / 32 + 5) * 6e-8, and equal rows give equal cosines. */
void ranking_row(float *cosines, const struct unit_vectors *queries, int32_t i,
                 const struct unit_vectors *references);

/* Places of the k largest cosines, the largest first, ties by place; `without` (or -1) is passed over. Returns how many. */
int32_t ranking_nearest(int32_t *out, int32_t k, const float *cosines, int32_t count,
                        int32_t without);

#endif
