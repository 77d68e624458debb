/* SPDX-License-Identifier: Apache-2.0 */
/* random_training [SEEDS [FROM]]: random networks of every layer with a way back, values used twice, weights shared, outputs in
 * the middle, all against finite differences. test_training.c has the layers one by one; here they stand behind and beside one
 * another, where memory is shared and steps are joined. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "nn/build.h"
#include "nn/trainer.h"

enum { BATCH = 3, CHANNELS = 4, SIDE = 4, LAYERS = 9, VALUES = 2 * LAYERS + 2, OUTPUTS = 2 };

static void need(bool holds, const char *what, uint64_t seed) {
    if (!holds) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, what);
        exit(1);
    }
}

/* Sum of c y + y^2 / 2 over all outputs, c from a seed. */
static lk_status probe(void *arg, double *loss, const struct tensor *outputs,
                       struct tensor *gradients, int32_t count, lk_error *err) {
    (void)arg;
    (void)err;
    struct rng r;
    rng_init(&r, 5);
    *loss = 0;
    for (int32_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < tensor_count(&outputs[i]); k++) {
            double c = rng_normal(&r), v = (double)((const float *)outputs[i].data)[k];
            *loss += c * v + v * v / 2;
            ((float *)gradients[i].data)[k] = (float)(c + v);
        }
    }
    return LK_OK;
}

/* -- Layers from CHANNELS x SIDE x SIDE to the same -- */

struct draw {
    struct builder b;
    struct rng r;
    int32_t values[VALUES], count;
    int32_t weights; /* of a convolution before, to be shared; -1 */
    int32_t names;
};

static const char *fresh(char text[32], struct draw *d, const char *what) {
    snprintf(text, 32, "%s%d", what, (int)d->names++);
    return text;
}

static int32_t any(struct draw *d) {
    return d->values[rng_below(&d->r, (uint32_t)d->count)];
}

static int32_t draw_conv(struct draw *d, int32_t x, int64_t groups) {
    char name[32];
    bool bias = rng_below(&d->r, 2) > 0;
    int32_t y = build_conv(&d->b, fresh(name, d, "conv"), x,
                           &(struct build_conv){CHANNELS, CHANNELS, 3, 1, groups, bias});
    struct node *node = &d->b.g->nodes[d->b.g->node_count - 1];
    if (groups == 1 && d->weights >= 0 && rng_below(&d->r, 3) == 0) {
        node->inputs[1] = d->weights;
    } else if (groups == 1) {
        d->weights = node->inputs[1];
    }
    return y;
}

static int32_t draw_strided(struct draw *d, int32_t x) {
    char name[32];
    x = build_enlarge(&d->b, fresh(name, d, "enlarge"), x, 2);
    return build_conv(&d->b, fresh(name, d, "strided"), x,
                      &(struct build_conv){CHANNELS, CHANNELS, 3, 2, 1, false});
}

static int32_t draw_up(struct draw *d, int32_t x) {
    char name[32];
    x = build_conv_transpose(&d->b, fresh(name, d, "up"), x,
                             &(struct build_conv){CHANNELS, CHANNELS, 4, 2, 1, true});
    return build_max_pool(&d->b, fresh(name, d, "half"), x, 2, 2);
}

static int32_t draw_dense(struct draw *d, int32_t x) {
    enum { NUMBERS = CHANNELS * SIDE * SIDE };
    char name[32];
    x = build_unary(&d->b, "Flatten", fresh(name, d, "flat"), x);
    x = build_dense(&d->b, fresh(name, d, "dense"), x, NUMBERS, NUMBERS);
    return build_reshape(&d->b, fresh(name, d, "planes"), x, CHANNELS, SIDE, SIDE);
}

static int32_t draw_mean(struct draw *d, int32_t x) {
    char name[32];
    int32_t mean = build_unary(&d->b, "GlobalAveragePool", fresh(name, d, "mean"), x);
    return build_add(&d->b, fresh(name, d, "sum"), any(d), mean);
}

/* A parameter for each picture's pixel, each channel, or all. */
static int32_t draw_shift(struct draw *d, int32_t x) {
    static const int64_t shapes[][4] = {
        {1, CHANNELS, SIDE, SIDE}, {1, CHANNELS, 1, 1}, {1, 1, SIDE, 1}, {1, 1, 1, 1}};
    char name[32];
    uint32_t which = rng_below(&d->r, ARRAY_COUNT(shapes));
    int32_t shift = build_weights(&d->b, fresh(name, d, "shift"), 4, shapes[which], 0.5);
    bool first = rng_below(&d->r, 2) > 0;
    return build_add(&d->b, fresh(name, d, "sum"), first ? shift : x, first ? x : shift);
}

static int32_t draw_layer(struct draw *d) {
    static const char *const unary[] = {"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "Identity"};
    char name[32];
    int32_t x = any(d);
    switch (rng_below(&d->r, 13)) {
    case 0: return draw_conv(d, x, 1);
    case 1: return draw_conv(d, x, 1);
    case 2: return draw_conv(d, x, CHANNELS);
    case 3: return draw_strided(d, x);
    case 4: return draw_up(d, x);
    case 5: return draw_dense(d, x);
    case 6: return draw_mean(d, x);
    case 7: return draw_shift(d, x);
    case 8: return build_add(&d->b, fresh(name, d, "sum"), x, any(d)); /* may be x itself */
    case 9: return build_norm(&d->b, fresh(name, d, "norm"), x, CHANNELS);
    case 10:
        x = build_norm(&d->b, fresh(name, d, "norm"), x, CHANNELS);
        if (rng_below(&d->r, 2) > 0) { /* others may read it, too: then it is no part of the Relu */
            d->values[d->count++] = x;
        }
        return build_unary(&d->b, "Relu", fresh(name, d, "relu"), x);
    case 11: return build_l2(&d->b, fresh(name, d, "l2"), x);
    default: {
        const char *op = unary[rng_below(&d->r, ARRAY_COUNT(unary))];
        return build_unary(&d->b, op, fresh(name, d, "unary"), x);
    }
    }
}

static struct trainer *draw_trainer(uint64_t seed) {
    static const char *const names[OUTPUTS] = {"last", "middle"};
    const int64_t dims[4] = {1, CHANNELS, SIDE, SIDE};
    struct draw d = {.weights = -1};
    struct graph g;
    struct trainer *t;
    lk_error err = {0};
    rng_init(&d.r, seed);
    build_begin(&d.b, &g, seed, &err);
    int32_t x = build_input(&d.b, "in", CHANNELS, SIDE, SIDE);
    d.values[d.count++] = build_add(&d.b, "begin", x, build_weights(&d.b, "before", 4, dims, 0.5));
    int32_t layers = 2 + (int32_t)rng_below(&d.r, LAYERS - 1);
    for (int32_t i = 0; i < layers; i++) {
        int32_t y = draw_layer(&d);
        d.values[d.count++] = y;
    }
    int32_t middle = (int32_t)rng_below(&d.r, (uint32_t)d.count - 1);
    const int32_t outputs[OUTPUTS] = {d.values[d.count - 1], d.values[middle]};
    need(build_end(&d.b, names, outputs, 1 + (int32_t)rng_below(&d.r, 2)) == LK_OK, err.text, seed);
    const int64_t in_dims[4] = {BATCH, CHANNELS, SIDE, SIDE};
    const struct tensor shape = tensor_of(TENSOR_F32, 4, in_dims);
    const struct trainer_options o = {.threads = 2,
                                      .memory_bytes = 1 << 26,
                                      .cpu = seed % 3 == 0 ? CPU_C : CPU_AVX512,
                                      .channels_last = seed % 2 == 0,
                                      .loss = probe};
    need(trainer_new(&t, &g, &shape, NULL, 0, &o, &err) == LK_OK, err.text, seed);
    struct tensor *in = trainer_input(t, 0);
    for (int64_t i = 0; i < tensor_count(in); i++) {
        ((float *)in->data)[i] = (float)rng_normal(&d.r);
    }
    return t;
}

/* -- Slopes -- */

static double loss_of(struct trainer *t, uint64_t seed) {
    lk_error err = {0};
    double loss;
    need(trainer_step(t, &loss, &err) == LK_OK, err.text, seed);
    return loss;
}

/* How far the slope along a random direction is from the gradient's, in sizes of the gradient. */
static double off_by(struct trainer *t, const struct parameter *p, uint64_t seed, double step) {
    struct rng r;
    rng_init(&r, seed);
    float *kept = mem_alloc((size_t)p->count, sizeof *kept);
    float *along = mem_alloc((size_t)p->count, sizeof *along);
    double length = 0, slope = 0, steepest = 0, sides[2];
    need(kept && along, "no memory", seed);
    loss_of(t, seed);
    for (int64_t i = 0; i < p->count; i++) {
        along[i] = (float)rng_normal(&r);
        length += (double)along[i] * (double)along[i];
    }
    for (int64_t i = 0; i < p->count; i++) {
        along[i] = (float)((double)along[i] / sqrt(length));
        slope += p->gradient ? (double)along[i] * (double)p->gradient[i] : 0;
        steepest += p->gradient ? (double)p->gradient[i] * (double)p->gradient[i] : 0;
    }
    memcpy(kept, p->data, (size_t)p->count * sizeof *kept);
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < p->count; i++) {
            p->data[i] = kept[i] + (float)((side ? step : -step) * (double)along[i]);
        }
        sides[side] = loss_of(t, seed);
    }
    memcpy(p->data, kept, (size_t)p->count * sizeof *kept);
    /* Rounding of the loss, a sum of floats' errors, over the step. */
    double noise = 2e-6 * (fabs(sides[0]) + 10) / step;
    double found = (sides[1] - sides[0]) / (2 * step);
    double off = fmax(fabs(found - slope) - noise, 0);
    mem_free(kept);
    mem_free(along);
    return off / (sqrt(steepest / (double)p->count) + fabs(slope) + 1e-2);
}

/* A kink of Relu or a maximum within the step makes a slope wrong, a shorter step mostly misses it. */
static bool check(uint64_t seed) {
    struct trainer *t = draw_trainer(seed);
    int32_t count;
    bool good = true;
    const struct parameter *p = trainer_parameters(t, &count);
    for (int32_t i = 0; good && i < count; i++) {
        double off = INFINITY;
        for (double step = 4e-3; step > 2e-4 && off > 3e-2; step /= 3) {
            off = fmin(off, off_by(t, &p[i], seed, step));
        }
        good = off <= 3e-2;
        if (!good) {
            fprintf(stderr, "seed %llu, %s: the slope is off by %g of the gradient\n",
                    (unsigned long long)seed, p[i].name, off);
        }
    }
    trainer_free(t);
    return good;
}

int main(int argc, char **argv) {
    uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 150;
    uint64_t from = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int32_t wrong = 0;
    for (uint64_t seed = from; seed < from + seeds; seed++) {
        wrong += !check(seed);
    }
    printf("%llu networks, %d wrong\n", (unsigned long long)seeds, (int)wrong);
    return wrong > 0;
}
