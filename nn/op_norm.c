/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisations: BatchNormalization (Ioffe, Szegedy 2015; inference), InstanceNormalization, LayerNormalization (Ba et al. 2016),
 * LRN (Krizhevsky et al. 2012). Sums are in double. */
#include <math.h>

#include "nn/op.h"

/* Input i is float32 and holds one number a channel. */
static lk_status check_channels(struct op_call *c, int32_t i, int64_t channels) {
    lk_status status = op_need_f32(c, i);
    const struct tensor *t = op_input(c, i);
    if (status == LK_OK && (t->rank != 1 || t->dims[0] != channels)) {
        status = op_wrong(c, "input %d is not [%lld]", (int)i, (long long)channels);
    }
    return status;
}

static const float *floats(const struct op_call *c, int32_t i) {
    const struct tensor *t = op_input(c, i);
    return t ? t->data : NULL;
}

/* Elements of one channel of one picture. */
static int64_t plane_of(const struct tensor *x) {
    int64_t plane = 1;
    for (int32_t i = 2; i < x->rank; i++) {
        plane *= x->dims[i];
    }
    return plane;
}

/* y = (x - mean) * k + shift */
static void affine(float *y, const float *x, int64_t count, double mean, double k, double shift) {
    for (int64_t i = 0; i < count; i++) {
        y[i] = (float)(((double)x[i] - mean) * k + shift);
    }
}

static void moments(const float *x, int64_t count, double *mean, double *variance) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += (double)x[i];
    }
    *mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++) {
        double d = (double)x[i] - *mean;
        squares += d * d;
    }
    *variance = squares / (double)count;
}

static lk_status batch_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK && (op_int(c, "training_mode", 0) != 0 || c->node->output_count > 1)) {
        status = op_unsupported(c, "training mode");
    }
    if (status == LK_OK && x->rank < 2) {
        status = op_wrong(c, "an input of %d dimensions", (int)x->rank);
    }
    for (int32_t i = 1; status == LK_OK && i <= 4; i++) {
        status = check_channels(c, i, x->dims[1]);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status batch_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const float *scale = floats(c, 1), *shift = floats(c, 2), *mean = floats(c, 3),
                *variance = floats(c, 4), *from = x->data;
    double epsilon = (double)op_float(c, "epsilon", 1e-5f);
    float *y = c->outputs[0].data;
    int64_t plane = plane_of(x), channels = x->dims[1];
    for (int64_t i = 0; i < x->dims[0] * channels; i++) {
        int64_t k = i % channels;
        affine(y + i * plane, from + i * plane, plane, (double)mean[k],
               (double)scale[k] / sqrt((double)variance[k] + epsilon), (double)shift[k]);
    }
    return LK_OK;
}

static lk_status instance_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK && x->rank < 3) {
        status = op_wrong(c, "an input of %d dimensions", (int)x->rank);
    }
    for (int32_t i = 1; status == LK_OK && i <= 2; i++) {
        status = check_channels(c, i, x->dims[1]);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status instance_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const float *scale = floats(c, 1), *shift = floats(c, 2), *from = x->data;
    double epsilon = (double)op_float(c, "epsilon", 1e-5f);
    float *y = c->outputs[0].data;
    int64_t plane = plane_of(x), channels = x->dims[1];
    for (int64_t i = 0; plane > 0 && i < x->dims[0] * channels; i++) {
        double mean, variance;
        moments(from + i * plane, plane, &mean, &variance);
        affine(y + i * plane, from + i * plane, plane, mean,
               (double)scale[i % channels] / sqrt(variance + epsilon), (double)shift[i % channels]);
    }
    return LK_OK;
}

/* -- LayerNormalization: over the dimensions from axis on -- */

static lk_status layer_sizes(struct op_call *c, int32_t *axis, int64_t *outer, int64_t *inner) {
    const struct tensor *x = c->inputs[0];
    lk_status status = op_axis(c, op_int(c, "axis", -1), x->rank, axis);
    *outer = *inner = 1;
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        *(i < *axis ? outer : inner) *= x->dims[i];
    }
    return status;
}

static lk_status layer_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int32_t axis = 0;
    int64_t outer, inner;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = layer_sizes(c, &axis, &outer, &inner);
    }
    for (int32_t i = 1; status == LK_OK && i <= 2 && op_input(c, i); i++) {
        status = op_need_f32(c, i);
        if (status == LK_OK && tensor_count(c->inputs[i]) != inner) {
            status = op_unsupported(c, "input %d of another size than what is normalised", (int)i);
        }
    }
    if (status != LK_OK) {
        return status;
    }
    for (int32_t k = 1; k < c->output_count; k++) { /* mean and 1 / deviation, where wanted */
        c->outputs[k] = tensor_of(TENSOR_F32, x->rank, x->dims);
        for (int32_t i = axis; i < x->rank; i++) {
            c->outputs[k].dims[i] = 1;
        }
    }
    return op_shape_same(c);
}

static lk_status layer_run(struct op_call *c) {
    const float *x = c->inputs[0]->data, *scale = floats(c, 1), *shift = floats(c, 2);
    double epsilon = (double)op_float(c, "epsilon", 1e-5f);
    float *y = c->outputs[0].data;
    int32_t axis;
    int64_t outer, inner;
    lk_status status = layer_sizes(c, &axis, &outer, &inner);
    for (int64_t o = 0; status == LK_OK && inner > 0 && o < outer; o++, x += inner, y += inner) {
        double mean, variance;
        moments(x, inner, &mean, &variance);
        double k = 1 / sqrt(variance + epsilon);
        for (int64_t i = 0; i < inner; i++) {
            y[i] = (float)(((double)x[i] - mean) * k * (double)scale[i] +
                           (shift ? (double)shift[i] : 0));
        }
        for (int32_t n = 1; n < c->output_count; n++) {
            ((float *)c->outputs[n].data)[o] = (float)(n == 1 ? mean : k);
        }
    }
    return status;
}

/* -- LRN: x / (bias + alpha / size * sum of squares of the channels around)^beta -- */

static lk_status lrn_shape(struct op_call *c) {
    lk_status status = op_need_f32(c, 0);
    int64_t size = op_int(c, "size", 0);
    if (status == LK_OK && (c->inputs[0]->rank < 3 || size < 1 || size > INT32_MAX)) {
        status = op_wrong(c, "a size of %lld", (long long)size);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status lrn_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const float *from = x->data;
    float *y = c->outputs[0].data;
    int64_t size = op_int(c, "size", 1), channels = x->dims[1], plane = plane_of(x);
    double alpha = (double)op_float(c, "alpha", 1e-4f), beta = (double)op_float(c, "beta", 0.75f);
    double bias = (double)op_float(c, "bias", 1);
    for (int64_t i = 0; i < x->dims[0] * channels * plane; i++) {
        int64_t k = i / plane % channels, base = i - k * plane;
        int64_t first = MAX(0, k - (size - 1) / 2), last = MIN(channels - 1, k + size / 2);
        double squares = 0;
        for (int64_t n = first; n <= last; n++) {
            double v = (double)from[base + n * plane];
            squares += v * v;
        }
        y[i] = (float)((double)from[i] / pow(bias + alpha / (double)size * squares, beta));
    }
    return LK_OK;
}

const struct op op_norm[] = {
    {"BatchNormalization", 5, 5, 1, 5, batch_shape, batch_run, NULL},
    {"InstanceNormalization", 3, 3, 1, 1, instance_shape, instance_run, NULL},
    {"LayerNormalization", 2, 3, 1, 3, layer_shape, layer_run, NULL},
    {"LRN", 1, 1, 1, 1, lrn_shape, lrn_run, NULL},
    OP_END,
};
