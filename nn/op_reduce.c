/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over some dimensions, in double: ReduceMean and its kin, ArgMax, ArgMin. */
#include <math.h>
#include <string.h>

#include "nn/op.h"

enum reduce_kind { SUM, MEAN, MAXIMUM, MINIMUM, PRODUCT, L1, L2, LOG_SUM, LOG_SUM_EXP, SQUARES };

static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F64, TENSOR_I32, TENSOR_I64, TENSOR_U8,
                                         TENSOR_I8,  TENSOR_U32, TENSOR_U64, TENSOR_NONE};

/* Which dimensions go: an attribute, or input 1 from operator set 13 (ReduceSum) or 18 on; all when neither says. */
struct reduction {
    bool gone[TENSOR_DIMS];
    bool keep; /* as dimensions of 1 */
};

static lk_status mark(struct op_call *c, struct reduction *r, int64_t axis) {
    int32_t at;
    lk_status status = op_axis(c, axis, c->inputs[0]->rank, &at);
    if (status == LK_OK) {
        r->gone[at] = true;
    }
    return status;
}

static lk_status reduction_of(struct reduction *r, struct op_call *c) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_NONE};
    const struct tensor *input = op_input(c, 1);
    int32_t count;
    const int64_t *listed = op_ints(c, "axes", &count);
    *r = (struct reduction){.keep = op_int(c, "keepdims", 1) != 0};
    lk_status status = LK_OK;
    if (!listed && input) {
        status = op_constant(c, 1, &input);
        if (status == LK_OK) {
            status = op_types(c, 1, whole);
        }
        count = status == LK_OK ? (int32_t)MIN(tensor_count(input), TENSOR_DIMS) : 0;
    }
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = mark(c, r, listed ? listed[i] : tensor_integer(input, i));
    }
    bool all = count == 0 && op_int(c, "noop_with_empty_axes", 0) == 0;
    for (int32_t i = 0; all && i < c->inputs[0]->rank; i++) {
        r->gone[i] = true;
    }
    return status;
}

static struct tensor reduced(const struct tensor *x, const struct reduction *r,
                             enum tensor_type type) {
    struct tensor y = {.type = type};
    for (int32_t i = 0; i < x->rank; i++) {
        if (!r->gone[i] || r->keep) {
            y.dims[y.rank++] = r->gone[i] ? 1 : x->dims[i];
        }
    }
    return y;
}

static lk_status reduce_shape(struct op_call *c) {
    struct reduction r;
    lk_status status = op_types(c, 0, types);
    if (status == LK_OK) {
        status = reduction_of(&r, c);
    }
    if (status == LK_OK) {
        c->outputs[0] = reduced(c->inputs[0], &r, c->inputs[0]->type);
    }
    return status;
}

/* Walks the elements that one output is made of: offsets in x of the dimensions that go. */
struct walk {
    const struct tensor *x;
    int64_t strides[TENSOR_DIMS];
    const struct reduction *r;
    int64_t count; /* elements to an output */
};

static void walk_init(struct walk *w, const struct tensor *x, const struct reduction *r) {
    *w = (struct walk){.x = x, .r = r, .count = 1};
    tensor_strides(x, w->strides);
    for (int32_t i = 0; i < x->rank; i++) {
        w->count *= r->gone[i] ? x->dims[i] : 1;
    }
}

/* Offset of step k among the dimensions that go (or, gone false, that stay). */
static int64_t walk_offset(const struct walk *w, int64_t k, bool gone) {
    int64_t at = 0;
    for (int32_t d = w->x->rank - 1; d >= 0; d--) {
        if (w->r->gone[d] == gone) {
            at += k % w->x->dims[d] * w->strides[d];
            k /= w->x->dims[d];
        }
    }
    return at;
}

static double reduce_one(const struct walk *w, int64_t base, enum reduce_kind kind) {
    double result = kind == PRODUCT   ? 1
                    : kind == MAXIMUM ? -INFINITY
                    : kind == MINIMUM ? INFINITY
                                      : 0;
    double high = -INFINITY;
    for (int64_t k = 0; kind == LOG_SUM_EXP && k < w->count; k++) {
        high = fmax(high, tensor_number(w->x, base + walk_offset(w, k, true)));
    }
    high = isfinite(high) ? high : 0;
    for (int64_t k = 0; k < w->count; k++) {
        double v = tensor_number(w->x, base + walk_offset(w, k, true));
        switch (kind) {
        case MAXIMUM: result = v > result ? v : result; break;
        case MINIMUM: result = v < result ? v : result; break;
        case PRODUCT: result *= v; break;
        case L1: result += fabs(v); break;
        case L2:
        case SQUARES: result += v * v; break;
        case LOG_SUM_EXP: result += exp(v - high); break;
        default: result += v; break;
        }
    }
    switch (kind) {
    case MEAN: return w->count > 0 ? result / (double)w->count : result;
    case L2: return sqrt(result);
    case LOG_SUM: return log(result);
    case LOG_SUM_EXP: return log(result) + high;
    default: return result;
    }
}

static lk_status reduce_run(struct op_call *c) {
    const enum reduce_kind *kind = c->node->op->family;
    struct reduction r;
    struct walk w;
    lk_status status = reduction_of(&r, c);
    walk_init(&w, c->inputs[0], &r);
    for (int64_t i = 0; status == LK_OK && i < tensor_count(&c->outputs[0]); i++) {
        tensor_set_number(&c->outputs[0], i, reduce_one(&w, walk_offset(&w, i, false), *kind));
    }
    return status;
}

/* -- ArgMax, ArgMin: one axis -- */

static lk_status arg_reduction(struct reduction *r, struct op_call *c, int32_t *axis) {
    *r = (struct reduction){.keep = op_int(c, "keepdims", 1) != 0};
    lk_status status = op_axis(c, op_int(c, "axis", 0), c->inputs[0]->rank, axis);
    if (status == LK_OK) {
        r->gone[*axis] = true;
    }
    return status;
}

static lk_status arg_shape(struct op_call *c) {
    struct reduction r;
    int32_t axis;
    lk_status status = op_types(c, 0, types);
    if (status == LK_OK) {
        status = arg_reduction(&r, c, &axis);
    }
    if (status == LK_OK && c->inputs[0]->dims[axis] < 1) {
        status = op_wrong(c, "axis %d is empty", (int)axis);
    }
    if (status == LK_OK) {
        c->outputs[0] = reduced(c->inputs[0], &r, TENSOR_I64);
    }
    return status;
}

static lk_status arg_run(struct op_call *c) {
    bool most = strcmp(c->node->op->name, "ArgMax") == 0;
    bool last = op_int(c, "select_last_index", 0) != 0;
    struct reduction r;
    struct walk w;
    int32_t axis;
    lk_status status = arg_reduction(&r, c, &axis);
    walk_init(&w, c->inputs[0], &r);
    for (int64_t i = 0; status == LK_OK && i < tensor_count(&c->outputs[0]); i++) {
        int64_t base = walk_offset(&w, i, false), best = 0;
        double found = tensor_number(w.x, base);
        for (int64_t k = 1; k < w.count; k++) {
            double v = tensor_number(w.x, base + k * w.strides[axis]);
            bool better = most ? v > found : v < found;
            if (better || (last && v >= found && v <= found)) {
                best = k;
                found = v;
            }
        }
        ((int64_t *)c->outputs[0].data)[i] = best;
    }
    return status;
}

/* clang-format off */
#define ROW(op, kind) {op, 1, 2, 1, 1, reduce_shape, reduce_run, &(const enum reduce_kind){kind}}
/* clang-format on */

const struct op op_reduce[] = {
    ROW("ReduceMean", MEAN),
    ROW("ReduceSum", SUM),
    ROW("ReduceMax", MAXIMUM),
    ROW("ReduceMin", MINIMUM),
    ROW("ReduceProd", PRODUCT),
    ROW("ReduceL1", L1),
    ROW("ReduceL2", L2),
    ROW("ReduceLogSum", LOG_SUM),
    ROW("ReduceLogSumExp", LOG_SUM_EXP),
    ROW("ReduceSumSquare", SQUARES),
    {"ArgMax", 1, 1, 1, 1, arg_shape, arg_run, NULL},
    {"ArgMin", 1, 1, 1, 1, arg_shape, arg_run, NULL},
    OP_END,
};
