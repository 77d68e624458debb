/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices, the last two dimensions: Trilu, EyeLike, Det. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/op.h"

/* -- Trilu: what lies on one side of a diagonal stays, the rest is zero -- */

static lk_status triangle_shape(struct op_call *c) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_NONE};
    const struct tensor *diagonal = op_input(c, 1);
    lk_status status = diagonal ? op_types(c, 1, whole) : LK_OK;
    if (status == LK_OK && (c->inputs[0]->rank < 2 || (diagonal && tensor_count(diagonal) != 1))) {
        status = op_wrong(c, "an input of %d dimensions", (int)c->inputs[0]->rank);
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status triangle_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *diagonal = op_input(c, 1);
    int64_t k = diagonal ? tensor_integer(diagonal, 0) : 0;
    int64_t rows = x->dims[x->rank - 2], columns = x->dims[x->rank - 1], count = tensor_count(x);
    bool upper = op_int(c, "upper", 1) != 0;
    size_t size = tensor_type_size(x->type);
    for (int64_t i = 0; i < count; i++) {
        int64_t beyond = i % columns - i / columns % rows; /* the diagonal this element is on */
        uint8_t *to = (uint8_t *)c->outputs[0].data + (size_t)i * size;
        if (upper ? beyond >= k : beyond <= k) {
            memcpy(to, (const uint8_t *)x->data + (size_t)i * size, size);
        } else {
            memset(to, 0, size);
        }
    }
    return LK_OK;
}

/* -- EyeLike: ones on a diagonal -- */

static lk_status eye_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int64_t type = op_int(c, "dtype", x->type);
    if (type <= TENSOR_NONE || type >= TENSOR_TYPES ||
        tensor_type_size((enum tensor_type)type) == 0) {
        return op_unsupported(c, "dtype %lld", (long long)type);
    }
    if (x->rank != 2) {
        return op_wrong(c, "an input of %d dimensions", (int)x->rank);
    }
    c->outputs[0] = tensor_of((enum tensor_type)type, 2, x->dims);
    return LK_OK;
}

/* Writes a one of that type. */
static void one_of(enum tensor_type type, uint8_t one[8]) {
    const float single = 1;
    const double twice = 1;
    const uint16_t half = 0x3c00; /* 1 in IEEE 754 binary16 */
    memset(one, 0, 8);
    switch (type) {
    case TENSOR_F32: memcpy(one, &single, sizeof single); break;
    case TENSOR_F64: memcpy(one, &twice, sizeof twice); break;
    case TENSOR_F16: memcpy(one, &half, sizeof half); break;
    default:
        one[0] = 1;
        break; /* integers of the machines we build for begin with their low byte */
    }
}

static lk_status eye_run(struct op_call *c) {
    struct tensor *y = &c->outputs[0];
    int64_t k = op_int(c, "k", 0), rows = y->dims[0], columns = y->dims[1];
    size_t size = tensor_type_size(y->type);
    uint8_t one[8];
    one_of(y->type, one);
    memset(y->data, 0, tensor_bytes(y));
    for (int64_t i = 0; i < rows; i++) {
        if (k >= -i && k < columns - i) {
            memcpy((uint8_t *)y->data + (size_t)(i * columns + i + k) * size, one, size);
        }
    }
    return LK_OK;
}

/* -- Det: Gaussian elimination with the largest pivot of each column, in double -- */

static lk_status det_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK && (x->rank < 2 || x->dims[x->rank - 1] != x->dims[x->rank - 2])) {
        status = op_wrong(c, "the matrices are not square");
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(TENSOR_F32, x->rank - 2, x->dims);
    }
    return status;
}

static void swap_rows(double *a, double *b, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Brings m, n x n, to triangular form. */
static double determinant(double *m, int64_t n) {
    double result = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++) {
            pivot = fabs(m[i * n + k]) > fabs(m[pivot * n + k]) ? i : pivot;
        }
        if (pivot != k) {
            swap_rows(m + k * n, m + pivot * n, n);
            result = -result;
        }
        double lead = m[k * n + k];
        result *= lead;
        for (int64_t i = k + 1; fabs(lead) > 0 && i < n; i++) {
            double factor = m[i * n + k] / lead;
            for (int64_t j = k; j < n; j++) {
                m[i * n + j] -= factor * m[k * n + j];
            }
        }
    }
    return result;
}

static lk_status det_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    const float *from = x->data;
    int64_t n = x->dims[x->rank - 1], count = tensor_count(&c->outputs[0]);
    double *m = mem_alloc((size_t)(n * n), sizeof *m);
    if (!m) {
        return error_memory(c->err, (size_t)(n * n) * sizeof *m);
    }
    for (int64_t k = 0; k < count; k++, from += n * n) {
        for (int64_t i = 0; i < n * n; i++) {
            m[i] = (double)from[i];
        }
        ((float *)c->outputs[0].data)[k] = (float)determinant(m, n);
    }
    mem_free(m);
    return LK_OK;
}

const struct op op_matrix[] = {
    {"Trilu", 1, 2, 1, 1, triangle_shape, triangle_run, NULL},
    {"EyeLike", 1, 1, 1, 1, eye_shape, eye_run, NULL},
    {"Det", 1, 1, 1, 1, det_shape, det_run, NULL},
    OP_END,
};
