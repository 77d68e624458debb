/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/nn/random_graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "nn/op.h"
#include "nn/prepare.h"

/* -- Small draws -- */

static int32_t below(struct drawing *d, int32_t n) {
    return (int32_t)rng_below(&d->r, (uint32_t)n);
}

static bool one_in(struct drawing *d, int32_t n) {
    return below(d, n) == 0;
}

static float between(struct drawing *d, double low, double high) {
    return (float)(low + (high - low) * rng_unit(&d->r));
}

static void must(struct drawing *d, lk_status status) {
    if (status != LK_OK) {
        printf("building: %s\n", d->err.text);
        exit(1);
    }
}

static const struct tensor *shape_of(const struct drawing *d, int32_t value) {
    return &d->g.values[value].tensor;
}

/* -- Building -- */

static void *blank(size_t bytes) {
    void *block = mem_calloc(bytes, 1);
    if (!block) {
        exit(1);
    }
    return block;
}

static struct attribute *attribute(struct node *n, const char *name, enum attribute_kind kind) {
    struct attribute *grown =
        mem_realloc(n->attributes, (size_t)n->attribute_count + 1, sizeof *grown);
    if (!grown) {
        exit(1);
    }
    n->attributes = grown;
    struct attribute *a = &grown[n->attribute_count++];
    *a = (struct attribute){.name = mem_strdup(name), .kind = kind};
    return a;
}

static void set_int(struct node *n, const char *name, int64_t value) {
    attribute(n, name, ATTRIBUTE_INT)->number = value;
}

static void set_float(struct node *n, const char *name, float value) {
    attribute(n, name, ATTRIBUTE_FLOAT)->real = value;
}

static void set_ints(struct node *n, const char *name, const int64_t *values, int32_t count) {
    struct attribute *a = attribute(n, name, ATTRIBUTE_INTS);
    a->numbers = blank((size_t)count * sizeof *values);
    a->count = count;
    memcpy(a->numbers, values, (size_t)count * sizeof *values);
}

static int32_t add_value(struct drawing *d, struct tensor t) {
    char name[16];
    int32_t value;
    snprintf(name, sizeof name, "v%d", (int)d->g.value_count);
    must(d, graph_add_value(&value, &d->g, name, t, &d->err));
    return value;
}

static int32_t constant(struct drawing *d, enum tensor_type type, int32_t rank,
                        const int64_t *dims) {
    struct tensor t = tensor_of(type, rank, dims);
    must(d, tensor_alloc(&t, &d->err));
    return add_value(d, t);
}

static int32_t reals(struct drawing *d, int32_t rank, const int64_t *dims, double low,
                     double high) {
    int32_t value = constant(d, TENSOR_F32, rank, dims);
    const struct tensor *t = shape_of(d, value);
    for (int64_t i = 0; i < tensor_count(t); i++) {
        ((float *)t->data)[i] = between(d, low, high);
    }
    return value;
}

static int32_t real(struct drawing *d, float number) {
    int32_t value = constant(d, TENSOR_F32, 0, NULL);
    *(float *)shape_of(d, value)->data = number;
    return value;
}

static int32_t wholes(struct drawing *d, const int64_t *numbers, int64_t count) {
    int32_t value = constant(d, TENSOR_I64, 1, &count);
    memcpy(shape_of(d, value)->data, numbers, (size_t)count * sizeof *numbers);
    return value;
}

static struct node *add_node(struct drawing *d, const char *op, const int32_t *inputs,
                             int32_t count) {
    struct node *n;
    char name[32];
    int32_t output = add_value(d, (struct tensor){0});
    snprintf(name, sizeof name, "%s %d", op, (int)d->g.node_count);
    must(d, graph_add_node(&n, &d->g, op_find(op), name, inputs, count, &output, 1, &d->err));
    return n;
}

/* The node's output, whose shape is found; -1 when the node is refused: nothing reads it then, and it is dropped. */
static int32_t finish(struct drawing *d, const struct node *n) {
    struct node_call nc;
    lk_error err = {0};
    bool ok = node_call_init(&nc, &d->g, n, &err) == LK_OK && n->op->shape(&nc.call) == LK_OK &&
              tensor_check(&nc.outputs[0], 1 << 18, &err) == LK_OK;
    if (!ok) {
        return -1;
    }
    d->g.values[n->outputs[0]].tensor = nc.outputs[0];
    return n->outputs[0];
}

static int32_t simple(struct drawing *d, const char *op, int32_t a, int32_t b) {
    return finish(d, add_node(d, op, (int32_t[]){a, b}, b >= 0 ? 2 : 1));
}

static void offer(struct drawing *d, int32_t value, bool exact) {
    if (value >= 0 && d->count < DRAWN_MOST) {
        d->values[d->count] = value;
        d->exact[d->count++] = exact;
    }
}

/* A value, mostly one of the last, so that graphs become deep; its place among the values. */
static int32_t pick(struct drawing *d) {
    int32_t recent = d->count < 4 || one_in(d, 3) ? d->count : 4;
    return d->count - 1 - below(d, recent);
}

/* -- Convolutions -- */

static int64_t draw_channels(struct drawing *d) {
    static const int64_t counts[] = {1, 2, 3, 4, 5, 8, 12, 16, 17, 24, 32};
    return counts[below(d, ARRAY_COUNT(counts))];
}

static void draw_window(struct drawing *d, struct node *n, int32_t spatial, const int64_t *kernel,
                        bool dilates) {
    int64_t pads[6], strides[3], dilations[3];
    for (int32_t i = 0; i < spatial; i++) {
        strides[i] = one_in(d, 3) ? 2 : 1;
        dilations[i] = dilates && one_in(d, 6) ? 2 : 1;
        pads[i] = kernel[i] / 2 > 0 && !one_in(d, 4) ? kernel[i] / 2 : 0;
        pads[i + spatial] = one_in(d, 4) ? 0 : pads[i];
    }
    set_ints(n, "kernel_shape", kernel, spatial);
    set_ints(n, "strides", strides, spatial);
    set_ints(n, "pads", pads, 2 * spatial);
    if (dilates) {
        set_ints(n, "dilations", dilations, spatial);
    }
}

/* Weights of that shape: those of another convolution, when there are any. */
static int32_t draw_kernel(struct drawing *d, int32_t rank, const int64_t *dims) {
    struct tensor wanted = tensor_of(TENSOR_F32, rank, dims);
    for (int32_t i = 0; i < d->kernel_count; i++) {
        if (tensor_same_shape(shape_of(d, d->kernels[i]), &wanted)) {
            return d->kernels[i];
        }
    }
    double spread = 1.5 / sqrt((double)(tensor_count(&wanted) / dims[0]));
    int32_t value = reals(d, rank, dims, -spread, spread);
    if (d->kernel_count < DRAWN_MOST) {
        d->kernels[d->kernel_count++] = value;
    }
    return value;
}

/* Kernel sizes; half of the convolutions keep the size of the picture, so that residuals fit. */
static int32_t draw_conv_at(struct drawing *d, int32_t x, bool transposed) {
    const struct tensor *t = shape_of(d, x);
    if (t->rank < 3 || t->rank > 5 || t->type != TENSOR_F32 || t->dims[1] < 1) {
        return -1;
    }
    int32_t spatial = t->rank - 2, rank = t->rank;
    int64_t in = t->dims[1], out = one_in(d, 2) ? in : draw_channels(d), groups = 1;
    if (one_in(d, 3)) {
        groups = one_in(d, 2) ? in : in % 2 == 0 ? 2 : 1;
        out = one_in(d, 3) ? 2 * in : in;
    }
    int64_t dims[5] = {transposed ? in : out, (transposed ? out : in) / groups}, kernel[3];
    int64_t size = 1 + 2 * below(d, 3);
    bool keeps = one_in(d, 2);
    for (int32_t i = 0; i < spatial; i++) {
        dims[2 + i] = kernel[i] = size;
    }
    int32_t w = draw_kernel(d, rank, dims);
    int32_t bias = one_in(d, 3) ? -1 : reals(d, 1, &out, -1, 1);
    struct node *n = add_node(d, transposed ? "ConvTranspose" : "Conv", (int32_t[]){x, w, bias},
                              bias >= 0 ? 3 : 2);
    set_int(n, "group", groups);
    if (keeps) {
        int64_t pads[6] = {size / 2, size / 2, size / 2, size / 2, size / 2, size / 2};
        set_ints(n, "pads", pads, 2 * spatial);
    } else {
        draw_window(d, n, spatial, kernel, true);
    }
    return finish(d, n);
}

static int32_t draw_conv(struct drawing *d, int32_t x) {
    return draw_conv_at(d, x, false);
}

static int32_t draw_conv_transpose(struct drawing *d, int32_t x) {
    return draw_conv_at(d, x, true);
}

/* What residual networks do: the same value goes through a convolution and around it. */
static int32_t draw_residual(struct drawing *d, int32_t x) {
    int32_t y = draw_conv(d, x);
    return y < 0 ? -1 : one_in(d, 2) ? simple(d, "Add", x, y) : simple(d, "Add", y, x);
}

static int32_t draw_norm(struct drawing *d, int32_t x) {
    const struct tensor *t = shape_of(d, x);
    if (t->rank < 2 || t->type != TENSOR_F32) {
        return -1;
    }
    const int64_t channels = t->dims[1];
    int32_t scale = reals(d, 1, &channels, -1.5, 1.5), shift = reals(d, 1, &channels, -1, 1);
    int32_t mean = reals(d, 1, &channels, -1, 1), variance = reals(d, 1, &channels, 0.2, 2);
    struct node *n =
        add_node(d, "BatchNormalization", (int32_t[]){x, scale, shift, mean, variance}, 5);
    if (one_in(d, 2)) {
        set_float(n, "epsilon", 0.01f);
    }
    return finish(d, n);
}

/* -- Activations and arithmetic -- */

static int32_t draw_clip(struct drawing *d, int32_t x) {
    float a = between(d, -1, 1), b = between(d, -1, 3);
    int32_t low = one_in(d, 4)
                      ? -1
                      : real(d, one_in(d, 8) ? a : fminf(a, b)); /* seldom the wrong way round */
    int32_t high = one_in(d, 4) ? -1 : real(d, fmaxf(a, b) - (one_in(d, 8) ? 3 : 0));
    return finish(d, add_node(d, "Clip", (int32_t[]){x, low, high}, 3));
}

static int32_t draw_activation(struct drawing *d, int32_t x) {
    static const char *const names[] = {"Relu", "Relu",      "LeakyRelu",   "Sigmoid", "Tanh",
                                        "Elu",  "HardSwish", "HardSigmoid", "Neg",     "Softplus"};
    if (one_in(d, 5)) {
        return draw_clip(d, x);
    }
    const char *name = names[below(d, ARRAY_COUNT(names))];
    struct node *n = add_node(d, name, &x, 1);
    if (one_in(d, 2) && strchr("LE", name[0])) {
        set_float(n, "alpha", between(d, -0.5, 1.5));
    }
    return finish(d, n);
}

static int32_t draw_gate(struct drawing *d, int32_t x) {
    struct node *n = add_node(d, one_in(d, 2) ? "Sigmoid" : "HardSigmoid", &x, 1);
    if (n->op == op_find("HardSigmoid") && one_in(d, 2)) {
        set_float(n, "alpha", 1.0f / 6);
    }
    int32_t gate = finish(d, n);
    if (gate < 0) {
        return -1;
    }
    if (one_in(d, 6)) {
        offer(d, gate, false);
    }
    return one_in(d, 2) ? simple(d, "Mul", x, gate) : simple(d, "Mul", gate, x);
}

/* A constant that NumPy's rule spreads over x: some of the last dimensions, some of them 1. */
static int32_t draw_operand(struct drawing *d, int32_t x, double low, double high) {
    struct tensor t = *shape_of(d, x);
    int64_t dims[TENSOR_DIMS];
    int32_t rank = below(d, t.rank + 1);
    for (int32_t i = 0; i < rank; i++) {
        dims[i] = one_in(d, 2) ? 1 : t.dims[t.rank - rank + i];
    }
    return reals(d, rank, dims, low, high);
}

static int32_t draw_binary(struct drawing *d, int32_t x) {
    static const char *const names[] = {"Add", "Add", "Add", "Sub", "Mul"};
    const char *name = names[below(d, ARRAY_COUNT(names))];
    if (one_in(d, 3)) {
        bool divides = one_in(d, 4);
        int32_t other = draw_operand(d, x, divides ? 0.5 : -1, divides ? 2 : 1);
        name = divides ? "Div" : name;
        return divides || one_in(d, 2) ? simple(d, name, x, other) : simple(d, name, other, x);
    }
    for (int32_t tries = 0; tries < 8; tries++) { /* one whose shape fits */
        int32_t other = d->values[below(d, d->count)], y = simple(d, name, x, other);
        if (y >= 0) {
            return y;
        }
    }
    return simple(d, name, x, x);
}

/* -- Pools and what else has windows or axes -- */

static int32_t draw_pool(struct drawing *d, int32_t x) {
    static const char *const names[] = {"MaxPool", "AveragePool", "GlobalAveragePool",
                                        "GlobalMaxPool"};
    int32_t kind = below(d, ARRAY_COUNT(names)), spatial = shape_of(d, x)->rank - 2;
    struct node *n = add_node(d, names[kind], &x, 1);
    if (kind < 2) {
        if (spatial < 1 || spatial > 3) {
            return -1;
        }
        int64_t size = 1 + below(d, 3), kernel[3] = {size, size, size};
        draw_window(d, n, spatial, kernel, false);
        set_int(n, "ceil_mode", one_in(d, 3));
        if (kind == 1) {
            set_int(n, "count_include_pad", one_in(d, 2));
        }
    }
    return finish(d, n);
}

static int32_t draw_along(struct drawing *d, int32_t x) {
    static const char *const names[] = {"Softmax", "LogSoftmax", "LRN"};
    const char *name = names[below(d, ARRAY_COUNT(names))];
    int32_t rank = shape_of(d, x)->rank;
    struct node *n = add_node(d, name, &x, 1);
    if (*name == 'L' && name[1] == 'R') {
        set_int(n, "size", 1 + below(d, 5));
        set_float(n, "alpha", 0.3f);
    } else if (rank > 0) {
        set_int(n, "axis", below(d, 2 * rank) - rank);
    }
    return finish(d, n);
}

static int32_t draw_concat(struct drawing *d, int32_t x) {
    int32_t inputs[4] = {x}, count = 1, axis = one_in(d, 4) ? below(d, 4) : 1;
    const struct tensor *t = shape_of(d, x);
    for (int32_t tries = 0; tries < 20 && count < 4; tries++) {
        int32_t other = d->values[below(d, d->count)];
        struct tensor joined = *shape_of(d, other);
        if (axis < t->rank) {
            joined.dims[axis] = t->dims[axis];
        }
        if (joined.type == t->type && tensor_same_shape(&joined, t)) {
            inputs[count++] = other;
        }
    }
    if (one_in(d, 2)) {
        int32_t last = inputs[count - 1];
        inputs[count - 1] = inputs[0];
        inputs[0] = last;
    }
    struct node *n = add_node(d, "Concat", inputs, count);
    set_int(n, "axis", axis);
    return finish(d, n);
}

/* -- Shapes -- */

static int32_t draw_shape(struct drawing *d, int32_t x) {
    const struct tensor *t = shape_of(d, x);
    int64_t flat[2] = {0, -1}, split[4] = {0, -1, 1, 2}, axes[1] = {below(d, 3)};
    int64_t order[TENSOR_DIMS];
    struct node *n;
    switch (below(d, 6)) {
    case 0: return finish(d, add_node(d, "Reshape", (int32_t[]){x, wholes(d, flat, 2)}, 2));
    case 1: return finish(d, add_node(d, "Reshape", (int32_t[]){x, wholes(d, split, 4)}, 2));
    case 2: return finish(d, add_node(d, "Unsqueeze", (int32_t[]){x, wholes(d, axes, 1)}, 2));
    case 3: return simple(d, "Identity", x, -1);
    case 4: return simple(d, "Flatten", x, -1);
    default: break;
    }
    for (int32_t i = 0; i < t->rank; i++) {
        int32_t k = below(d, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    n = add_node(d, "Transpose", &x, 1);
    set_ints(n, "perm", order, shape_of(d, x)->rank);
    return finish(d, n);
}

static int32_t draw_slice(struct drawing *d, int32_t x) {
    int64_t start[1] = {1}, end[1] = {1 << 20}, axis[1] = {1 + below(d, 2)};
    const int32_t from = wholes(d, start, 1), to = wholes(d, end, 1), along = wholes(d, axis, 1);
    return finish(d, add_node(d, "Slice", (int32_t[]){x, from, to, along}, 4));
}

static int32_t draw_product(struct drawing *d, int32_t x) {
    const struct tensor *t = shape_of(d, x);
    if (t->rank < 2) {
        return -1;
    }
    int64_t inner = t->dims[t->rank - 1], columns = draw_channels(d);
    double spread = 1.5 / sqrt((double)inner + 1);
    if (t->rank > 2 || one_in(d, 2)) {
        int64_t dims[2] = {inner, columns};
        return simple(d, "MatMul", x, reals(d, 2, dims, -spread, spread));
    }
    bool turned = one_in(d, 2);
    int64_t dims[2] = {turned ? columns : inner, turned ? inner : columns};
    int32_t w = reals(d, 2, dims, -spread, spread);
    int32_t bias = one_in(d, 3) ? -1 : reals(d, one_in(d, 4) ? 0 : 1, &columns, -1, 1);
    struct node *n = add_node(d, "Gemm", (int32_t[]){x, w, bias}, bias >= 0 ? 3 : 2);
    set_int(n, "transB", turned);
    if (one_in(d, 4)) {
        set_float(n, "beta", 0.5f);
    }
    return finish(d, n);
}

typedef int32_t draw_function(struct drawing *d, int32_t x);

static draw_function *const draws[] = {
    draw_conv,           draw_conv,       draw_conv,   draw_residual,   draw_residual,
    draw_norm,           draw_norm,       draw_binary, draw_binary,     draw_binary,
    draw_gate,           draw_activation, draw_concat, draw_activation, draw_activation,
    draw_pool,           draw_along,      draw_shape,  draw_slice,      draw_product,
    draw_conv_transpose,
};

/* -- The whole -- */

static void draw_inputs(struct drawing *d) {
    int32_t count = 1 + below(d, 2), rank = one_in(d, 6) ? 3 + 2 * below(d, 2) : 4;
    d->g.inputs = blank(2 * sizeof *d->g.inputs);
    struct tensor t = {
        .type = TENSOR_F32, .rank = rank, .dims = {1 + below(d, 3), draw_channels(d)}};
    for (int32_t i = 2; i < rank; i++) {
        t.dims[i] = 1 + below(d, 9);
    }
    for (int32_t i = 0; i < count; i++) {
        t.dims[1] = i > 0 && one_in(d, 2) ? draw_channels(d) : t.dims[1];
        d->g.inputs[d->g.input_count++] = add_value(d, t);
        offer(d, d->g.inputs[i], true);
    }
}

/* Some values, the last one always, seldom an input, the same one twice, or weights. */
static void draw_outputs(struct drawing *d) {
    int32_t count = 1 + below(d, 4);
    d->g.outputs = blank(4 * sizeof *d->g.outputs);
    for (int32_t i = 0; i < count; i++) {
        int32_t value = i == 0 ? d->values[d->count - 1] : d->values[below(d, d->count)];
        bool weights = i > 0 && d->kernel_count > 0 && one_in(d, 8);
        d->g.outputs[d->g.output_count++] = weights ? d->kernels[below(d, d->kernel_count)] : value;
    }
}

void draw_graph(struct drawing *d, uint64_t seed) {
    *d = (struct drawing){.g = {.opset = 17}};
    rng_init(&d->r, seed);
    draw_inputs(d);
    int32_t wanted = 3 + below(d, 16);
    for (int32_t tries = 0; tries < 60 && d->g.node_count < wanted; tries++) {
        offer(d, draws[below(d, ARRAY_COUNT(draws))](d, d->values[pick(d)]), false);
    }
    draw_outputs(d);
}

void draw_input(float *to, int64_t count, uint64_t seed, int32_t i) {
    struct rng r;
    rng_init(&r, seed * 16 + (uint64_t)i);
    for (int64_t k = 0; k < count; k++) {
        to[k] = ((float)rng_below(&r, 129) - 64) / 16;
    }
}
