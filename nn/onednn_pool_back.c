/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling and resizing in training. */
#include "nn/onednn_pool.h"
#include "nn/training.h"

/* A step with one input and one output forward, whose descriptor is kept; places of maxima go into a buffer of their own. */
static lk_status forward(struct training *t, int32_t i, const char *kind) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    struct kept *kept = &t->kept[i];
    int32_t source, out;
    if (!kept->forward) {
        return training_step(t, NULL, kind, i, NULL, 0);
    }
    kept->src = *training_md(t, kept->forward, dnnl_query_src_md, 0);
    kept->dst = *training_md(t, kept->forward, dnnl_query_dst_md, 0);
    const dnnl_memory_desc_t *places = training_md(t, kept->forward, dnnl_query_workspace_md, 0);
    bool has_places = onednn_size(l->d, places) > 0;
    lk_status status = lower_as(l, node->inputs[0], &kept->src, &source);
    if (status == LK_OK) {
        status = lower_define(l, node->outputs[0], &kept->dst, &out);
    }
    if (status == LK_OK && has_places) {
        status =
            plan_add_buffer(&kept->buffers[0], l->plan, onednn_size(l->d, places), NULL, l->err);
    }
    const struct train_arg args[] = {{DNNL_ARG_SRC, &kept->src, source, false},
                                     {DNNL_ARG_DST, &kept->dst, out, true},
                                     {DNNL_ARG_WORKSPACE, places, kept->buffers[0], true}};
    return status == LK_OK ? training_step(t, kept->forward, kind, i, args, has_places ? 3 : 2)
                           : status;
}

/* Its way back. Closes pd. */
static lk_status backward(struct training *t, int32_t i, dnnl_primitive_desc_t pd,
                          const char *kind) {
    struct lowering *l = &t->l;
    int32_t input = l->g->nodes[i].inputs[0], above, gradient = -1, out;
    const struct kept *kept = &t->kept[i];
    if (!pd) {
        return training_step(t, NULL, kind, i, NULL, 0);
    }
    const dnnl_memory_desc_t *src = training_md(t, pd, dnnl_query_diff_src_md, 0),
                             *dst = training_md(t, pd, dnnl_query_diff_dst_md, 0),
                             *places = training_md(t, pd, dnnl_query_workspace_md, 0);
    lk_status status = lower_as(l, training_gradient(t, i), dst, &above);
    if (status == LK_OK) {
        status = training_value(t, input, &gradient);
    }
    if (status == LK_OK) {
        status = lower_define(l, gradient, src, &out);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {{DNNL_ARG_DIFF_DST, dst, above, false},
                                         {DNNL_ARG_DIFF_SRC, src, out, true},
                                         {DNNL_ARG_WORKSPACE, places, kept->buffers[0], false}};
        status = training_step(t, pd, kind, i, args, kept->buffers[0] >= 0 ? 3 : 2);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status == LK_OK ? training_add(t, input, gradient) : status;
}

lk_status train_pool(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    struct pool_shape m;
    dnnl_memory_desc_t src, dst;
    dnnl_pooling_v2_desc_t desc;
    int32_t source;
    lk_status status = pool_shape_of(&m, l, i);
    if (status == LK_OK && (m.plain || (node->output_count > 1 && node->outputs[1] >= 0))) {
        return training_step(t, NULL, "pooling", i, NULL, 0);
    }
    if (status == LK_OK) {
        status = lower_at(l, node->inputs[0], &src, &source);
    }
    if (status == LK_OK) {
        status = onednn_any(l->d, &dst, lower_tensor(l, node->outputs[0]), l->err);
    }
    if (status == LK_OK) {
        const struct onednn_window *w = &m.window;
        status = onednn_status(l->d->lib.dnnl_pooling_v2_forward_desc_init(
                                   &desc, dnnl_forward_training, m.algorithm, &src, &dst, w->stride,
                                   w->kernel, w->dilation, w->begin, w->end),
                               "pooling", l->err);
    }
    if (status == LK_OK) {
        status = primitive_desc(&t->kept[i].forward, l->d, &desc, NULL, l->err);
    }
    return status == LK_OK ? forward(t, i, "pooling") : status;
}

lk_status back_pool(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct kept *kept = &t->kept[i];
    struct pool_shape m;
    dnnl_pooling_v2_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    lk_status status = pool_shape_of(&m, l, i);
    if (status == LK_OK) {
        const struct onednn_window *w = &m.window;
        status = onednn_status(l->d->lib.dnnl_pooling_v2_backward_desc_init(
                                   &desc, m.algorithm, &kept->src, &kept->dst, w->stride, w->kernel,
                                   w->dilation, w->begin, w->end),
                               "pooling", l->err);
    }
    if (status == LK_OK) {
        status = primitive_desc_back(&pd, l->d, &desc, NULL, kept->forward, l->err);
    }
    return status == LK_OK ? backward(t, i, pd, "pooling back") : status;
}

/* Enlarging by whole factors, by the nearest pixel: there every one of ONNX's ways to round agrees with oneDNN's. */
static bool is_whole_nearest(const struct op_call *c, const struct tensor *y) {
    const struct tensor *x = c->inputs[0];
    bool whole = x->rank == 4 && x->dims[0] == y->dims[0] && x->dims[1] == y->dims[1];
    for (int32_t k = 2; whole && k < 4; k++) {
        whole = x->dims[k] > 0 && y->dims[k] % x->dims[k] == 0;
    }
    const char *mode = op_text(c, "mode", "nearest");
    const char *place = op_text(c, "coordinate_transformation_mode", "half_pixel");
    bool usual = mode[0] == 'n' && (place[0] == 'h' || place[0] == 'a');
    const char *rounding = op_text(c, "nearest_mode", "round_prefer_floor");
    bool asymmetric = place[0] == 'a' && place[1] == 's';
    return whole && usual && place[1] != 'l' && (!asymmetric || rounding[0] == 'f');
}

lk_status train_resize(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    dnnl_memory_desc_t src, dst;
    dnnl_resampling_desc_t desc;
    struct node_call nc;
    int32_t source;
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK && !is_whole_nearest(&nc.call, lower_tensor(l, node->outputs[0]))) {
        return training_step(t, NULL, "resizing", i, NULL, 0);
    }
    if (status == LK_OK) {
        status = lower_at(l, node->inputs[0], &src, &source);
    }
    if (status == LK_OK) {
        status = onednn_any(l->d, &dst, lower_tensor(l, node->outputs[0]), l->err);
    }
    if (status == LK_OK) {
        status = onednn_status(
            l->d->lib.dnnl_resampling_forward_desc_init(&desc, dnnl_forward_training,
                                                        dnnl_resampling_nearest, NULL, &src, &dst),
            "resizing", l->err);
    }
    if (status == LK_OK) {
        status = primitive_desc(&t->kept[i].forward, l->d, &desc, NULL, l->err);
    }
    return status == LK_OK ? forward(t, i, "resizing") : status;
}

lk_status back_resize(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct kept *kept = &t->kept[i];
    dnnl_resampling_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    lk_status status =
        onednn_status(l->d->lib.dnnl_resampling_backward_desc_init(&desc, dnnl_resampling_nearest,
                                                                   NULL, &kept->src, &kept->dst),
                      "resizing", l->err);
    if (status == LK_OK) {
        status = primitive_desc_back(&pd, l->d, &desc, NULL, kept->forward, l->err);
    }
    return status == LK_OK ? backward(t, i, pd, "resizing back") : status;
}
