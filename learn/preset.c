/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/preset.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "nn/build.h"

/* -- triplet-28: the small network of surveillance cameras, five times convolution, Relu and pooling. 28 x 28 pixels are halved
 * twice; the last three pools keep the size, so that 7 x 7 x 16 = 784 numbers say what stands where. -- */

static lk_status build_triplet(struct graph *g, int32_t side, int32_t dim, uint64_t seed,
                               lk_error *err) {
    static const struct {
        int64_t out, kernel, pool, stride;
    } blocks[5] = {{32, 5, 2, 2}, {64, 3, 2, 2}, {128, 3, 3, 1}, {256, 3, 3, 1}, {16, 3, 3, 1}};
    static const char *const names[] = {PRESET_EMBEDDING};
    struct builder b;
    char name[32];
    (void)dim;
    build_begin(&b, g, seed, err);
    int32_t x = build_input(&b, PRESET_INPUT, 3, side, side);
    for (int32_t i = 0, in = 3; i < 5; in = (int32_t)blocks[i++].out) {
        snprintf(name, sizeof name, "conv%d", (int)i + 1);
        x = build_conv(&b, name, x,
                       &(struct build_conv){in, blocks[i].out, blocks[i].kernel, .bias = true});
        if (i < 4) { /* the last one's numbers may be negative */
            snprintf(name, sizeof name, "relu%d", (int)i + 1);
            x = build_unary(&b, "Relu", name, x);
        }
        snprintf(name, sizeof name, "pool%d", (int)i + 1);
        x = build_max_pool(&b, name, x, blocks[i].pool, blocks[i].stride);
    }
    x = build_l2(&b, "length", build_unary(&b, "Flatten", "flat", x));
    return build_end(&b, names, &x, 1);
}

/* -- autoencoder: four convolutions that halve, a bottleneck, four that double -- */

enum { CODER_STAGES = 4 };
static const int64_t coder_widths[CODER_STAGES + 1] = {3, 32, 64, 96, 128};

static int32_t build_encoder(struct builder *b, int32_t x) {
    char name[32];
    for (int32_t i = 0; i < CODER_STAGES; i++) {
        snprintf(name, sizeof name, "down%d", (int)i + 1);
        x = build_conv(b, name, x,
                       &(struct build_conv){coder_widths[i], coder_widths[i + 1], 3, .stride = 2,
                                            .bias = true});
        snprintf(name, sizeof name, "down%d.relu", (int)i + 1);
        x = build_unary(b, "Relu", name, x);
    }
    return x;
}

static int32_t build_decoder(struct builder *b, int32_t x) {
    char name[32];
    for (int32_t i = CODER_STAGES; i > 0; i--) {
        snprintf(name, sizeof name, "up%d", (int)i);
        x = build_conv_transpose(b, name, x,
                                 &(struct build_conv){coder_widths[i], coder_widths[i - 1], 4,
                                                      .stride = 2, .bias = true});
        if (i > 1) {
            snprintf(name, sizeof name, "up%d.relu", (int)i);
            x = build_unary(b, "Relu", name, x);
        }
    }
    return build_unary(b, "Sigmoid", "levels", x);
}

static lk_status build_autoencoder(struct graph *g, int32_t side, int32_t dim, uint64_t seed,
                                   lk_error *err) {
    static const char *const names[] = {PRESET_EMBEDDING, PRESET_RECONSTRUCTION};
    struct builder b;
    int64_t width = coder_widths[CODER_STAGES], small = side >> CODER_STAGES;
    int64_t flat = width * small * small;
    int32_t outputs[2];
    build_begin(&b, g, seed, err);
    int32_t x = build_encoder(&b, build_input(&b, PRESET_INPUT, 3, side, side));
    outputs[0] = build_dense(&b, "bottleneck", build_unary(&b, "Flatten", "flat", x), flat, dim);
    x = build_unary(&b, "Relu", "open.relu", build_dense(&b, "open", outputs[0], dim, flat));
    outputs[1] = build_decoder(&b, build_reshape(&b, "unflat", x, width, small, small));
    return build_end(&b, names, outputs, 2);
}

/* -- compact: depthwise-separable convolutions (Howard et al. 2017) with residuals -- */

static int32_t build_normed(struct builder *b, const char *name, int32_t x,
                            const struct build_conv *c) {
    char part[48];
    x = build_conv(b, name, x, c);
    snprintf(part, sizeof part, "%s.norm", name);
    x = build_norm(b, part, x, c->out);
    snprintf(part, sizeof part, "%s.relu", name);
    return build_unary(b, "Relu", part, x);
}

static int32_t build_separable(struct builder *b, const char *name, int32_t x, int64_t in,
                               int64_t out, int64_t stride) {
    char part[40];
    snprintf(part, sizeof part, "%s.depth", name);
    int32_t y =
        build_normed(b, part, x, &(struct build_conv){in, in, 3, .stride = stride, .groups = in});
    snprintf(part, sizeof part, "%s.point", name);
    y = build_normed(b, part, y, &(struct build_conv){in, out, 1, .stride = 1});
    snprintf(part, sizeof part, "%s.sum", name);
    return in == out && stride == 1 ? build_add(b, part, y, x) : y;
}

static lk_status build_compact(struct graph *g, int32_t side, int32_t dim, uint64_t seed,
                               lk_error *err) {
    static const struct { int64_t out, repeats; } stages[] = {{48, 2}, {96, 3}, {192, 4}, {384, 2}};
    enum { STEM = 24, HEAD = 512 };
    static const char *const names[] = {PRESET_EMBEDDING};
    struct builder b;
    char name[32];
    build_begin(&b, g, seed, err);
    int32_t x = build_input(&b, PRESET_INPUT, 3, side, side);
    int64_t in = STEM;
    x = build_normed(&b, "stem", x, &(struct build_conv){3, STEM, 3, .stride = 2});
    for (size_t s = 0; s < ARRAY_COUNT(stages); s++) {
        for (int64_t i = 0; i < stages[s].repeats; i++) {
            snprintf(name, sizeof name, "stage%zu.%d", s + 1, (int)i + 1);
            x = build_separable(&b, name, x, in, stages[s].out, i == 0 ? 2 : 1);
            in = stages[s].out;
        }
    }
    x = build_normed(&b, "head", x, &(struct build_conv){in, HEAD, 1, .stride = 1});
    x = build_unary(&b, "Flatten", "flat", build_unary(&b, "GlobalAveragePool", "mean", x));
    x = build_l2(&b, "length", build_dense(&b, "project", x, HEAD, dim));
    return build_end(&b, names, &x, 1);
}

static const struct preset presets[] = {
    {"triplet-28", "28 x 28 pixels, five convolutions, 784 numbers", 28, 4, 0, false, 127.5f,
     127.5f, build_triplet},
    {"autoencoder", "64 x 64 pixels to 128 numbers and back", 64, 16, 128, true, 0, 255,
     build_autoencoder},
    {"compact", "128 x 128 pixels, depthwise-separable, 0.6 million weights, 128 numbers", 128, 32,
     128, false, 127.5f, 127.5f, build_compact},
};

const struct preset *preset_find(const char *name) {
    for (size_t i = 0; i < ARRAY_COUNT(presets); i++) {
        if (strcmp(presets[i].name, name) == 0) {
            return &presets[i];
        }
    }
    return NULL;
}

size_t preset_count(void) {
    return ARRAY_COUNT(presets);
}

const struct preset *preset_at(size_t i) {
    return &presets[i];
}

enum { SIDE_MOST = 512, DIM_MOST = 4096 };

lk_status preset_build(struct graph *g, const struct preset *p, int32_t side, int32_t dim,
                       uint64_t seed, lk_error *err) {
    *g = (struct graph){0};
    side = side > 0 ? side : p->side;
    if (side % p->side_step != 0 || side > SIDE_MOST) {
        return error_set(err, LK_E_USAGE, "%s takes sides that are multiples of %d up to %d",
                         p->name, (int)p->side_step, SIDE_MOST);
    }
    if (dim > DIM_MOST || (dim > 0 && p->dim == 0)) {
        return error_set(err, LK_E_USAGE,
                         p->dim == 0 ? "the length of %s's embedding follows from its side"
                                     : "%s: an embedding of more than 4096 numbers",
                         p->name);
    }
    return p->build(g, side, dim > 0 ? dim : p->dim, seed, err);
}
