/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements, whatever their type: Concat, Split, Slice, Pad, Tile, Transpose, DepthToSpace, SpaceToDepth. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/op.h"

/* Copies element `from` of x to element `to` of y. */
static void move(struct tensor *y, int64_t to, const struct tensor *x, int64_t from) {
    size_t size = tensor_type_size(x->type);
    memcpy((uint8_t *)y->data + (size_t)to * size, (const uint8_t *)x->data + (size_t)from * size,
           size);
}

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
        int64_t length;
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

/* -- Everything else gathers: element i of y is at base + sum of index[d] * steps[d] in x. -- */

struct gathering {
    int64_t base, steps[TENSOR_DIMS];
};

static void gather(struct tensor *y, const struct tensor *x, const struct gathering *g) {
    int64_t index[TENSOR_DIMS] = {0}, at = g->base, count = tensor_count(y);
    for (int64_t i = 0; i < count; i++) {
        move(y, i, x, at);
        for (int32_t d = y->rank - 1; d >= 0; d--) {
            at += g->steps[d];
            if (++index[d] < y->dims[d]) {
                break;
            }
            at -= g->steps[d] * y->dims[d];
            index[d] = 0;
        }
    }
}

/* Integers that are an attribute in old files and input i in new ones. *out is NULL when they are in neither. */
struct integers {
    int64_t items[2 * TENSOR_DIMS];
    int32_t count; /* -1: not there */
};

static lk_status integers_of(struct integers *out, struct op_call *c, const char *attribute,
                             int32_t input) {
    static const enum tensor_type types[] = {TENSOR_I64, TENSOR_I32, TENSOR_NONE};
    const struct tensor *t = op_input(c, input);
    int32_t count;
    const int64_t *listed = op_ints(c, attribute, &count);
    out->count = -1;
    if (!listed && !t) {
        return LK_OK;
    }
    if (!listed) {
        lk_status status = op_constant(c, input, &t);
        if (status == LK_OK) {
            status = op_types(c, input, types);
        }
        if (status != LK_OK) {
            return status;
        }
        count = (int32_t)MIN(tensor_count(t), 2 * TENSOR_DIMS + 1);
    }
    if (count > 2 * TENSOR_DIMS) {
        return op_wrong(c, "%s lists %d numbers", attribute, (int)count);
    }
    for (int32_t i = 0; i < count; i++) {
        out->items[i] = listed ? listed[i] : tensor_integer(t, i);
    }
    out->count = count;
    return LK_OK;
}

struct slicing {
    struct gathering g;
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
    struct integers starts, ends, axes, steps;
    bool seen[TENSOR_DIMS] = {false};
    s->y = tensor_of(x->type, x->rank, x->dims);
    s->g.base = 0;
    tensor_strides(x, s->g.steps);
    lk_status status = integers_of(&starts, c, "starts", 1);
    if (status == LK_OK) {
        status = integers_of(&ends, c, "ends", 2);
    }
    if (status == LK_OK) {
        status = integers_of(&axes, c, "axes", 3);
    }
    if (status == LK_OK) {
        status = integers_of(&steps, c, "steps", 4);
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
        gather(&c->outputs[0], c->inputs[0], &s.g);
    }
    return status;
}

/* -- Transpose and the two that are transpositions in disguise -- */

static lk_status transpose_order(struct op_call *c, int32_t order[TENSOR_DIMS]) {
    const struct tensor *x = c->inputs[0];
    int32_t count;
    const int64_t *listed = op_ints(c, "perm", &count);
    bool seen[TENSOR_DIMS] = {false};
    if (listed && count != x->rank) {
        return op_wrong(c, "an order of %d for %d dimensions", (int)count, (int)x->rank);
    }
    for (int32_t i = 0; i < x->rank; i++) {
        int64_t from = listed ? listed[i] : x->rank - 1 - i;
        if (from < 0 || from >= x->rank || seen[from]) {
            return op_wrong(c, "the order of dimensions is none");
        }
        seen[from] = true;
        order[i] = (int32_t)from;
    }
    return LK_OK;
}

static lk_status transpose_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int32_t order[TENSOR_DIMS];
    lk_status status = transpose_order(c, order);
    struct tensor y = {.type = x->type, .rank = x->rank};
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        y.dims[i] = x->dims[order[i]];
    }
    c->outputs[0] = y;
    return status;
}

static lk_status transpose_run(struct op_call *c) {
    int32_t order[TENSOR_DIMS];
    int64_t strides[TENSOR_DIMS];
    struct gathering g = {0};
    lk_status status = transpose_order(c, order);
    tensor_strides(c->inputs[0], strides);
    for (int32_t i = 0; status == LK_OK && i < c->inputs[0]->rank; i++) {
        g.steps[i] = strides[order[i]];
    }
    if (status == LK_OK) {
        gather(&c->outputs[0], c->inputs[0], &g);
    }
    return status;
}

/* x of [n, c, h, w] seen as six dimensions, in the order in which y runs through them. */
static lk_status regroup(struct op_call *c, const int64_t dims[6], const int32_t order[6]) {
    struct tensor x = tensor_of(c->inputs[0]->type, 6, dims), y = x;
    int64_t strides[TENSOR_DIMS];
    struct gathering g = {0};
    tensor_strides(&x, strides);
    for (int32_t i = 0; i < 6; i++) {
        g.steps[i] = strides[order[i]];
        y.dims[i] = dims[order[i]];
    }
    y.data = c->outputs[0].data;
    gather(&y, c->inputs[0], &g);
    return LK_OK;
}

static lk_status check_blocks(struct op_call *c, int64_t *block) {
    const struct tensor *x = c->inputs[0];
    *block = op_int(c, "blocksize", 0);
    if (x->rank != 4 || *block < 1 || *block > 4096) {
        return op_wrong(c, "blocks of %lld and %d dimensions", (long long)*block, (int)x->rank);
    }
    return LK_OK;
}

static lk_status depth_to_space_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int64_t b;
    lk_status status = check_blocks(c, &b);
    if (status == LK_OK && x->dims[1] % (b * b) != 0) {
        status =
            op_wrong(c, "%lld channels in blocks of %lld", (long long)x->dims[1], (long long)b);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(
            x->type, 4,
            (int64_t[]){x->dims[0], x->dims[1] / (b * b), x->dims[2] * b, x->dims[3] * b});
    }
    return status;
}

static lk_status depth_to_space_run(struct op_call *c) {
    const int64_t *d = c->inputs[0]->dims;
    int64_t b = op_int(c, "blocksize", 1), depth = d[1] / (b * b);
    if (strcmp(op_text(c, "mode", "DCR"), "CRD") == 0) {
        return regroup(c, (int64_t[]){d[0], depth, b, b, d[2], d[3]},
                       (int32_t[]){0, 1, 4, 2, 5, 3});
    }
    return regroup(c, (int64_t[]){d[0], b, b, depth, d[2], d[3]}, (int32_t[]){0, 3, 4, 1, 5, 2});
}

static lk_status space_to_depth_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int64_t b;
    lk_status status = check_blocks(c, &b);
    if (status == LK_OK && (x->dims[2] % b != 0 || x->dims[3] % b != 0)) {
        status = op_wrong(c, "%lld x %lld in blocks of %lld", (long long)x->dims[3],
                          (long long)x->dims[2], (long long)b);
    }
    if (status == LK_OK) {
        c->outputs[0] =
            tensor_of(x->type, 4,
                      (int64_t[]){x->dims[0], x->dims[1] * b * b, x->dims[2] / b, x->dims[3] / b});
    }
    return status;
}

static lk_status space_to_depth_run(struct op_call *c) {
    const int64_t *d = c->inputs[0]->dims;
    int64_t b = op_int(c, "blocksize", 1);
    return regroup(c, (int64_t[]){d[0], d[1], d[2] / b, b, d[3] / b, b},
                   (int32_t[]){0, 3, 5, 1, 2, 4});
}

/* -- Tile -- */

static lk_status tile_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct integers times;
    lk_status status = integers_of(&times, c, "repeats", 1);
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
        move(y, i, x, from);
    }
    return LK_OK;
}

/* -- Pad -- */

enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT };

struct padding {
    enum pad_mode mode;
    int64_t begin[TENSOR_DIMS], end[TENSOR_DIMS];
};

/* pads: all beginnings, then all ends, for every dimension or for those that input 3 names. */
static lk_status padding_of(struct padding *p, struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const char *mode = op_text(c, "mode", "constant");
    struct integers pads, axes;
    *p = (struct padding){.mode = strcmp(mode, "edge") == 0      ? PAD_EDGE
                                  : strcmp(mode, "reflect") == 0 ? PAD_REFLECT
                                                                 : PAD_CONSTANT};
    lk_status status = integers_of(&pads, c, "pads", 1);
    if (status == LK_OK) {
        status = integers_of(&axes, c, "axes", 3);
    }
    int32_t named = status == LK_OK && axes.count >= 0 ? axes.count : x->rank;
    if (status == LK_OK && (pads.count != 2 * named || named > x->rank)) {
        return op_wrong(c, "%d pads for %d dimensions", (int)pads.count, (int)named);
    }
    for (int32_t i = 0; status == LK_OK && i < named; i++) {
        int32_t axis = i;
        status = axes.count >= 0 ? op_axis(c, axes.items[i], x->rank, &axis) : LK_OK;
        if (status == LK_OK) {
            p->begin[axis] = pads.items[i];
            p->end[axis] = pads.items[i + named];
        }
    }
    return status;
}

static lk_status pad_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct padding p;
    lk_status status = padding_of(&p, c);
    struct tensor y = tensor_of(x->type, x->rank, x->dims);
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        bool over = __builtin_add_overflow(y.dims[i], p.begin[i], &y.dims[i]) ||
                    __builtin_add_overflow(y.dims[i], p.end[i], &y.dims[i]);
        bool reflects = p.mode != PAD_REFLECT ||
                        (p.begin[i] < MAX(x->dims[i], 1) && p.end[i] < MAX(x->dims[i], 1));
        if (over || y.dims[i] < 0 || !reflects || (p.mode != PAD_CONSTANT && x->dims[i] < 1)) {
            status = op_wrong(c, "dimension %d of %lld is padded by %lld and %lld", (int)i,
                              (long long)x->dims[i], (long long)p.begin[i], (long long)p.end[i]);
        }
    }
    const struct tensor *value = op_input(c, 2);
    if (status == LK_OK && value && (value->type != x->type || tensor_count(value) != 1)) {
        status = op_wrong(c, "the padding's value is not one number of the input's type");
    }
    c->outputs[0] = y;
    return status;
}

/* Where index i of a padded dimension comes from; -1: from outside. */
static int64_t padded_from(int64_t i, int64_t size, enum pad_mode mode) {
    if (i >= 0 && i < size) {
        return i;
    }
    switch (mode) {
    case PAD_EDGE: return i < 0 ? 0 : size - 1;
    case PAD_REFLECT: return i < 0 ? -i : 2 * (size - 1) - i;
    default: return -1;
    }
}

static lk_status pad_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *value = op_input(c, 2);
    struct tensor *y = &c->outputs[0];
    struct padding p;
    int64_t strides[TENSOR_DIMS];
    lk_status status = padding_of(&p, c);
    float attribute = op_float(c, "value", 0);
    uint8_t filling[8] = {0};
    if (value) {
        memcpy(filling, value->data, tensor_type_size(value->type));
    } else if (x->type == TENSOR_F32) {
        memcpy(filling, &attribute, sizeof attribute);
    }
    tensor_strides(x, strides);
    size_t size = tensor_type_size(x->type);
    for (int64_t i = 0; status == LK_OK && i < tensor_count(y); i++) {
        int64_t rest = i, from = 0;
        bool outside = false;
        for (int32_t d = y->rank - 1; d >= 0; d--) {
            int64_t at = padded_from(rest % y->dims[d] - p.begin[d], x->dims[d], p.mode);
            rest /= y->dims[d];
            outside = outside || at < 0;
            from += at * strides[d];
        }
        if (outside) {
            memcpy((uint8_t *)y->data + (size_t)i * size, filling, size);
        } else {
            move(y, i, x, from);
        }
    }
    return status;
}

const struct op op_slice[] = {
    {"Concat", 1, OP_MANY, 1, 1, concat_shape, concat_run, NULL},
    {"Split", 1, 2, 1, OP_MANY, split_shape, split_run, NULL},
    {"Slice", 1, 5, 1, 1, slice_shape, slice_run, NULL},
    {"Pad", 1, 4, 1, 1, pad_shape, pad_run, NULL},
    {"Tile", 2, 2, 1, 1, tile_shape, tile_run, NULL},
    {"Transpose", 1, 1, 1, 1, transpose_shape, transpose_run, NULL},
    {"DepthToSpace", 1, 1, 1, 1, depth_to_space_shape, depth_to_space_run, NULL},
    {"SpaceToDepth", 1, 1, 1, 1, space_to_depth_shape, space_to_depth_run, NULL},
    OP_END,
};
