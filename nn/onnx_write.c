/* SPDX-License-Identifier: Apache-2.0 */
/* Graph to ModelProto: constants become initialisers with raw data, dimensions that are open get the name "N". Messages are built
 * from pieces that are freed together; they point into the graph wherever they can. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/onnx.h"
#include "nn/onnx_proto.h"
#include "nn/op.h"

/* The version of the file format that goes with operator set 13 and later (ONNX versioning, "IR version"). */
enum { IR_VERSION = 8 };

static const char producer[] = "likeness";

struct writing {
    const struct graph *g;
    void **pieces;
    size_t count, capacity;
    bool failed; /* memory was short once: every later piece is NULL */
};

/* Zeroed memory that lives until the message is packed. */
static void *piece(struct writing *w, size_t count, size_t size) {
    if (!w->failed && w->count == w->capacity) {
        size_t more = w->capacity > 0 ? 2 * w->capacity : 256;
        void *grown = mem_realloc(w->pieces, more, sizeof *w->pieces);
        w->failed = !grown;
        w->pieces = grown ? grown : w->pieces;
        w->capacity = grown ? more : w->capacity;
    }
    void *block = w->failed ? NULL : mem_calloc(count > 0 ? count : 1, size);
    w->failed = !block;
    if (block) {
        w->pieces[w->count++] = block;
    }
    return block;
}

/* A value's name; one that came about here has none in the file yet. */
static char *name_of(struct writing *w, int32_t value) {
    static char nothing[] = "";
    if (value < 0) {
        return nothing;
    }
    if (w->g->values[value].name[0]) {
        return w->g->values[value].name;
    }
    char *name = piece(w, 1, 32);
    if (name) {
        snprintf(name, 32, "likeness.%d", (int)value);
    }
    return name ? name : nothing;
}

static Onnx__TensorProto *tensor_message(struct writing *w, const struct tensor *t, char *name) {
    Onnx__TensorProto *p = piece(w, 1, sizeof *p);
    int64_t *dims = piece(w, (size_t)t->rank, sizeof *dims);
    if (!p || !dims) {
        return NULL;
    }
    onnx__tensor_proto__init(p);
    memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
    p->n_dims = (size_t)t->rank;
    p->dims = dims;
    p->has_data_type = 1;
    p->data_type = (int32_t)t->type;
    p->name = name;
    p->has_raw_data = 1;
    p->raw_data = (ProtobufCBinaryData){.len = tensor_bytes(t), .data = t->data};
    return p;
}

static Onnx__AttributeProto *attribute_message(struct writing *w, struct attribute *a) {
    Onnx__AttributeProto *p = piece(w, 1, sizeof *p);
    if (!p) {
        return NULL;
    }
    onnx__attribute_proto__init(p);
    p->name = a->name;
    p->has_type = 1;
    switch (a->kind) {
    case ATTRIBUTE_INT:
        p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        p->has_i = 1;
        p->i = a->number;
        break;
    case ATTRIBUTE_FLOAT:
        p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        p->has_f = 1;
        p->f = a->real;
        break;
    case ATTRIBUTE_TEXT:
        p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        p->has_s = 1;
        p->s = (ProtobufCBinaryData){.len = strlen(a->text), .data = (uint8_t *)a->text};
        break;
    case ATTRIBUTE_INTS:
        p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        p->n_ints = (size_t)a->count;
        p->ints = a->numbers;
        break;
    case ATTRIBUTE_FLOATS:
        p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
        p->n_floats = (size_t)a->count;
        p->floats = a->reals;
        break;
    case ATTRIBUTE_TENSOR:
        p->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
        p->t = tensor_message(w, &a->tensor, a->name);
        break;
    }
    return p;
}

static char **names_of(struct writing *w, const int32_t *values, int32_t count) {
    char **names = piece(w, (size_t)count, sizeof *names);
    for (int32_t i = 0; names && i < count; i++) {
        names[i] = name_of(w, values[i]);
    }
    return names;
}

static Onnx__NodeProto *node_message(struct writing *w, struct node *n) {
    Onnx__NodeProto *p = piece(w, 1, sizeof *p);
    Onnx__AttributeProto **attributes = piece(w, (size_t)n->attribute_count, sizeof *attributes);
    if (!p || !attributes) {
        return NULL;
    }
    onnx__node_proto__init(p);
    p->name = n->name;
    p->op_type = (char *)(uintptr_t)n->op->name; /* protobuf-c's strings are not const */
    p->n_input = (size_t)n->input_count;
    p->input = names_of(w, n->inputs, n->input_count);
    p->n_output = (size_t)n->output_count;
    p->output = names_of(w, n->outputs, n->output_count);
    for (int32_t i = 0; i < n->attribute_count; i++) {
        attributes[i] = attribute_message(w, &n->attributes[i]);
    }
    p->n_attribute = (size_t)n->attribute_count;
    p->attribute = attributes;
    return p;
}

static Onnx__TensorShapeProto *shape_message(struct writing *w, const struct tensor *t) {
    static char open[] = "N";
    Onnx__TensorShapeProto *shape = piece(w, 1, sizeof *shape);
    Onnx__TensorShapeProto__Dimension **dims = piece(w, (size_t)t->rank, sizeof *dims);
    if (!shape || !dims) {
        return NULL;
    }
    onnx__tensor_shape_proto__init(shape);
    for (int32_t i = 0; i < t->rank; i++) {
        Onnx__TensorShapeProto__Dimension *d = piece(w, 1, sizeof *d);
        if (!d) {
            return NULL;
        }
        onnx__tensor_shape_proto__dimension__init(d);
        d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        d->dim_value = t->dims[i];
        if (t->dims[i] < 0) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            d->dim_param = open;
        }
        dims[i] = d;
    }
    shape->n_dim = (size_t)t->rank;
    shape->dim = dims;
    return shape;
}

/* t: type and shape; without a type the shape is left out, too. */
static Onnx__ValueInfoProto *info_message(struct writing *w, int32_t value,
                                          const struct tensor *t) {
    Onnx__ValueInfoProto *p = piece(w, 1, sizeof *p);
    Onnx__TypeProto *type = piece(w, 1, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = piece(w, 1, sizeof *tensor);
    if (!p || !type || !tensor) {
        return NULL;
    }
    onnx__value_info_proto__init(p);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    p->name = name_of(w, value);
    p->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    tensor->has_elem_type = 1;
    tensor->elem_type = (int32_t)(t->type == TENSOR_NONE ? TENSOR_F32 : t->type);
    tensor->shape = t->type != TENSOR_NONE ? shape_message(w, t) : NULL;
    return p;
}

/* The constants that some node reads, or that are outputs themselves. */
static void add_initialisers(struct writing *w, Onnx__GraphProto *p) {
    bool *used = piece(w, (size_t)w->g->value_count, sizeof *used);
    p->initializer = piece(w, (size_t)w->g->value_count, sizeof *p->initializer);
    for (int32_t i = 0; used && i < w->g->node_count; i++) {
        const struct node *n = &w->g->nodes[i];
        for (int32_t k = 0; k < n->input_count; k++) {
            if (n->inputs[k] >= 0) {
                used[n->inputs[k]] = true;
            }
        }
    }
    for (int32_t i = 0; used && i < w->g->output_count; i++) {
        used[w->g->outputs[i]] = true;
    }
    for (int32_t v = 0; used && p->initializer && v < w->g->value_count; v++) {
        const struct tensor *t = &w->g->values[v].tensor;
        if (used[v] && t->data) {
            p->initializer[p->n_initializer++] = tensor_message(w, t, name_of(w, v));
        }
    }
}

static void fill_graph(struct writing *w, Onnx__GraphProto *p) {
    const struct graph *g = w->g;
    p->name = g->name;
    p->node = piece(w, (size_t)g->node_count, sizeof *p->node);
    p->input = piece(w, (size_t)g->input_count, sizeof *p->input);
    p->output = piece(w, (size_t)g->output_count, sizeof *p->output);
    add_initialisers(w, p);
    for (int32_t i = 0; p->node && i < g->node_count; i++) {
        p->node[p->n_node++] = node_message(w, &g->nodes[i]);
    }
    for (int32_t i = 0; p->input && i < g->input_count; i++) {
        p->input[p->n_input++] = info_message(w, g->inputs[i], &g->values[g->inputs[i]].tensor);
    }
    for (int32_t i = 0; p->output && i < g->output_count; i++) {
        p->output[p->n_output++] =
            info_message(w, g->outputs[i], &g->values[g->outputs[i]].declared);
    }
}

static lk_status pack(lk_bytes *out, const Onnx__ModelProto *model, lk_error *err) {
    size_t size = onnx__model_proto__get_packed_size(model);
    uint8_t *data = mem_alloc(size + 1, 1);
    if (!data) {
        return error_memory(err, size);
    }
    onnx__model_proto__pack(model, data);
    data[size] = 0;
    *out = (lk_bytes){.data = data, .size = size};
    return LK_OK;
}

lk_status onnx_write(lk_bytes *out, const struct graph *g, lk_error *err) {
    static char domain[] = "", version[] = "1";
    struct writing w = {.g = g};
    Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets[] = {&opset};
    *out = (lk_bytes){0};
    opset.domain = domain;
    opset.has_version = 1;
    opset.version = g->opset;
    model.has_ir_version = 1;
    model.ir_version = IR_VERSION;
    model.producer_name = (char *)(uintptr_t)producer;
    model.producer_version = version;
    model.n_opset_import = 1;
    model.opset_import = opsets;
    model.graph = &graph;
    fill_graph(&w, &graph);
    lk_status status = w.failed ? error_memory(err, 0) : pack(out, &model, err);
    for (size_t i = 0; i < w.count; i++) {
        mem_free(w.pieces[i]);
    }
    mem_free(w.pieces);
    return status;
}
