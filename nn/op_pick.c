/* SPDX-License-Identifier: Apache-2.0 */
/* Along one axis: TopK, Compress, OneHot, CumSum, ReverseSequence. A tensor is [outer, the axis, inner]. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/op.h"

struct lines {
    int32_t axis;
    int64_t outer, size, inner;
};

static struct lines lines_of(const struct tensor *x, int32_t axis) {
    struct lines l = {axis, 1, x->dims[axis], 1};
    for (int32_t d = 0; d < x->rank; d++) {
        l.outer *= d < axis ? x->dims[d] : 1;
        l.inner *= d > axis ? x->dims[d] : 1;
    }
    return l;
}

/* Copies `count` elements, whatever their type. */
static void move(struct tensor *y, int64_t to, const struct tensor *x, int64_t from,
                 int64_t count) {
    size_t size = tensor_type_size(x->type);
    if (count > 0) {
        memcpy((uint8_t *)y->data + (size_t)to * size,
               (const uint8_t *)x->data + (size_t)from * size, (size_t)count * size);
    }
}

/* -- TopK -- */

/* k: an attribute before operator set 10, input 1 after. */
static lk_status read_k(struct op_call *c, int64_t size, int64_t *k) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_NONE};
    *k = op_int(c, "k", -1);
    if (c->opset >= 10) {
        const struct tensor *t;
        lk_status status = op_constant(c, 1, &t);
        if (status == LK_OK) {
            status = op_types(c, 1, whole);
        }
        if (status != LK_OK) {
            return status;
        }
        *k = tensor_count(t) == 1 ? tensor_integer(t, 0) : -1;
    }
    return *k < 0 || *k > size
               ? op_wrong(c, "the first %lld of %lld", (long long)*k, (long long)size)
               : LK_OK;
}

static lk_status top_lines(struct op_call *c, struct lines *l, int64_t *k) {
    int32_t axis;
    lk_status status = op_axis(c, op_int(c, "axis", -1), c->inputs[0]->rank, &axis);
    if (status == LK_OK) {
        *l = lines_of(c->inputs[0], axis);
        status = read_k(c, l->size, k);
    }
    return status;
}

static lk_status top_shape(struct op_call *c) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F64, TENSOR_F16, TENSOR_U8,
                                             TENSOR_I8,  TENSOR_U16, TENSOR_I16, TENSOR_U32,
                                             TENSOR_I32, TENSOR_U64, TENSOR_I64, TENSOR_NONE};
    const struct tensor *x = c->inputs[0];
    struct lines l;
    int64_t k;
    lk_status status = op_types(c, 0, types);
    if (status == LK_OK) {
        status = top_lines(c, &l, &k);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(x->type, x->rank, x->dims);
        c->outputs[0].dims[l.axis] = k;
        c->outputs[1] = tensor_of(TENSOR_I64, x->rank, c->outputs[0].dims);
    }
    return status;
}

/* An element of a line: numbers without a sign that stand in the order of the elements. */
struct ranked {
    uint64_t key;
    int64_t at;
};

static uint64_t key_of(const struct tensor *x, int64_t i) {
    const uint64_t sign = UINT64_C(1) << 63;
    if (x->type == TENSOR_U64) {
        return (uint64_t)tensor_integer(x, i);
    }
    if (x->type != TENSOR_F32 && x->type != TENSOR_F64 && x->type != TENSOR_F16) {
        return (uint64_t)tensor_integer(x, i) ^ sign;
    }
    double value = tensor_number(x, i) + 0.0; /* -0 is 0 */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value)) { /* stands above all numbers, as NumPy sorts it */
        return UINT64_MAX;
    }
    return bits & sign ? ~bits : bits | sign;
}

static int by_key(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    if (a->key != b->key) {
        return a->key > b->key ? -1 : 1;
    }
    return (a->at > b->at) - (a->at < b->at);
}

static lk_status top_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct lines l = {0};
    int64_t k = 0;
    bool smallest = op_int(c, "largest", 1) == 0;
    lk_status status = top_lines(c, &l, &k);
    if (status != LK_OK) {
        return status;
    }
    struct ranked *line = mem_alloc((size_t)l.size, sizeof *line);
    if (!line) {
        return error_memory(c->err, (size_t)l.size);
    }
    for (int64_t i = 0; i < l.outer * l.inner; i++) {
        int64_t base = i / l.inner * l.size * l.inner + i % l.inner;
        for (int64_t n = 0; n < l.size; n++) {
            uint64_t key = key_of(x, base + n * l.inner);
            line[n] = (struct ranked){smallest ? ~key : key, n};
        }
        qsort(line, (size_t)l.size, sizeof *line, by_key);
        for (int64_t n = 0; n < k; n++) {
            int64_t to = (i / l.inner * k + n) * l.inner + i % l.inner;
            move(&c->outputs[0], to, x, base + line[n].at * l.inner, 1);
            ((int64_t *)c->outputs[1].data)[to] = line[n].at;
        }
    }
    mem_free(line);
    return LK_OK;
}

/* -- Compress: the elements of an axis, or of all, for which a constant says so -- */

static lk_status compress_lines(struct op_call *c, struct lines *l) {
    const struct tensor *x = c->inputs[0];
    if (!node_attribute(c->node, "axis")) {
        *l = (struct lines){0, 1, tensor_count(x), 1};
        return LK_OK;
    }
    int32_t axis = 0;
    lk_status status = op_axis(c, op_int(c, "axis", 0), x->rank, &axis);
    if (status == LK_OK) {
        *l = lines_of(x, axis);
    }
    return status;
}

static lk_status compress_shape(struct op_call *c) {
    static const enum tensor_type truth[] = {TENSOR_BOOL, TENSOR_NONE};
    const struct tensor *x = c->inputs[0], *which;
    struct lines l = {0};
    lk_status status = op_constant(c, 1, &which);
    if (status == LK_OK) {
        status = op_types(c, 1, truth);
    }
    if (status == LK_OK) {
        status = compress_lines(c, &l);
    }
    if (status != LK_OK) {
        return status;
    }
    if (which->rank != 1 || which->dims[0] > l.size) {
        return op_wrong(c, "a condition of %lld for %lld elements", (long long)tensor_count(which),
                        (long long)l.size);
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < which->dims[0]; i++) {
        kept += tensor_integer(which, i) != 0;
    }
    bool flat = !node_attribute(c->node, "axis");
    c->outputs[0] = flat ? tensor_of(x->type, 1, &kept) : tensor_of(x->type, x->rank, x->dims);
    c->outputs[0].dims[l.axis] = kept;
    return LK_OK;
}

static lk_status compress_run(struct op_call *c) {
    const struct tensor *which = c->inputs[1];
    struct lines l = {0};
    int64_t to = 0;
    lk_status status = compress_lines(c, &l);
    for (int64_t o = 0; status == LK_OK && o < l.outer; o++) {
        for (int64_t i = 0; i < which->dims[0]; i++) {
            if (tensor_integer(which, i)) {
                move(&c->outputs[0], to, c->inputs[0], (o * l.size + i) * l.inner, l.inner);
                to += l.inner;
            }
        }
    }
    return status;
}

/* -- OneHot -- */

/* More classes than any network tells apart; what the output takes is checked apart from it. */
enum { CLASSES_MAX = INT32_MAX };

static lk_status one_hot_shape(struct op_call *c) {
    const struct tensor *indices = c->inputs[0], *values = c->inputs[2], *depth;
    int32_t axis = 0;
    lk_status status = op_constant(c, 1, &depth);
    if (status == LK_OK && indices->rank >= TENSOR_DIMS) {
        status = op_unsupported(c, "more than %d dimensions", TENSOR_DIMS);
    }
    if (status == LK_OK) {
        status = op_axis(c, op_int(c, "axis", -1), indices->rank + 1, &axis);
    }
    if (status != LK_OK) {
        return status;
    }
    double size = tensor_count(depth) == 1 ? trunc(tensor_number(depth, 0)) : -1;
    if (!(size >= 0 && size <= CLASSES_MAX) || values->rank != 1 || values->dims[0] != 2) {
        return op_wrong(c, "%g classes, %lld values", size, (long long)tensor_count(values));
    }
    struct tensor y = {.type = values->type, .rank = indices->rank + 1};
    for (int32_t d = 0; d < y.rank; d++) {
        y.dims[d] = d == axis ? (int64_t)size : indices->dims[d - (d > axis)];
    }
    c->outputs[0] = y;
    return LK_OK;
}

static lk_status one_hot_run(struct op_call *c) {
    const struct tensor *indices = c->inputs[0], *values = c->inputs[2];
    struct tensor *y = &c->outputs[0];
    int32_t axis;
    lk_status status = op_axis(c, op_int(c, "axis", -1), y->rank, &axis);
    if (status != LK_OK) {
        return status;
    }
    struct lines l = lines_of(y, axis);
    for (int64_t i = 0; i < tensor_count(y); i++) {
        move(y, i, values, 0, 1);
    }
    for (int64_t i = 0; i < tensor_count(indices); i++) {
        double k = trunc(tensor_number(indices, i));
        k += k < 0 && c->opset >= 11 ? (double)l.size : 0;
        if (k >= 0 && k < (double)l.size) { /* all others have no class */
            move(y, (i / l.inner * l.size + (int64_t)k) * l.inner + i % l.inner, values, 1, 1);
        }
    }
    return LK_OK;
}

/* -- CumSum -- */

static lk_status sum_shape(struct op_call *c) {
    static const enum tensor_type numbers[] = {TENSOR_F32, TENSOR_F64, TENSOR_I32, TENSOR_I64,
                                               TENSOR_NONE};
    static const enum tensor_type whole[] = {TENSOR_I32, TENSOR_I64, TENSOR_NONE};
    lk_status status = op_types(c, 0, numbers);
    if (status == LK_OK) {
        status = op_types(c, 1, whole);
    }
    if (status == LK_OK && tensor_count(c->inputs[1]) != 1) {
        status = op_wrong(c, "%lld axes", (long long)tensor_count(c->inputs[1]));
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

/* One line whose elements are `step` apart; each sum takes in what stands before it, and itself unless `exclusive`. */
static void sum_line(struct tensor *y, const struct tensor *x, int64_t first, int64_t step,
                     int64_t count, bool exclusive) {
    bool real = x->type == TENSOR_F32 || x->type == TENSOR_F64;
    double sum = 0;
    uint64_t whole = 0;
    for (int64_t n = 0, i = first; n < count; n++, i += step) {
        double before = sum;
        uint64_t whole_before = whole;
        sum += real ? tensor_number(x, i) : 0;
        whole += real ? 0 : (uint64_t)tensor_integer(x, i);
        switch (y->type) {
        case TENSOR_F32: ((float *)y->data)[i] = (float)(exclusive ? before : sum); break;
        case TENSOR_F64: ((double *)y->data)[i] = exclusive ? before : sum; break;
        case TENSOR_I32:
            ((int32_t *)y->data)[i] = (int32_t)(exclusive ? whole_before : whole);
            break;
        default: ((int64_t *)y->data)[i] = (int64_t)(exclusive ? whole_before : whole); break;
        }
    }
}

static lk_status sum_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    bool reverse = op_int(c, "reverse", 0) != 0, exclusive = op_int(c, "exclusive", 0) != 0;
    int32_t axis;
    lk_status status = op_axis(c, tensor_integer(c->inputs[1], 0), x->rank, &axis);
    if (status != LK_OK) {
        return status;
    }
    struct lines l = lines_of(x, axis);
    for (int64_t i = 0; i < l.outer * l.inner; i++) {
        int64_t base = i / l.inner * l.size * l.inner + i % l.inner;
        sum_line(&c->outputs[0], x, reverse ? base + (l.size - 1) * l.inner : base,
                 reverse ? -l.inner : l.inner, l.size, exclusive);
    }
    return LK_OK;
}

/* -- ReverseSequence: of each of a batch as many steps as input 1 says -- */

static lk_status reverse_shape(struct op_call *c) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_NONE};
    const struct tensor *x = c->inputs[0], *lengths = c->inputs[1];
    int64_t batch = op_int(c, "batch_axis", 1), time = op_int(c, "time_axis", 0);
    lk_status status = op_types(c, 1, whole);
    bool right = x->rank >= 2 && (batch == 0 || batch == 1) && time == 1 - batch;
    if (status == LK_OK && !right) {
        status = op_wrong(c, "batch axis %lld and time axis %lld of %d dimensions",
                          (long long)batch, (long long)time, (int)x->rank);
    }
    if (status == LK_OK && (lengths->rank != 1 || lengths->dims[0] != x->dims[batch])) {
        status = op_wrong(c, "%lld lengths for a batch of %lld", (long long)tensor_count(lengths),
                          (long long)x->dims[batch]);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status reverse_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    bool time_first = op_int(c, "time_axis", 0) == 0;
    int64_t steps = x->dims[time_first ? 0 : 1], batch = x->dims[time_first ? 1 : 0];
    int64_t inner = lines_of(x, 1).inner;
    for (int64_t b = 0; b < batch; b++) {
        int64_t length = tensor_integer(c->inputs[1], b);
        if (length < 0 || length > steps) {
            return op_wrong(c, "a sequence of %lld of %lld steps", (long long)length,
                            (long long)steps);
        }
        for (int64_t t = 0; t < steps; t++) {
            int64_t from = t < length ? length - 1 - t : t;
            int64_t to_row = time_first ? t * batch + b : b * steps + t;
            int64_t from_row = time_first ? from * batch + b : b * steps + from;
            move(&c->outputs[0], to_row * inner, x, from_row * inner, inner);
        }
    }
    return LK_OK;
}

const struct op op_pick[] = {
    {"TopK", 1, 2, 2, 2, top_shape, top_run, NULL},
    {"Compress", 2, 2, 1, 1, compress_shape, compress_run, NULL},
    {"OneHot", 3, 3, 1, 1, one_hot_shape, one_hot_run, NULL},
    {"CumSum", 2, 2, 1, 1, sum_shape, sum_run, NULL},
    {"ReverseSequence", 2, 2, 1, 1, reverse_shape, reverse_run, NULL},
    OP_END,
};
