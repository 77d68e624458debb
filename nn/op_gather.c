/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, GatherElements: elements picked by the indices another tensor holds. */
#include <string.h>

#include "nn/op.h"

static const enum tensor_type index_types[] = {TENSOR_I64, TENSOR_I32, TENSOR_NONE};

static lk_status check_indices(struct op_call *c, const struct tensor *x, int32_t *axis) {
    lk_status status = op_types(c, 1, index_types);
    return status == LK_OK ? op_axis(c, op_int(c, "axis", 0), x->rank, axis) : status;
}

/* An index of -size..size-1 as 0..size-1. */
static lk_status read_index(struct op_call *c, const struct tensor *indices, int64_t i,
                            int64_t size, int64_t *out) {
    int64_t k = tensor_integer(indices, i);
    if (k < -size || k >= size) {
        return op_wrong(c, "index %lld of %lld", (long long)k, (long long)size);
    }
    *out = k < 0 ? k + size : k;
    return LK_OK;
}

static lk_status gather_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1];
    int32_t axis;
    lk_status status = check_indices(c, x, &axis);
    if (status == LK_OK && x->rank + indices->rank - 1 > TENSOR_DIMS) {
        status = op_unsupported(c, "more than %d dimensions", TENSOR_DIMS);
    }
    struct tensor y = {.type = x->type};
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        if (i != axis) {
            y.dims[y.rank++] = x->dims[i];
            continue;
        }
        for (int32_t k = 0; k < indices->rank; k++) {
            y.dims[y.rank++] = indices->dims[k];
        }
    }
    c->outputs[0] = y;
    return status;
}

static lk_status gather_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1];
    int32_t axis;
    lk_status status = check_indices(c, x, &axis);
    size_t size = tensor_type_size(x->type), inner = size;
    int64_t outer = 1, count = tensor_count(indices);
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        outer *= i < axis ? x->dims[i] : 1;
        inner *= i > axis ? (size_t)x->dims[i] : 1;
    }
    for (int64_t k = 0; status == LK_OK && k < count; k++) {
        int64_t from = 0;
        status = read_index(c, indices, k, x->dims[axis], &from);
        for (int64_t o = 0; status == LK_OK && inner > 0 && o < outer; o++) {
            memcpy((uint8_t *)c->outputs[0].data + (size_t)(o * count + k) * inner,
                   (const uint8_t *)x->data + (size_t)(o * x->dims[axis] + from) * inner, inner);
        }
    }
    return status;
}

static lk_status gather_elements_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1];
    int32_t axis;
    lk_status status = check_indices(c, x, &axis);
    bool fits = x->rank == indices->rank;
    for (int32_t i = 0; status == LK_OK && fits && i < x->rank; i++) {
        fits = i == axis || indices->dims[i] <= x->dims[i];
    }
    if (status == LK_OK && !fits) {
        status = op_wrong(c, "the indices are larger than the input");
    }
    c->outputs[0] = tensor_of(x->type, indices->rank, indices->dims);
    return status;
}

static lk_status gather_elements_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1];
    int32_t axis;
    int64_t strides[TENSOR_DIMS];
    size_t size = tensor_type_size(x->type);
    lk_status status = check_indices(c, x, &axis);
    tensor_strides(x, strides);
    for (int64_t i = 0; status == LK_OK && i < tensor_count(indices); i++) {
        int64_t rest = i, from = 0, k = 0;
        status = read_index(c, indices, i, x->dims[axis], &k);
        for (int32_t d = x->rank - 1; status == LK_OK && d >= 0; d--) {
            from += (d == axis ? k : rest % indices->dims[d]) * strides[d];
            rest /= indices->dims[d];
        }
        if (status == LK_OK) {
            memcpy((uint8_t *)c->outputs[0].data + (size_t)i * size,
                   (const uint8_t *)x->data + (size_t)from * size, size);
        }
    }
    return status;
}

const struct op op_gather[] = {
    {"Gather", 2, 2, 1, 1, gather_shape, gather_run, NULL},
    {"GatherElements", 2, 2, 1, 1, gather_elements_shape, gather_elements_run, NULL},
    OP_END,
};
