/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a graph before it is lowered: what no wanted output needs is dropped, every value gets its shape, and what
 * depends on constants alone is computed. */
#ifndef LK_PREPARE_H
#define LK_PREPARE_H

#include "nn/op.h"

enum node_state {
    NODE_LIVE,
    NODE_DEAD,   /* no wanted output needs it */
    NODE_FOLDED, /* its outputs are constants now */
};

/* states: one a node of g, filled. Inputs of g have their shapes. max_bytes bounds each value, and the constants made.
 * wanted are values. */
MUST_CHECK lk_status prepare(enum node_state *states, struct graph *g, const int32_t *wanted,
                             int32_t wanted_count, size_t max_bytes, lk_error *err);

/* Shapes or runs one node: the call with its inputs and outputs, room for them from the caller's arrays. */
enum { CALL_VALUES = 64 };
struct node_call {
    struct op_call call;
    const struct tensor *inputs[CALL_VALUES];
    struct tensor outputs[CALL_VALUES];
};
MUST_CHECK lk_status node_call_init(struct node_call *nc, const struct graph *g,
                                    const struct node *node, lk_error *err);

#endif
