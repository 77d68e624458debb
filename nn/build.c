/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/op.h"

void build_begin(struct builder *b, struct graph *g, uint64_t seed, lk_error *err) {
    *g = (struct graph){.opset = BUILD_OPSET};
    *b = (struct builder){.g = g, .err = err};
    rng_init(&b->rng, seed);
    g->name = mem_strdup("likeness");
    if (!g->name) {
        b->status = error_memory(err, 0);
    }
}

static int32_t add_value(struct builder *b, const char *name, struct tensor tensor) {
    int32_t value = -1;
    if (b->status != LK_OK) {
        tensor_release(&tensor);
        return -1;
    }
    b->status = graph_add_value(&value, b->g, name, tensor, b->err);
    return b->status == LK_OK ? value : -1;
}

/* A node of one output that bears its name. */
static int32_t add_node(struct builder *b, const char *op, const char *name, const int32_t *inputs,
                        int32_t count, struct node **node) {
    int32_t out = add_value(b, name, (struct tensor){0});
    *node = NULL;
    if (b->status == LK_OK) {
        b->status = graph_add_node(node, b->g, op_find(op), name, inputs, count, &out, 1, b->err);
    }
    return b->status == LK_OK ? out : -1;
}

static struct attribute *add_attribute(struct builder *b, struct node *node, const char *name) {
    if (b->status != LK_OK) {
        return NULL;
    }
    size_t count = (size_t)node->attribute_count + 1;
    struct attribute *grown = mem_realloc(node->attributes, count, sizeof *grown);
    char *copy = mem_strdup(name);
    node->attributes = grown ? grown : node->attributes;
    if (!grown || !copy) {
        mem_free(copy);
        b->status = error_memory(b->err, count * sizeof *grown);
        return NULL;
    }
    struct attribute *a = &grown[node->attribute_count++];
    *a = (struct attribute){.name = copy};
    return a;
}

static void add_int(struct builder *b, struct node *node, const char *name, int64_t number) {
    struct attribute *a = add_attribute(b, node, name);
    if (a) {
        a->kind = ATTRIBUTE_INT;
        a->number = number;
    }
}

static void add_text(struct builder *b, struct node *node, const char *name, const char *text) {
    struct attribute *a = add_attribute(b, node, name);
    char *copy = a ? mem_strdup(text) : NULL;
    if (a && !copy) {
        b->status = error_memory(b->err, strlen(text));
    }
    if (copy) {
        a->kind = ATTRIBUTE_TEXT;
        a->text = copy;
    }
}

/* `count` times the same number. */
static void add_ints(struct builder *b, struct node *node, const char *name, int64_t number,
                     int32_t count) {
    struct attribute *a = add_attribute(b, node, name);
    int64_t *numbers = a ? mem_alloc((size_t)count, sizeof *numbers) : NULL;
    if (a && !numbers) {
        b->status = error_memory(b->err, (size_t)count * sizeof *numbers);
    }
    if (!numbers) {
        return;
    }
    a->kind = ATTRIBUTE_INTS;
    a->numbers = numbers;
    a->count = count;
    for (int32_t i = 0; i < count; i++) {
        numbers[i] = number;
    }
}

int32_t build_input(struct builder *b, const char *name, int64_t channels, int64_t height,
                    int64_t width) {
    const int64_t dims[4] = {-1, channels, height, width};
    int32_t value = add_value(b, name, tensor_of(TENSOR_F32, 4, dims));
    int32_t *inputs = b->status == LK_OK
                          ? mem_realloc(b->g->inputs, (size_t)b->g->input_count + 1, sizeof *inputs)
                          : NULL;
    if (!inputs) {
        b->status = b->status != LK_OK ? b->status : error_memory(b->err, sizeof *inputs);
        return -1;
    }
    b->g->inputs = inputs;
    inputs[b->g->input_count++] = value;
    return value;
}

lk_status build_end(struct builder *b, const char *const *names, const int32_t *outputs,
                    int32_t count) {
    if (b->status != LK_OK) {
        return b->status;
    }
    b->g->outputs = mem_alloc((size_t)count + 1, sizeof *b->g->outputs);
    if (!b->g->outputs) {
        return error_memory(b->err, (size_t)count * sizeof *outputs);
    }
    for (int32_t i = 0; i < count; i++) {
        char *name = mem_strdup(names[i]);
        if (!name) {
            return error_memory(b->err, strlen(names[i]));
        }
        mem_free(b->g->values[outputs[i]].name);
        b->g->values[outputs[i]].name = name;
        b->g->outputs[b->g->output_count++] = outputs[i];
    }
    return LK_OK;
}

/* A constant without values yet; *data is NULL after an error. */
static int32_t new_constant(struct builder *b, const char *name, enum tensor_type type,
                            int32_t rank, const int64_t *dims, void **data, int64_t *count) {
    struct tensor t = tensor_of(type, rank, dims);
    *data = NULL;
    if (b->status == LK_OK) {
        b->status = tensor_alloc(&t, b->err);
    }
    void *at = t.data;
    *count = tensor_count(&t);
    int32_t value = add_value(b, name, t);
    *data = b->status == LK_OK ? at : NULL;
    return value;
}

int32_t build_constant(struct builder *b, const char *name, int32_t rank, const int64_t *dims,
                       float value) {
    void *data;
    int64_t count;
    int32_t made = new_constant(b, name, TENSOR_F32, rank, dims, &data, &count);
    for (int64_t i = 0; data && i < count; i++) {
        ((float *)data)[i] = value;
    }
    return made;
}

int32_t build_weights(struct builder *b, const char *name, int32_t rank, const int64_t *dims,
                      double deviation) {
    void *data;
    int64_t count;
    int32_t made = new_constant(b, name, TENSOR_F32, rank, dims, &data, &count);
    for (int64_t i = 0; data && i < count; i++) {
        ((float *)data)[i] = (float)(rng_normal(&b->rng) * deviation);
    }
    return made;
}

enum { NAME_BYTES = 128 };

static const char *part(char out[NAME_BYTES], const char *name, const char *what) {
    snprintf(out, NAME_BYTES, "%s.%s", name, what);
    return out;
}

int32_t build_conv(struct builder *b, const char *name, int32_t x, const struct build_conv *c) {
    char text[NAME_BYTES];
    int64_t groups = MAX(c->groups, 1), stride = MAX(c->stride, 1);
    const int64_t dims[4] = {c->out, c->in / groups, c->kernel, c->kernel};
    double fan_in = (double)(dims[1] * c->kernel * c->kernel);
    int32_t inputs[3] = {x, -1, -1};
    struct node *node;
    inputs[1] = build_weights(b, part(text, name, "weight"), 4, dims, sqrt(2 / fan_in));
    if (c->bias) {
        inputs[2] = build_constant(b, part(text, name, "bias"), 1, dims, 0);
    }
    int32_t out = add_node(b, "Conv", name, inputs, c->bias ? 3 : 2, &node);
    add_ints(b, node, "kernel_shape", c->kernel, 2);
    add_ints(b, node, "strides", stride, 2);
    add_ints(b, node, "pads", (c->kernel - 1) / 2, 4);
    add_int(b, node, "group", groups);
    return out;
}

int32_t build_conv_transpose(struct builder *b, const char *name, int32_t x,
                             const struct build_conv *c) {
    char text[NAME_BYTES];
    const int64_t dims[4] = {c->in, c->out, c->kernel, c->kernel};
    double fan_in = (double)(c->in * c->kernel * c->kernel) / (double)(c->stride * c->stride);
    int32_t inputs[3] = {x, -1, -1};
    struct node *node;
    inputs[1] = build_weights(b, part(text, name, "weight"), 4, dims, sqrt(2 / fan_in));
    if (c->bias) {
        inputs[2] = build_constant(b, part(text, name, "bias"), 1, &c->out, 0);
    }
    int32_t out = add_node(b, "ConvTranspose", name, inputs, c->bias ? 3 : 2, &node);
    add_ints(b, node, "kernel_shape", c->kernel, 2);
    add_ints(b, node, "strides", c->stride, 2);
    add_ints(b, node, "pads", (c->kernel - c->stride) / 2, 4);
    return out;
}

int32_t build_norm(struct builder *b, const char *name, int32_t x, int64_t channels) {
    static const struct {
        const char *name;
        float value;
    } parts[4] = {{"scale", 1}, {"shift", 0}, {"mean", 0}, {"variance", 1}};
    char text[NAME_BYTES];
    int32_t inputs[5] = {x};
    struct node *node;
    for (int32_t i = 0; i < 4; i++) {
        inputs[i + 1] =
            build_constant(b, part(text, name, parts[i].name), 1, &channels, parts[i].value);
    }
    return add_node(b, "BatchNormalization", name, inputs, 5, &node);
}

int32_t build_max_pool(struct builder *b, const char *name, int32_t x, int64_t size,
                       int64_t stride) {
    struct node *node;
    int32_t out = add_node(b, "MaxPool", name, &x, 1, &node);
    add_ints(b, node, "kernel_shape", size, 2);
    add_ints(b, node, "strides", stride, 2);
    add_ints(b, node, "pads", (size - stride + 1) / 2, 4);
    return out;
}

int32_t build_enlarge(struct builder *b, const char *name, int32_t x, int32_t factor) {
    char text[NAME_BYTES];
    const int64_t rank = 4;
    void *scales;
    int64_t count;
    struct node *node;
    int32_t inputs[3] = {
        x, -1, new_constant(b, part(text, name, "scales"), TENSOR_F32, 1, &rank, &scales, &count)};
    if (scales) {
        memcpy(scales, (float[4]){1, 1, (float)factor, (float)factor}, 4 * sizeof(float));
    }
    int32_t out = add_node(b, "Resize", name, inputs, 3, &node);
    add_text(b, node, "mode", "nearest");
    add_text(b, node, "coordinate_transformation_mode", "asymmetric");
    add_text(b, node, "nearest_mode", "floor");
    return out;
}

int32_t build_dense(struct builder *b, const char *name, int32_t x, int64_t in, int64_t out) {
    char text[NAME_BYTES];
    const int64_t dims[2] = {out, in};
    int32_t inputs[3] = {x, -1, -1};
    struct node *node;
    inputs[1] = build_weights(b, part(text, name, "weight"), 2, dims, sqrt(1.0 / (double)in));
    inputs[2] = build_constant(b, part(text, name, "bias"), 1, dims, 0);
    int32_t made = add_node(b, "Gemm", name, inputs, 3, &node);
    add_int(b, node, "transB", 1);
    return made;
}

int32_t build_reshape(struct builder *b, const char *name, int32_t x, int64_t channels,
                      int64_t height, int64_t width) {
    char text[NAME_BYTES];
    const int64_t rank = 4, shape[4] = {0, channels, height, width}; /* 0: as it is */
    void *data;
    int64_t count;
    struct node *node;
    int32_t inputs[2] = {
        x, new_constant(b, part(text, name, "shape"), TENSOR_I64, 1, &rank, &data, &count)};
    if (data) {
        memcpy(data, shape, sizeof shape);
    }
    return add_node(b, "Reshape", name, inputs, 2, &node);
}

int32_t build_unary(struct builder *b, const char *op, const char *name, int32_t x) {
    struct node *node;
    return add_node(b, op, name, &x, 1, &node);
}

int32_t build_add(struct builder *b, const char *name, int32_t x, int32_t y) {
    struct node *node;
    return add_node(b, "Add", name, (int32_t[]){x, y}, 2, &node);
}

int32_t build_l2(struct builder *b, const char *name, int32_t x) {
    struct node *node;
    int32_t out = add_node(b, "LpNormalization", name, &x, 1, &node);
    add_int(b, node, "axis", -1);
    add_int(b, node, "p", 2);
    return out;
}
