/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, Cast, CastLike. */
#include <math.h>

#include "nn/quantize.h"

static const enum tensor_type quantised_types[] = {TENSOR_U8,  TENSOR_I8,  TENSOR_U16,
                                                   TENSOR_I16, TENSOR_I32, TENSOR_NONE};

/* Elements behind one scale: index / step % channels is the channel. */
struct channels {
    int64_t step, count;
};

/* Scale and zero point are one for the tensor, or one for each index along `axis`. */
static lk_status channels_of(struct channels *ch, struct op_call *c, enum tensor_type zero_type) {
    const struct tensor *x = c->inputs[0], *scale = op_input(c, 1), *zero = op_input(c, 2);
    int32_t axis = 0;
    *ch = (struct channels){.step = 1, .count = 1};
    lk_status status = op_need_f32(c, 1);
    if (status == LK_OK && tensor_count(scale) != 1) {
        status = op_axis(c, op_int(c, "axis", 1), x->rank, &axis);
        ch->count = status == LK_OK ? x->dims[axis] : 1;
        for (int32_t i = axis + 1; i < x->rank; i++) {
            ch->step *= x->dims[i];
        }
    }
    if (status == LK_OK && (scale->rank > 1 || tensor_count(scale) != ch->count)) {
        return op_unsupported(c, "%lld scales for %lld channels", (long long)tensor_count(scale),
                              (long long)ch->count);
    }
    return status == LK_OK && zero ? quantize_check_zero(c, 2, zero_type, ch->count) : status;
}

static lk_status quantize_shape(struct op_call *c) {
    static const enum tensor_type reals[] = {TENSOR_F32, TENSOR_I32, TENSOR_NONE};
    struct channels ch;
    const struct tensor *x = op_input(c, 0), *zero = op_input(c, 2);
    enum tensor_type type = zero ? zero->type : TENSOR_U8;
    lk_status status = op_types(c, 0, reals);
    if (status == LK_OK && zero) {
        status = op_types(c, 2, quantised_types);
    }
    if (status == LK_OK && type == TENSOR_I32) {
        status = op_unsupported(c, "quantisation to int32");
    }
    if (status == LK_OK) {
        status = channels_of(&ch, c, type);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(type, x->rank, x->dims);
    }
    return status;
}

static lk_status quantize_run(struct op_call *c) {
    struct channels ch;
    const struct tensor *x = c->inputs[0], *zero = op_input(c, 2);
    struct tensor *y = &c->outputs[0];
    lk_status status = channels_of(&ch, c, y->type);
    for (int64_t i = 0; status == LK_OK && i < tensor_count(x); i++) {
        int64_t k = ch.count > 1 ? i / ch.step % ch.count : 0;
        int32_t q = quantize_value((float)tensor_number(x, i), quantize_scale(c->inputs[1], k),
                                   zero ? quantize_parameter(zero, k) : 0, y->type);
        quantize_store(y, i, q);
    }
    return status;
}

static lk_status dequantize_shape(struct op_call *c) {
    struct channels ch;
    const struct tensor *x = op_input(c, 0);
    lk_status status = op_types(c, 0, quantised_types);
    if (status == LK_OK) {
        status = channels_of(&ch, c, x->type);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(TENSOR_F32, x->rank, x->dims);
    }
    return status;
}

/* One run of elements with the same scale and zero point. Weights of whole networks pass here: the types that they have go fast. */
static void dequantize_line(float *y, const struct tensor *x, int64_t at, int64_t count,
                            int64_t zero, float scale) {
    if (x->type == TENSOR_I8) {
        const int8_t *from = (const int8_t *)x->data + at;
        for (int64_t i = 0; i < count; i++) {
            y[i] = (float)(from[i] - (int32_t)zero) * scale;
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        y[i] = (float)(tensor_integer(x, at + i) - zero) * scale;
    }
}

static lk_status dequantize_run(struct op_call *c) {
    struct channels ch;
    const struct tensor *x = c->inputs[0], *zero = op_input(c, 2);
    float *y = c->outputs[0].data;
    lk_status status = channels_of(&ch, c, x->type);
    int64_t count = tensor_count(x), line = ch.count > 1 ? ch.step : count;
    for (int64_t at = 0; status == LK_OK && at < count; at += line) {
        int64_t k = ch.count > 1 ? at / line % ch.count : 0;
        dequantize_line(y + at, x, at, line, zero ? quantize_parameter(zero, k) : 0,
                        quantize_scale(c->inputs[1], k));
    }
    return status;
}

static lk_status dynamic_shape(struct op_call *c) {
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(TENSOR_U8, c->inputs[0]->rank, c->inputs[0]->dims);
        c->outputs[1] = tensor_of(TENSOR_F32, 0, NULL);
        c->outputs[2] = tensor_of(TENSOR_U8, 0, NULL);
    }
    return status;
}

/* The range of the data and zero, in 255 steps. */
static lk_status dynamic_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const float *values = x->data;
    float low = 0, high = 0;
    for (int64_t i = 0; i < tensor_count(x); i++) {
        low = fminf(low, values[i]);
        high = fmaxf(high, values[i]);
    }
    float scale = (high - low) / 255.0f;
    scale = scale > 0 ? scale : 1.0f; /* all zero: any scale is right */
    int32_t zero = quantize_value(-low, scale, 0, TENSOR_U8);
    *(float *)c->outputs[1].data = scale;
    *(uint8_t *)c->outputs[2].data = (uint8_t)zero;
    for (int64_t i = 0; i < tensor_count(x); i++) {
        quantize_store(&c->outputs[0], i, quantize_value(values[i], scale, zero, TENSOR_U8));
    }
    return LK_OK;
}

/* -- Cast -- */

static lk_status cast_shape(struct op_call *c) {
    const struct tensor *like = op_input(c, 1);
    enum tensor_type to =
        like ? like->type : (enum tensor_type)op_int(c, "to", (int64_t)TENSOR_NONE);
    if (tensor_type_size(to) == 0) {
        return op_unsupported(c, "a cast to type %d", (int)to);
    }
    c->outputs[0] = tensor_of(to, c->inputs[0]->rank, c->inputs[0]->dims);
    return LK_OK;
}

static bool is_real(enum tensor_type type) {
    return type == TENSOR_F32 || type == TENSOR_F64 || type == TENSOR_F16;
}

static lk_status cast_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    struct tensor *y = &c->outputs[0];
    int64_t count = tensor_count(x);
    bool whole = !is_real(x->type) && !is_real(y->type) && y->type != TENSOR_BOOL;
    for (int64_t i = 0; i < count; i++) {
        if (whole) {
            tensor_set_integer(y, i, tensor_integer(x, i));
        } else {
            tensor_set_number(y, i, tensor_number(x, i));
        }
    }
    return LK_OK;
}

const struct op op_quantize[] = {
    {"QuantizeLinear", 2, 3, 1, 1, quantize_shape, quantize_run, NULL},
    {"DequantizeLinear", 2, 3, 1, 1, dequantize_shape, dequantize_run, NULL},
    {"DynamicQuantizeLinear", 1, 1, 3, 3, dynamic_shape, dynamic_run, NULL},
    {"Cast", 1, 1, 1, 1, cast_shape, cast_run, NULL},
    {"CastLike", 2, 2, 1, 1, cast_shape, cast_run, NULL},
    OP_END,
};
