/* SPDX-License-Identifier: Apache-2.0 */
/* A network as a graph: values (tensors by name), nodes (operators with attributes), inputs and outputs. Nodes are in an
 * order in which every value is made before it is used. */
#ifndef LK_GRAPH_H
#define LK_GRAPH_H

#include "nn/tensor.h"

struct op;

enum attribute_kind {
    ATTRIBUTE_INT,
    ATTRIBUTE_FLOAT,
    ATTRIBUTE_TEXT,
    ATTRIBUTE_INTS,
    ATTRIBUTE_FLOATS,
    ATTRIBUTE_TENSOR,
};

struct attribute {
    char *name; /* owned, like everything below */
    enum attribute_kind kind;
    int64_t number;
    float real;
    char *text;
    int64_t *numbers;
    float *reals;
    int32_t count; /* of numbers or reals */
    struct tensor tensor;
};

struct node {
    const struct op *op;
    char *name;      /* as the model says; made up ("Conv 12") where it says nothing */
    int32_t *inputs; /* values; -1 where one is left out */
    int32_t input_count;
    int32_t *outputs; /* values; -1 where one is not wanted */
    int32_t output_count;
    struct attribute *attributes;
    int32_t attribute_count;
};

struct value {
    char *name;
    struct tensor
        declared; /* of outputs: type and shape as the model says, which nothing relies on */
    struct tensor
        tensor; /* with data: a constant. Otherwise what is known of it: inputs have a type and a shape */
};

struct graph {
    char *name;
    int32_t opset;
    struct value *values;
    int32_t value_count, value_capacity;
    struct node *nodes;
    int32_t node_count, node_capacity;
    int32_t *inputs; /* values that the caller gives */
    int32_t input_count;
    int32_t *outputs;
    int32_t output_count;
};

void graph_release(struct graph *g);

/* Appends a value; its tensor's storage becomes the graph's, also when this fails. */
MUST_CHECK lk_status graph_add_value(int32_t *out, struct graph *g, const char *name,
                                     struct tensor tensor, lk_error *err);
/* Appends a node with copies of its inputs and outputs and no attributes; *out is valid until the next one is added. */
MUST_CHECK lk_status graph_add_node(struct node **out, struct graph *g, const struct op *op,
                                    const char *name, const int32_t *inputs, int32_t input_count,
                                    const int32_t *outputs, int32_t output_count, lk_error *err);

/* Puts the nodes into an order in which every value is made before it is used. LK_E_CORRUPT names the node that stands in
 * a cycle, uses a value nobody makes, or makes one that is made already. */
MUST_CHECK lk_status graph_sort(struct graph *g, lk_error *err);

/* Leaves what the outputs, values of g, need, and makes them the graph's. Inputs stay, whether needed or not. */
MUST_CHECK lk_status graph_cut(struct graph *g, const int32_t *outputs, int32_t count,
                               lk_error *err);
/* Sets needed[value] and live[node] of what the values `wanted` need. Both are zero before. */
void graph_mark(bool *needed, bool *live, const struct graph *g, const int32_t *wanted,
                int32_t count);

/* Leaves the nodes for which keep is set. Values nobody makes any more must be constants by then. */
void graph_keep_nodes(struct graph *g, const bool *keep);

const struct attribute *node_attribute(const struct node *node, const char *name);

#endif
