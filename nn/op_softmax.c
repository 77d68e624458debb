/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax, Hardmax. Before operator set 13 the tensor is taken as a matrix whose rows end at `axis`; from 13 on
 * the operator runs along that one axis. */
#include <math.h>

#include "nn/op.h"

enum softmax_kind { SOFT, LOG_SOFT, HARD };
static const enum softmax_kind soft = SOFT, log_soft = LOG_SOFT, hard = HARD;

/* Lines of `count` elements, `step` apart. */
struct lines {
    int64_t outer, count, step;
};

static lk_status lines_of(struct lines *lines, struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    bool whole = c->opset < 13;
    int64_t said = op_int(c, "axis", whole ? 1 : -1);
    int32_t axis = 0;
    lk_status status = LK_OK;
    if (whole && said == x->rank) {
        axis = x->rank; /* every element is a row of its own */
    } else if (x->rank > 0) {
        status = op_axis(c, said, x->rank, &axis);
    }
    *lines = (struct lines){.outer = 1, .count = 1, .step = 1};
    for (int32_t i = 0; i < x->rank; i++) {
        int64_t *to = i < axis ? &lines->outer : whole || i == axis ? &lines->count : &lines->step;
        *to *= x->dims[i];
    }
    return status;
}

static lk_status softmax_shape(struct op_call *c) {
    struct lines lines;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = lines_of(&lines, c);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static void softmax_line(float *y, const float *x, const struct lines *l, enum softmax_kind kind) {
    int64_t best = 0;
    for (int64_t i = 1; i < l->count; i++) {
        best = x[i * l->step] > x[best * l->step] ? i : best;
    }
    double high = (double)x[best * l->step], sum = 0;
    for (int64_t i = 0; i < l->count; i++) {
        sum += exp((double)x[i * l->step] - high);
    }
    double log_sum = log(sum);
    for (int64_t i = 0; i < l->count; i++) {
        double shifted = (double)x[i * l->step] - high;
        y[i * l->step] = kind == HARD       ? (float)(i == best)
                         : kind == LOG_SOFT ? (float)(shifted - log_sum)
                                            : (float)(exp(shifted) / sum);
    }
}

static lk_status softmax_run(struct op_call *c) {
    struct lines l;
    lk_status status = lines_of(&l, c);
    const float *x = c->inputs[0]->data;
    float *y = c->outputs[0].data;
    const enum softmax_kind *kind = c->node->op->family;
    for (int64_t o = 0; status == LK_OK && l.count > 0 && o < l.outer; o++) {
        for (int64_t s = 0; s < l.step; s++) {
            int64_t at = o * l.count * l.step + s;
            softmax_line(y + at, x + at, &l, *kind);
        }
    }
    return status;
}

const struct op op_softmax[] = {
    {"Softmax", 1, 1, 1, 1, softmax_shape, softmax_run, &soft},
    {"LogSoftmax", 1, 1, 1, 1, softmax_shape, softmax_run, &log_soft},
    {"Hardmax", 1, 1, 1, 1, softmax_shape, softmax_run, &hard},
    OP_END,
};
