/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of points that are tied more to one another than to the rest. */
#ifndef LK_COMMUNITY_H
#define LK_COMMUNITY_H

#include "map/fuzzy_graph.h"

/* community: count numbers from 0, the largest group first, ties by its first member; *communities says how many. LK_E_MEMORY. */
LK_MUST_CHECK lk_status community_find(int32_t *community, int32_t *communities,
                                       const struct fuzzy_graph *graph, double resolution,
                                       lk_error *err);

/* Of how much more of the weight lies inside groups than chance would put there, 0..1 (Newman and Girvan 2004). */
double community_modularity(const struct fuzzy_graph *graph, const int32_t *community,
                            int32_t communities, double resolution, double *scratch);

#endif
