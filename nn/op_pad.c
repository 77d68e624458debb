/* SPDX-License-Identifier: Apache-2.0 */
/* Pad: with a constant, the edge, the reflection or the repetition of the inside. Elements of any type. */
#include <string.h>

#include "nn/strided.h"

enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP, PAD_MODES };

/* Beyond any size that fits into memory; sums of a few stay in 64 bits. */
#define PAD_MAX (INT64_C(1) << 40)

struct padding {
    enum pad_mode mode;
    int64_t begin[TENSOR_DIMS], end[TENSOR_DIMS];
};

static enum pad_mode pad_mode_of(const char *text) {
    static const char *const names[PAD_MODES] = {"constant", "edge", "reflect", "wrap"};
    int mode = 0;
    while (mode < PAD_MODES && strcmp(names[mode], text) != 0) {
        mode++;
    }
    return (enum pad_mode)mode;
}

/* pads: all beginnings, then all ends, for every dimension or for those that input 3 names. */
static lk_status padding_of(struct padding *p, struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct op_integers pads, axes;
    *p = (struct padding){.mode = pad_mode_of(op_text(c, "mode", "constant"))};
    if (p->mode == PAD_MODES) {
        return op_unsupported(c, "mode %.40s", op_text(c, "mode", "constant"));
    }
    lk_status status = op_integers(&pads, c, "pads", 1);
    if (status == LK_OK) {
        status = op_integers(&axes, c, "axes", 3);
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
        bool over = p.begin[i] > PAD_MAX || p.begin[i] < -PAD_MAX || p.end[i] > PAD_MAX ||
                    p.end[i] < -PAD_MAX;
        y.dims[i] += over ? 0 : p.begin[i] + p.end[i];
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
    case PAD_WRAP: return (i % size + size) % size;
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
            strided_move(y, i, x, from);
        }
    }
    return status;
}

const struct op op_pad[] = {
    {"Pad", 1, 4, 1, 1, pad_shape, pad_run, NULL},
    OP_END,
};
