/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes: Reshape, Flatten, Squeeze, Unsqueeze, Expand, Shape, Size, Constant, ConstantOfShape, Range. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "nn/op.h"

static lk_status copy_run(struct op_call *c) {
    size_t bytes = tensor_bytes(&c->outputs[0]);
    if (bytes > 0) {
        memcpy(c->outputs[0].data, c->inputs[0]->data, bytes);
    }
    return LK_OK;
}

/* Reads input i, integers, as a shape. */
static lk_status read_shape(struct op_call *c, int32_t i, struct tensor *out) {
    static const enum tensor_type types[] = {TENSOR_I64, TENSOR_I32, TENSOR_NONE};
    const struct tensor *t;
    lk_status status = op_constant(c, i, &t);
    if (status == LK_OK) {
        status = op_types(c, i, types);
    }
    if (status == LK_OK && (t->rank > 1 || tensor_count(t) > TENSOR_DIMS)) {
        status = op_unsupported(c, "a shape of %lld dimensions", (long long)tensor_count(t));
    }
    for (int32_t k = 0; status == LK_OK && k < tensor_count(t); k++) {
        out->dims[k] = tensor_integer(t, k);
        out->rank = k + 1;
    }
    return status;
}

/* The product of dimensions, or -1 when it is beyond 2^62. */
static int64_t product(const int64_t *dims, int32_t count) {
    int64_t all = 1;
    for (int32_t i = 0; i < count; i++) {
        if (dims[i] < 0 || __builtin_mul_overflow(all, dims[i], &all) || all > INT64_MAX / 2) {
            return -1;
        }
    }
    return all;
}

static lk_status reshape_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct tensor y = {.type = x->type};
    lk_status status = read_shape(c, 1, &y);
    int32_t open = -1;
    bool keep_zero = op_int(c, "allowzero", 0) != 0;
    for (int32_t i = 0; status == LK_OK && i < y.rank; i++) {
        if (y.dims[i] == 0 && !keep_zero && i < x->rank) {
            y.dims[i] = x->dims[i];
        } else if (y.dims[i] == -1 && open < 0) {
            open = i;
            y.dims[i] = 1;
        } else if (y.dims[i] < 0) {
            return op_wrong(c, "dimension %d is to be %lld", (int)i, (long long)y.dims[i]);
        }
    }
    int64_t known = product(y.dims, y.rank), all = tensor_count(x);
    if (status == LK_OK && open >= 0 && known > 0 && all % known == 0) {
        y.dims[open] = all / known;
        known = all;
    }
    if (status == LK_OK && known != all) {
        char text[128];
        tensor_describe(text, sizeof text, &y);
        return op_wrong(c, "%lld elements do not fit %s", (long long)all, text);
    }
    c->outputs[0] = y;
    return status;
}

static lk_status flatten_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int64_t axis = op_int(c, "axis", 1), dims[2];
    if (axis < -x->rank || axis > x->rank) {
        return op_wrong(c, "axis %lld of %d dimensions", (long long)axis, (int)x->rank);
    }
    axis += axis < 0 ? x->rank : 0;
    dims[0] = product(x->dims, (int32_t)axis);
    dims[1] = product(x->dims + axis, x->rank - (int32_t)axis);
    c->outputs[0] = tensor_of(x->type, 2, dims);
    return LK_OK;
}

/* Marks the axes that an attribute (before operator set 13) or input 1 names; *given is false when neither is there. */
static lk_status read_axes(struct op_call *c, int32_t rank, bool marked[2 * TENSOR_DIMS],
                           bool *given) {
    struct tensor axes = {0};
    int32_t count;
    const int64_t *listed = op_ints(c, "axes", &count);
    lk_status status = LK_OK;
    *given = listed || op_input(c, 1);
    if (!listed && op_input(c, 1)) {
        status = read_shape(c, 1, &axes);
        listed = axes.dims;
        count = axes.rank;
    }
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        int32_t axis;
        status = op_axis(c, listed[i], rank, &axis);
        if (status == LK_OK && marked[axis]) {
            status = op_wrong(c, "axis %d is named twice", (int)axis);
        }
        if (status == LK_OK) {
            marked[axis] = true;
        }
    }
    return status;
}

static lk_status squeeze_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    bool gone[2 * TENSOR_DIMS] = {false}, given;
    struct tensor y = {.type = x->type};
    lk_status status = read_axes(c, x->rank, gone, &given);
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        if (given && gone[i] && x->dims[i] != 1) {
            return op_wrong(c, "dimension %d is %lld, not 1", (int)i, (long long)x->dims[i]);
        }
        if (given ? !gone[i] : x->dims[i] != 1) {
            y.dims[y.rank++] = x->dims[i];
        }
    }
    c->outputs[0] = y;
    return status;
}

static lk_status unsqueeze_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    bool added[2 * TENSOR_DIMS] = {false}, given;
    struct tensor axes = {0};
    int32_t count;
    lk_status status = LK_OK;
    if (!op_ints(c, "axes", &count)) {
        status = read_shape(c, 1, &axes);
        count = axes.rank;
    }
    int32_t rank = x->rank + count;
    if (status == LK_OK && rank > TENSOR_DIMS) {
        return op_unsupported(c, "%d dimensions", (int)rank);
    }
    if (status == LK_OK) {
        status = read_axes(c, rank, added, &given);
    }
    struct tensor y = {.type = x->type, .rank = rank};
    for (int32_t i = 0, from = 0; status == LK_OK && i < rank; i++) {
        y.dims[i] = added[i] ? 1 : x->dims[from++];
    }
    c->outputs[0] = y;
    return status;
}

static lk_status expand_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct tensor y = tensor_of(x->type, x->rank, x->dims), to = {.type = x->type};
    lk_status status = read_shape(c, 1, &to);
    for (int32_t i = 0; status == LK_OK && i < to.rank; i++) {
        if (to.dims[i] < 0) {
            return op_wrong(c, "dimension %d is to be %lld", (int)i, (long long)to.dims[i]);
        }
    }
    if (status == LK_OK) {
        status = op_broadcast(c, &y, &to);
    }
    c->outputs[0] = y;
    return status;
}

static lk_status expand_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct tensor *y = &c->outputs[0];
    size_t size = tensor_type_size(y->type);
    int64_t strides[TENSOR_DIMS];
    tensor_strides(x, strides);
    for (int64_t i = 0; i < tensor_count(y); i++) {
        int64_t rest = i, from = 0;
        for (int32_t d = y->rank - 1; d >= 0; d--) {
            int32_t k = d - (y->rank - x->rank);
            from += k >= 0 && x->dims[k] > 1 ? rest % y->dims[d] * strides[k] : 0;
            rest /= y->dims[d];
        }
        memcpy((uint8_t *)y->data + (size_t)i * size,
               (const uint8_t *)x->data + (size_t)from * size, size);
    }
    return LK_OK;
}

/* The range start..end of dimensions that Shape gives. */
static void shape_range(struct op_call *c, int64_t *start, int64_t *end) {
    int64_t rank = c->inputs[0]->rank;
    *start = op_int(c, "start", 0);
    *end = op_int(c, "end", rank);
    *start = MAX(0, MIN(rank, *start < 0 ? *start + rank : *start));
    *end = MAX(*start, MIN(rank, *end < 0 ? *end + rank : *end));
}

static lk_status shape_shape(struct op_call *c) {
    int64_t start, end;
    shape_range(c, &start, &end);
    c->outputs[0] = tensor_of(TENSOR_I64, 1, (int64_t[]){end - start});
    return LK_OK;
}

static lk_status shape_run(struct op_call *c) {
    int64_t start, end;
    shape_range(c, &start, &end);
    for (int64_t i = start; i < end; i++) {
        ((int64_t *)c->outputs[0].data)[i - start] = c->inputs[0]->dims[i];
    }
    return LK_OK;
}

static lk_status size_shape(struct op_call *c) {
    c->outputs[0] = tensor_of(TENSOR_I64, 0, NULL);
    return LK_OK;
}

static lk_status size_run(struct op_call *c) {
    *(int64_t *)c->outputs[0].data = tensor_count(c->inputs[0]);
    return LK_OK;
}

/* -- Constants -- */

/* The attribute of a Constant node that holds its value, as a tensor that borrows it. */
static lk_status constant_of(struct op_call *c, struct tensor *out) {
    for (int32_t i = 0; i < c->node->attribute_count; i++) {
        struct attribute *a = &c->node->attributes[i];
        int64_t count = a->count;
        switch (a->kind) {
        case ATTRIBUTE_TENSOR: *out = a->tensor; return LK_OK;
        case ATTRIBUTE_INT:
            *out = tensor_of(TENSOR_I64, 0, NULL);
            out->data = &a->number;
            return LK_OK;
        case ATTRIBUTE_FLOAT:
            *out = tensor_of(TENSOR_F32, 0, NULL);
            out->data = &a->real;
            return LK_OK;
        case ATTRIBUTE_INTS:
            *out = tensor_of(TENSOR_I64, 1, &count);
            out->data = a->numbers;
            return LK_OK;
        case ATTRIBUTE_FLOATS:
            *out = tensor_of(TENSOR_F32, 1, &count);
            out->data = a->reals;
            return LK_OK;
        default: break;
        }
    }
    return op_unsupported(c, "a constant that is no tensor of numbers");
}

static lk_status constant_shape(struct op_call *c) {
    struct tensor value;
    lk_status status = constant_of(c, &value);
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(value.type, value.rank, value.dims);
    }
    return status;
}

static lk_status constant_run(struct op_call *c) {
    struct tensor value;
    lk_status status = constant_of(c, &value);
    if (status == LK_OK && tensor_bytes(&value) > 0) {
        memcpy(c->outputs[0].data, value.data, tensor_bytes(&value));
    }
    return status;
}

/* The one element that fills the tensor; float zero where the attribute is absent. */
static const struct tensor *filling(const struct op_call *c) {
    const struct attribute *a = node_attribute(c->node, "value");
    return a && a->kind == ATTRIBUTE_TENSOR && tensor_count(&a->tensor) == 1 ? &a->tensor : NULL;
}

static lk_status fill_shape(struct op_call *c) {
    const struct tensor *value = filling(c);
    struct tensor y = {.type = value ? value->type : TENSOR_F32};
    if (!value && node_attribute(c->node, "value")) {
        return op_wrong(c, "the value is not a tensor of one number");
    }
    lk_status status = read_shape(c, 0, &y);
    c->outputs[0] = y;
    return status;
}

static lk_status fill_run(struct op_call *c) {
    const struct tensor *value = filling(c);
    struct tensor *y = &c->outputs[0];
    size_t size = tensor_type_size(y->type);
    static const uint8_t zero[8] = {0};
    for (int64_t i = 0; i < tensor_count(y); i++) {
        memcpy((uint8_t *)y->data + (size_t)i * size, value ? value->data : zero, size);
    }
    return LK_OK;
}

/* Range: start, limit, delta */
static lk_status range_shape(struct op_call *c) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F64, TENSOR_I16,
                                             TENSOR_I32, TENSOR_I64, TENSOR_NONE};
    double ends[3];
    for (int32_t i = 0; i < 3; i++) {
        const struct tensor *t;
        lk_status status = op_constant(c, i, &t);
        if (status == LK_OK) {
            status = op_types(c, i, types);
        }
        if (status == LK_OK && (tensor_count(t) != 1 || t->type != c->inputs[0]->type)) {
            status = op_wrong(c, "input %d is not one number of the others' type", (int)i);
        }
        if (status != LK_OK) {
            return status;
        }
        ends[i] = tensor_number(t, 0);
    }
    double count = ceil((ends[1] - ends[0]) / ends[2]);
    if (!(fabs(count) < 0x1p40)) {
        return op_wrong(c, "a range of %g numbers", count);
    }
    c->outputs[0] = tensor_of(c->inputs[0]->type, 1, (int64_t[]){count > 0 ? (int64_t)count : 0});
    return LK_OK;
}

static lk_status range_run(struct op_call *c) {
    struct tensor *y = &c->outputs[0];
    double start = tensor_number(c->inputs[0], 0), step = tensor_number(c->inputs[2], 0);
    uint64_t whole = (uint64_t)tensor_integer(c->inputs[0], 0);
    for (int64_t i = 0; i < y->dims[0]; i++, whole += (uint64_t)tensor_integer(c->inputs[2], 0)) {
        double value = start + (double)i * step;
        switch (y->type) {
        case TENSOR_F32: ((float *)y->data)[i] = (float)value; break;
        case TENSOR_F64: ((double *)y->data)[i] = value; break;
        case TENSOR_I16: ((int16_t *)y->data)[i] = (int16_t)whole; break;
        case TENSOR_I32: ((int32_t *)y->data)[i] = (int32_t)whole; break;
        default: ((int64_t *)y->data)[i] = (int64_t)whole; break;
        }
    }
    return LK_OK;
}

const struct op op_shape[] = {
    {"Reshape", 2, 2, 1, 1, reshape_shape, copy_run, NULL},
    {"Flatten", 1, 1, 1, 1, flatten_shape, copy_run, NULL},
    {"Squeeze", 1, 2, 1, 1, squeeze_shape, copy_run, NULL},
    {"Unsqueeze", 1, 2, 1, 1, unsqueeze_shape, copy_run, NULL},
    {"Expand", 2, 2, 1, 1, expand_shape, expand_run, NULL},
    {"Shape", 1, 1, 1, 1, shape_shape, shape_run, NULL},
    {"Size", 1, 1, 1, 1, size_shape, size_run, NULL},
    {"Constant", 0, 0, 1, 1, constant_shape, constant_run, NULL},
    {"ConstantOfShape", 1, 1, 1, 1, fill_shape, fill_run, NULL},
    {"Range", 3, 3, 1, 1, range_shape, range_run, NULL},
    OP_END,
};
