/* SPDX-License-Identifier: Apache-2.0 */
/* From a prepared graph to a plan: for each node the step that computes it. A value lies in memory row-major, or in a layout
 * that oneDNN chose, or, once somebody asked, in both. */
#ifndef LK_LOWER_H
#define LK_LOWER_H

#include "nn/onednn.h"
#include "nn/prepare.h"

/* Where a value lies; -1 where it does not, or not yet. */
struct placed {
    int32_t plain;         /* buffer, row-major */
    int32_t blocked;       /* buffer in layout md */
    dnnl_memory_desc_t md; /* of blocked */
    int32_t
        bytes; /* of quantised values: buffer of bytes without a sign (onednn_int8.c), in layout bytes_md */
    dnnl_memory_desc_t bytes_md;
};

/* Who uses a value. */
struct uses {
    int32_t count;    /* nodes that will run and read it; a wanted output counts as one more */
    int32_t users[2]; /* the first two of them */
    bool wanted;
};

struct lowering {
    struct graph *g;
    struct plan *plan;
    struct onednn *d; /* NULL: definitions in C alone */
    enum node_state *states;
    struct placed *placed;
    struct uses *uses;
    int32_t *maker; /* for each value the node that makes it, also when that is folded; -1 */
    bool *done;     /* nodes that are lowered, also as part of another */
    int32_t *left;  /* for each value, nodes that read it and are not lowered yet */
    const bool
        *changes; /* values whose constants change between runs: parameters in training; NULL */
    lk_error *err;
};

/* Where a network begins and ends. */
struct lower_ends {
    const int32_t *wanted; /* values */
    int32_t wanted_count;
    bool channels_last;      /* the layout of inputs of four dimensions */
    int32_t *wanted_buffers; /* filled; these and inputs keep their memory for themselves */
    int32_t *input_buffers;
};

/* Fills plan with the steps that compute the wanted values. */
MUST_CHECK lk_status lower(struct plan *plan, struct graph *g, enum node_state *states,
                           struct onednn *d, const struct lower_ends *ends, lk_error *err);

/* The pieces of it, for training, which puts other steps between them (nn/training.c). l has its graph, plan, states and
 * oneDNN; more_values: how many values will be added to the graph. lower_end frees what lower_begin made, also when that failed. */
MUST_CHECK lk_status lower_begin(struct lowering *l, const struct lower_ends *ends,
                                 int32_t more_values);
MUST_CHECK lk_status lower_node(struct lowering *l, int32_t node);
MUST_CHECK lk_status lower_wanted(struct lowering *l, const struct lower_ends *ends);
void lower_end(struct lowering *l);

/* -- For the operators of onednn_*.c. Each sets *done when it took the node; otherwise its definition runs. -- */
typedef lk_status lower_function(struct lowering *l, int32_t node, bool *done);
lower_function lower_conv, lower_conv_transpose, lower_matmul, lower_gemm, lower_pool,
    lower_eltwise, lower_binary, lower_concat, lower_lrn, lower_softmax, lower_quantize,
    lower_byte_conv, lower_byte_add;

const struct tensor *lower_tensor(const struct lowering *l, int32_t value);
/* Data of a constant; NULL for what is none, or changes between runs. */
const float *lower_constant(const struct lowering *l, int32_t value);

/* The buffer and layout in which a value lies at present; a layout of oneDNN's where there is one. */
MUST_CHECK lk_status lower_at(struct lowering *l, int32_t value, dnnl_memory_desc_t *md,
                              int32_t *buffer);
/* The buffer that holds a value in the layout md; adds a reordering step where it is not there yet. */
MUST_CHECK lk_status lower_as(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                              int32_t *buffer);
/* The same, row-major. */
MUST_CHECK lk_status lower_plain(struct lowering *l, int32_t value, int32_t *buffer);
/* A new row-major buffer for a value (a constant's own memory); from then on it lies there. */
MUST_CHECK lk_status lower_place_plain(struct lowering *l, int32_t value, int32_t *buffer);
/* A new buffer for a value in the layout md; from then on it lies there. */
MUST_CHECK lk_status lower_define(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                                  int32_t *buffer);
/* The same as a view of another buffer, which the step overwrites. */
MUST_CHECK lk_status lower_define_over(struct lowering *l, int32_t value,
                                       const dnnl_memory_desc_t *md, int32_t over, int32_t *buffer);

/* Adds the step that brings a value from one buffer to another of another layout. */
MUST_CHECK lk_status lower_reorder(struct lowering *l, int32_t value,
                                   const dnnl_memory_desc_t *from, int32_t source,
                                   const dnnl_memory_desc_t *to, int32_t buffer);
/* A copy of a value in the layout md, for a step that writes over it. */
MUST_CHECK lk_status lower_copy(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                                int32_t *buffer);
/* Notes that a node is being lowered. */
void lower_mark(struct lowering *l, int32_t node);
/* Whether the memory in which a value lies may be written over: nothing will read it any more. */
bool lower_is_last(const struct lowering *l, int32_t value);

/* A node's call, with its inputs and room for the shapes of its outputs. */
MUST_CHECK lk_status lower_call(struct lowering *l, int32_t node, struct node_call *nc);

bool lower_is_ready(const struct lowering *l, int32_t value);
/* The only node that reads the value, or -1 when there are more, or it is wanted as an output. */
int32_t lower_only_user(const struct lowering *l, int32_t value);

/* onednn_chain.c: what follows a node and can be done in the same step: activations, additions. */
struct chain {
    struct post_ops post;
    int32_t result; /* the value that the step makes */
    int32_t nodes[2 * POST_OPS];
    int32_t node_count;
    int32_t residual; /* value that is added; -1 */
};
/* value: what the node makes by itself. */
void chain_follow(struct chain *c, const struct lowering *l, int32_t value);
/* Leaves nothing but the value itself: when oneDNN cannot do the chain. */
void chain_cut(struct chain *c, int32_t value);
/* Marks the nodes of the chain as lowered. */
void chain_done(const struct chain *c, struct lowering *l);

/* onednn_int8.c: DequantizeLinear waits until somebody asks for its floats; what can work on bytes never does. */
bool lower_defers(const struct lowering *l, const struct node *node);
MUST_CHECK lk_status lower_dequantize(struct lowering *l, const struct node *node);
/* Gives a quantised value, whose bytes are there, its place as the model's tensor. */
MUST_CHECK lk_status lower_plain_from_bytes(struct lowering *l, int32_t value);

/* onednn_eltwise.c: the activation a node is, as one or two of oneDNN's; returns how many, 0 when it is none. */
int32_t eltwise_of(const struct lowering *l, const struct node *node, struct post_op out[2]);

#endif
