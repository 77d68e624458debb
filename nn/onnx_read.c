/* SPDX-License-Identifier: Apache-2.0 */
/* ModelProto to graph: initialisers become constants, inputs get their types and shapes (-1 where a dimension is open),
 * nodes their rows in the table of operators. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/name_map.h"
#include "nn/onnx.h"
#include "nn/onnx_proto.h"
#include "nn/op.h"

/* The versions of the default domain whose operators are known here (ONNX 1.0 to 1.17); from OPSET_WHOLE on all we have. */
enum { OPSET_FIRST = 1, OPSET_WHOLE = 6, OPSET_LAST = 22 };

/* The largest networks of pictures have some thousands. A file of a few megabytes can hold hundreds of thousands, whose steps
 * would take gigabytes beside the tensors. */
enum { NODES_MOST = 20000 };

struct reading {
    struct graph *g;
    struct name_map names;
    size_t max_bytes;
    lk_error *err;
};

static const char *text_of(const char *text) {
    return text ? text : "";
}

static lk_status add_value(struct reading *r, const char *name, struct tensor tensor,
                           int32_t *out) {
    if (name_map_find(&r->names, r->g, name) >= 0) {
        tensor_release(&tensor);
        return error_set(r->err, LK_E_CORRUPT, "two tensors of the model are called '%s'", name);
    }
    lk_status status = graph_add_value(out, r->g, name, tensor, r->err);
    return status == LK_OK ? name_map_add(&r->names, r->g, *out, r->err) : status;
}

/* The value of that name, which is added, still unknown, when it is new; -1 for the empty name. */
static lk_status find_or_add(struct reading *r, const char *name, int32_t *out) {
    *out = -1;
    if (!name || !*name) {
        return LK_OK;
    }
    *out = name_map_find(&r->names, r->g, name);
    return *out >= 0 ? LK_OK : add_value(r, name, (struct tensor){0}, out);
}

static lk_status read_initialisers(struct reading *r, const Onnx__GraphProto *p) {
    if (p->n_sparse_initializer > 0) {
        return error_set(r->err, LK_E_FORMAT, "sparse initialisers are not supported");
    }
    for (size_t i = 0; i < p->n_initializer; i++) {
        const char *name = text_of(p->initializer[i]->name);
        struct tensor t;
        lk_status status = proto_tensor(&t, p->initializer[i], name, r->max_bytes, r->err);
        int32_t value;
        if (status == LK_OK) {
            status = add_value(r, name, t, &value);
        }
        if (status != LK_OK) {
            return status;
        }
    }
    return LK_OK;
}

static lk_status read_input_shape(struct reading *r, const Onnx__ValueInfoProto *p,
                                  struct tensor *out) {
    const char *name = text_of(p->name);
    if (!p->type || p->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) {
        return error_set(r->err, LK_E_FORMAT, "input '%s' is not a tensor", name);
    }
    const Onnx__TypeProto__Tensor *type = p->type->tensor_type;
    *out = tensor_of((enum tensor_type)type->elem_type, 0, NULL);
    if (tensor_type_size(out->type) == 0) {
        return error_set(r->err, LK_E_FORMAT, "input '%s' has elements of type %d", name,
                         (int)type->elem_type);
    }
    size_t rank = type->shape ? type->shape->n_dim : 0;
    if (rank > TENSOR_DIMS) {
        return error_set(r->err, LK_E_LIMIT,
                         "input '%s' has %zu dimensions, at most %d are supported", name, rank,
                         TENSOR_DIMS);
    }
    out->rank = (int32_t)rank;
    for (size_t i = 0; i < rank; i++) {
        const Onnx__TensorShapeProto__Dimension *d = type->shape->dim[i];
        bool known = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        out->dims[i] = known && d->dim_value >= 0 ? d->dim_value : -1;
    }
    return LK_OK;
}

/* Files before IR version 4 list initialisers among the inputs; those stay constants. */
static lk_status read_inputs(struct reading *r, const Onnx__GraphProto *p) {
    r->g->inputs = mem_alloc(p->n_input + 1, sizeof *r->g->inputs);
    if (!r->g->inputs) {
        return error_memory(r->err, p->n_input * sizeof *r->g->inputs);
    }
    for (size_t i = 0; i < p->n_input; i++) {
        const char *name = text_of(p->input[i]->name);
        int32_t value = name_map_find(&r->names, r->g, name);
        if (value >= 0 && r->g->values[value].tensor.data) {
            continue;
        }
        struct tensor t;
        lk_status status = read_input_shape(r, p->input[i], &t);
        if (status == LK_OK) {
            status = add_value(r, name, t, &value);
        }
        if (status != LK_OK) {
            return status;
        }
        r->g->inputs[r->g->input_count++] = value;
    }
    return LK_OK;
}

static lk_status copy_array(void **out, const void *items, size_t count, size_t size,
                            lk_error *err) {
    *out = mem_alloc(count + 1, size);
    if (!*out) {
        return error_memory(err, count * size);
    }
    if (count > 0) {
        memcpy(*out, items, count * size);
    }
    return LK_OK;
}

static lk_status copy_ints(struct attribute *a, const Onnx__AttributeProto *p, lk_error *err) {
    void *copy;
    lk_status status = copy_array(&copy, p->ints, p->n_ints, sizeof *p->ints, err);
    *a = (struct attribute){.kind = ATTRIBUTE_INTS, .numbers = copy, .count = (int32_t)p->n_ints};
    return status;
}

static lk_status copy_floats(struct attribute *a, const Onnx__AttributeProto *p, lk_error *err) {
    void *copy;
    lk_status status = copy_array(&copy, p->floats, p->n_floats, sizeof *p->floats, err);
    *a = (struct attribute){.kind = ATTRIBUTE_FLOATS, .reals = copy, .count = (int32_t)p->n_floats};
    return status;
}

static lk_status copy_text(struct attribute *a, const Onnx__AttributeProto *p, lk_error *err) {
    *a = (struct attribute){.kind = ATTRIBUTE_TEXT, .text = mem_calloc(p->s.len + 1, 1)};
    if (!a->text) {
        return error_memory(err, p->s.len);
    }
    if (p->s.len > 0) {
        memcpy(a->text, p->s.data, p->s.len);
    }
    return LK_OK;
}

static lk_status read_attribute(struct reading *r, const struct node *node, struct attribute *a,
                                const Onnx__AttributeProto *p) {
    lk_status status = LK_OK;
    switch (p->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        *a = (struct attribute){.kind = ATTRIBUTE_INT, .number = p->i};
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        *a = (struct attribute){.kind = ATTRIBUTE_FLOAT, .real = p->f};
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING: status = copy_text(a, p, r->err); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS: status = copy_ints(a, p, r->err); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS: status = copy_floats(a, p, r->err); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        *a = (struct attribute){.kind = ATTRIBUTE_TENSOR};
        if (!p->t) {
            return error_set(r->err, LK_E_CORRUPT, "node %s (%s): attribute '%s' has no tensor",
                             node->name, node->op->name, text_of(p->name));
        }
        status = proto_tensor(&a->tensor, p->t, text_of(p->name), r->max_bytes, r->err);
        break;
    default:
        return error_set(r->err, LK_E_FORMAT,
                         "node %s (%s): attribute '%s' is of a kind that is not supported",
                         node->name, node->op->name, text_of(p->name));
    }
    a->name = mem_strdup(text_of(p->name));
    if (status == LK_OK && !a->name) {
        status = error_memory(r->err, 0);
    }
    return status;
}

static lk_status read_attributes(struct reading *r, struct node *node, const Onnx__NodeProto *p) {
    node->attributes = mem_calloc(p->n_attribute + 1, sizeof *node->attributes);
    if (!node->attributes) {
        return error_memory(r->err, p->n_attribute * sizeof *node->attributes);
    }
    for (size_t i = 0; i < p->n_attribute; i++) {
        lk_status status =
            read_attribute(r, node, &node->attributes[node->attribute_count++], p->attribute[i]);
        if (status != LK_OK) {
            return status;
        }
    }
    return LK_OK;
}

static lk_status find_all(struct reading *r, int32_t *out, char **names, size_t count) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        status = find_or_add(r, names[i], &out[i]);
    }
    return status;
}

static lk_status check_counts(struct reading *r, const struct op *op, const char *name,
                              const Onnx__NodeProto *p) {
    bool many_in = op->most_inputs == OP_MANY, many_out = op->most_outputs == OP_MANY;
    if (p->n_input < (size_t)op->least_inputs ||
        (!many_in && p->n_input > (size_t)op->most_inputs)) {
        return error_set(r->err, LK_E_CORRUPT, "node %s (%s) has %zu inputs", name, op->name,
                         p->n_input);
    }
    if (p->n_output < (size_t)op->least_outputs ||
        (!many_out && p->n_output > (size_t)op->most_outputs)) {
        return error_set(r->err, LK_E_CORRUPT, "node %s (%s) has %zu outputs", name, op->name,
                         p->n_output);
    }
    return LK_OK;
}

/* Operators whose meaning has not changed from version 1 on; before OPSET_WHOLE there are no others. Their "consumed_inputs" only
 * said where outputs might lie. */
static bool is_unchanged(const char *name) {
    static const char *const names[] = {
        "AveragePool", "Conv",    "ConvTranspose", "Elu",       "Exp",     "GlobalAveragePool",
        "Identity",    "LRN",     "LeakyRelu",     "Log",       "MatMul",  "GlobalMaxPool",
        "MaxPool",     "Not",     "Relu",          "Sigmoid",   "Softmax", "Softplus",
        "Softsign",    "Squeeze", "Tanh",          "Transpose", "Sqrt",    "Unsqueeze",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static lk_status read_node(struct reading *r, const Onnx__NodeProto *p, size_t number) {
    char made_up[96];
    snprintf(made_up, sizeof made_up, "%.64s %zu", text_of(p->op_type), number);
    const char *name = p->name && *p->name ? p->name : made_up;
    const char *domain = text_of(p->domain);
    const struct op *op = op_find(text_of(p->op_type));
    if (!op || (*domain && strcmp(domain, "ai.onnx") != 0)) {
        return error_set(r->err, LK_E_FORMAT, "node %s: operator %s%s%s is not supported", name,
                         domain, *domain ? "." : "", text_of(p->op_type));
    }
    if (r->g->opset < OPSET_WHOLE && !is_unchanged(op->name)) {
        return error_set(r->err, LK_E_FORMAT,
                         "node %s: operator %s of operator set %d is not supported", name, op->name,
                         (int)r->g->opset);
    }
    lk_status status = check_counts(r, op, name, p);
    if (status != LK_OK) {
        return status;
    }
    int32_t *values = mem_alloc(p->n_input + p->n_output + 1, sizeof *values);
    if (!values) {
        return error_memory(r->err, (p->n_input + p->n_output) * sizeof *values);
    }
    status = find_all(r, values, p->input, p->n_input);
    if (status == LK_OK) {
        status = find_all(r, values + p->n_input, p->output, p->n_output);
    }
    struct node *node = NULL;
    if (status == LK_OK) {
        status = graph_add_node(&node, r->g, op, name, values, (int32_t)p->n_input,
                                values + p->n_input, (int32_t)p->n_output, r->err);
    }
    mem_free(values);
    return status == LK_OK ? read_attributes(r, node, p) : status;
}

static lk_status read_outputs(struct reading *r, const Onnx__GraphProto *p) {
    r->g->outputs = mem_alloc(p->n_output + 1, sizeof *r->g->outputs);
    if (!r->g->outputs) {
        return error_memory(r->err, p->n_output * sizeof *r->g->outputs);
    }
    for (size_t i = 0; i < p->n_output; i++) {
        const char *name = text_of(p->output[i]->name);
        int32_t value = name_map_find(&r->names, r->g, name);
        if (value < 0) {
            return error_set(r->err, LK_E_CORRUPT, "no node makes the output '%s'", name);
        }
        /* Kept for writing; a shape that is none is no reason to refuse the network. */
        struct reading quiet = *r;
        quiet.err = NULL;
        struct tensor declared;
        if (read_input_shape(&quiet, p->output[i], &declared) == LK_OK) {
            r->g->values[value].declared = declared;
        }
        r->g->outputs[r->g->output_count++] = value;
    }
    return r->g->output_count > 0 ? LK_OK
                                  : error_set(r->err, LK_E_CORRUPT, "the model has no outputs");
}

static lk_status read_opset(struct reading *r, const Onnx__ModelProto *p) {
    int64_t opset = 0;
    for (size_t i = 0; i < p->n_opset_import; i++) {
        const char *domain = text_of(p->opset_import[i]->domain);
        if (!*domain || strcmp(domain, "ai.onnx") == 0) {
            opset = p->opset_import[i]->version;
        }
    }
    if (opset < OPSET_FIRST || opset > OPSET_LAST) {
        return error_set(r->err, LK_E_FORMAT,
                         "the model is of operator set %lld; %d to %d are supported",
                         (long long)opset, OPSET_FIRST, OPSET_LAST);
    }
    r->g->opset = (int32_t)opset;
    return LK_OK;
}

static lk_status read_model(struct reading *r, const Onnx__ModelProto *p) {
    if (!p->graph) {
        return error_set(r->err, LK_E_CORRUPT, "the file holds no network");
    }
    if (p->graph->n_node > NODES_MOST) {
        return error_set(r->err, LK_E_LIMIT, "a network of %zu nodes; at most %d are supported",
                         p->graph->n_node, NODES_MOST);
    }
    r->g->name = mem_strdup(text_of(p->graph->name));
    lk_status status = r->g->name ? read_opset(r, p) : error_memory(r->err, 0);
    if (status == LK_OK) {
        status = read_initialisers(r, p->graph);
    }
    if (status == LK_OK) {
        status = read_inputs(r, p->graph);
    }
    for (size_t i = 0; status == LK_OK && i < p->graph->n_node; i++) {
        status = read_node(r, p->graph->node[i], i);
    }
    if (status == LK_OK) {
        status = read_outputs(r, p->graph);
    }
    return status == LK_OK ? graph_sort(r->g, r->err) : status;
}

lk_status onnx_read(struct graph *out, const uint8_t *bytes, size_t size, size_t max_bytes,
                    lk_error *err) {
    *out = (struct graph){0};
    ProtobufCMessage *message;
    struct proto_budget budget;
    lk_status status = proto_unpack(&message, &budget, &onnx__model_proto__descriptor, bytes, size,
                                    max_bytes, err);
    if (status != LK_OK) {
        return status;
    }
    struct reading r = {.g = out, .max_bytes = max_bytes, .err = err};
    status = read_model(&r, (const Onnx__ModelProto *)message);
    name_map_release(&r.names);
    proto_free(message, &budget);
    if (status != LK_OK) {
        graph_release(out);
    }
    return status;
}
