/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/nn/random_draw.h"

#include <math.h>
#include <string.h>

#include "nn/op.h"

/* A value, mostly one of the last, so that graphs become deep; its place among the values. */
static int32_t pick(struct drawing *d) {
    int32_t recent = d->count < 4 || draw_one_in(d, 3) ? d->count : 4;
    return d->count - 1 - draw_below(d, recent);
}

/* -- Convolutions -- */

int64_t draw_channels(struct drawing *d) {
    static const int64_t counts[] = {1, 2, 3, 4, 5, 8, 12, 16, 17, 24, 32};
    return counts[draw_below(d, ARRAY_COUNT(counts))];
}

void draw_window(struct drawing *d, struct node *n, int32_t spatial, const int64_t *kernel,
                 bool dilates) {
    int64_t pads[6], strides[3], dilations[3];
    for (int32_t i = 0; i < spatial; i++) {
        strides[i] = draw_one_in(d, 3) ? 2 : 1;
        dilations[i] = dilates && draw_one_in(d, 6) ? 2 : 1;
        pads[i] = kernel[i] / 2 > 0 && !draw_one_in(d, 4) ? kernel[i] / 2 : 0;
        pads[i + spatial] = draw_one_in(d, 4) ? 0 : pads[i];
    }
    draw_set_ints(n, "kernel_shape", kernel, spatial);
    draw_set_ints(n, "strides", strides, spatial);
    draw_set_ints(n, "pads", pads, 2 * spatial);
    if (dilates) {
        draw_set_ints(n, "dilations", dilations, spatial);
    }
}

/* Weights of that shape: those of another convolution, when there are any. */
static int32_t draw_kernel(struct drawing *d, int32_t rank, const int64_t *dims) {
    struct tensor wanted = tensor_of(TENSOR_F32, rank, dims);
    for (int32_t i = 0; i < d->kernel_count; i++) {
        if (tensor_same_shape(draw_shape_of(d, d->kernels[i]), &wanted)) {
            return d->kernels[i];
        }
    }
    double spread = 1.5 / sqrt((double)(tensor_count(&wanted) / dims[0]));
    int32_t value = draw_reals(d, rank, dims, -spread, spread);
    if (d->kernel_count < DRAWN_MOST) {
        d->kernels[d->kernel_count++] = value;
    }
    return value;
}

/* Kernel sizes; half of the convolutions keep the size of the picture, so that residuals fit. */
static int32_t draw_conv_at(struct drawing *d, int32_t x, bool transposed) {
    const struct tensor *t = draw_shape_of(d, x);
    if (t->rank < 3 || t->rank > 5 || t->type != TENSOR_F32 || t->dims[1] < 1) {
        return -1;
    }
    int32_t spatial = t->rank - 2, rank = t->rank;
    int64_t in = t->dims[1], out = draw_one_in(d, 2) ? in : draw_channels(d), groups = 1;
    if (draw_one_in(d, 3)) {
        groups = draw_one_in(d, 2) ? in : in % 2 == 0 ? 2 : 1;
        out = draw_one_in(d, 3) ? 2 * in : in;
    }
    int64_t dims[5] = {transposed ? in : out, (transposed ? out : in) / groups}, kernel[3];
    int64_t size = 1 + 2 * draw_below(d, 3);
    bool keeps = draw_one_in(d, 2);
    for (int32_t i = 0; i < spatial; i++) {
        dims[2 + i] = kernel[i] = size;
    }
    int32_t w = draw_kernel(d, rank, dims);
    int32_t bias = draw_one_in(d, 3) ? -1 : draw_reals(d, 1, &out, -1, 1);
    struct node *n = draw_add_node(d, transposed ? "ConvTranspose" : "Conv",
                                   (int32_t[]){x, w, bias}, bias >= 0 ? 3 : 2);
    draw_set_int(n, "group", groups);
    if (keeps) {
        int64_t pads[6] = {size / 2, size / 2, size / 2, size / 2, size / 2, size / 2};
        draw_set_ints(n, "pads", pads, 2 * spatial);
    } else {
        draw_window(d, n, spatial, kernel, true);
    }
    return draw_finish(d, n);
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
    return y < 0               ? -1
           : draw_one_in(d, 2) ? draw_simple(d, "Add", x, y)
                               : draw_simple(d, "Add", y, x);
}

static int32_t draw_norm(struct drawing *d, int32_t x) {
    const struct tensor *t = draw_shape_of(d, x);
    if (t->rank < 2 || t->type != TENSOR_F32) {
        return -1;
    }
    const int64_t channels = t->dims[1];
    int32_t scale = draw_reals(d, 1, &channels, -1.5, 1.5),
            shift = draw_reals(d, 1, &channels, -1, 1);
    int32_t mean = draw_reals(d, 1, &channels, -1, 1),
            variance = draw_reals(d, 1, &channels, 0.2, 2);
    struct node *n =
        draw_add_node(d, "BatchNormalization", (int32_t[]){x, scale, shift, mean, variance}, 5);
    if (draw_one_in(d, 2)) {
        draw_set_float(n, "epsilon", 0.01f);
    }
    return draw_finish(d, n);
}

/* -- Activations and arithmetic -- */

static int32_t draw_clip(struct drawing *d, int32_t x) {
    float a = draw_between(d, -1, 1), b = draw_between(d, -1, 3);
    int32_t low =
        draw_one_in(d, 4)
            ? -1
            : draw_real(d, draw_one_in(d, 8) ? a : fminf(a, b)); /* seldom the wrong way round */
    int32_t high = draw_one_in(d, 4) ? -1 : draw_real(d, fmaxf(a, b) - (draw_one_in(d, 8) ? 3 : 0));
    return draw_finish(d, draw_add_node(d, "Clip", (int32_t[]){x, low, high}, 3));
}

static int32_t draw_activation(struct drawing *d, int32_t x) {
    static const char *const names[] = {"Relu", "Relu",      "LeakyRelu",   "Sigmoid", "Tanh",
                                        "Elu",  "HardSwish", "HardSigmoid", "Neg",     "Softplus"};
    if (draw_one_in(d, 5)) {
        return draw_clip(d, x);
    }
    const char *name = names[draw_below(d, ARRAY_COUNT(names))];
    struct node *n = draw_add_node(d, name, &x, 1);
    if (draw_one_in(d, 2) && strchr("LE", name[0])) {
        draw_set_float(n, "alpha", draw_between(d, -0.5, 1.5));
    }
    return draw_finish(d, n);
}

static int32_t draw_gate(struct drawing *d, int32_t x) {
    struct node *n = draw_add_node(d, draw_one_in(d, 2) ? "Sigmoid" : "HardSigmoid", &x, 1);
    if (n->op == op_find("HardSigmoid") && draw_one_in(d, 2)) {
        draw_set_float(n, "alpha", 1.0f / 6);
    }
    int32_t gate = draw_finish(d, n);
    if (gate < 0) {
        return -1;
    }
    if (draw_one_in(d, 6)) {
        draw_offer(d, gate, false);
    }
    return draw_one_in(d, 2) ? draw_simple(d, "Mul", x, gate) : draw_simple(d, "Mul", gate, x);
}

/* A constant that NumPy's rule spreads over x: some of the last dimensions, some of them 1. */
static int32_t draw_operand(struct drawing *d, int32_t x, double low, double high) {
    struct tensor t = *draw_shape_of(d, x);
    int64_t dims[TENSOR_DIMS];
    int32_t rank = draw_below(d, t.rank + 1);
    for (int32_t i = 0; i < rank; i++) {
        dims[i] = draw_one_in(d, 2) ? 1 : t.dims[t.rank - rank + i];
    }
    return draw_reals(d, rank, dims, low, high);
}

static int32_t draw_binary(struct drawing *d, int32_t x) {
    static const char *const names[] = {"Add", "Add", "Add", "Sub", "Mul"};
    const char *name = names[draw_below(d, ARRAY_COUNT(names))];
    if (draw_one_in(d, 3)) {
        bool divides = draw_one_in(d, 4);
        int32_t other = draw_operand(d, x, divides ? 0.5 : -1, divides ? 2 : 1);
        name = divides ? "Div" : name;
        return divides || draw_one_in(d, 2) ? draw_simple(d, name, x, other)
                                            : draw_simple(d, name, other, x);
    }
    for (int32_t tries = 0; tries < 8; tries++) { /* one whose shape fits */
        int32_t other = d->values[draw_below(d, d->count)], y = draw_simple(d, name, x, other);
        if (y >= 0) {
            return y;
        }
    }
    return draw_simple(d, name, x, x);
}

/* -- Pools and what else has windows or axes -- */

static int32_t draw_pool(struct drawing *d, int32_t x) {
    static const char *const names[] = {"MaxPool", "AveragePool", "GlobalAveragePool",
                                        "GlobalMaxPool"};
    int32_t kind = draw_below(d, ARRAY_COUNT(names)), spatial = draw_shape_of(d, x)->rank - 2;
    struct node *n = draw_add_node(d, names[kind], &x, 1);
    if (kind < 2) {
        if (spatial < 1 || spatial > 3) {
            return -1;
        }
        int64_t size = 1 + draw_below(d, 3), kernel[3] = {size, size, size};
        draw_window(d, n, spatial, kernel, false);
        draw_set_int(n, "ceil_mode", draw_one_in(d, 3));
        if (kind == 1) {
            draw_set_int(n, "count_include_pad", draw_one_in(d, 2));
        }
    }
    return draw_finish(d, n);
}

static int32_t draw_along(struct drawing *d, int32_t x) {
    static const char *const names[] = {"Softmax", "LogSoftmax", "LRN"};
    const char *name = names[draw_below(d, ARRAY_COUNT(names))];
    int32_t rank = draw_shape_of(d, x)->rank;
    struct node *n = draw_add_node(d, name, &x, 1);
    if (*name == 'L' && name[1] == 'R') {
        draw_set_int(n, "size", 1 + draw_below(d, 5));
        draw_set_float(n, "alpha", 0.3f);
    } else if (rank > 0) {
        draw_set_int(n, "axis", draw_below(d, 2 * rank) - rank);
    }
    return draw_finish(d, n);
}

static int32_t draw_concat(struct drawing *d, int32_t x) {
    int32_t inputs[4] = {x}, count = 1, axis = draw_one_in(d, 4) ? draw_below(d, 4) : 1;
    const struct tensor *t = draw_shape_of(d, x);
    for (int32_t tries = 0; tries < 20 && count < 4; tries++) {
        int32_t other = d->values[draw_below(d, d->count)];
        struct tensor joined = *draw_shape_of(d, other);
        if (axis < t->rank) {
            joined.dims[axis] = t->dims[axis];
        }
        if (joined.type == t->type && tensor_same_shape(&joined, t)) {
            inputs[count++] = other;
        }
    }
    if (draw_one_in(d, 2)) {
        int32_t last = inputs[count - 1];
        inputs[count - 1] = inputs[0];
        inputs[0] = last;
    }
    struct node *n = draw_add_node(d, "Concat", inputs, count);
    draw_set_int(n, "axis", axis);
    return draw_finish(d, n);
}

/* -- Shapes -- */

int32_t draw_reshaped(struct drawing *d, int32_t x) {
    const struct tensor *t = draw_shape_of(d, x);
    int64_t flat[2] = {0, -1}, split[4] = {0, -1, 1, 2}, axes[1] = {draw_below(d, 3)};
    int64_t order[TENSOR_DIMS];
    struct node *n;
    switch (draw_below(d, 6)) {
    case 0:
        return draw_finish(d,
                           draw_add_node(d, "Reshape", (int32_t[]){x, draw_wholes(d, flat, 2)}, 2));
    case 1:
        return draw_finish(
            d, draw_add_node(d, "Reshape", (int32_t[]){x, draw_wholes(d, split, 4)}, 2));
    case 2:
        return draw_finish(
            d, draw_add_node(d, "Unsqueeze", (int32_t[]){x, draw_wholes(d, axes, 1)}, 2));
    case 3: return draw_simple(d, "Identity", x, -1);
    case 4: return draw_simple(d, "Flatten", x, -1);
    default: break;
    }
    for (int32_t i = 0; i < t->rank; i++) {
        int32_t k = draw_below(d, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    n = draw_add_node(d, "Transpose", &x, 1);
    draw_set_ints(n, "perm", order, draw_shape_of(d, x)->rank);
    return draw_finish(d, n);
}

static int32_t draw_slice(struct drawing *d, int32_t x) {
    int64_t start[1] = {1}, end[1] = {1 << 20}, axis[1] = {1 + draw_below(d, 2)};
    const int32_t from = draw_wholes(d, start, 1), to = draw_wholes(d, end, 1),
                  along = draw_wholes(d, axis, 1);
    return draw_finish(d, draw_add_node(d, "Slice", (int32_t[]){x, from, to, along}, 4));
}

static int32_t draw_product(struct drawing *d, int32_t x) {
    const struct tensor *t = draw_shape_of(d, x);
    if (t->rank < 2) {
        return -1;
    }
    int64_t inner = t->dims[t->rank - 1], columns = draw_channels(d);
    double spread = 1.5 / sqrt((double)inner + 1);
    if (t->rank > 2 || draw_one_in(d, 2)) {
        int64_t dims[2] = {inner, columns};
        return draw_simple(d, "MatMul", x, draw_reals(d, 2, dims, -spread, spread));
    }
    bool turned = draw_one_in(d, 2);
    int64_t dims[2] = {turned ? columns : inner, turned ? inner : columns};
    int32_t w = draw_reals(d, 2, dims, -spread, spread);
    int32_t bias =
        draw_one_in(d, 3) ? -1 : draw_reals(d, draw_one_in(d, 4) ? 0 : 1, &columns, -1, 1);
    struct node *n = draw_add_node(d, "Gemm", (int32_t[]){x, w, bias}, bias >= 0 ? 3 : 2);
    draw_set_int(n, "transB", turned);
    if (draw_one_in(d, 4)) {
        draw_set_float(n, "beta", 0.5f);
    }
    return draw_finish(d, n);
}

typedef int32_t draw_function(struct drawing *d, int32_t x);

static draw_function *const draws[] = {
    draw_conv,           draw_conv,       draw_conv,     draw_residual,   draw_residual,
    draw_norm,           draw_norm,       draw_binary,   draw_binary,     draw_binary,
    draw_gate,           draw_activation, draw_concat,   draw_activation, draw_activation,
    draw_pool,           draw_along,      draw_reshaped, draw_slice,      draw_product,
    draw_conv_transpose,
};

/* -- The whole -- */

static void draw_inputs(struct drawing *d) {
    int32_t count = 1 + draw_below(d, 2), rank = draw_one_in(d, 6) ? 3 + 2 * draw_below(d, 2) : 4;
    d->g.inputs = draw_blank(2 * sizeof *d->g.inputs);
    struct tensor t = {
        .type = TENSOR_F32, .rank = rank, .dims = {1 + draw_below(d, 3), draw_channels(d)}};
    for (int32_t i = 2; i < rank; i++) {
        t.dims[i] = 1 + draw_below(d, 9);
    }
    for (int32_t i = 0; i < count; i++) {
        t.dims[1] = i > 0 && draw_one_in(d, 2) ? draw_channels(d) : t.dims[1];
        d->g.inputs[d->g.input_count++] = draw_add_value(d, t);
        draw_offer(d, d->g.inputs[i], true);
    }
}

/* Some values, the last one always, seldom an input, the same one twice, or weights. */
static void draw_outputs(struct drawing *d) {
    int32_t count = 1 + draw_below(d, 4);
    d->g.outputs = draw_blank(4 * sizeof *d->g.outputs);
    for (int32_t i = 0; i < count; i++) {
        int32_t value = i == 0 ? d->values[d->count - 1] : d->values[draw_below(d, d->count)];
        bool weights = i > 0 && d->kernel_count > 0 && draw_one_in(d, 8);
        d->g.outputs[d->g.output_count++] =
            weights ? d->kernels[draw_below(d, d->kernel_count)] : value;
    }
}

void draw_graph(struct drawing *d, uint64_t seed) {
    *d = (struct drawing){.g = {.opset = 17}};
    rng_init(&d->r, seed);
    draw_inputs(d);
    bool bytes = draw_one_in(d, 3);
    int32_t wanted = 3 + draw_below(d, 16);
    for (int32_t tries = 0; tries < 60 && d->g.node_count < (bytes ? 3 : 1) * wanted; tries++) {
        int32_t at = pick(d);
        if (bytes && d->exact[at]) {
            draw_bytes(d, d->values[at]);
        } else {
            draw_offer(d, draws[draw_below(d, ARRAY_COUNT(draws))](d, d->values[at]), false);
        }
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
