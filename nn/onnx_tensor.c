/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto: elements stand in raw_data, little-endian, or in the typed field that the standard gives their type. */
#include <string.h>

#include "base/error.h"
#include "nn/onnx.h"
#include "nn/onnx_proto.h"
#include "nn/tensor.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw_data is little-endian"
#endif

/* Where a type's elements stand when they are not raw: how many there are and how wide. */
struct typed_field {
    const void *data;
    size_t count;
    size_t size; /* bytes; elements narrower than that are cut from the low end */
};

static struct typed_field typed_field_of(const Onnx__TensorProto *p, enum tensor_type type) {
    switch (type) {
    case TENSOR_F32: return (struct typed_field){p->float_data, p->n_float_data, 4};
    case TENSOR_F64: return (struct typed_field){p->double_data, p->n_double_data, 8};
    case TENSOR_I64: return (struct typed_field){p->int64_data, p->n_int64_data, 8};
    case TENSOR_U32:
    case TENSOR_U64: return (struct typed_field){p->uint64_data, p->n_uint64_data, 8};
    default: return (struct typed_field){p->int32_data, p->n_int32_data, 4};
    }
}

static void fill(struct tensor *t, const Onnx__TensorProto *p, struct typed_field field) {
    size_t size = tensor_type_size(t->type), count = (size_t)tensor_count(t);
    if (count == 0) {
        return;
    }
    if (p->has_raw_data) {
        memcpy(t->data, p->raw_data.data, count * size);
    } else if (field.size == size) {
        memcpy(t->data, field.data, count * size);
    } else {
        for (size_t i = 0; i < count; i++) {
            memcpy((uint8_t *)t->data + i * size, (const uint8_t *)field.data + i * field.size,
                   size);
        }
    }
    if (t->type == TENSOR_BOOL) {
        uint8_t *bools = t->data;
        for (size_t i = 0; i < count; i++) {
            bools[i] = bools[i] != 0;
        }
    }
}

lk_status proto_tensor(struct tensor *out, const Onnx__TensorProto *p, const char *name,
                       size_t max_bytes, lk_error *err) {
    *out = (struct tensor){0};
    if (p->n_dims > TENSOR_DIMS) {
        return error_set(err, LK_E_LIMIT,
                         "tensor '%s' has %zu dimensions, at most %d are supported", name,
                         p->n_dims, TENSOR_DIMS);
    }
    if (p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL || p->segment) {
        return error_set(err, LK_E_FORMAT, "the data of tensor '%s' stands in another file", name);
    }
    struct tensor t = tensor_of((enum tensor_type)p->data_type, (int32_t)p->n_dims, p->dims);
    lk_error inner = {0};
    lk_status status = tensor_check(&t, max_bytes, &inner);
    if (status != LK_OK) {
        error_set(err, status, "tensor '%s': %s", name, inner.text);
        if (err) {
            memcpy(err->limit, inner.limit, sizeof err->limit);
        }
        return status;
    }
    struct typed_field field = typed_field_of(p, t.type);
    size_t count = (size_t)tensor_count(&t);
    bool right = p->has_raw_data ? p->raw_data.len == tensor_bytes(&t) : field.count == count;
    if (!right) {
        char shape[128];
        tensor_describe(shape, sizeof shape, &t);
        return error_set(err, LK_E_CORRUPT, "tensor '%s' (%s) holds %zu %s", name, shape,
                         p->has_raw_data ? p->raw_data.len : field.count,
                         p->has_raw_data ? "bytes" : "elements");
    }
    status = tensor_alloc(&t, err);
    if (status == LK_OK) {
        fill(&t, p, field);
        *out = t;
    }
    return status;
}

lk_status onnx_read_tensor(struct tensor *out, const uint8_t *bytes, size_t size, size_t max_bytes,
                           lk_error *err) {
    *out = (struct tensor){0};
    ProtobufCMessage *message;
    struct proto_budget budget;
    lk_status status = proto_unpack(&message, &budget, &onnx__tensor_proto__descriptor, bytes, size,
                                    max_bytes, err);
    if (status == LK_OK) {
        const Onnx__TensorProto *p = (const Onnx__TensorProto *)message;
        status = proto_tensor(out, p, p->name, max_bytes, err);
    }
    proto_free(message, &budget);
    return status;
}
