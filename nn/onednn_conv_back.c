/* SPDX-License-Identifier: Apache-2.0 */
/* Conv and ConvTranspose in training. Weights stay as the model stores them, where the optimiser changes them, and are packed
 * anew in every step; so are their gradients unpacked. */
#include "base/error.h"
#include "nn/onednn_conv.h"
#include "nn/training.h"

/* The layouts one of the three directions is asked with, all left to oneDNN; and what it is told. */
struct direction {
    dnnl_memory_desc_t src, weights, bias, dst;
    union {
        dnnl_convolution_desc_t conv;
        dnnl_deconvolution_desc_t deconv;
    } desc;
};

static lk_status any_layouts(struct direction *out, struct lowering *l, const struct conv_shape *m,
                             const struct node *node) {
    lk_status status = onednn_any(l->d, &out->src, lower_tensor(l, node->inputs[0]), l->err);
    if (status == LK_OK) {
        status = onednn_any(l->d, &out->weights, &m->weights, l->err);
    }
    if (status == LK_OK) {
        status = onednn_any(l->d, &out->dst, lower_tensor(l, node->outputs[0]), l->err);
    }
    out->bias = m->bias_md;
    return status;
}

enum way { FORWARD, BACK_DATA, BACK_WEIGHTS };

static dnnl_status_t describe_conv(struct direction *o, struct lowering *l,
                                   const struct onednn_window *w, enum way way,
                                   const dnnl_memory_desc_t *bias) {
    dnnl_convolution_desc_t *desc = &o->desc.conv;
    switch (way) {
    case FORWARD:
        return l->d->lib.dnnl_dilated_convolution_forward_desc_init(
            desc, dnnl_forward_training, dnnl_convolution_direct, &o->src, &o->weights, bias,
            &o->dst, w->stride, w->dilation, w->begin, w->end);
    case BACK_DATA:
        return l->d->lib.dnnl_dilated_convolution_backward_data_desc_init(
            desc, dnnl_convolution_direct, &o->src, &o->weights, &o->dst, w->stride, w->dilation,
            w->begin, w->end);
    default:
        return l->d->lib.dnnl_dilated_convolution_backward_weights_desc_init(
            desc, dnnl_convolution_direct, &o->src, &o->weights, bias, &o->dst, w->stride,
            w->dilation, w->begin, w->end);
    }
}

static dnnl_status_t describe_deconv(struct direction *o, struct lowering *l,
                                     const struct onednn_window *w, enum way way,
                                     const dnnl_memory_desc_t *bias) {
    dnnl_deconvolution_desc_t *desc = &o->desc.deconv;
    switch (way) {
    case FORWARD:
        return l->d->lib.dnnl_dilated_deconvolution_forward_desc_init(
            desc, dnnl_forward_training, dnnl_deconvolution_direct, &o->src, &o->weights, bias,
            &o->dst, w->stride, w->dilation, w->begin, w->end);
    case BACK_DATA:
        return l->d->lib.dnnl_dilated_deconvolution_backward_data_desc_init(
            desc, dnnl_deconvolution_direct, &o->src, &o->weights, &o->dst, w->stride, w->dilation,
            w->begin, w->end);
    default:
        return l->d->lib.dnnl_dilated_deconvolution_backward_weights_desc_init(
            desc, dnnl_deconvolution_direct, &o->src, &o->weights, bias, &o->dst, w->stride,
            w->dilation, w->begin, w->end);
    }
}

/* *pd, closed by the caller; NULL when oneDNN has none. */
static lk_status ask(dnnl_primitive_desc_t *pd, struct training *t, const struct conv_shape *m,
                     int32_t i, enum way way, bool bias) {
    struct lowering *l = &t->l;
    struct direction o;
    *pd = NULL;
    lk_status status = any_layouts(&o, l, m, &l->g->nodes[i]);
    if (status != LK_OK) {
        return status;
    }
    const dnnl_memory_desc_t *with = bias ? &o.bias : NULL;
    dnnl_status_t code = m->transposed ? describe_deconv(&o, l, &m->window, way, with)
                                       : describe_conv(&o, l, &m->window, way, with);
    status = onednn_status(code, "a convolution", l->err);
    return status == LK_OK
               ? primitive_desc_back(pd, l->d, &o.desc, NULL, t->kept[i].forward, l->err)
               : status;
}

/* The buffer with the weights in the layout md: packed in every run. */
static lk_status packed(struct training *t, const struct conv_shape *m, int32_t value,
                        const dnnl_memory_desc_t *md, int32_t *buffer) {
    struct lowering *l = &t->l;
    int32_t plain;
    lk_status status = lower_plain(l, value, &plain);
    if (status == LK_OK && onednn_same(l->d, &m->weights_md, md)) {
        *buffer = plain;
        return LK_OK;
    }
    if (status == LK_OK) {
        status = plan_add_buffer(buffer, l->plan, onednn_size(l->d, md), NULL, l->err);
    }
    return status == LK_OK ? lower_reorder(l, value, &m->weights_md, plain, md, *buffer) : status;
}

static lk_status train_either(struct training *t, int32_t i, bool transposed) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    struct kept *kept = &t->kept[i];
    struct conv_shape m;
    int32_t bias = conv_bias(node), source, weights, offsets = -1, out;
    lk_status status = conv_shape_of(&m, l, i, transposed);
    if (status == LK_OK) {
        status = ask(&kept->forward, t, &m, i, FORWARD, bias >= 0);
    }
    if (status != LK_OK || !kept->forward) {
        return status != LK_OK ? status : training_step(t, NULL, "convolution", i, NULL, 0);
    }
    kept->src = *training_md(t, kept->forward, dnnl_query_src_md, 0);
    kept->dst = *training_md(t, kept->forward, dnnl_query_dst_md, 0);
    const dnnl_memory_desc_t *weights_md = training_md(t, kept->forward, dnnl_query_weights_md, 0);
    status = lower_as(l, node->inputs[0], &kept->src, &source);
    if (status == LK_OK) {
        status = packed(t, &m, node->inputs[1], weights_md, &weights);
    }
    if (status == LK_OK && bias >= 0) {
        status = lower_plain(l, bias, &offsets);
    }
    if (status == LK_OK) {
        status = lower_define(l, node->outputs[0], &kept->dst, &out);
    }
    const struct train_arg args[] = {{DNNL_ARG_SRC, &kept->src, source, false},
                                     {DNNL_ARG_WEIGHTS, weights_md, weights, false},
                                     {DNNL_ARG_DST, &kept->dst, out, true},
                                     {DNNL_ARG_BIAS, &m.bias_md, offsets, false}};
    return status == LK_OK
               ? training_step(t, kept->forward, "convolution", i, args, bias >= 0 ? 4 : 3)
               : status;
}

static lk_status back_data(struct training *t, const struct conv_shape *m, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    dnnl_primitive_desc_t pd;
    int32_t above, weights, gradient, out;
    lk_status status = ask(&pd, t, m, i, BACK_DATA, false);
    if (status != LK_OK || !pd) {
        return status != LK_OK ? status : training_step(t, NULL, "way back", i, NULL, 0);
    }
    const dnnl_memory_desc_t *src = training_md(t, pd, dnnl_query_diff_src_md, 0),
                             *dst = training_md(t, pd, dnnl_query_diff_dst_md, 0),
                             *w = training_md(t, pd, dnnl_query_weights_md, 0);
    status = lower_as(l, training_gradient(t, i), dst, &above);
    if (status == LK_OK) {
        status = packed(t, m, node->inputs[1], w, &weights);
    }
    if (status == LK_OK) {
        status = training_value(t, node->inputs[0], &gradient);
    }
    if (status == LK_OK) {
        status = lower_define(l, gradient, src, &out);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {{DNNL_ARG_DIFF_DST, dst, above, false},
                                         {DNNL_ARG_WEIGHTS, w, weights, false},
                                         {DNNL_ARG_DIFF_SRC, src, out, true}};
        status = training_step(t, pd, "convolution back", i, args, 3);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status == LK_OK ? training_add(t, node->inputs[0], gradient) : status;
}

/* A gradient in the layout md, of a parameter that the model stores as plain. */
static lk_status unpack(struct training *t, int32_t value, const dnnl_memory_desc_t *md,
                        int32_t buffer, const dnnl_memory_desc_t *plain) {
    struct lowering *l = &t->l;
    int32_t gradient, out;
    lk_status status = training_value(t, value, &gradient);
    if (status == LK_OK) {
        status = lower_place_plain(l, gradient, &out);
    }
    if (status == LK_OK) {
        status = lower_reorder(l, gradient, md, buffer, plain, out);
    }
    return status == LK_OK ? training_add(t, value, gradient) : status;
}

static lk_status back_weights(struct training *t, const struct conv_shape *m, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    int32_t bias = conv_bias(node), source, above, weights, offsets = -1, gradient = -1;
    dnnl_primitive_desc_t pd;
    lk_status status = ask(&pd, t, m, i, BACK_WEIGHTS, bias >= 0);
    if (status != LK_OK || !pd) {
        return status != LK_OK ? status : training_step(t, NULL, "way back", i, NULL, 0);
    }
    const dnnl_memory_desc_t *src = training_md(t, pd, dnnl_query_src_md, 0),
                             *dst = training_md(t, pd, dnnl_query_diff_dst_md, 0),
                             *w = training_md(t, pd, dnnl_query_diff_weights_md, 0);
    status = lower_as(l, node->inputs[0], src, &source);
    if (status == LK_OK) {
        status = lower_as(l, training_gradient(t, i), dst, &above);
    }
    if (status == LK_OK) {
        status = plan_add_buffer(&weights, l->plan, onednn_size(l->d, w), NULL, l->err);
    }
    if (status == LK_OK && bias >= 0) {
        status = training_value(t, bias, &gradient);
    }
    if (status == LK_OK && bias >= 0) {
        status = lower_place_plain(l, gradient, &offsets);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {{DNNL_ARG_SRC, src, source, false},
                                         {DNNL_ARG_DIFF_DST, dst, above, false},
                                         {DNNL_ARG_DIFF_WEIGHTS, w, weights, true},
                                         {DNNL_ARG_DIFF_BIAS, &m->bias_md, offsets, true}};
        status = training_step(t, pd, "weights back", i, args, bias >= 0 ? 4 : 3);
    }
    if (status == LK_OK) {
        status = unpack(t, node->inputs[1], w, weights, &m->weights_md);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status == LK_OK && bias >= 0 ? training_add(t, bias, gradient) : status;
}

static lk_status back_either(struct training *t, int32_t i, bool transposed) {
    const struct node *node = &t->l.g->nodes[i];
    int32_t bias = conv_bias(node);
    struct conv_shape m;
    lk_status status = conv_shape_of(&m, &t->l, i, transposed);
    bool weights = t->wants[node->inputs[1]] || (bias >= 0 && t->wants[bias]);
    if (status == LK_OK && weights) {
        status = back_weights(t, &m, i);
    }
    return status == LK_OK && t->wants[node->inputs[0]] ? back_data(t, &m, i) : status;
}

lk_status train_conv(struct training *t, int32_t node) {
    return train_either(t, node, false);
}

lk_status train_conv_transpose(struct training *t, int32_t node) {
    return train_either(t, node, true);
}

lk_status back_conv(struct training *t, int32_t node) {
    return back_either(t, node, false);
}

lk_status back_conv_transpose(struct training *t, int32_t node) {
    return back_either(t, node, true);
}
