/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling, local response normalisation, softmax and concatenation, in the layout of their inputs. */
#include <string.h>

#include "nn/onednn_pool.h"

/* A step with one input and one output, whose layouts the primitive says. Closes pd. */
static lk_status one_to_one(struct lowering *l, const struct node *node, dnnl_primitive_desc_t pd,
                            bool *done) {
    dnnl_memory_desc_t src = *l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
    dnnl_memory_desc_t dst = *l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
    struct primitive *p = NULL;
    int32_t source, buffer;
    lk_status status = primitive_new(&p, l->d, pd, l->err);
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    if (status == LK_OK) {
        status = lower_as(l, node->inputs[0], &src, &source);
    }
    if (status == LK_OK) {
        status = lower_define(l, node->outputs[0], &dst, &buffer);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC, &src, source, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, &dst, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    *done = true;
    return primitive_step(p, l->plan, node->op->name, node->name, onednn_tag_name(l->d, &dst),
                          &source, 1, buffer, l->err);
}

/* A window as large as the picture. */
static void global_window(struct window *w, const struct tensor *x) {
    *w = (struct window){.given = x->rank - 2};
    for (int32_t k = 0; k < w->given; k++) {
        int32_t at = WINDOW_DIMS - w->given + k;
        w->in[at] = w->kernel[at] = x->dims[2 + k];
        w->out[at] = w->stride[at] = w->dilation[at] = 1;
    }
}

static dnnl_alg_kind_t algorithm_of(const struct op_call *c) {
    const char *op = c->node->op->name;
    if (strcmp(op, "MaxPool") == 0 || strcmp(op, "GlobalMaxPool") == 0) {
        return dnnl_pooling_max;
    }
    return op_int(c, "count_include_pad", 0) != 0 ? dnnl_pooling_avg_include_padding
                                                  : dnnl_pooling_avg_exclude_padding;
}

lk_status pool_shape_of(struct pool_shape *out, struct lowering *l, int32_t i) {
    struct node_call nc;
    struct window w;
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK && strncmp(nc.call.node->op->name, "Global", 6) == 0) {
        global_window(&w, nc.inputs[0]);
    } else if (status == LK_OK) {
        status = window_of(&w, &nc.call, nc.inputs[0], NULL, op_int(&nc.call, "ceil_mode", 0) != 0);
    }
    if (status != LK_OK) {
        return status;
    }
    *out = (struct pool_shape){.algorithm = algorithm_of(&nc.call)};
    onednn_window(&out->window, &w, false);
    for (int32_t k = 0; k < w.given; k++) {
        /* Rounding sizes up lets windows hang over the padding: only the definition counts those right. */
        out->plain |= out->window.end[k] > w.pad_end[WINDOW_DIMS - w.given + k] &&
                      out->algorithm == dnnl_pooling_avg_include_padding;
    }
    return LK_OK;
}

static bool is_pooled(const struct lowering *l, const struct node *node) {
    const struct tensor *x = lower_tensor(l, node->inputs[0]);
    /* Only the definition gives the places of the maxima. */
    bool indices = node->output_count > 1 && node->outputs[1] >= 0;
    return x->type == TENSOR_F32 && x->rank >= 3 && x->rank <= 5 && !indices && tensor_count(x) > 0;
}

lk_status lower_pool(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    dnnl_memory_desc_t src, dst;
    struct pool_shape m;
    int32_t source;
    if (!is_pooled(l, node)) {
        return LK_OK;
    }
    lk_status status = pool_shape_of(&m, l, i);
    if (status != LK_OK || m.plain) {
        return status;
    }
    status = lower_at(l, node->inputs[0], &src, &source);
    if (status == LK_OK) {
        status = onednn_any(l->d, &dst, lower_tensor(l, node->outputs[0]), l->err);
    }
    dnnl_pooling_v2_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (status == LK_OK) {
        const struct onednn_window *w = &m.window;
        dnnl_status_t code = l->d->lib.dnnl_pooling_v2_forward_desc_init(
            &desc, dnnl_forward_inference, m.algorithm, &src, &dst, w->stride, w->kernel,
            w->dilation, w->begin, w->end);
        status = code == dnnl_success ? primitive_desc(&pd, l->d, &desc, NULL, l->err) : LK_OK;
    }
    return pd ? one_to_one(l, node, pd, done) : status;
}

lk_status lower_lrn(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    struct node_call nc;
    lk_status status = lower_call(l, i, &nc);
    if (status != LK_OK || !is_pooled(l, node)) {
        return status;
    }
    dnnl_memory_desc_t md;
    int32_t source;
    status = lower_at(l, node->inputs[0], &md, &source);
    dnnl_lrn_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (status == LK_OK && op_int(&nc.call, "size", 0) % 2 == 1) {
        dnnl_status_t code = l->d->lib.dnnl_lrn_forward_desc_init(
            &desc, dnnl_forward_inference, dnnl_lrn_across_channels, &md,
            op_int(&nc.call, "size", 1), op_float(&nc.call, "alpha", 1e-4f),
            op_float(&nc.call, "beta", 0.75f), op_float(&nc.call, "bias", 1));
        status = code == dnnl_success ? primitive_desc(&pd, l->d, &desc, NULL, l->err) : LK_OK;
    }
    return pd ? one_to_one(l, node, pd, done) : status;
}

/* Along one axis; before operator set 13 the operator flattens, which is the same where the axis is the last one. */
lk_status lower_softmax(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    const struct tensor *x = lower_tensor(l, node->inputs[0]);
    struct node_call nc;
    int32_t axis = 0;
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK && x->rank > 0) {
        status =
            op_axis(&nc.call, op_int(&nc.call, "axis", l->g->opset < 13 ? 1 : -1), x->rank, &axis);
    }
    bool flattens = l->g->opset < 13 && axis != x->rank - 1;
    if (status != LK_OK || flattens || x->rank < 1 || x->rank > 6 || tensor_count(x) == 0) {
        return status;
    }
    dnnl_memory_desc_t md;
    int32_t source;
    status = lower_at(l, node->inputs[0], &md, &source);
    dnnl_softmax_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (status == LK_OK) {
        bool logarithm = strcmp(node->op->name, "LogSoftmax") == 0;
        dnnl_status_t code = logarithm ? l->d->lib.dnnl_logsoftmax_forward_desc_init(
                                             &desc, dnnl_forward_inference, &md, axis)
                                       : l->d->lib.dnnl_softmax_forward_desc_init(
                                             &desc, dnnl_forward_inference, &md, axis);
        status = code == dnnl_success ? primitive_desc(&pd, l->d, &desc, NULL, l->err) : LK_OK;
    }
    return pd ? one_to_one(l, node, pd, done) : status;
}

/* -- Concat -- */

struct joining {
    dnnl_memory_desc_t md[CALL_VALUES];
    int32_t buffers[CALL_VALUES];
    int32_t count;
};

/* Parts in one kind of layout; row-major where they lie in several: oneDNN 2.6 finds a layout for those, too, but joins blocks of 8
 * into blocks of 4 wrongly. */
static lk_status lower_parts(struct lowering *l, const struct node *node, struct joining *j) {
    lk_status status = LK_OK;
    for (j->count = 0; status == LK_OK && j->count < node->input_count; j->count++) {
        status = lower_at(l, node->inputs[j->count], &j->md[j->count], &j->buffers[j->count]);
    }
    bool alike = true;
    for (int32_t i = 1; status == LK_OK && i < j->count; i++) {
        dnnl_memory_desc_t like;
        alike = alike && onednn_like(l->d, &like, lower_tensor(l, node->inputs[i]), &j->md[0]) &&
                onednn_same(l->d, &like, &j->md[i]);
    }
    for (int32_t i = 0; status == LK_OK && !alike && i < j->count; i++) {
        status = lower_plain(l, node->inputs[i], &j->buffers[i]);
        if (status == LK_OK) {
            status = onednn_plain(l->d, &j->md[i], lower_tensor(l, node->inputs[i]), l->err);
        }
    }
    return status;
}

static lk_status join_parts(struct lowering *l, const struct node *node, struct joining *j,
                            dnnl_primitive_desc_t pd) {
    dnnl_memory_desc_t dst = *l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
    struct primitive *p = NULL;
    int32_t buffer;
    lk_status status = primitive_new(&p, l->d, pd, l->err);
    if (status == LK_OK) {
        status = lower_define(l, node->outputs[0], &dst, &buffer);
    }
    for (int32_t i = 0; status == LK_OK && i < j->count; i++) {
        status =
            primitive_arg(p, DNNL_ARG_MULTIPLE_SRC + i, &j->md[i], j->buffers[i], NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, &dst, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    return primitive_step(p, l->plan, node->op->name, node->name, onednn_tag_name(l->d, &dst),
                          j->buffers, j->count, buffer, l->err);
}

lk_status lower_concat(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    const struct tensor *y = lower_tensor(l, node->outputs[0]);
    struct node_call nc;
    int32_t axis = 0;
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK) {
        status = op_axis(&nc.call, op_int(&nc.call, "axis", 0), y->rank, &axis);
    }
    bool empty = y->type != TENSOR_F32 || y->rank < 1 || y->rank > 5;
    for (int32_t k = 0; status == LK_OK && k < node->input_count; k++) {
        empty = empty || tensor_count(lower_tensor(l, node->inputs[k])) == 0;
    }
    if (status != LK_OK || empty) {
        return status;
    }
    struct joining j;
    dnnl_primitive_desc_t pd = NULL;
    status = lower_parts(l, node, &j);
    if (status == LK_OK) {
        dnnl_status_t code = l->d->lib.dnnl_concat_primitive_desc_create(&pd, NULL, j.count, axis,
                                                                         j.md, NULL, l->d->engine);
        if (code == dnnl_success) {
            *done = true;
            status = join_parts(l, node, &j, pd);
            l->d->lib.dnnl_primitive_desc_destroy(pd);
        }
    }
    return status;
}
