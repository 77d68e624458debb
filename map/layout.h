/* SPDX-License-Identifier: Apache-2.0 */
/* Places of the points of a graph in the plane: what is tied is drawn together, the rest pushed apart. */
#ifndef LK_LAYOUT_H
#define LK_LAYOUT_H

#include <likeness/map.h>

#include "image/engine.h"
#include "map/fuzzy_graph.h"

/* 1 / (1 + a d^2b), the strength of a tie at distance d on the map, is fitted to 1 up to min_dist and exp(-(d - min_dist) / spread)
 * beyond, by least squares at 300 distances up to 3 spread, as umap-learn does. Six digits: the same on every machine. */
void layout_curve(double *a, double *b, double min_dist, double spread);

/* Moves xy (count x 2), where the points begin. LK_E_CANCELLED, LK_E_MEMORY. */
LK_MUST_CHECK lk_status layout_run(float *xy, lk_engine *engine, const struct fuzzy_graph *graph,
                                   const lk_map_options *options, int32_t epochs,
                                   lk_map_report *report, void *arg, lk_error *err);

#endif
