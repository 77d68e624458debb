/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of training: a network forward, keeping what the way back needs; a loss; and from the last node to the first the
 * gradient of the loss by each value that depends on a parameter (reverse accumulation). Gradients are values of the graph, so
 * that they get their memory and layouts as all others do. */
#ifndef LK_TRAINING_H
#define LK_TRAINING_H

#include "nn/lower.h"

/* What a node's way forward leaves for its way back. */
struct kept {
    dnnl_primitive_desc_t forward; /* owned; NULL where there is none */
    dnnl_memory_desc_t src, dst;   /* layouts in which it read and wrote */
    int32_t buffers[3];            /* the operator's own: statistics, workspace, ...; -1 */
    bool fused;                    /* the Relu behind it is part of it */
};

struct training {
    struct lowering l;
    bool *wants;        /* for each value: it depends on a parameter */
    int32_t *gradients; /* for each value the value that is its gradient so far; -1 */
    struct kept *kept;  /* for each node */
};

typedef lk_status train_function(struct training *t, int32_t node);

/* One operator. forward NULL: as in use (lower_node). Adding one: a row in nn/training.c. */
struct train_row {
    const char *op;
    train_function *forward, *backward;
};

/* Sets wants[value] of what depends on one of the parameters, which are set before. LK_E_FORMAT names a node that does and
 * that cannot be gone through backward. */
MUST_CHECK lk_status training_wants(struct training *t);
/* Adds the steps forward of one node. */
MUST_CHECK lk_status training_forward(struct training *t, int32_t node);
/* Adds the steps backward of all nodes, from the last; the outputs' gradients are there. */
MUST_CHECK lk_status training_backward(struct training *t);
/* How many values the ways back may add to the graph. */
int32_t training_more_values(const struct graph *g);

/* -- For the operators -- */

train_function train_conv, back_conv, train_conv_transpose, back_conv_transpose;
train_function train_norm, back_norm;
train_function back_eltwise;
train_function train_pool, back_pool;
train_function train_resize, back_resize;
train_function back_gemm, back_matmul, back_add, back_view, back_lp;

/* The value that is the gradient of a node's first output; -1 when nothing depends on it. */
int32_t training_gradient(const struct training *t, int32_t node);
/* A new value for a contribution to the gradient of `of`: of its shape, lying nowhere yet. */
MUST_CHECK lk_status training_value(struct training *t, int32_t of, int32_t *out);
/* Adds a contribution, which lies somewhere, to the gradient of `of`. */
MUST_CHECK lk_status training_add(struct training *t, int32_t of, int32_t contribution);

/* One argument of a primitive: memory in a layout; written when `written`. */
struct train_arg {
    int arg;
    const dnnl_memory_desc_t *md;
    int32_t buffer;
    bool written;
};
/* Adds the step of pd with these arguments. kind is static. */
MUST_CHECK lk_status training_step(struct training *t, dnnl_primitive_desc_t pd, const char *kind,
                                   int32_t node, const struct train_arg *args, int32_t count);
/* A layout that pd chose. */
const dnnl_memory_desc_t *training_md(struct training *t, dnnl_primitive_desc_t pd,
                                      dnnl_query_t what, int index);

/* A step in C: reads and writes are buffers, row-major. state is an allocated block that becomes the step's, also when this
 * fails. */
struct c_step {
    void (*run)(const void *state, void *const *data); /* data: reads, then writes */
    void *state;
    const int32_t *reads, *writes;
    int32_t read_count, write_count;
};
MUST_CHECK lk_status training_c_step(struct training *t, const char *kind, int32_t node,
                                     const struct c_step *step);

#endif
