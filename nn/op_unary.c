/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one number: activations and mathematics. Real types are computed in double and rounded once. */
#include <math.h>
#include <string.h>

#include "nn/op.h"

struct unary {
    double (*of)(double x, double alpha, double beta);
    const char *alpha_name, *beta_name; /* attributes; NULL for none */
    float alpha, beta;                  /* the standard's defaults */
};

#define UNARY(name, expression)                                                                    \
    static double name##_of(double x, double a, double b) {                                        \
        (void)a;                                                                                   \
        (void)b;                                                                                   \
        return expression;                                                                         \
    }

UNARY(relu, x < 0 ? 0 : x)
UNARY(leaky_relu, x < 0 ? a * x : x)
UNARY(elu, x < 0 ? a * expm1(x) : x)
UNARY(selu, x > 0 ? b * x : b * a * expm1(x))
UNARY(celu, fmax(0, x) + fmin(0, a *expm1(x / a)))
UNARY(thresholded, x > a ? x : 0)
UNARY(sigmoid, x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)))
UNARY(hard_sigmoid, fmax(0, fmin(1, a *x + b)))
UNARY(hard_swish, x *fmax(0, fmin(1, x / 6 + 0.5)))
UNARY(softplus, fmax(x, 0) + log1p(exp(-fabs(x))))
UNARY(softsign, x / (1 + fabs(x)))
UNARY(shrink, x<-b ? x + a : x> b ? x - a : 0)
UNARY(sign, (x > 0) - (x < 0))
UNARY(negative, -x)
UNARY(reciprocal, 1 / x)
UNARY(absolute, fabs(x))
UNARY(square_root, sqrt(x))
UNARY(exponential, exp(x))
UNARY(logarithm, log(x))
UNARY(error_function, erf(x))
UNARY(gelu, 0.5 * x * (1 + erf(x / sqrt(2))))
UNARY(down, floor(x))
UNARY(up, ceil(x))
UNARY(nearest, nearbyint(x))
UNARY(sine, sin(x))
UNARY(cosine, cos(x))
UNARY(tangent, tan(x))
UNARY(arc_sine, asin(x))
UNARY(arc_cosine, acos(x))
UNARY(arc_tangent, atan(x))
UNARY(sine_h, sinh(x))
UNARY(cosine_h, cosh(x))
UNARY(tangent_h, tanh(x))
UNARY(arc_sine_h, asinh(x))
UNARY(arc_cosine_h, acosh(x))
UNARY(arc_tangent_h, atanh(x))

static const enum tensor_type real_types[] = {TENSOR_F32, TENSOR_F64, TENSOR_NONE};
static const enum tensor_type number_types[] = {TENSOR_F32, TENSOR_F64, TENSOR_I8,  TENSOR_I16,
                                                TENSOR_I32, TENSOR_I64, TENSOR_U8,  TENSOR_U16,
                                                TENSOR_U32, TENSOR_U64, TENSOR_NONE};

static lk_status unary_shape(struct op_call *c) {
    lk_status status = op_types(c, 0, number_types);
    return status == LK_OK ? op_shape_same(c) : status;
}

/* Integers of up to 32 bits are exact in double; the results of the few functions that take them fit their type again. */
static lk_status unary_run(struct op_call *c) {
    const struct unary *u = c->node->op->family;
    const struct tensor *x = c->inputs[0];
    double alpha = (double)(u->alpha_name ? op_float(c, u->alpha_name, u->alpha) : u->alpha);
    double beta = (double)(u->beta_name ? op_float(c, u->beta_name, u->beta) : u->beta);
    int64_t count = tensor_count(x);
    for (int64_t i = 0; i < count; i++) {
        tensor_set_number(&c->outputs[0], i, u->of(tensor_number(x, i), alpha, beta));
    }
    return LK_OK;
}

/* -- Clip: bounds are attributes before operator set 11, optional inputs after -- */

static lk_status clip_shape(struct op_call *c) {
    lk_status status = op_types(c, 0, number_types);
    for (int32_t i = 1; status == LK_OK && i <= 2; i++) {
        const struct tensor *bound = op_input(c, i);
        if (bound && (bound->type != c->inputs[0]->type || tensor_count(bound) != 1)) {
            status = op_wrong(c, "bound %d is not one number of the input's type", (int)i);
        }
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status clip_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *least = op_input(c, 1), *most = op_input(c, 2);
    double low = least ? tensor_number(least, 0) : (double)op_float(c, "min", -INFINITY);
    double high = most ? tensor_number(most, 0) : (double)op_float(c, "max", INFINITY);
    int64_t count = tensor_count(x);
    for (int64_t i = 0; i < count; i++) {
        double value = tensor_number(x, i);
        value = value < low ? low : value;
        tensor_set_number(&c->outputs[0], i, value > high ? high : value);
    }
    return LK_OK;
}

/* -- Truth -- */

static lk_status not_shape(struct op_call *c) {
    static const enum tensor_type types[] = {TENSOR_BOOL, TENSOR_NONE};
    lk_status status = op_types(c, 0, types);
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status not_run(struct op_call *c) {
    const uint8_t *x = c->inputs[0]->data;
    uint8_t *y = c->outputs[0].data;
    int64_t count = tensor_count(c->inputs[0]);
    for (int64_t i = 0; i < count; i++) {
        y[i] = (uint8_t)(x[i] == 0);
    }
    return LK_OK;
}

static lk_status test_shape(struct op_call *c) {
    lk_status status = op_types(c, 0, real_types);
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(TENSOR_BOOL, c->inputs[0]->rank, c->inputs[0]->dims);
    }
    return status;
}

static lk_status is_nan_run(struct op_call *c) {
    uint8_t *y = c->outputs[0].data;
    int64_t count = tensor_count(c->inputs[0]);
    for (int64_t i = 0; i < count; i++) {
        y[i] = (uint8_t)(isnan(tensor_number(c->inputs[0], i)) != 0);
    }
    return LK_OK;
}

static lk_status is_inf_run(struct op_call *c) {
    bool up_too = op_int(c, "detect_positive", 1) != 0;
    bool down_too = op_int(c, "detect_negative", 1) != 0;
    uint8_t *y = c->outputs[0].data;
    int64_t count = tensor_count(c->inputs[0]);
    for (int64_t i = 0; i < count; i++) {
        double x = tensor_number(c->inputs[0], i);
        y[i] = isinf(x) && ((x > 0 && up_too) || (x < 0 && down_too));
    }
    return LK_OK;
}

/* -- The same bytes -- */

static lk_status copy_run(struct op_call *c) {
    size_t bytes = tensor_bytes(&c->outputs[0]);
    if (bytes > 0) {
        memcpy(c->outputs[0].data, c->inputs[0]->data, bytes);
    }
    return LK_OK;
}

/* Inference keeps everything: the mask is all ones. */
static lk_status dropout_shape(struct op_call *c) {
    const struct tensor *training = op_input(c, 2);
    if (training && (!training->data || tensor_integer(training, 0) != 0)) {
        return op_unsupported(c, "training mode");
    }
    if (c->output_count > 1) {
        c->outputs[1] = tensor_of(TENSOR_BOOL, c->inputs[0]->rank, c->inputs[0]->dims);
    }
    return op_shape_same(c);
}

static lk_status dropout_run(struct op_call *c) {
    if (c->output_count > 1) {
        memset(c->outputs[1].data, 1, (size_t)tensor_count(&c->outputs[1]));
    }
    return copy_run(c);
}

/* clang-format off */
#define ROW(op, ...) {op, 1, 1, 1, 1, unary_shape, unary_run, &(const struct unary){.of = __VA_ARGS__}}
/* clang-format on */

/* Alpha and gamma of Selu: Klambauer et al. 2017, to the digits of the ONNX specification. */
const struct op op_unary[] = {
    ROW("Relu", relu_of),
    ROW("LeakyRelu", leaky_relu_of, "alpha", NULL, 0.01f),
    ROW("Elu", elu_of, "alpha", NULL, 1),
    ROW("Selu", selu_of, "alpha", "gamma", 1.67326319217681884765625f, 1.05070102214813232421875f),
    ROW("Celu", celu_of, "alpha", NULL, 1),
    ROW("ThresholdedRelu", thresholded_of, "alpha", NULL, 1),
    ROW("Sigmoid", sigmoid_of),
    ROW("HardSigmoid", hard_sigmoid_of, "alpha", "beta", 0.2f, 0.5f),
    ROW("HardSwish", hard_swish_of),
    ROW("Softplus", softplus_of),
    ROW("Softsign", softsign_of),
    ROW("Shrink", shrink_of, "bias", "lambd", 0, 0.5f),
    ROW("Sign", sign_of),
    ROW("Neg", negative_of),
    ROW("Reciprocal", reciprocal_of),
    ROW("Abs", absolute_of),
    ROW("Sqrt", square_root_of),
    ROW("Exp", exponential_of),
    ROW("Log", logarithm_of),
    ROW("Erf", error_function_of),
    ROW("Gelu", gelu_of),
    ROW("Floor", down_of),
    ROW("Ceil", up_of),
    ROW("Round", nearest_of),
    ROW("Sin", sine_of),
    ROW("Cos", cosine_of),
    ROW("Tan", tangent_of),
    ROW("Asin", arc_sine_of),
    ROW("Acos", arc_cosine_of),
    ROW("Atan", arc_tangent_of),
    ROW("Sinh", sine_h_of),
    ROW("Cosh", cosine_h_of),
    ROW("Tanh", tangent_h_of),
    ROW("Asinh", arc_sine_h_of),
    ROW("Acosh", arc_cosine_h_of),
    ROW("Atanh", arc_tangent_h_of),
    {"Clip", 1, 3, 1, 1, clip_shape, clip_run, NULL},
    {"Not", 1, 1, 1, 1, not_shape, not_run, NULL},
    {"IsNaN", 1, 1, 1, 1, test_shape, is_nan_run, NULL},
    {"IsInf", 1, 1, 1, 1, test_shape, is_inf_run, NULL},
    {"Identity", 1, 1, 1, 1, op_shape_same, copy_run, NULL},
    {"Dropout", 1, 3, 1, 2, dropout_shape, dropout_run, NULL},
    OP_END,
};
