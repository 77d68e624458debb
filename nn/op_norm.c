/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisations: BatchNormalization (Ioffe, Szegedy 2015; inference), InstanceNormalization, LayerNormalization (Ba et al. 2016),
 * LRN (Krizhevsky et al. 2012), MeanVarianceNormalization, LpNormalization. Sums are in double. */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
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

/* -- MeanVarianceNormalization: over the dimensions that axes names, wherever they stand -- */

/* gone: those dimensions. Their indices make a group of what the others have in common. */
static lk_status mvn_axes(struct op_call *c, bool gone[TENSOR_DIMS]) {
    static const int64_t usual[] = {0, 2, 3};
    int32_t count, axis;
    const int64_t *axes = op_ints(c, "axes", &count);
    lk_status status = LK_OK;
    if (!axes) {
        axes = usual;
        count = ARRAY_COUNT(usual);
    }
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = op_axis(c, axes[i], c->inputs[0]->rank, &axis);
        if (status == LK_OK) {
            gone[axis] = true;
        }
    }
    return status;
}

static lk_status mvn_shape(struct op_call *c) {
    bool gone[TENSOR_DIMS] = {false};
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = mvn_axes(c, gone);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

/* The group that element i belongs to. */
static int64_t mvn_group(const struct tensor *x, const bool gone[TENSOR_DIMS], int64_t i) {
    int64_t group = 0, step = 1;
    for (int32_t d = x->rank - 1; d >= 0; d--) {
        group += gone[d] ? 0 : i % x->dims[d] * step;
        step *= gone[d] ? 1 : x->dims[d];
        i /= x->dims[d];
    }
    return group;
}

/* sums: a number a group, all 0. Adds up x, or the squares of its distances from the means. */
static void mvn_sum(double *sums, const struct tensor *x, const bool gone[TENSOR_DIMS],
                    const double *means) {
    const float *from = x->data;
    for (int64_t i = 0; i < tensor_count(x); i++) {
        int64_t g = mvn_group(x, gone, i);
        double d = (double)from[i] - (means ? means[g] : 0);
        sums[g] += means ? d * d : d;
    }
}

static lk_status mvn_run(struct op_call *c) {
    const double least = 1e-9; /* added to the deviation, as in the function the standard gives */
    const struct tensor *x = c->inputs[0];
    bool gone[TENSOR_DIMS] = {false};
    int64_t groups = 1, count = tensor_count(x);
    lk_status status = mvn_axes(c, gone);
    for (int32_t d = 0; d < x->rank; d++) {
        groups *= gone[d] ? 1 : x->dims[d];
    }
    double *means = mem_calloc((size_t)groups, 2 * sizeof *means);
    if (status != LK_OK || !means) {
        mem_free(means);
        return status != LK_OK ? status : error_memory(c->err, (size_t)groups * 2 * sizeof *means);
    }
    double *deviations = means + groups, each = groups > 0 ? (double)count / (double)groups : 0;
    mvn_sum(means, x, gone, NULL);
    for (int64_t g = 0; g < groups; g++) {
        means[g] /= each;
    }
    mvn_sum(deviations, x, gone, means);
    for (int64_t i = 0; i < count; i++) {
        int64_t g = mvn_group(x, gone, i);
        affine((float *)c->outputs[0].data + i, (const float *)x->data + i, 1, means[g],
               1 / (sqrt(deviations[g] / each) + least), 0);
    }
    mem_free(means);
    return LK_OK;
}

/* -- LpNormalization: lines along an axis divided by their L1 or L2 norm; a line of zeros stays -- */

static lk_status lp_shape(struct op_call *c) {
    int32_t axis;
    int64_t p = op_int(c, "p", 2);
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = op_axis(c, op_int(c, "axis", -1), c->inputs[0]->rank, &axis);
    }
    if (status == LK_OK && p != 1 && p != 2) {
        status = op_wrong(c, "a norm of order %lld", (long long)p);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status lp_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const float *from = x->data;
    float *y = c->outputs[0].data;
    bool first = op_int(c, "p", 2) == 1;
    int32_t axis;
    lk_status status = op_axis(c, op_int(c, "axis", -1), x->rank, &axis);
    int64_t strides[TENSOR_DIMS], count = tensor_count(x);
    tensor_strides(x, strides);
    for (int64_t i = 0; status == LK_OK && i < count; i++) {
        int64_t step = strides[axis], size = x->dims[axis];
        if (i / step % size > 0) {
            continue; /* not the first of its line */
        }
        double sum = 0;
        for (int64_t k = 0; k < size; k++) {
            double v = (double)from[i + k * step];
            sum += first ? fabs(v) : v * v;
        }
        double norm = first ? sum : sqrt(sum);
        for (int64_t k = 0; k < size; k++) {
            double v = (double)from[i + k * step];
            y[i + k * step] = (float)(norm > 0 || isnan(norm) ? v / norm : v);
        }
    }
    return status;
}

const struct op op_norm[] = {
    {"BatchNormalization", 5, 5, 1, 5, batch_shape, batch_run, NULL},
    {"InstanceNormalization", 3, 3, 1, 1, instance_shape, instance_run, NULL},
    {"LayerNormalization", 2, 3, 1, 3, layer_shape, layer_run, NULL},
    {"LRN", 1, 1, 1, 1, lrn_shape, lrn_run, NULL},
    {"MeanVarianceNormalization", 1, 1, 1, 1, mvn_shape, mvn_run, NULL},
    {"LpNormalization", 1, 1, 1, 1, lp_shape, lp_run, NULL},
    OP_END,
};
