/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool, AveragePool, LpPool and their global forms. */
#include <math.h>
#include <string.h>

#include "nn/window.h"

/* How the values under a window become one. */
enum pool_kind { POOL_MAX, POOL_AVERAGE, POOL_LP };

struct pool_row {
    enum pool_kind kind;
    bool global;
};

static const struct pool_row max_row = {POOL_MAX, false}, average_row = {POOL_AVERAGE, false},
                             lp_row = {POOL_LP, false}, global_max_row = {POOL_MAX, true},
                             global_average_row = {POOL_AVERAGE, true},
                             global_lp_row = {POOL_LP, true};

static lk_status pool_window(struct window *w, struct op_call *c) {
    const struct pool_row *row = c->node->op->family;
    const struct tensor *x = c->inputs[0];
    if (!row->global) {
        if (!node_attribute(c->node, "kernel_shape")) {
            return op_wrong(c, "kernel_shape is missing");
        }
        return window_of(w, c, x, NULL, op_int(c, "ceil_mode", 0) != 0);
    }
    *w = (struct window){.given = WINDOW_DIMS};
    if (x->rank < 3) {
        return op_wrong(c, "an input of %d dimensions", (int)x->rank);
    }
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        w->in[i] = w->out[i] = w->kernel[i] = w->stride[i] = w->dilation[i] = 1;
    }
    /* All spatial dimensions, however many, are one line. */
    for (int32_t i = 2; i < x->rank; i++) {
        w->in[2] *= x->dims[i];
    }
    w->kernel[2] = w->in[2];
    return w->in[2] > 0 ? LK_OK : op_wrong(c, "an empty input");
}

static lk_status pool_shape(struct op_call *c) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_U8, TENSOR_I8, TENSOR_NONE};
    const struct pool_row *row = c->node->op->family;
    struct window w;
    lk_status status = row->kind == POOL_MAX ? op_types(c, 0, types) : op_need_f32(c, 0);
    if (status == LK_OK) {
        status = pool_window(&w, c);
    }
    if (status != LK_OK) {
        return status;
    }
    const struct tensor *x = c->inputs[0];
    if (row->global) {
        c->outputs[0] = tensor_of(x->type, x->rank, x->dims);
        for (int32_t i = 2; i < x->rank; i++) {
            c->outputs[0].dims[i] = 1;
        }
    } else {
        window_shape(&c->outputs[0], &w, x->type, x->dims[0], x->dims[1]);
    }
    if (c->output_count > 1) {
        c->outputs[1] = tensor_of(TENSOR_I64, c->outputs[0].rank, c->outputs[0].dims);
    }
    return LK_OK;
}

struct pooling {
    const struct window *w;
    enum pool_kind kind;
    bool count_padding; /* averages divide by the padding under the window, too */
    bool column_major;  /* places of maxima are counted down columns */
    int64_t p;          /* of the Lp norm */
};

/* A running result over the values under one window. */
struct pooled {
    double value;
    int64_t at;    /* of the maximum, in the plane */
    int64_t count; /* values seen */
};

static void pool_take(struct pooled *r, const struct pooling *p, double x, int64_t at) {
    switch (p->kind) {
    case POOL_MAX:
        if (r->count == 0 || x > r->value || isnan(x)) {
            r->value = x;
            r->at = at;
        }
        break;
    case POOL_AVERAGE: r->value += x; break;
    default: r->value += pow(fabs(x), (double)p->p); break;
    }
    r->count++;
}

/* The part of the window at `at` that lies on the input along one dimension: places from, from + step, ... */
struct span {
    int64_t from, step, count;
};

static struct span span_of(const struct window *w, int32_t d, int64_t at) {
    int64_t begin = at * w->stride[d] - w->pad_begin[d], step = w->dilation[d];
    int64_t first = begin < 0 ? (-begin + step - 1) / step : 0;
    int64_t from = begin + first * step;
    int64_t room = from < w->in[d] ? (w->in[d] - 1 - from) / step + 1 : 0;
    return (struct span){from, step, MAX(0, MIN(w->kernel[d] - first, room))};
}

static struct pooled pool_one(const struct pooling *p, const struct tensor *x, int64_t plane,
                              const int64_t at[WINDOW_DIMS]) {
    const struct window *w = p->w;
    struct span z = span_of(w, 0, at[0]), y = span_of(w, 1, at[1]), row = span_of(w, 2, at[2]);
    struct pooled r = {0};
    for (int64_t kz = 0; kz < z.count; kz++) {
        for (int64_t ky = 0; ky < y.count; ky++) {
            int64_t line =
                ((z.from + kz * z.step) * w->in[1] + y.from + ky * y.step) * w->in[2] + row.from;
            for (int64_t kx = 0; kx < row.count; kx++) {
                int64_t i = line + kx * row.step;
                pool_take(&r, p, tensor_number(x, plane + i), i);
            }
        }
    }
    return r;
}

/* Pixels and padding under the window at `at`; what hangs over the padding's end does not count. */
static int64_t padded_count(const struct window *w, const int64_t at[WINDOW_DIMS]) {
    int64_t count = 1;
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        int64_t room = w->in[i] + w->pad_end[i] - (at[i] * w->stride[i] - w->pad_begin[i]);
        count *= MAX(0, MIN(w->kernel[i], (room + w->dilation[i] - 1) / w->dilation[i]));
    }
    return count;
}

static void pool_store(struct op_call *c, const struct pooling *p, const struct pooled *r,
                       int64_t to, int64_t plane, const int64_t at[WINDOW_DIMS]) {
    struct tensor *y = &c->outputs[0];
    double value = r->value;
    if (p->kind == POOL_AVERAGE) {
        int64_t count = p->count_padding ? padded_count(p->w, at) : r->count;
        value = count > 0 ? value / (double)count : 0;
    } else if (p->kind == POOL_LP) {
        value = pow(value, 1.0 / (double)p->p);
    }
    switch (y->type) {
    case TENSOR_F32: ((float *)y->data)[to] = (float)value; break;
    case TENSOR_U8: ((uint8_t *)y->data)[to] = (uint8_t)value; break;
    default: ((int8_t *)y->data)[to] = (int8_t)value; break;
    }
    if (c->output_count > 1) {
        const int64_t *in = p->w->in;
        int64_t row = r->at / in[2] % in[1], column = r->at % in[2], z = r->at / (in[1] * in[2]);
        int64_t turned = (column * in[1] + row) * in[0] + z;
        ((int64_t *)c->outputs[1].data)[to] = plane + (p->column_major ? turned : r->at);
    }
}

static lk_status pool_run(struct op_call *c) {
    const struct pool_row *row = c->node->op->family;
    struct window w;
    lk_status status = pool_window(&w, c);
    struct pooling p = {.w = &w,
                        .kind = row->kind,
                        .count_padding = op_int(c, "count_include_pad", 0) != 0,
                        .column_major = op_int(c, "storage_order", 0) != 0,
                        .p = op_int(c, "p", 2)};
    const struct tensor *x = c->inputs[0];
    int64_t planes = x->dims[0] * x->dims[1], size = window_volume(w.in), to = 0;
    for (int64_t i = 0; status == LK_OK && i < planes; i++) {
        int64_t at[WINDOW_DIMS];
        for (at[0] = 0; at[0] < w.out[0]; at[0]++) {
            for (at[1] = 0; at[1] < w.out[1]; at[1]++) {
                for (at[2] = 0; at[2] < w.out[2]; at[2]++) {
                    struct pooled r = pool_one(&p, x, i * size, at);
                    pool_store(c, &p, &r, to++, i * size, at);
                }
            }
        }
    }
    return status;
}

const struct op op_pool[] = {
    {"MaxPool", 1, 1, 1, 2, pool_shape, pool_run, &max_row},
    {"AveragePool", 1, 1, 1, 1, pool_shape, pool_run, &average_row},
    {"LpPool", 1, 1, 1, 1, pool_shape, pool_run, &lp_row},
    {"GlobalMaxPool", 1, 1, 1, 1, pool_shape, pool_run, &global_max_row},
    {"GlobalAveragePool", 1, 1, 1, 1, pool_shape, pool_run, &global_average_row},
    {"GlobalLpPool", 1, 1, 1, 1, pool_shape, pool_run, &global_lp_row},
    OP_END,
};
