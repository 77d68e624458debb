/* SPDX-License-Identifier: Apache-2.0 */
/* Principal components: the two directions in which vectors differ most. */
#ifndef LK_PRINCIPAL_H
#define LK_PRINCIPAL_H

#include <likeness/map.h>

#include "image/engine.h"

/* xy: count x 2, places of the vectors (less their mean) along the first and the second component; a component's largest entry is
 * positive. 0 where vectors do not differ. LK_E_CANCELLED, LK_E_MEMORY. */
LK_MUST_CHECK lk_status principal_places(double *xy, lk_engine *engine,
                                         const lk_map_vectors *vectors, uint64_t seed,
                                         lk_error *err);

#endif
