/* SPDX-License-Identifier: Apache-2.0 */
/* Conv, ConvTranspose, ConvInteger, QLinearConv. Weights are [out, in / groups, spatial...], those of a transposed
 * convolution [in, out / groups, spatial...]. The loops below are the definition; what is fast stands in onednn_conv.c. */
#include "nn/op_conv.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/quantize.h"

lk_status conv_geometry(struct conv_geometry *g, struct op_call *c, const struct tensor *x,
                        const struct tensor *w, bool transposed) {
    *g = (struct conv_geometry){0};
    int64_t groups = op_int(c, "group", 1);
    if (x->rank < 3 || w->rank != x->rank) {
        return op_wrong(c, "an input of %d dimensions and weights of %d", (int)x->rank,
                        (int)w->rank);
    }
    g->batch = x->dims[0];
    g->in = x->dims[1];
    g->groups = groups;
    bool divides = groups >= 1 && g->in % groups == 0 && w->dims[0] % groups == 0;
    int64_t expected = transposed ? w->dims[0] : w->dims[1] * groups;
    if (!divides || groups > INT32_MAX || w->dims[0] < 1 || w->dims[1] < 1 || expected != g->in) {
        return op_wrong(c, "%lld channels, weights [%lld,%lld,...] and %lld groups do not fit",
                        (long long)g->in, (long long)w->dims[0], (long long)w->dims[1],
                        (long long)groups);
    }
    g->out = transposed ? w->dims[1] * groups : w->dims[0];
    return transposed ? window_transposed(&g->window, c, x, w->dims + 2)
                      : window_of(&g->window, c, x, w->dims + 2, false);
}

static lk_status check_bias(struct op_call *c, int32_t i, int64_t channels, enum tensor_type type) {
    const struct tensor *b = op_input(c, i);
    if (b && (b->type != type || b->rank != 1 || b->dims[0] != channels)) {
        return op_wrong(c, "the bias is not %s [%lld]", tensor_type_name(type),
                        (long long)channels);
    }
    return LK_OK;
}

static lk_status shape_float(struct op_call *c, bool transposed) {
    struct conv_geometry g;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = op_need_f32(c, 1);
    }
    if (status == LK_OK) {
        status = conv_geometry(&g, c, c->inputs[0], c->inputs[1], transposed);
    }
    if (status == LK_OK) {
        status = check_bias(c, 2, g.out, TENSOR_F32);
    }
    if (status == LK_OK) {
        window_shape(&c->outputs[0], &g.window, TENSOR_F32, g.batch, g.out);
    }
    return status;
}

static lk_status conv_shape(struct op_call *c) {
    return shape_float(c, false);
}

static lk_status conv_transpose_shape(struct op_call *c) {
    return shape_float(c, true);
}

/* The taps of one output pixel: calls for every pixel of the input under the window. */
struct tap {
    int64_t x, w; /* offsets within a channel's plane and within a kernel */
};

/* Lists the taps of the output pixel at (z, y, x); returns how many. taps has room for the kernel's volume. */
static int64_t list_taps(struct tap *taps, const struct window *w, const int64_t at[WINDOW_DIMS]) {
    int64_t count = 0, k = 0;
    for (int64_t kz = 0; kz < w->kernel[0]; kz++) {
        int64_t z = at[0] * w->stride[0] - w->pad_begin[0] + kz * w->dilation[0];
        for (int64_t ky = 0; ky < w->kernel[1]; ky++) {
            int64_t y = at[1] * w->stride[1] - w->pad_begin[1] + ky * w->dilation[1];
            for (int64_t kx = 0; kx < w->kernel[2]; kx++, k++) {
                int64_t x = at[2] * w->stride[2] - w->pad_begin[2] + kx * w->dilation[2];
                bool inside =
                    z >= 0 && z < w->in[0] && y >= 0 && y < w->in[1] && x >= 0 && x < w->in[2];
                if (inside) {
                    taps[count++] = (struct tap){(z * w->in[1] + y) * w->in[2] + x, k};
                }
            }
        }
    }
    return count;
}

/* Calls visit for every output pixel with its taps. */
static lk_status for_each_pixel(struct op_call *c, const struct conv_geometry *g,
                                void (*visit)(void *arg, const struct conv_geometry *g,
                                              int64_t pixel, const struct tap *taps, int64_t count),
                                void *arg) {
    struct tap *taps = mem_alloc((size_t)window_volume(g->window.kernel), sizeof *taps);
    if (!taps) {
        return error_memory(c->err, (size_t)window_volume(g->window.kernel) * sizeof *taps);
    }
    const int64_t *out = g->window.out;
    int64_t pixel = 0;
    for (int64_t z = 0; z < out[0]; z++) {
        for (int64_t y = 0; y < out[1]; y++) {
            for (int64_t x = 0; x < out[2]; x++) {
                int64_t count = list_taps(taps, &g->window, (int64_t[]){z, y, x});
                visit(arg, g, pixel++, taps, count);
            }
        }
    }
    mem_free(taps);
    return LK_OK;
}

struct float_conv {
    const float *x, *w, *bias;
    float *y;
};

static void float_pixel(void *arg, const struct conv_geometry *g, int64_t pixel,
                        const struct tap *taps, int64_t count) {
    const struct float_conv *f = arg;
    int64_t in_plane = window_volume(g->window.in), out_plane = window_volume(g->window.out);
    int64_t kernel = window_volume(g->window.kernel);
    int64_t ins = g->in / g->groups, outs = g->out / g->groups;
    for (int64_t n = 0; n < g->batch; n++) {
        for (int64_t o = 0; o < g->out; o++) {
            const float *x = f->x + (n * g->in + o / outs * ins) * in_plane;
            const float *w = f->w + o * ins * kernel;
            double sum = f->bias ? (double)f->bias[o] : 0;
            for (int64_t i = 0; i < ins; i++, x += in_plane, w += kernel) {
                for (int64_t t = 0; t < count; t++) {
                    sum += (double)x[taps[t].x] * (double)w[taps[t].w];
                }
            }
            f->y[(n * g->out + o) * out_plane + pixel] = (float)sum;
        }
    }
}

static const void *data_of(const struct op_call *c, int32_t i) {
    const struct tensor *t = op_input(c, i);
    return t ? t->data : NULL;
}

static lk_status conv_run(struct op_call *c) {
    struct conv_geometry g;
    lk_status status = conv_geometry(&g, c, c->inputs[0], c->inputs[1], false);
    struct float_conv f = {data_of(c, 0), data_of(c, 1), data_of(c, 2), c->outputs[0].data};
    return status == LK_OK ? for_each_pixel(c, &g, float_pixel, &f) : status;
}

/* A transposed convolution scatters: what a convolution from y to x of the same window gathers at a pixel of x, it adds. */
static void scatter_pixel(void *arg, const struct conv_geometry *g, int64_t pixel,
                          const struct tap *taps, int64_t count) {
    const struct float_conv *f = arg;
    int64_t x_plane = window_volume(g->window.out), y_plane = window_volume(g->window.in);
    int64_t kernel = window_volume(g->window.kernel);
    int64_t ins = g->in / g->groups, outs = g->out / g->groups;
    for (int64_t n = 0; n < g->batch; n++) {
        for (int64_t i = 0; i < g->in; i++) {
            float value = f->x[(n * g->in + i) * x_plane + pixel];
            float *y = f->y + (n * g->out + i / ins * outs) * y_plane;
            const float *w = f->w + i * outs * kernel;
            for (int64_t o = 0; o < outs; o++, y += y_plane, w += kernel) {
                for (int64_t t = 0; t < count; t++) {
                    y[taps[t].x] += value * w[taps[t].w];
                }
            }
        }
    }
}

static lk_status conv_transpose_run(struct op_call *c) {
    struct conv_geometry g;
    lk_status status = conv_geometry(&g, c, c->inputs[0], c->inputs[1], true);
    if (status != LK_OK) {
        return status;
    }
    struct float_conv f = {data_of(c, 0), data_of(c, 1), data_of(c, 2), c->outputs[0].data};
    int64_t plane = window_volume(g.window.out);
    for (int64_t i = 0; i < g.batch * g.out; i++) {
        float bias = f.bias ? f.bias[i % g.out] : 0;
        for (int64_t p = 0; p < plane; p++) {
            f.y[i * plane + p] = bias;
        }
    }
    /* Seen from y, the window slides over it and x is what it yields. */
    struct conv_geometry back = g;
    memcpy(back.window.in, g.window.out, sizeof back.window.in);
    memcpy(back.window.out, g.window.in, sizeof back.window.out);
    return for_each_pixel(c, &back, scatter_pixel, &f);
}

/* -- Integers: the sums are exact, so any order gives the same. -- */

struct integer_conv {
    const struct tensor *x, *w;
    const struct tensor *w_zero; /* NULL: zero; one, or one an output channel */
    int64_t x_zero;
    const int32_t *bias;
    int32_t *sums;               /* ConvInteger's output, or NULL */
    const struct requantize *to; /* QLinearConv's output, or NULL */
};

static void integer_pixel(void *arg, const struct conv_geometry *g, int64_t pixel,
                          const struct tap *taps, int64_t count) {
    const struct integer_conv *f = arg;
    int64_t in_plane = window_volume(g->window.in), out_plane = window_volume(g->window.out);
    int64_t kernel = window_volume(g->window.kernel);
    int64_t ins = g->in / g->groups, outs = g->out / g->groups;
    for (int64_t n = 0; n < g->batch; n++) {
        for (int64_t o = 0; o < g->out; o++) {
            int64_t x = (n * g->in + o / outs * ins) * in_plane, w = o * ins * kernel;
            int64_t zero = f->w_zero ? quantize_parameter(f->w_zero, o) : 0;
            int64_t sum = f->bias ? f->bias[o] : 0;
            for (int64_t i = 0; i < ins; i++, x += in_plane, w += kernel) {
                for (int64_t t = 0; t < count; t++) {
                    sum += (tensor_integer(f->x, x + taps[t].x) - f->x_zero) *
                           (tensor_integer(f->w, w + taps[t].w) - zero);
                }
            }
            int64_t at = (n * g->out + o) * out_plane + pixel;
            if (f->sums) {
                f->sums[at] = (int32_t)sum;
            } else {
                requantize_store(f->to, at, sum, o);
            }
        }
    }
}

static const enum tensor_type bytes_types[] = {TENSOR_U8, TENSOR_I8, TENSOR_NONE};

static lk_status conv_integer_shape(struct op_call *c) {
    struct conv_geometry g;
    lk_status status = op_types(c, 0, bytes_types);
    if (status == LK_OK) {
        status = op_types(c, 1, bytes_types);
    }
    if (status == LK_OK) {
        status = conv_geometry(&g, c, c->inputs[0], c->inputs[1], false);
    }
    if (status == LK_OK) {
        status = quantize_check_zero(c, 2, c->inputs[0]->type, 1);
    }
    if (status == LK_OK) {
        status = quantize_check_zero(c, 3, c->inputs[1]->type, g.out);
    }
    if (status == LK_OK) {
        window_shape(&c->outputs[0], &g.window, TENSOR_I32, g.batch, g.out);
    }
    return status;
}

static lk_status conv_integer_run(struct op_call *c) {
    struct conv_geometry g;
    lk_status status = conv_geometry(&g, c, c->inputs[0], c->inputs[1], false);
    const struct tensor *zero = op_input(c, 2);
    struct integer_conv f = {.x = c->inputs[0],
                             .w = c->inputs[1],
                             .w_zero = op_input(c, 3),
                             .x_zero = zero ? tensor_integer(zero, 0) : 0,
                             .sums = c->outputs[0].data};
    return status == LK_OK ? for_each_pixel(c, &g, integer_pixel, &f) : status;
}

/* x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias */
static lk_status qlinear_conv_shape(struct op_call *c) {
    struct conv_geometry g;
    lk_status status = op_types(c, 0, bytes_types);
    if (status == LK_OK) {
        status = op_types(c, 3, bytes_types);
    }
    if (status == LK_OK) {
        status = op_types(c, 7, bytes_types);
    }
    if (status == LK_OK) {
        status = conv_geometry(&g, c, c->inputs[0], c->inputs[3], false);
    }
    if (status == LK_OK) {
        status = quantize_check(c, 1, 2, c->inputs[0]->type, 1);
    }
    if (status == LK_OK) {
        status = quantize_check(c, 4, 5, c->inputs[3]->type, g.out);
    }
    if (status == LK_OK) {
        status = quantize_check(c, 6, 7, c->inputs[7]->type, 1);
    }
    if (status == LK_OK) {
        status = check_bias(c, 8, g.out, TENSOR_I32);
    }
    if (status == LK_OK) {
        window_shape(&c->outputs[0], &g.window, c->inputs[7]->type, g.batch, g.out);
    }
    return status;
}

static lk_status qlinear_conv_run(struct op_call *c) {
    struct conv_geometry g;
    lk_status status = conv_geometry(&g, c, c->inputs[0], c->inputs[3], false);
    struct requantize to = {.out = &c->outputs[0],
                            .a_scale = c->inputs[1],
                            .b_scale = c->inputs[4],
                            .scale = c->inputs[6],
                            .zero = c->inputs[7]};
    struct integer_conv f = {.x = c->inputs[0],
                             .w = c->inputs[3],
                             .w_zero = c->inputs[5],
                             .x_zero = tensor_integer(c->inputs[2], 0),
                             .bias = data_of(c, 8),
                             .to = &to};
    return status == LK_OK ? for_each_pixel(c, &g, integer_pixel, &f) : status;
}

const struct op op_conv[] = {
    {"Conv", 2, 3, 1, 1, conv_shape, conv_run, NULL},
    {"ConvTranspose", 2, 3, 1, 1, conv_transpose_shape, conv_transpose_run, NULL},
    {"ConvInteger", 2, 4, 1, 1, conv_integer_shape, conv_integer_run, NULL},
    {"QLinearConv", 8, 9, 1, 1, qlinear_conv_shape, qlinear_conv_run, NULL},
    OP_END,
};
