/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* The families, each in the file of its name. */
#define OP_FAMILIES(F)                                                                             \
    F(op_binary)                                                                                   \
    F(op_conv)                                                                                     \
    F(op_gather)                                                                                   \
    F(op_matmul)                                                                                   \
    F(op_matrix)                                                                                   \
    F(op_norm)                                                                                     \
    F(op_pad)                                                                                      \
    F(op_pick)                                                                                     \
    F(op_pool)                                                                                     \
    F(op_quantize)                                                                                 \
    F(op_reduce)                                                                                   \
    F(op_resize)                                                                                   \
    F(op_sample)                                                                                   \
    F(op_scatter)                                                                                  \
    F(op_shape)                                                                                    \
    F(op_slice)                                                                                    \
    F(op_softmax)                                                                                  \
    F(op_transpose)                                                                                \
    F(op_unary)

#define DECLARE(family) extern const struct op family[];
OP_FAMILIES(DECLARE)

#define LIST(family) family,
static const struct op *const families[] = {OP_FAMILIES(LIST)};

const struct op *op_at(size_t i) {
    for (size_t f = 0; f < ARRAY_COUNT(families); f++) {
        for (const struct op *op = families[f]; op->name; op++) {
            if (i-- == 0) {
                return op;
            }
        }
    }
    return NULL;
}

size_t op_count(void) {
    size_t count = 0;
    while (op_at(count)) {
        count++;
    }
    return count;
}

const struct op *op_find(const char *name) {
    for (size_t f = 0; f < ARRAY_COUNT(families); f++) {
        for (const struct op *op = families[f]; op->name; op++) {
            if (strcmp(op->name, name) == 0) {
                return op;
            }
        }
    }
    return NULL;
}

static lk_status node_error(struct op_call *c, lk_status code, const char *format, va_list list) {
    char text[320];
    vsnprintf(text, sizeof text, format, list);
    return error_set(c->err, code, "node %s (%s): %s", c->node->name, c->node->op->name, text);
}

lk_status op_wrong(struct op_call *c, const char *format, ...) {
    va_list list;
    va_start(list, format);
    lk_status status = node_error(c, LK_E_CORRUPT, format, list);
    va_end(list);
    return status;
}

lk_status op_unsupported(struct op_call *c, const char *format, ...) {
    va_list list;
    va_start(list, format);
    lk_status status = node_error(c, LK_E_FORMAT, format, list);
    va_end(list);
    return status;
}

static const struct attribute *attribute_of(const struct op_call *c, const char *name,
                                            enum attribute_kind kind) {
    const struct attribute *a = node_attribute(c->node, name);
    return a && a->kind == kind ? a : NULL;
}

int64_t op_int(const struct op_call *c, const char *name, int64_t otherwise) {
    const struct attribute *a = attribute_of(c, name, ATTRIBUTE_INT);
    return a ? a->number : otherwise;
}

float op_float(const struct op_call *c, const char *name, float otherwise) {
    const struct attribute *a = attribute_of(c, name, ATTRIBUTE_FLOAT);
    return a ? a->real : otherwise;
}

const char *op_text(const struct op_call *c, const char *name, const char *otherwise) {
    const struct attribute *a = attribute_of(c, name, ATTRIBUTE_TEXT);
    return a ? a->text : otherwise;
}

const int64_t *op_ints(const struct op_call *c, const char *name, int32_t *count) {
    const struct attribute *a = attribute_of(c, name, ATTRIBUTE_INTS);
    *count = a ? a->count : 0;
    return a ? a->numbers : NULL;
}

const struct tensor *op_input(const struct op_call *c, int32_t i) {
    return i < c->input_count ? c->inputs[i] : NULL;
}

lk_status op_constant(struct op_call *c, int32_t i, const struct tensor **out) {
    *out = op_input(c, i);
    if (!*out) {
        return op_wrong(c, "input %d is missing", (int)i);
    }
    if (!(*out)->data) {
        return op_unsupported(c, "input %d must be a constant", (int)i);
    }
    return LK_OK;
}

lk_status op_axis(struct op_call *c, int64_t axis, int32_t rank, int32_t *out) {
    if (axis < -rank || axis >= rank) {
        return op_wrong(c, "axis %lld of a tensor of %d dimensions", (long long)axis, (int)rank);
    }
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return LK_OK;
}

lk_status op_types(struct op_call *c, int32_t i, const enum tensor_type *types) {
    const struct tensor *t = op_input(c, i);
    if (!t) {
        return op_wrong(c, "input %d is missing", (int)i);
    }
    for (; *types != TENSOR_NONE; types++) {
        if (*types == t->type) {
            return LK_OK;
        }
    }
    return op_unsupported(c, "input %d of type %s", (int)i, tensor_type_name(t->type));
}

lk_status op_need_f32(struct op_call *c, int32_t i) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_NONE};
    return op_types(c, i, types);
}

lk_status op_shape_same(struct op_call *c) {
    const struct tensor *t = op_input(c, 0);
    if (!t) {
        return op_wrong(c, "input 0 is missing");
    }
    c->outputs[0] = tensor_of(t->type, t->rank, t->dims);
    return LK_OK;
}

lk_status op_broadcast(struct op_call *c, struct tensor *out, const struct tensor *t) {
    int32_t rank = MAX(out->rank, t->rank);
    int64_t dims[TENSOR_DIMS];
    for (int32_t i = 0; i < rank; i++) {
        int32_t a = i - (rank - out->rank), b = i - (rank - t->rank);
        int64_t da = a < 0 ? 1 : out->dims[a], db = b < 0 ? 1 : t->dims[b];
        if (da != db && da != 1 && db != 1) {
            return op_wrong(c, "dimensions %lld and %lld do not broadcast", (long long)da,
                            (long long)db);
        }
        dims[i] = da == 1 ? db : da;
    }
    *out = tensor_of(out->type, rank, dims);
    return LK_OK;
}

lk_status op_integers(struct op_integers *out, struct op_call *c, const char *attribute,
                      int32_t input) {
    static const enum tensor_type types[] = {TENSOR_I64, TENSOR_I32, TENSOR_NONE};
    const struct tensor *t = op_input(c, input);
    int32_t count;
    const int64_t *listed = op_ints(c, attribute, &count);
    out->count = -1;
    if (!listed && !t) {
        return LK_OK;
    }
    if (!listed) {
        lk_status status = op_constant(c, input, &t);
        if (status == LK_OK) {
            status = op_types(c, input, types);
        }
        if (status != LK_OK) {
            return status;
        }
        count = (int32_t)MIN(tensor_count(t), 2 * TENSOR_DIMS + 1);
    }
    if (count > 2 * TENSOR_DIMS) {
        return op_wrong(c, "%s lists %d numbers", attribute, (int)count);
    }
    for (int32_t i = 0; i < count; i++) {
        out->items[i] = listed ? listed[i] : tensor_integer(t, i);
    }
    out->count = count;
    return LK_OK;
}
