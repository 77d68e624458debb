/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors: a type, a shape, and row-major elements in memory. A tensor without data is a type and a shape alone. */
#ifndef LK_TENSOR_H
#define LK_TENSOR_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/compiler.h"

/* The numbers are those of TensorProto.DataType in onnx.proto, so that a file's type needs no translation. */
enum tensor_type {
    TENSOR_NONE = 0,
    TENSOR_F32 = 1,
    TENSOR_U8 = 2,
    TENSOR_I8 = 3,
    TENSOR_U16 = 4,
    TENSOR_I16 = 5,
    TENSOR_I32 = 6,
    TENSOR_I64 = 7,
    TENSOR_BOOL = 9, /* one byte, 0 or 1 */
    TENSOR_F16 = 10, /* IEEE 754 half; only read, cast and moved */
    TENSOR_F64 = 11,
    TENSOR_U32 = 12,
    TENSOR_U64 = 13,
    TENSOR_TYPES
};

enum { TENSOR_DIMS = 12 }; /* as many as oneDNN has */

struct tensor {
    enum tensor_type type;
    int32_t rank;
    int64_t dims
        [TENSOR_DIMS]; /* each >= 0; in the inputs of a graph -1 where the model leaves it open */
    void *data;        /* elements; NULL when only type and shape are known */
    void *storage;     /* what tensor_release frees; NULL when data is borrowed or absent */
};

/* "float32", "int8", ...; "none" for what is no type. */
const char *tensor_type_name(enum tensor_type type);
/* Bytes of an element; 0 for what is no type. */
size_t tensor_type_size(enum tensor_type type);

/* Product of the dimensions; 1 for a scalar. Every shape that passed tensor_check stays below 2^62. */
int64_t tensor_count(const struct tensor *t);
size_t tensor_bytes(const struct tensor *t);
/* LK_E_CORRUPT for a type that is none, more than TENSOR_DIMS dimensions, a negative one, or more than max_bytes. */
MUST_CHECK lk_status tensor_check(const struct tensor *t, size_t max_bytes, lk_error *err);

/* A tensor of that type and shape without data. dims may be NULL when rank is 0. */
struct tensor tensor_of(enum tensor_type type, int32_t rank, const int64_t *dims);
/* Gives t, which has a type and a shape, memory of its own, not set. */
MUST_CHECK lk_status tensor_alloc(struct tensor *t, lk_error *err);
MUST_CHECK lk_status tensor_copy(struct tensor *out, const struct tensor *t, lk_error *err);
void tensor_release(struct tensor *t);

bool tensor_same_shape(const struct tensor *a, const struct tensor *b);
/* "float32 [1,3,224,224]" */
void tensor_describe(char *out, size_t size, const struct tensor *t);

/* Element i as a number; exact for every type but 64-bit integers above 2^53. */
double tensor_number(const struct tensor *t, int64_t i);
/* value as an integer, towards zero: what 64 bits cannot hold becomes the nearest they can, and what is no number 0. */
int64_t tensor_whole(double value);
/* Sets element i to value; integers take tensor_whole's low bytes, bool whether it is not 0. */
void tensor_set_number(struct tensor *t, int64_t i, double value);
/* Sets element i of an integer tensor to the low bytes of value. */
void tensor_set_integer(struct tensor *t, int64_t i, int64_t value);
/* Element i of an integer or bool tensor. */
int64_t tensor_integer(const struct tensor *t, int64_t i);

/* Row-major strides in elements. */
void tensor_strides(const struct tensor *t, int64_t strides[TENSOR_DIMS]);

#endif
