/* SPDX-License-Identifier: Apache-2.0 */
/* Making graphs from code. Each function appends an operator and returns the value it makes. After the first error, which
 * the builder keeps, the others do nothing and return -1. Weights are drawn from the builder's seed. */
#ifndef LK_BUILD_H
#define LK_BUILD_H

#include "base/rng.h"
#include "nn/graph.h"

struct builder {
    struct graph *g; /* empty before; the caller releases it, also after an error */
    struct rng rng;
    lk_status status;
    lk_error *err;
};

/* The operator set of the graphs made. */
enum { BUILD_OPSET = 13 };

void build_begin(struct builder *b, struct graph *g, uint64_t seed, lk_error *err);
/* Names the outputs and ends the graph. Returns the first error. */
MUST_CHECK lk_status build_end(struct builder *b, const char *const *names, const int32_t *outputs,
                               int32_t count);

/* A float input of `channels` x `height` x `width`, any batch. */
int32_t build_input(struct builder *b, const char *name, int64_t channels, int64_t height,
                    int64_t width);
/* A float constant: all elements equal, or normal with that deviation. */
int32_t build_constant(struct builder *b, const char *name, int32_t rank, const int64_t *dims,
                       float value);
int32_t build_weights(struct builder *b, const char *name, int32_t rank, const int64_t *dims,
                      double deviation);

struct build_conv {
    int64_t in, out, kernel; /* channels; side of the square window */
    int64_t stride;          /* 0: 1 */
    int64_t groups;          /* 0: 1 */
    bool bias;
};
/* A convolution that keeps the size, divided by the stride; weights as He et al. 2015 draw them, the bias zero. */
int32_t build_conv(struct builder *b, const char *name, int32_t x, const struct build_conv *c);
/* A transposed convolution that multiplies the size by the stride: kernel 2 x stride, or equal to it. */
int32_t build_conv_transpose(struct builder *b, const char *name, int32_t x,
                             const struct build_conv *c);
/* Batch normalisation, beginning as no change. */
int32_t build_norm(struct builder *b, const char *name, int32_t x, int64_t channels);
/* Maximum over a window of size x size, or the mean. */
int32_t build_max_pool(struct builder *b, const char *name, int32_t x, int64_t size,
                       int64_t stride);
/* Each pixel `factor` times in both directions. */
int32_t build_enlarge(struct builder *b, const char *name, int32_t x, int32_t factor);
/* x w' + bias: w is [out, in]. */
int32_t build_dense(struct builder *b, const char *name, int32_t x, int64_t in, int64_t out);
/* [batch, channels, ...] to [batch, channels, height, width]. */
int32_t build_reshape(struct builder *b, const char *name, int32_t x, int64_t channels,
                      int64_t height, int64_t width);
/* An operator of one input without attributes: "Relu", "Sigmoid", "GlobalAveragePool", "Flatten". */
int32_t build_unary(struct builder *b, const char *op, const char *name, int32_t x);
int32_t build_add(struct builder *b, const char *name, int32_t x, int32_t y);
/* Rows to length 1. */
int32_t build_l2(struct builder *b, const char *name, int32_t x);

#endif
