/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul (NumPy's rules: stacks of matrices broadcast, vectors are rows or columns), Gemm, MatMulInteger, QLinearMatMul. */
#include <string.h>

#include "nn/op_matmul.h"

#include "nn/quantize.h"

/* Brings a and b to stacks of matrices and finds the stack they broadcast to. */
lk_status matmul_geometry(struct matmul_geometry *g, struct op_call *c, const struct tensor *a,
                          const struct tensor *b) {
    *g = (struct matmul_geometry){.a_row = a->rank == 1, .b_column = b->rank == 1};
    if (a->rank < 1 || b->rank < 1) {
        return op_wrong(c, "a scalar has no rows");
    }
    struct tensor as = tensor_of(a->type, MAX(a->rank - 2, 0), a->dims);
    struct tensor bs = tensor_of(b->type, MAX(b->rank - 2, 0), b->dims);
    g->rows = g->a_row ? 1 : a->dims[a->rank - 2];
    g->inner = a->dims[a->rank - 1];
    g->columns = g->b_column ? 1 : b->dims[b->rank - 1];
    int64_t b_inner = g->b_column ? b->dims[0] : b->dims[b->rank - 2];
    if (g->inner != b_inner) {
        return op_wrong(c, "%lld columns times %lld rows", (long long)g->inner, (long long)b_inner);
    }
    g->stack = as;
    lk_status status = op_broadcast(c, &g->stack, &bs);
    if (status != LK_OK) {
        return status;
    }
    g->a = as;
    g->b = bs;
    return LK_OK;
}

/* Which matrix of t's stack belongs to matrix i of the broadcast stack. */
static int64_t stacked(const struct tensor *stack, const struct tensor *t, int64_t i) {
    int64_t at = 0, step = 1;
    for (int32_t d = stack->rank - 1; d >= 0; d--) {
        int32_t k = d - (stack->rank - t->rank);
        int64_t index = i % stack->dims[d];
        i /= stack->dims[d];
        if (k >= 0) {
            at += (t->dims[k] == 1 ? 0 : index) * step;
            step *= t->dims[k];
        }
    }
    return at;
}

static void matmul_out(struct tensor *out, const struct matmul_geometry *g, enum tensor_type type) {
    *out = tensor_of(type, g->stack.rank, g->stack.dims);
    if (!g->a_row) {
        out->dims[out->rank++] = g->rows;
    }
    if (!g->b_column) {
        out->dims[out->rank++] = g->columns;
    }
}

static lk_status matmul_shape(struct op_call *c) {
    struct matmul_geometry g;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = op_need_f32(c, 1);
    }
    if (status == LK_OK) {
        status = matmul_geometry(&g, c, c->inputs[0], c->inputs[1]);
    }
    if (status == LK_OK) {
        matmul_out(&c->outputs[0], &g, TENSOR_F32);
    }
    return status;
}

/* y = a b, row-major, rows x inner times inner x columns. */
static void multiply(float *y, const float *a, const float *b, const struct matmul_geometry *g) {
    for (int64_t r = 0; r < g->rows; r++) {
        for (int64_t k = 0; k < g->columns; k++) {
            double sum = 0;
            for (int64_t i = 0; i < g->inner; i++) {
                sum += (double)a[r * g->inner + i] * (double)b[i * g->columns + k];
            }
            y[r * g->columns + k] = (float)sum;
        }
    }
}

static lk_status matmul_run(struct op_call *c) {
    struct matmul_geometry g;
    lk_status status = matmul_geometry(&g, c, c->inputs[0], c->inputs[1]);
    const float *a = c->inputs[0]->data, *b = c->inputs[1]->data;
    float *y = c->outputs[0].data;
    for (int64_t i = 0; status == LK_OK && i < tensor_count(&g.stack); i++) {
        multiply(y + i * g.rows * g.columns, a + stacked(&g.stack, &g.a, i) * g.rows * g.inner,
                 b + stacked(&g.stack, &g.b, i) * g.inner * g.columns, &g);
    }
    return status;
}

lk_status gemm_geometry(struct gemm_geometry *g, struct op_call *c) {
    const struct tensor *a = c->inputs[0], *b = c->inputs[1], *bias = op_input(c, 2);
    *g = (struct gemm_geometry){
        .a_turned = op_int(c, "transA", 0) != 0,
        .b_turned = op_int(c, "transB", 0) != 0,
        .alpha = op_float(c, "alpha", 1),
        .beta = op_float(c, "beta", 1),
    };
    if (a->rank != 2 || b->rank != 2) {
        return op_wrong(c, "matrices of %d and %d dimensions", (int)a->rank, (int)b->rank);
    }
    g->rows = a->dims[g->a_turned ? 1 : 0];
    g->inner = a->dims[g->a_turned ? 0 : 1];
    g->columns = b->dims[g->b_turned ? 0 : 1];
    if (g->inner != b->dims[g->b_turned ? 1 : 0]) {
        return op_wrong(c, "%lld columns times %lld rows", (long long)g->inner,
                        (long long)b->dims[g->b_turned ? 1 : 0]);
    }
    struct tensor y = tensor_of(TENSOR_F32, 2, (int64_t[]){g->rows, g->columns});
    lk_status status = bias ? op_broadcast(c, &y, bias) : LK_OK;
    if (status == LK_OK && (y.rank != 2 || y.dims[0] != g->rows || y.dims[1] != g->columns)) {
        status = op_wrong(c, "the bias is larger than the product");
    }
    if (bias) {
        g->bias_row_step = bias->rank == 2 && bias->dims[0] > 1 ? bias->dims[1] : 0;
        g->bias_column_step = bias->rank >= 1 && bias->dims[bias->rank - 1] > 1 ? 1 : 0;
    }
    return status;
}

static lk_status gemm_shape(struct op_call *c) {
    struct gemm_geometry g;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = op_need_f32(c, 1);
    }
    if (status == LK_OK && op_input(c, 2)) {
        status = op_need_f32(c, 2);
    }
    if (status == LK_OK) {
        status = gemm_geometry(&g, c);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(TENSOR_F32, 2, (int64_t[]){g.rows, g.columns});
    }
    return status;
}

static lk_status gemm_run(struct op_call *c) {
    struct gemm_geometry g;
    lk_status status = gemm_geometry(&g, c);
    const float *a = c->inputs[0]->data, *b = c->inputs[1]->data;
    const float *bias = op_input(c, 2) ? c->inputs[2]->data : NULL;
    float *y = c->outputs[0].data;
    for (int64_t r = 0; status == LK_OK && r < g.rows; r++) {
        for (int64_t k = 0; k < g.columns; k++) {
            double sum = 0;
            for (int64_t i = 0; i < g.inner; i++) {
                double x = (double)a[g.a_turned ? i * g.rows + r : r * g.inner + i];
                sum += x * (double)b[g.b_turned ? k * g.inner + i : i * g.columns + k];
            }
            double added = bias ? (double)bias[r * g.bias_row_step + k * g.bias_column_step] : 0;
            y[r * g.columns + k] = (float)((double)g.alpha * sum + (double)g.beta * added);
        }
    }
    return status;
}

static const enum tensor_type bytes_types[] = {TENSOR_U8, TENSOR_I8, TENSOR_NONE};

static lk_status integer_shape(struct op_call *c, int32_t b, struct matmul_geometry *g) {
    lk_status status = op_types(c, 0, bytes_types);
    if (status == LK_OK) {
        status = op_types(c, b, bytes_types);
    }
    return status == LK_OK ? matmul_geometry(g, c, c->inputs[0], c->inputs[b]) : status;
}

static lk_status matmul_integer_shape(struct op_call *c) {
    struct matmul_geometry g;
    lk_status status = integer_shape(c, 1, &g);
    if (status == LK_OK) {
        status = quantize_check_zero(c, 2, c->inputs[0]->type, 1);
    }
    if (status == LK_OK) {
        status = quantize_check_zero(c, 3, c->inputs[1]->type, g.columns);
    }
    if (status == LK_OK) {
        matmul_out(&c->outputs[0], &g, TENSOR_I32);
    }
    return status;
}

/* The sum of products at (row, column) of matrix a_at and matrix b_at. */
static int64_t integer_sum(const struct matmul_geometry *g, const struct tensor *a, int64_t a_at,
                           int64_t a_zero, const struct tensor *b, int64_t b_at, int64_t b_zero) {
    int64_t sum = 0;
    for (int64_t i = 0; i < g->inner; i++) {
        sum += (tensor_integer(a, a_at + i) - a_zero) *
               (tensor_integer(b, b_at + i * g->columns) - b_zero);
    }
    return sum;
}

struct integer_matmul {
    const struct tensor *a, *b, *a_zero, *b_zero; /* zeros may be NULL */
    int32_t *sums;                                /* MatMulInteger's output, or NULL */
    const struct requantize *to;                  /* QLinearMatMul's, or NULL */
};

static lk_status integer_run(struct op_call *c, const struct integer_matmul *m) {
    struct matmul_geometry g;
    lk_status status = matmul_geometry(&g, c, m->a, m->b);
    int64_t matrix = status == LK_OK ? g.rows * g.columns : 0, at = 0;
    int64_t a_zero = m->a_zero ? tensor_integer(m->a_zero, 0) : 0;
    for (int64_t i = 0; matrix > 0 && i < tensor_count(&g.stack); i++) {
        int64_t a_at = stacked(&g.stack, &g.a, i) * g.rows * g.inner;
        int64_t b_at = stacked(&g.stack, &g.b, i) * g.inner * g.columns;
        for (int64_t k = 0; k < matrix; k++, at++) {
            int64_t column = k % g.columns;
            int64_t b_zero = m->b_zero ? quantize_parameter(m->b_zero, column) : 0;
            int64_t sum = integer_sum(&g, m->a, a_at + k / g.columns * g.inner, a_zero, m->b,
                                      b_at + column, b_zero);
            if (m->sums) {
                m->sums[at] = (int32_t)sum;
            } else {
                requantize_store(m->to, at, sum, column);
            }
        }
    }
    return status;
}

static lk_status matmul_integer_run(struct op_call *c) {
    struct integer_matmul m = {.a = c->inputs[0],
                               .b = c->inputs[1],
                               .a_zero = op_input(c, 2),
                               .b_zero = op_input(c, 3),
                               .sums = c->outputs[0].data};
    return integer_run(c, &m);
}

/* a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero */
static lk_status qlinear_matmul_shape(struct op_call *c) {
    struct matmul_geometry g;
    lk_status status = integer_shape(c, 3, &g);
    if (status == LK_OK) {
        status = op_types(c, 7, bytes_types);
    }
    if (status == LK_OK) {
        status = quantize_check(c, 1, 2, c->inputs[0]->type, 1);
    }
    if (status == LK_OK) {
        status = quantize_check(c, 4, 5, c->inputs[3]->type, g.columns);
    }
    if (status == LK_OK) {
        status = quantize_check(c, 6, 7, c->inputs[7]->type, 1);
    }
    if (status == LK_OK) {
        matmul_out(&c->outputs[0], &g, c->inputs[7]->type);
    }
    return status;
}

static lk_status qlinear_matmul_run(struct op_call *c) {
    struct requantize to = {.out = &c->outputs[0],
                            .a_scale = c->inputs[1],
                            .b_scale = c->inputs[4],
                            .scale = c->inputs[6],
                            .zero = c->inputs[7]};
    struct integer_matmul m = {.a = c->inputs[0],
                               .b = c->inputs[3],
                               .a_zero = c->inputs[2],
                               .b_zero = c->inputs[5],
                               .to = &to};
    return integer_run(c, &m);
}

const struct op op_matmul[] = {
    {"MatMul", 2, 2, 1, 1, matmul_shape, matmul_run, NULL},
    {"Gemm", 2, 3, 1, 1, gemm_shape, gemm_run, NULL},
    {"MatMulInteger", 2, 4, 1, 1, matmul_integer_shape, matmul_integer_run, NULL},
    {"QLinearMatMul", 8, 8, 1, 1, qlinear_matmul_shape, qlinear_matmul_run, NULL},
    OP_END,
};
