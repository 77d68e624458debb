/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul and Gemm, with the activation that follows. Transposed operands are the same memory with other strides. Constant
 * operands are packed once. */
#include <string.h>

#include "base/error.h"
#include "nn/lower.h"
#include "nn/op_matmul.h"

struct product {
    int32_t a, b, bias; /* values; bias -1 */
    dnnl_memory_desc_t a_md, b_md, bias_md, y_md;
    struct chain chain;
};

static lk_status ask(struct lowering *l, struct product *m, bool pack, dnnl_primitive_desc_t *pd) {
    dnnl_memory_desc_t b = m->b_md;
    if (pack) {
        struct tensor shape = tensor_of(TENSOR_F32, b.ndims, b.dims);
        lk_status status = onednn_any(l->d, &b, &shape, l->err);
        if (status != LK_OK) {
            return status;
        }
    }
    dnnl_matmul_desc_t desc;
    dnnl_status_t code = l->d->lib.dnnl_matmul_desc_init(
        &desc, &m->a_md, &b, m->bias >= 0 ? &m->bias_md : NULL, &m->y_md);
    *pd = NULL;
    return code == dnnl_success ? primitive_desc(pd, l->d, &desc, &m->chain.post, l->err) : LK_OK;
}

static lk_status add_right(struct lowering *l, struct product *m, struct primitive *p,
                           dnnl_primitive_desc_t pd, int32_t *reads, int32_t *read_count) {
    const float *constant = lower_constant(l, m->b);
    if (!constant) {
        lk_status status = lower_plain(l, m->b, &reads[*read_count]);
        return status == LK_OK ? primitive_arg(p, DNNL_ARG_WEIGHTS, &m->b_md,
                                               reads[(*read_count)++], NULL, l->err)
                               : status;
    }
    const dnnl_memory_desc_t *packed_md =
        l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    void *packed;
    lk_status status = onednn_repack(l->d, &packed, packed_md, constant, &m->b_md, l->err);
    if (status == LK_OK) {
        status = primitive_own(p, packed, l->err);
    }
    return status == LK_OK ? primitive_arg(p, DNNL_ARG_WEIGHTS, packed_md, -1, packed, l->err)
                           : status;
}

static lk_status make_step(struct lowering *l, struct product *m, const struct node *node,
                           dnnl_primitive_desc_t pd) {
    struct primitive *p = NULL;
    int32_t reads[3], read_count = 1, buffer;
    lk_status status = primitive_new(&p, l->d, pd, l->err);
    if (status == LK_OK) {
        status = lower_plain(l, m->a, &reads[0]);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC, &m->a_md, reads[0], NULL, l->err);
    }
    if (status == LK_OK) {
        status = add_right(l, m, p, pd, reads, &read_count);
    }
    if (status == LK_OK && m->bias >= 0) {
        status = lower_plain(l, m->bias, &reads[read_count]);
        if (status == LK_OK) {
            status =
                primitive_arg(p, DNNL_ARG_BIAS, &m->bias_md, reads[read_count++], NULL, l->err);
        }
    }
    if (status == LK_OK) {
        status = lower_define(l, m->chain.result, &m->y_md, &buffer);
    }
    if (status == LK_OK) {
        /* The result is row-major: what reads it needs no copy. */
        l->placed[m->chain.result].plain = buffer;
        status = primitive_arg(p, DNNL_ARG_DST, &m->y_md, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    const char *implementation = "";
    l->d->lib.dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &implementation);
    return primitive_step(p, l->plan, node->op->name, node->name, implementation, reads, read_count,
                          buffer, l->err);
}

static lk_status lower_product(struct lowering *l, struct product *m, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    bool pack = lower_constant(l, m->b) != NULL;
    dnnl_primitive_desc_t pd;
    chain_follow(&m->chain, l, node->outputs[0]);
    if (m->chain.residual >= 0) { /* an addition keeps its own step */
        chain_cut(&m->chain, node->outputs[0]);
    }
    lk_status status = ask(l, m, pack, &pd);
    if (status == LK_OK && !pd && m->chain.node_count > 0) {
        chain_cut(&m->chain, node->outputs[0]);
        status = ask(l, m, pack, &pd);
    }
    if (status != LK_OK || !pd) {
        return status;
    }
    *done = true;
    chain_done(&m->chain, l);
    status = make_step(l, m, node, pd);
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status;
}

/* Appends ones in front, so that stacks have the same number of dimensions, which oneDNN wants. */
static struct tensor padded_to(const struct tensor *t, int32_t rank) {
    struct tensor out = {.type = t->type, .rank = rank};
    for (int32_t i = 0; i < rank; i++) {
        int32_t k = i - (rank - t->rank);
        out.dims[i] = k < 0 ? 1 : t->dims[k];
    }
    return out;
}

lk_status lower_matmul(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    const struct tensor *a = lower_tensor(l, node->inputs[0]),
                        *b = lower_tensor(l, node->inputs[1]);
    const struct tensor *y = lower_tensor(l, node->outputs[0]);
    if (a->rank < 2 || b->rank < 2 || y->rank > 6 || tensor_count(y) == 0 || tensor_count(a) == 0) {
        return LK_OK;
    }
    struct product m = {.a = node->inputs[0], .b = node->inputs[1], .bias = -1};
    struct tensor as = padded_to(a, y->rank), bs = padded_to(b, y->rank);
    lk_status status = onednn_plain(l->d, &m.a_md, &as, l->err);
    if (status == LK_OK) {
        status = onednn_plain(l->d, &m.b_md, &bs, l->err);
    }
    if (status == LK_OK) {
        status = onednn_plain(l->d, &m.y_md, y, l->err);
    }
    return status == LK_OK ? lower_product(l, &m, i, done) : status;
}

static lk_status matrix(struct lowering *l, dnnl_memory_desc_t *md, int64_t rows, int64_t columns,
                        bool turned) {
    dnnl_dims_t dims = {rows, columns};
    dnnl_dims_t strides = {turned ? 1 : columns, turned ? rows : 1};
    return onednn_status(l->d->lib.dnnl_memory_desc_init_by_strides(md, 2, dims, dnnl_f32, strides),
                         "a matrix", l->err);
}

lk_status lower_gemm(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    struct node_call nc;
    struct gemm_geometry g;
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK) {
        status = gemm_geometry(&g, &nc.call);
    }
    int32_t bias = node->input_count > 2 ? node->inputs[2] : -1;
    bool row = bias < 0 || (g.bias_row_step == 0 && (g.bias_column_step == 1 || g.columns == 1));
    bool plain = g.alpha >= 1 && g.alpha <= 1 && (bias < 0 || (g.beta >= 1 && g.beta <= 1));
    if (status != LK_OK || !row || !plain || g.rows * g.columns * g.inner == 0) {
        return status;
    }
    struct product m = {.a = node->inputs[0], .b = node->inputs[1], .bias = bias};
    status = matrix(l, &m.a_md, g.rows, g.inner, g.a_turned);
    if (status == LK_OK) {
        status = matrix(l, &m.b_md, g.inner, g.columns, g.b_turned);
    }
    if (status == LK_OK) {
        status = matrix(l, &m.bias_md, 1, g.columns, false);
    }
    if (status == LK_OK) {
        status = matrix(l, &m.y_md, g.rows, g.columns, false);
    }
    return status == LK_OK ? lower_product(l, &m, i, done) : status;
}
