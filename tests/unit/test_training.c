/* SPDX-License-Identifier: Apache-2.0 */
/* The way back through every layer and loss against finite differences: along random directions of each parameter. What comes
 * before a layer is a parameter too (a picture that is added to the input), so that the gradient by a layer's input is seen. */
#include "tests/unit/harness.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "nn/build.h"
#include "nn/loss.h"
#include "nn/onnx.h"
#include "nn/trainer.h"

enum { BATCH = 6, CHANNELS = 16, SIDE = 8 };
enum { BYTES_MOST = 1 << 28 };

/* A loss that tells every output apart: sum of c y + y^2 / 2, c from a seed. */
static lk_status probe(void *arg, double *loss, const struct tensor *outputs,
                       struct tensor *gradients, int32_t count, lk_error *err) {
    (void)arg;
    (void)err;
    struct rng r;
    rng_init(&r, 5);
    *loss = 0;
    for (int32_t i = 0; i < count; i++) {
        const float *y = outputs[i].data;
        float *dy = gradients[i].data;
        for (int64_t k = 0; k < tensor_count(&outputs[i]); k++) {
            double c = rng_normal(&r), v = (double)y[k];
            *loss += c * v + v * v / 2;
            dy[k] = (float)(c + v);
        }
    }
    return LK_OK;
}

static struct trainer *trainer_of(struct builder *b, int32_t out, loss_function *loss, void *arg) {
    static const char *const names[] = {"out"};
    lk_error err;
    struct trainer *t;
    const struct trainer_options o = {
        .threads = 2, .memory_bytes = BYTES_MOST, .cpu = CPU_AVX512, .loss = loss, .loss_arg = arg};
    assert_ok(build_end(b, names, &out, 1));
    const struct value *input = &b->g->values[b->g->inputs[0]];
    struct tensor shape = tensor_of(TENSOR_F32, input->tensor.rank, input->tensor.dims);
    shape.dims[0] = BATCH;
    assert_ok(trainer_new(&t, b->g, &shape, NULL, 0, &o, &err));
    struct tensor *in = trainer_input(t, 0);
    struct rng r;
    rng_init(&r, 7);
    for (int64_t i = 0; i < tensor_count(in); i++) {
        ((float *)in->data)[i] = (float)rng_normal(&r);
    }
    return t;
}

static double loss_of(struct trainer *t) {
    lk_error err;
    double loss;
    assert_ok(trainer_step(t, &loss, &err));
    return loss;
}

/* Moves p along a direction, there and back, and compares the slope with the gradient's. */
static void check_slope(struct trainer *t, const struct parameter *p, const char *layer,
                        uint64_t seed, double tolerance, double step) {
    struct rng r;
    rng_init(&r, seed);
    float *kept = mem_alloc((size_t)p->count, sizeof *kept);
    float *along = mem_alloc((size_t)p->count, sizeof *along);
    double length = 0, slope = 0, steepest = 0;
    loss_of(t);
    for (int64_t i = 0; i < p->count; i++) {
        along[i] = (float)rng_normal(&r);
        kept[i] = p->data[i];
        length += (double)along[i] * (double)along[i];
        steepest += (double)p->gradient[i] * (double)p->gradient[i];
    }
    for (int64_t i = 0; i < p->count; i++) {
        along[i] = (float)((double)along[i] / sqrt(length));
        slope += (double)along[i] * (double)p->gradient[i];
    }
    double sides[2];
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < p->count; i++) {
            p->data[i] = kept[i] + (float)((side ? step : -step) * (double)along[i]);
        }
        sides[side] = loss_of(t);
    }
    memcpy(p->data, kept, (size_t)p->count * sizeof *kept);
    double found = (sides[1] - sides[0]) / (2 * step);
    double scale = sqrt(steepest / (double)p->count) + fabs(slope) + 1e-3;
    if (fabs(found - slope) > tolerance * scale) {
        print_error("%s, %s: slope %g, the gradient says %g (of %g)\n", layer, p->name, found,
                    slope, scale);
    }
    assert_true(fabs(found - slope) <= tolerance * scale);
    mem_free(kept);
    mem_free(along);
}

static void check_trainer(struct trainer *t, const char *layer, double tolerance, double step) {
    int32_t count;
    const struct parameter *p = trainer_parameters(t, &count);
    assert_true(count > 0);
    for (int32_t i = 0; i < count; i++) {
        loss_of(t);
        if (!p[i].gradient) {
            print_error("%s: no gradient of %s\n", layer, p[i].name);
        }
        assert_non_null(p[i].gradient);
        for (uint64_t seed = 1; seed <= 3; seed++) {
            check_slope(t, &p[i], layer, seed, tolerance, step);
        }
    }
    trainer_free(t);
}

/* -- Layers -- */

typedef int32_t make_layer(struct builder *b, int32_t x);

static int32_t conv(struct builder *b, int32_t x) {
    return build_conv(b, "conv", x, &(struct build_conv){CHANNELS, 24, 3, .bias = true});
}
static int32_t conv_strided(struct builder *b, int32_t x) {
    return build_conv(b, "conv", x, &(struct build_conv){CHANNELS, 5, 5, .stride = 2});
}
static int32_t conv_grouped(struct builder *b, int32_t x) {
    return build_conv(b, "conv", x,
                      &(struct build_conv){CHANNELS, 32, 3, .groups = 4, .bias = true});
}
static int32_t conv_depthwise(struct builder *b, int32_t x) {
    return build_conv(b, "conv", x,
                      &(struct build_conv){CHANNELS, CHANNELS, 3, .stride = 2, .groups = CHANNELS});
}
static int32_t conv_transposed(struct builder *b, int32_t x) {
    return build_conv_transpose(b, "up", x,
                                &(struct build_conv){CHANNELS, 6, 4, .stride = 2, .bias = true});
}
static int32_t norm(struct builder *b, int32_t x) {
    return build_norm(b, "norm", x, CHANNELS);
}
static int32_t norm_relu(struct builder *b, int32_t x) {
    return build_unary(b, "Relu", "relu", build_norm(b, "norm", x, CHANNELS));
}
static int32_t max_pool(struct builder *b, int32_t x) {
    return build_max_pool(b, "pool", x, 3, 2);
}
static int32_t mean_pool(struct builder *b, int32_t x) {
    return build_unary(b, "GlobalAveragePool", "pool", x);
}
static int32_t relu(struct builder *b, int32_t x) {
    return build_unary(b, "Relu", "relu", x);
}
static int32_t leaky(struct builder *b, int32_t x) {
    return build_unary(b, "LeakyRelu", "leaky", x);
}
static int32_t sigmoid(struct builder *b, int32_t x) {
    return build_unary(b, "Sigmoid", "sigmoid", x);
}
static int32_t hyperbolic(struct builder *b, int32_t x) {
    return build_unary(b, "Tanh", "tanh", x);
}
static int32_t elu(struct builder *b, int32_t x) {
    return build_unary(b, "Elu", "elu", x);
}
static int32_t hard_swish(struct builder *b, int32_t x) {
    b->g->opset = 14;
    return build_unary(b, "HardSwish", "swish", x);
}
static int32_t residual(struct builder *b, int32_t x) {
    int32_t y = build_conv(b, "one", x, &(struct build_conv){CHANNELS, CHANNELS, 1, .stride = 1});
    return build_add(b, "sum", build_add(b, "inner", y, x), x);
}
static int32_t dense(struct builder *b, int32_t x) {
    int32_t flat = build_unary(b, "Flatten", "flat", x);
    return build_dense(b, "dense", flat, CHANNELS * SIDE * SIDE, 10);
}
static int32_t reshaped(struct builder *b, int32_t x) {
    int32_t y = build_reshape(b, "shape", x, 4, SIDE * 2, SIDE * 2);
    return build_conv(b, "conv", y, &(struct build_conv){4, 4, 3, .stride = 1});
}
static int32_t length(struct builder *b, int32_t x) {
    return build_l2(b, "length", build_unary(b, "Flatten", "flat", x));
}
static int32_t enlarged(struct builder *b, int32_t x) {
    return build_enlarge(b, "up", x, 2);
}
/* One set of weights twice. */
static int32_t shared(struct builder *b, int32_t x) {
    int32_t y = build_conv(b, "a", x, &(struct build_conv){CHANNELS, CHANNELS, 3, .stride = 1});
    int32_t weights = b->g->nodes[b->g->node_count - 1].inputs[1];
    int32_t z = build_conv(b, "b", y, &(struct build_conv){CHANNELS, CHANNELS, 3, .stride = 1});
    b->g->nodes[b->g->node_count - 1].inputs[1] = weights;
    return z;
}

struct layer_row {
    const char *name;
    make_layer *make;
    double tolerance; /* of the slope: floats, and kinks of Relu and Max */
};

static const struct layer_row layers[] = {
    {"convolution", conv, 5e-3},
    {"strided convolution", conv_strided, 5e-3},
    {"grouped convolution", conv_grouped, 5e-3},
    {"depthwise convolution", conv_depthwise, 5e-3},
    {"transposed convolution", conv_transposed, 5e-3},
    {"normalisation", norm, 5e-3},
    {"normalisation with relu", norm_relu, 2e-2},
    {"maximum", max_pool, 2e-2},
    {"mean", mean_pool, 5e-3},
    {"relu", relu, 2e-2},
    {"leaky relu", leaky, 2e-2},
    {"sigmoid", sigmoid, 5e-3},
    {"tanh", hyperbolic, 5e-3},
    {"elu", elu, 5e-3},
    {"hard swish", hard_swish, 2e-2},
    {"residual", residual, 5e-3},
    {"dense", dense, 5e-3},
    {"reshape", reshaped, 5e-3},
    {"length", length, 1e-2},
    {"enlarging", enlarged, 5e-3},
    {"shared weights", shared, 5e-3},
};

static void test_layers(void **state) {
    (void)state;
    const int64_t dims[4] = {1, CHANNELS, SIDE, SIDE};
    for (size_t i = 0; i < ARRAY_COUNT(layers); i++) {
        lk_error err;
        struct builder b;
        struct graph g;
        build_begin(&b, &g, 3, &err);
        int32_t x = build_input(&b, "in", CHANNELS, SIDE, SIDE);
        int32_t shift = build_weights(&b, "before", 4, dims, 0.5);
        int32_t y = layers[i].make(&b, build_add(&b, "sum before", x, shift));
        check_trainer(trainer_of(&b, y, probe, NULL), layers[i].name, layers[i].tolerance, 4e-3);
    }
}

/* -- Losses: outputs are length-1 rows of 12 numbers, or pictures -- */

static const int32_t labels[BATCH] = {0, 1, 0, 2, 1, 0};

struct loss_case {
    struct triplet_options triplet;
    int kind; /* 0 triplet, 1 contrastive, 2 cross entropy, 3 mse, 4 ssim */
};

static lk_status run_loss(void *arg, double *loss, const struct tensor *outputs,
                          struct tensor *gradients, int32_t count, lk_error *err) {
    const struct loss_case *c = arg;
    const struct tensor *y = &outputs[0];
    struct embeddings e = {y->data, labels, BATCH, (int32_t)(tensor_count(y) / BATCH),
                           gradients[0].data};
    struct rng r;
    double active;
    (void)count;
    rng_init(&r, 1);
    if (c->kind == 0) {
        return loss_triplet(loss, &active, &e, &c->triplet, &r, err);
    }
    if (c->kind == 1) {
        return loss_contrastive(loss, &e, 0.2, err);
    }
    if (c->kind == 2) {
        *loss = loss_cross_entropy(&e);
        return LK_OK;
    }
    float target[BATCH * CHANNELS * SIDE * SIDE];
    for (int64_t i = 0; i < tensor_count(y); i++) {
        target[i] = (float)rng_unit(&r);
    }
    if (c->kind == 3) {
        *loss = loss_mse(gradients[0].data, y->data, target, tensor_count(y));
        return LK_OK;
    }
    return loss_ssim(loss, gradients[0].data, y->data, target, y->dims[0] * y->dims[1], y->dims[2],
                     y->dims[3], err);
}

static void test_losses(void **state) {
    (void)state;
    static const struct loss_case cases[] = {
        {{0.5, true, MINE_HARD}, 0},
        {{0.5, false, MINE_HARD}, 0},
        {{0.5, true, MINE_SEMIHARD}, 0},
        {{0.3, false, MINE_SEMIHARD}, 0},
        {{0.5, true, MINE_RANDOM}, 0},
        {.kind = 1},
        {.kind = 2},
        {.kind = 3},
        {.kind = 4},
    };
    const int64_t dims[4] = {1, CHANNELS, SIDE, SIDE};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct loss_case c = cases[i];
        lk_error err;
        struct builder b;
        struct graph g;
        char name[32];
        snprintf(name, sizeof name, "loss %zu", i);
        build_begin(&b, &g, 3, &err);
        int32_t x = build_input(&b, "in", CHANNELS, SIDE, SIDE);
        int32_t y = build_add(&b, "sum", x, build_weights(&b, "before", 4, dims, 0.5));
        if (c.kind < 3) {
            y = build_unary(&b, "Flatten", "flat", y);
            y = build_dense(&b, "dense", y, CHANNELS * SIDE * SIDE, 12);
        } else {
            y = build_unary(&b, "Sigmoid", "sigmoid", y);
        }
        y = c.kind < 2 ? build_l2(&b, "length", y) : y;
        /* Which negative is semi-hard changes at once: there the slope is taken over less. */
        bool jumps = c.kind == 0 && c.triplet.mining == MINE_SEMIHARD;
        check_trainer(trainer_of(&b, y, run_loss, &c), name, jumps ? 5e-2 : 1e-2,
                      jumps ? 1e-3 : 2e-2);
    }
}

/* -- What is refused, and what is written -- */

static void test_refused(void **state) {
    (void)state;
    lk_error err;
    struct builder b;
    struct graph g;
    struct trainer *t;
    static const char *const names[] = {"out"};
    const struct trainer_options o = {
        .threads = 1, .memory_bytes = BYTES_MOST, .cpu = CPU_AVX512, .loss = probe};
    build_begin(&b, &g, 3, &err);
    int32_t x = build_input(&b, "in", 3, SIDE, SIDE);
    int32_t y = build_conv(&b, "conv", x, &(struct build_conv){3, 4, 3, .stride = 1});
    y = build_unary(&b, "Erf", "the error function", y);
    assert_ok(build_end(&b, names, &y, 1));
    struct tensor shape = tensor_of(TENSOR_F32, 4, (int64_t[]){2, 3, SIDE, SIDE});
    assert_refused(LK_E_FORMAT, trainer_new(&t, &g, &shape, NULL, 0, &o, &err));
    assert_says(&err, "node the error function (Erf)");
    build_begin(&b, &g, 3, &err);
    x = build_input(&b, "in", 3, SIDE, SIDE);
    y = build_unary(&b, "Relu", "relu", x);
    assert_ok(build_end(&b, names, &y, 1));
    assert_refused(LK_E_USAGE, trainer_new(&t, &g, &shape, NULL, 0, &o, &err));
    assert_says(&err, "no parameters");
}

static void test_written(void **state) {
    (void)state;
    lk_error err;
    lk_bytes bytes;
    struct builder b;
    struct graph g;
    build_begin(&b, &g, 3, &err);
    int32_t x = build_input(&b, "in", CHANNELS, SIDE, SIDE);
    struct trainer *t = trainer_of(&b, norm_relu(&b, x), probe, NULL);
    int32_t count;
    const struct parameter *statistics = trainer_statistics(t, &count);
    assert_int_equal(count, 2);
    loss_of(t);
    assert_true(fabsf(statistics[1].data[0] - 1) > 1e-4f); /* the running variance moved */
    assert_ok(trainer_write(&bytes, t, &err));
    assert_ok(onnx_read(&g, bytes.data, bytes.size, BYTES_MOST, &err));
    assert_int_equal(g.node_count, 2);
    assert_int_equal(g.values[g.inputs[0]].tensor.dims[0], -1);
    lk_bytes_release(&bytes);
    graph_release(&g);
    trainer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
