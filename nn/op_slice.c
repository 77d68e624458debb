/* SPDX-License-Identifier: Apache-2.0 */
/* Taking tensors apart and together, whatever their type: Concat, Split, Slice, Tile. */
#include <string.h>

#include "nn/strided.h"

/* Product of dimensions from..to-1. */
static int64_t extent(const struct tensor *t, int32_t from, int32_t to) {
    int64_t all = 1;
    for (int32_t i = from; i < to; i++) {
        all *= t->dims[i];
    }
    return all;
}

/* -- Concat, Split: blocks of memory -- */

static lk_status concat_shape(struct op_call *c) {
    const struct tensor *first = op_input(c, 0);
    int32_t axis;
    lk_status status = op_axis(c, op_int(c, "axis", 0), first->rank, &axis);
    struct tensor y = tensor_of(first->type, first->rank, first->dims);
    for (int32_t i = 1; status == LK_OK && i < c->input_count; i++) {
        const struct tensor *t = op_input(c, i);
        bool fits = t && t->type == y.type && t->rank == y.rank;
        for (int32_t d = 0; fits && d < y.rank; d++) {
            fits = d == axis || t->dims[d] == y.dims[d];
        }
        if (!fits) {
            return op_wrong(c, "input %d does not fit the first", (int)i);
        }
        if (__builtin_add_overflow(y.dims[axis], t->dims[axis], &y.dims[axis])) {
            return op_wrong(c, "the inputs are too long together");
        }
    }
    c->outputs[0] = y;
    return status;
}

static lk_status concat_run(struct op_call *c) {
    struct tensor *y = &c->outputs[0];
    int32_t axis;
    lk_status status = op_axis(c, op_int(c, "axis", 0), y->rank, &axis);
    size_t size = tensor_type_size(y->type), row = (size_t)extent(y, axis, y->rank) * size, at = 0;
    int64_t outer = extent(y, 0, axis);
    for (int32_t i = 0; status == LK_OK && i < c->input_count; i++) {
        const struct tensor *t = c->inputs[i];
        size_t part = (size_t)extent(t, axis, t->rank) * size;
        for (int64_t o = 0; part > 0 && o < outer; o++) {
            memcpy((uint8_t *)y->data + (size_t)o * row + at,
                   (const uint8_t *)t->data + (size_t)o * part, part);
        }
        at += part;
    }
    return status;
}

/* The length of output i: an attribute before operator set 13, input 1 after; else equal parts. */
static lk_status split_length(struct op_call *c, int32_t i, int64_t whole, int64_t *out) {
    int32_t count;
    const int64_t *listed = op_ints(c, "split", &count);
    const struct tensor *input = op_input(c, 1);
    if (listed) {
        *out = i < count ? listed[i] : -1;
    } else if (input) {
        static const enum tensor_type types[] = {TENSOR_I64, TENSOR_NONE};
        lk_status status = op_constant(c, 1, &input);
        if (status == LK_OK) {
            status = op_types(c, 1, types);
        }
        if (status != LK_OK) {
            return status;
        }
        *out = i < tensor_count(input) ? tensor_integer(input, i) : -1;
    } else {
        if (c->opset < 18 && whole % c->output_count != 0) {
            return op_wrong(c, "%lld in %d equal parts", (long long)whole, (int)c->output_count);
        }
        int64_t each =
            (whole + c->output_count - 1) / c->output_count; /* the last may be shorter */
        *out = MAX(0, MIN(each, whole - i * each));
    }
    return *out < 0 || *out > whole ? op_wrong(c, "part %d is %lld long", (int)i, (long long)*out)
                                    : LK_OK;
}

static lk_status split_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int32_t axis;
    int64_t sum = 0;
    lk_status status = op_axis(c, op_int(c, "axis", 0), x->rank, &axis);
    for (int32_t i = 0; status == LK_OK && i < c->output_count; i++) {
        int64_t length = 0;
        status = split_length(c, i, x->dims[axis], &length);
        if (status == LK_OK) {
            c->outputs[i] = tensor_of(x->type, x->rank, x->dims);
            c->outputs[i].dims[axis] = length;
            sum += length;
        }
    }
    if (status == LK_OK && sum != x->dims[axis]) {
        status = op_wrong(c, "the parts are %lld long together, not %lld", (long long)sum,
                          (long long)x->dims[axis]);
    }
    return status;
}

static lk_status split_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int32_t axis;
    lk_status status = op_axis(c, op_int(c, "axis", 0), x->rank, &axis);
    size_t size = tensor_type_size(x->type), row = (size_t)extent(x, axis, x->rank) * size, at = 0;
    int64_t outer = extent(x, 0, axis);
    for (int32_t i = 0; status == LK_OK && i < c->output_count; i++) {
        struct tensor *y = &c->outputs[i];
        size_t part = (size_t)extent(y, axis, y->rank) * size;
        for (int64_t o = 0; part > 0 && o < outer; o++) {
            memcpy((uint8_t *)y->data + (size_t)o * part,
                   (const uint8_t *)x->data + (size_t)o * row + at, part);
        }
        at += part;
    }
    return status;
}

/* -- Slice -- */

struct slicing {
    struct strided g;
    struct tensor y; /* shape */
};

/* One axis: from start to end by step, as Python slices. */
static lk_status slice_axis(struct op_call *c, struct slicing *s, int32_t axis, int64_t start,
                            int64_t end, int64_t step) {
    int64_t size = c->inputs[0]->dims[axis];
    if (step == 0 || step == INT64_MIN) {
        return op_wrong(c, "a step of %lld", (long long)step);
    }
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    start = start < 0 ? (start < -size ? -1 : start + size) : start;
    end = end < 0 ? (end < -size ? -1 : end + size) : end;
    start = MAX(step > 0 ? 0 : MIN(0, high), MIN(high, start));
    end = MAX(low, MIN(size, end));
    int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    s->y.dims[axis] = span > 0 && size > 0 ? (span - 1) / stride + 1 : 0;
    if (s->y.dims[axis] > 0) {
        s->g.base += start * s->g.steps[axis];
        s->g.steps[axis] *= s->y.dims[axis] > 1 ? step : 0; /* a step may be beyond any size */
    }
    return LK_OK;
}

static lk_status slice_of(struct slicing *s, struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct op_integers starts, ends, axes, steps;
    bool seen[TENSOR_DIMS] = {false};
    s->y = tensor_of(x->type, x->rank, x->dims);
    s->g.base = 0;
    tensor_strides(x, s->g.steps);
    lk_status status = op_integers(&starts, c, "starts", 1);
    if (status == LK_OK) {
        status = op_integers(&ends, c, "ends", 2);
    }
    if (status == LK_OK) {
        status = op_integers(&axes, c, "axes", 3);
    }
    if (status == LK_OK) {
        status = op_integers(&steps, c, "steps", 4);
    }
    bool right = status == LK_OK && starts.count >= 0 && ends.count == starts.count &&
                 starts.count <= x->rank && (axes.count < 0 || axes.count == starts.count) &&
                 (steps.count < 0 || steps.count == starts.count);
    if (status == LK_OK && !right) {
        return op_wrong(c, "starts, ends, axes and steps do not fit each other");
    }
    for (int32_t i = 0; status == LK_OK && i < starts.count; i++) {
        int32_t axis = 0;
        status = op_axis(c, axes.count < 0 ? i : axes.items[i], x->rank, &axis);
        if (status == LK_OK && seen[axis]) {
            status = op_wrong(c, "axis %d is named twice", (int)axis);
        }
        if (status == LK_OK) {
            seen[axis] = true;
            status = slice_axis(c, s, axis, starts.items[i], ends.items[i],
                                steps.count < 0 ? 1 : steps.items[i]);
        }
    }
    return status;
}

static lk_status slice_shape(struct op_call *c) {
    struct slicing s;
    lk_status status = slice_of(&s, c);
    c->outputs[0] = s.y;
    return status;
}

static lk_status slice_run(struct op_call *c) {
    struct slicing s;
    lk_status status = slice_of(&s, c);
    if (status == LK_OK) {
        strided_copy(&c->outputs[0], c->inputs[0], &s.g);
    }
    return status;
}

/* -- Tile -- */

static lk_status tile_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct op_integers times;
    lk_status status = op_integers(&times, c, "repeats", 1);
    if (status == LK_OK && times.count != x->rank) {
        status = op_wrong(c, "%d repeats for %d dimensions", (int)times.count, (int)x->rank);
    }
    struct tensor y = tensor_of(x->type, x->rank, x->dims);
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        if (times.items[i] < 0 || __builtin_mul_overflow(x->dims[i], times.items[i], &y.dims[i])) {
            status = op_wrong(c, "%lld repeats", (long long)times.items[i]);
        }
    }
    c->outputs[0] = y;
    return status;
}

static lk_status tile_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct tensor *y = &c->outputs[0];
    int64_t strides[TENSOR_DIMS];
    tensor_strides(x, strides);
    for (int64_t i = 0; i < tensor_count(y); i++) {
        int64_t rest = i, from = 0;
        for (int32_t d = y->rank - 1; d >= 0; d--) {
            from += rest % y->dims[d] % x->dims[d] * strides[d];
            rest /= y->dims[d];
        }
        strided_move(y, i, x, from);
    }
    return LK_OK;
}

const struct op op_slice[] = {
    {"Concat", 1, OP_MANY, 1, 1, concat_shape, concat_run, NULL},
    {"Split", 1, 2, 1, OP_MANY, split_shape, split_run, NULL},
    {"Slice", 1, 5, 1, 1, slice_shape, slice_run, NULL},
    {"Tile", 2, 2, 1, 1, tile_shape, tile_run, NULL},
    OP_END,
};
