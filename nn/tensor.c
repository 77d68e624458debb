/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/tensor.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/half.h"
#include "base/mem.h"

struct type_row {
    const char *name;
    size_t size;
};

static const struct type_row type_table[TENSOR_TYPES] = {
    [TENSOR_NONE] = {"none", 0},   [TENSOR_F32] = {"float32", 4}, [TENSOR_U8] = {"uint8", 1},
    [TENSOR_I8] = {"int8", 1},     [TENSOR_U16] = {"uint16", 2},  [TENSOR_I16] = {"int16", 2},
    [TENSOR_I32] = {"int32", 4},   [TENSOR_I64] = {"int64", 8},   [TENSOR_BOOL] = {"bool", 1},
    [TENSOR_F16] = {"float16", 2}, [TENSOR_F64] = {"float64", 8}, [TENSOR_U32] = {"uint32", 4},
    [TENSOR_U64] = {"uint64", 8},
};

static const struct type_row *type_row(enum tensor_type type) {
    bool known = (int)type > 0 && (int)type < TENSOR_TYPES && type_table[type].name;
    return &type_table[known ? type : TENSOR_NONE];
}

const char *tensor_type_name(enum tensor_type type) {
    return type_row(type)->name;
}

size_t tensor_type_size(enum tensor_type type) {
    return type_row(type)->size;
}

int64_t tensor_count(const struct tensor *t) {
    int64_t count = 1;
    for (int32_t i = 0; i < t->rank; i++) {
        count *= t->dims[i];
    }
    return count;
}

size_t tensor_bytes(const struct tensor *t) {
    return (size_t)tensor_count(t) * tensor_type_size(t->type);
}

lk_status tensor_check(const struct tensor *t, size_t max_bytes, lk_error *err) {
    if (tensor_type_size(t->type) == 0) {
        return error_set(err, LK_E_FORMAT, "tensors of type %d are not supported", (int)t->type);
    }
    if (t->rank < 0 || t->rank > TENSOR_DIMS) {
        return error_set(err, LK_E_LIMIT, "a tensor of %d dimensions, at most %d are supported",
                         (int)t->rank, TENSOR_DIMS);
    }
    /* The product without its zeros: an empty tensor must not hide dimensions whose product overflows elsewhere. */
    size_t bytes = tensor_type_size(t->type);
    for (int32_t i = 0; i < t->rank; i++) {
        if (t->dims[i] < 0) {
            return error_set(err, LK_E_CORRUPT, "dimension %d of a tensor is %lld", (int)i,
                             (long long)t->dims[i]);
        }
        if (t->dims[i] > 0 && (uint64_t)t->dims[i] > max_bytes / bytes) {
            char text[128];
            tensor_describe(text, sizeof text, t);
            return error_limit(err, "memory_bytes", "a tensor %s takes more than %zu bytes", text,
                               max_bytes);
        }
        bytes *= t->dims[i] > 0 ? (size_t)t->dims[i] : 1;
    }
    return LK_OK;
}

struct tensor tensor_of(enum tensor_type type, int32_t rank, const int64_t *dims) {
    struct tensor t = {.type = type, .rank = rank};
    for (int32_t i = 0; i < rank && i < TENSOR_DIMS; i++) {
        t.dims[i] = dims[i];
    }
    return t;
}

lk_status tensor_alloc(struct tensor *t, lk_error *err) {
    size_t bytes = tensor_bytes(t);
    t->storage = mem_alloc_aligned(bytes > 0 ? bytes : 1, 1);
    t->data = t->storage;
    return t->storage ? LK_OK : error_memory(err, bytes);
}

lk_status tensor_copy(struct tensor *out, const struct tensor *t, lk_error *err) {
    *out = tensor_of(t->type, t->rank, t->dims);
    lk_status status = t->data ? tensor_alloc(out, err) : LK_OK;
    if (status == LK_OK && t->data && tensor_bytes(t) > 0) {
        memcpy(out->data, t->data, tensor_bytes(t));
    }
    return status;
}

void tensor_release(struct tensor *t) {
    if (t) {
        mem_free(t->storage);
        *t = (struct tensor){0};
    }
}

bool tensor_same_shape(const struct tensor *a, const struct tensor *b) {
    return a->rank == b->rank &&
           (a->rank == 0 || memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0);
}

void tensor_describe(char *out, size_t size, const struct tensor *t) {
    size_t used = (size_t)snprintf(out, size, "%s [", tensor_type_name(t->type));
    for (int32_t i = 0; i < t->rank && i < TENSOR_DIMS && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i > 0 ? "," : "",
                                 (long long)t->dims[i]);
    }
    if (used < size) {
        snprintf(out + used, size - used, "]");
    }
}

int64_t tensor_integer(const struct tensor *t, int64_t i) {
    switch (t->type) {
    case TENSOR_U8:
    case TENSOR_BOOL: return ((const uint8_t *)t->data)[i];
    case TENSOR_I8: return ((const int8_t *)t->data)[i];
    case TENSOR_U16: return ((const uint16_t *)t->data)[i];
    case TENSOR_I16: return ((const int16_t *)t->data)[i];
    case TENSOR_I32: return ((const int32_t *)t->data)[i];
    case TENSOR_U32: return ((const uint32_t *)t->data)[i];
    case TENSOR_I64:
    case TENSOR_U64: return ((const int64_t *)t->data)[i];
    default: return 0;
    }
}

int64_t tensor_whole(double value) {
    if (!(value == value)) {
        return 0;
    }
    return value >= 0x1p63 ? INT64_MAX : value <= -0x1p63 ? INT64_MIN : (int64_t)value;
}

void tensor_set_integer(struct tensor *t, int64_t i, int64_t value) {
    switch (tensor_type_size(t->type)) {
    case 1: ((uint8_t *)t->data)[i] = (uint8_t)value; break;
    case 2: ((uint16_t *)t->data)[i] = (uint16_t)value; break;
    case 4: ((uint32_t *)t->data)[i] = (uint32_t)value; break;
    default: ((int64_t *)t->data)[i] = value; break;
    }
}

void tensor_set_number(struct tensor *t, int64_t i, double value) {
    switch (t->type) {
    case TENSOR_F32: ((float *)t->data)[i] = (float)value; return;
    case TENSOR_F64: ((double *)t->data)[i] = value; return;
    case TENSOR_F16: ((uint16_t *)t->data)[i] = half_from_float((float)value); return;
    case TENSOR_BOOL: ((uint8_t *)t->data)[i] = (uint8_t)(value > 0 || value < 0); return;
    case TENSOR_U64:
        ((uint64_t *)t->data)[i] = value >= 0x1p64   ? UINT64_MAX
                                   : value >= 0x1p63 ? (uint64_t)value
                                                     : (uint64_t)tensor_whole(value);
        return;
    default: break;
    }
    tensor_set_integer(t, i, tensor_whole(value));
}

double tensor_number(const struct tensor *t, int64_t i) {
    switch (t->type) {
    case TENSOR_F32: return (double)((const float *)t->data)[i];
    case TENSOR_F64: return ((const double *)t->data)[i];
    case TENSOR_F16: return (double)half_to_float(((const uint16_t *)t->data)[i]);
    case TENSOR_U64: return (double)((const uint64_t *)t->data)[i];
    default: return (double)tensor_integer(t, i);
    }
}

void tensor_strides(const struct tensor *t, int64_t strides[TENSOR_DIMS]) {
    int64_t stride = 1;
    for (int32_t i = t->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= t->dims[i];
    }
}
