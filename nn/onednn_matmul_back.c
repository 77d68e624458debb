/* SPDX-License-Identifier: Apache-2.0 */
/* The ways back through matrix products: y = a b gives da = dy b', db = a' dy. Transposed operands are the same memory with
 * other strides. */
#include "base/error.h"
#include "base/mem.h"
#include "nn/op_matmul.h"
#include "nn/training.h"

/* A matrix in row-major memory, or the transposed of one. */
struct operand {
    int32_t value;
    int64_t rows, columns; /* as it enters the product */
    bool turned;           /* memory has them the other way round */
};

static lk_status layout(struct training *t, dnnl_memory_desc_t *md, const struct operand *o) {
    dnnl_dims_t dims = {o->rows, o->columns};
    dnnl_dims_t strides = {o->turned ? 1 : o->columns, o->turned ? o->rows : 1};
    return onednn_status(
        t->l.d->lib.dnnl_memory_desc_init_by_strides(md, 2, dims, dnnl_f32, strides), "a matrix",
        t->l.err);
}

/* Adds a b to the gradient of `of`, whose memory is the product's rows and columns. */
static lk_status product(struct training *t, int32_t i, const struct operand *a,
                         const struct operand *b, int32_t of) {
    struct lowering *l = &t->l;
    const struct operand y = {.value = of, .rows = a->rows, .columns = b->columns};
    dnnl_memory_desc_t a_md, b_md, y_md;
    dnnl_matmul_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    int32_t left, right, gradient, out;
    lk_status status = layout(t, &a_md, a);
    if (status == LK_OK) {
        status = layout(t, &b_md, b);
    }
    if (status == LK_OK) {
        status = layout(t, &y_md, &y);
    }
    if (status == LK_OK) {
        status = onednn_status(l->d->lib.dnnl_matmul_desc_init(&desc, &a_md, &b_md, NULL, &y_md),
                               "a product", l->err);
    }
    if (status == LK_OK) {
        status = primitive_desc(&pd, l->d, &desc, NULL, l->err);
    }
    if (status == LK_OK) {
        status = lower_plain(l, a->value, &left);
    }
    if (status == LK_OK) {
        status = lower_plain(l, b->value, &right);
    }
    if (status == LK_OK) {
        status = training_value(t, of, &gradient);
    }
    if (status == LK_OK) {
        status = lower_place_plain(l, gradient, &out);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {{DNNL_ARG_SRC, &a_md, left, false},
                                         {DNNL_ARG_WEIGHTS, &b_md, right, false},
                                         {DNNL_ARG_DST, &y_md, out, true}};
        status = training_step(t, pd, "product back", i, args, 3);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status == LK_OK ? training_add(t, of, gradient) : status;
}

static struct operand turn(struct operand o) {
    return (struct operand){
        .value = o.value, .rows = o.columns, .columns = o.rows, .turned = !o.turned};
}

/* a and b as they enter the product; a's memory is as it enters. */
static lk_status back_product(struct training *t, int32_t i, struct operand a, struct operand b) {
    const struct operand dy = {
        .value = training_gradient(t, i), .rows = a.rows, .columns = b.columns};
    lk_status status = LK_OK;
    struct operand a_turned = turn(a), b_turned = turn(b), dy_turned = turn(dy);
    if (t->wants[a.value]) {
        status = product(t, i, &dy, &b_turned, a.value);
    }
    if (status == LK_OK && t->wants[b.value]) {
        /* The gradient gets b's memory order. */
        status = b.turned ? product(t, i, &dy_turned, &a, b.value)
                          : product(t, i, &a_turned, &dy, b.value);
    }
    return status;
}

/* -- The bias: a sum over rows -- */

struct column_sums {
    int64_t rows, columns;
};

static void sum_columns(const void *state, void *const *data) {
    const struct column_sums *s = state;
    const float *from = data[0];
    float *to = data[1];
    for (int64_t x = 0; x < s->columns; x++) {
        to[x] = 0;
    }
    for (int64_t y = 0; y < s->rows; y++) {
        for (int64_t x = 0; x < s->columns; x++) {
            to[x] += from[y * s->columns + x];
        }
    }
}

static lk_status back_bias(struct training *t, int32_t i, int32_t bias, int64_t rows,
                           int64_t columns) {
    struct lowering *l = &t->l;
    int32_t source, gradient, out;
    struct column_sums *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(l->err, sizeof *s);
    }
    *s = (struct column_sums){rows, columns};
    lk_status status = lower_plain(l, training_gradient(t, i), &source);
    if (status == LK_OK) {
        status = training_value(t, bias, &gradient);
    }
    if (status == LK_OK) {
        status = lower_place_plain(l, gradient, &out);
    }
    if (status != LK_OK) {
        mem_free(s);
        return status;
    }
    const struct c_step step = {
        .run = sum_columns, .state = s, .reads = &source, .writes = &out, 1, 1};
    status = training_c_step(t, "bias back", i, &step);
    return status == LK_OK ? training_add(t, bias, gradient) : status;
}

static lk_status refuse(struct training *t, int32_t i, const char *what) {
    const struct node *node = &t->l.g->nodes[i];
    return error_set(t->l.err, LK_E_FORMAT,
                     "node %s (%s): the way back through %s is not supported", node->name,
                     node->op->name, what);
}

lk_status back_gemm(struct training *t, int32_t i) {
    const struct node *node = &t->l.g->nodes[i];
    int32_t bias = node->input_count > 2 ? node->inputs[2] : -1;
    struct node_call nc;
    struct gemm_geometry g;
    lk_status status = lower_call(&t->l, i, &nc);
    if (status == LK_OK) {
        status = gemm_geometry(&g, &nc.call);
    }
    if (status != LK_OK) {
        return status;
    }
    bool row = bias < 0 || (g.bias_row_step == 0 && (g.bias_column_step == 1 || g.columns == 1));
    bool plain = g.alpha >= 1 && g.alpha <= 1 && (bias < 0 || (g.beta >= 1 && g.beta <= 1));
    if (!row || !plain || g.a_turned) {
        return refuse(t, i, "scaled or turned products");
    }
    const struct operand a = {node->inputs[0], g.rows, g.inner, false};
    const struct operand b = {node->inputs[1], g.inner, g.columns, g.b_turned};
    status = back_product(t, i, a, b);
    return status == LK_OK && bias >= 0 && t->wants[bias] ? back_bias(t, i, bias, g.rows, g.columns)
                                                          : status;
}

lk_status back_matmul(struct training *t, int32_t i) {
    const struct node *node = &t->l.g->nodes[i];
    const struct tensor *x = lower_tensor(&t->l, node->inputs[0]),
                        *w = lower_tensor(&t->l, node->inputs[1]);
    if (x->rank != 2 || w->rank != 2) {
        return refuse(t, i, "stacks of products");
    }
    const struct operand a = {node->inputs[0], x->dims[0], x->dims[1], false};
    const struct operand b = {node->inputs[1], w->dims[0], w->dims[1], false};
    return back_product(t, i, a, b);
}
