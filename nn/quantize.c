/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/quantize.h"

#include <math.h>

int64_t quantize_parameter(const struct tensor *t, int64_t i) {
    return tensor_integer(t, tensor_count(t) == 1 ? 0 : i);
}

float quantize_scale(const struct tensor *t, int64_t i) {
    return ((const float *)t->data)[tensor_count(t) == 1 ? 0 : i];
}

static bool is_parameter(const struct tensor *t, int64_t channels) {
    return t->rank <= 1 && (tensor_count(t) == 1 || tensor_count(t) == channels);
}

lk_status quantize_check_zero(struct op_call *c, int32_t i, enum tensor_type type,
                              int64_t channels) {
    const struct tensor *t = op_input(c, i);
    if (t && (t->type != type || !is_parameter(t, channels))) {
        return op_wrong(c, "input %d is no zero point of %s for %lld channels", (int)i,
                        tensor_type_name(type), (long long)channels);
    }
    return LK_OK;
}

lk_status quantize_check(struct op_call *c, int32_t scale, int32_t zero, enum tensor_type type,
                         int64_t channels) {
    lk_status status = op_need_f32(c, scale);
    if (status == LK_OK && !is_parameter(c->inputs[scale], channels)) {
        status =
            op_wrong(c, "input %d is no scale for %lld channels", (int)scale, (long long)channels);
    }
    if (status == LK_OK && !op_input(c, zero)) {
        status = op_wrong(c, "input %d, a zero point, is missing", (int)zero);
    }
    return status == LK_OK ? quantize_check_zero(c, zero, type, channels) : status;
}

static void type_range(enum tensor_type type, int32_t *low, int32_t *high) {
    switch (type) {
    case TENSOR_U8: *low = 0, *high = UINT8_MAX; break;
    case TENSOR_I8: *low = INT8_MIN, *high = INT8_MAX; break;
    case TENSOR_U16: *low = 0, *high = UINT16_MAX; break;
    default: *low = INT16_MIN, *high = INT16_MAX; break;
    }
}

int32_t quantize_value(float value, float scale, int64_t zero, enum tensor_type type) {
    int32_t low, high;
    type_range(type, &low, &high);
    float steps = rintf(value / scale) + (float)zero;
    if (!(steps > (float)low)) { /* and what is no number */
        return low;
    }
    return steps >= (float)high ? high : (int32_t)steps;
}

void quantize_store(struct tensor *t, int64_t i, int32_t value) {
    if (tensor_type_size(t->type) == 1) {
        ((uint8_t *)t->data)[i] = (uint8_t)value;
    } else {
        ((uint16_t *)t->data)[i] = (uint16_t)value;
    }
}

void requantize_store(const struct requantize *r, int64_t at, int64_t sum, int64_t channel) {
    float scale = quantize_scale(r->a_scale, 0) * quantize_scale(r->b_scale, channel);
    float value = (float)sum * scale;
    int32_t q = quantize_value(value, quantize_scale(r->scale, 0), tensor_integer(r->zero, 0),
                               r->out->type);
    quantize_store(r->out, at, q);
}
