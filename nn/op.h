/* SPDX-License-Identifier: Apache-2.0 */
/* Operators: one row a name of the ONNX standard. Each says what its outputs' types and shapes are (shape) and computes them
 * plainly in C (run). That is the definition the fast versions (nn/onednn_*.c) are held against, what folds constants when a
 * network is made, and what runs where oneDNN has nothing better.
 *
 * Adding one: a row in a family's file (nn/op_*.c) and nothing else, when the family is in the list of op.c. The official
 * ONNX cases then run for it by themselves (tests/nn/check_onnx). */
#ifndef LK_OP_H
#define LK_OP_H

#include "nn/graph.h"

/* One node being shaped or run. */
struct op_call {
    const struct node *node;
    int32_t opset;                /* of the model: the meaning of some operators changed with it */
    const struct tensor **inputs; /* NULL where one is left out; data NULL where not known yet */
    int32_t input_count;
    struct tensor *outputs; /* shape: to be given type and shape. run: with data, to be filled */
    int32_t output_count;   /* outputs nobody wants are there too */
    lk_error *err;
};

enum { OP_MANY = 127 };

struct op {
    const char *name;
    int8_t least_inputs, most_inputs; /* OP_MANY: any number */
    int8_t least_outputs, most_outputs;
    /* Sets type and shape of the outputs from those of the inputs (and the data of those that shape depends on:
     * op_constant). Checks everything run relies on. */
    lk_status (*shape)(struct op_call *c);
    /* Fills the outputs. Inputs and outputs never overlap. */
    lk_status (*run)(struct op_call *c);
    const void *family; /* what rows that share functions differ in */
};

/* The row called name in the default domain; NULL when there is none. */
const struct op *op_find(const char *name);
size_t op_count(void);
const struct op *op_at(size_t i);

/* A family is an array ended by a row without name; op.c lists them. */
#define OP_END                                                                                     \
    { .name = NULL }

/* -- For the functions of operators. All errors name the node. -- */

/* LK_E_CORRUPT (the model contradicts itself) with the node's operator and name before the text. */
lk_status op_wrong(struct op_call *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* LK_E_FORMAT (the model is right, we cannot run it), likewise. */
lk_status op_unsupported(struct op_call *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* Attributes: the value, or what the standard says when it is not there. */
int64_t op_int(const struct op_call *c, const char *name, int64_t otherwise);
float op_float(const struct op_call *c, const char *name, float otherwise);
const char *op_text(const struct op_call *c, const char *name, const char *otherwise);
/* *count is set; NULL and 0 when not there. */
const int64_t *op_ints(const struct op_call *c, const char *name, int32_t *count);

/* Input i, or NULL when it is left out. */
const struct tensor *op_input(const struct op_call *c, int32_t i);
/* Sets *out to input i, whose data the shape depends on. LK_E_FORMAT when it is left out or not a constant. */
MUST_CHECK lk_status op_constant(struct op_call *c, int32_t i, const struct tensor **out);
/* Brings an axis of -rank..rank-1 to 0..rank-1. */
MUST_CHECK lk_status op_axis(struct op_call *c, int64_t axis, int32_t rank, int32_t *out);
/* LK_E_FORMAT unless input i has one of the types, a list ended by TENSOR_NONE. */
MUST_CHECK lk_status op_types(struct op_call *c, int32_t i, const enum tensor_type *types);
MUST_CHECK lk_status op_need_f32(struct op_call *c, int32_t i);

/* shape: the only output is like input 0. */
lk_status op_shape_same(struct op_call *c);

/* Integers that are an attribute in old files and input i in new ones. */
struct op_integers {
    int64_t items[2 * TENSOR_DIMS];
    int32_t count; /* -1: in neither */
};
MUST_CHECK lk_status op_integers(struct op_integers *out, struct op_call *c, const char *attribute,
                                 int32_t input);

/* The shape two or more tensors broadcast to (NumPy's rule). */
MUST_CHECK lk_status op_broadcast(struct op_call *c, struct tensor *out, const struct tensor *t);

#endif
