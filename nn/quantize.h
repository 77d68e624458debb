/* SPDX-License-Identifier: Apache-2.0 */
/* Affine quantisation as ONNX defines it: real = (q - zero) * scale, one scale and zero for a tensor or one for each of its
 * channels; rounding to nearest, ties to even; saturating. */
#ifndef LK_QUANTIZE_H
#define LK_QUANTIZE_H

#include "nn/op.h"

/* Element i of a parameter that holds one number, or one a channel. */
int64_t quantize_parameter(const struct tensor *t, int64_t i);
float quantize_scale(const struct tensor *t, int64_t i);

/* Checks input i of the node as a zero point of that type, for a tensor or one each of `channels`; it may be left out. */
MUST_CHECK lk_status quantize_check_zero(struct op_call *c, int32_t i, enum tensor_type type,
                                         int64_t channels);
/* The same for scale and zero, both of which must be there. */
MUST_CHECK lk_status quantize_check(struct op_call *c, int32_t scale, int32_t zero,
                                    enum tensor_type type, int64_t channels);

/* value / scale + zero, rounded and saturated to the type (8-bit or 16-bit). */
int32_t quantize_value(float value, float scale, int64_t zero, enum tensor_type type);
void quantize_store(struct tensor *t, int64_t i, int32_t value);

/* How sums of products of two quantised tensors become a third. */
struct requantize {
    struct tensor *out;
    const struct tensor *a_scale, *b_scale; /* b's: one, or one a channel */
    const struct tensor *scale, *zero;      /* of the output */
};

void requantize_store(const struct requantize *r, int64_t at, int64_t sum, int64_t channel);

#endif
