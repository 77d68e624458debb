/* SPDX-License-Identifier: Apache-2.0 */
/* The k nearest of each vector among the others. Vectors are of length 1, so that Euclidean distances follow the cosine. */
#ifndef LK_NEAREST_H
#define LK_NEAREST_H

#include <likeness/map.h>

#include "image/engine.h"

/* Checks the vectors and brings a copy of their rows to length 1; rows of zeros stay. *rows is the caller's, and what unit->data
 * borrows. LK_E_USAGE for no vectors or a number that is not finite, naming its row; LK_E_LIMIT; LK_E_MEMORY. */
LK_MUST_CHECK lk_status nearest_unit_rows(lk_map_vectors *unit, float **rows,
                                          const lk_map_vectors *vectors, lk_error *err);

/* Squared distance: sums of floats in an order that depends on dim alone. */
float nearest_distance2(const float *a, const float *b, int32_t dim);

/* nearest and distances are count x k, the nearest first, ties by number; k < count. What is found by bytes (index/flat.h), a few
 * more than k, is ordered by floats. report may be NULL. LK_E_CANCELLED, LK_E_MEMORY. */
LK_MUST_CHECK lk_status nearest_find(int32_t *nearest, float *distances, lk_engine *engine,
                                     const lk_map_vectors *vectors, int32_t k,
                                     lk_map_report *report, void *arg, lk_error *err);

#endif
