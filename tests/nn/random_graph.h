/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs drawn by chance from the operators that nn/lower.c treats in a way of its own, and some that it leaves to their
 * definitions: values read twice, by themselves and by their own results, views of views, shared weights, outputs used inside. */
#ifndef LK_RANDOM_GRAPH_H
#define LK_RANDOM_GRAPH_H

#include "base/rng.h"
#include "nn/graph.h"

enum { DRAWN_MOST = 96 };

struct drawing {
    struct graph g;
    struct rng r;
    int32_t values[DRAWN_MOST]; /* that may be read */
    bool exact
        [DRAWN_MOST]; /* small multiples of a power of two: quantising them again has but one result */
    int32_t count;
    int32_t kernels[DRAWN_MOST]; /* weights so far, to be shared */
    int32_t kernel_count;
    lk_error err;
};

/* The same graph for the same seed. Its values have their shapes; its outputs are chosen. */
void draw_graph(struct drawing *d, uint64_t seed);
/* What input i is given: multiples of 1/16 from -4 to 4. */
void draw_input(float *to, int64_t count, uint64_t seed, int32_t i);

#endif
