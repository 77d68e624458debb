/* SPDX-License-Identifier: Apache-2.0 */
/* Who is tied to whom, and how strongly: the weighted graph that UMAP lays out. */
#ifndef LK_FUZZY_GRAPH_H
#define LK_FUZZY_GRAPH_H

#include <likeness/status.h>
#include <stdbool.h>

#include "kernel/kernel_math.h"

/* Symmetric, without loops: the partners of point i are to[start[i]] .. to[start[i + 1] - 1], ascending. */
struct fuzzy_graph {
    int32_t count;
    int64_t *start; /* count + 1; owned, as the others */
    int32_t *to;
    float *weight; /* 0..1 */
};

/* From the k nearest of each of count points (distances ascending). LK_E_MEMORY. */
LK_MUST_CHECK lk_status fuzzy_graph_new(struct fuzzy_graph *out, const struct kernel_math *math,
                                        const int32_t *nearest, const float *distances,
                                        int32_t count, int32_t k, lk_error *err);
void fuzzy_graph_release(struct fuzzy_graph *graph);

#endif
