/* SPDX-License-Identifier: Apache-2.0 */
/* Conv and ConvTranspose whose weights are constants, with what follows them. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/onednn_conv.h"

struct conv_making {
    struct conv_shape shape;
    const float *weights_data, *bias_data;
    struct chain chain;
    dnnl_primitive_desc_t pd;
    dnnl_memory_desc_t src, dst; /* what oneDNN chose */
};

/* oneDNN wants groups as a dimension of their own, and the transposed convolution's weights as [out, in, ...]; the model's are
 * [in, out, ...]: the same memory, with the strides of the two exchanged. */
static lk_status describe_weights(struct lowering *l, struct conv_shape *m,
                                  const struct tensor *w) {
    int64_t groups = m->g.groups, outs = m->g.out / groups, ins = m->g.in / groups;
    int32_t at = groups > 1 ? 1 : 0;
    m->weights = (struct tensor){.type = TENSOR_F32, .rank = w->rank + at, .dims = {groups}};
    m->weights.dims[at] = m->transposed ? ins : outs;
    m->weights.dims[at + 1] = m->transposed ? outs : ins;
    for (int32_t i = 2; i < w->rank; i++) {
        m->weights.dims[at + i] = w->dims[i];
    }
    dnnl_dims_t strides;
    tensor_strides(&m->weights, strides);
    if (m->transposed) {
        int64_t stride = strides[at];
        strides[at] = strides[at + 1];
        strides[at + 1] = stride;
        m->weights.dims[at] = outs;
        m->weights.dims[at + 1] = ins;
    }
    return onednn_status(l->d->lib.dnnl_memory_desc_init_by_strides(
                             &m->weights_md, m->weights.rank, m->weights.dims, dnnl_f32, strides),
                         "a layout of weights", l->err);
}

int32_t conv_bias(const struct node *node) {
    return node->input_count > 2 ? node->inputs[2] : -1;
}

lk_status conv_shape_of(struct conv_shape *out, struct lowering *l, int32_t i, bool transposed) {
    const struct node *node = &l->g->nodes[i];
    const struct tensor *w = lower_tensor(l, node->inputs[1]);
    int32_t bias = conv_bias(node);
    struct node_call nc;
    *out = (struct conv_shape){.transposed = transposed};
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK) {
        status = conv_geometry(&out->g, &nc.call, lower_tensor(l, node->inputs[0]), w, transposed);
    }
    if (status == LK_OK) {
        onednn_window(&out->window, &out->g.window, transposed);
        status = describe_weights(l, out, w);
    }
    if (status == LK_OK && bias >= 0) {
        status = onednn_plain(l->d, &out->bias_md, lower_tensor(l, bias), l->err);
    }
    return status;
}

/* Asks oneDNN for an implementation with the chain; m->pd stays NULL when it has none. */
static lk_status ask(struct lowering *l, struct conv_making *m, const struct tensor *x,
                     const struct tensor *y) {
    dnnl_memory_desc_t src, weights, dst;
    lk_status status = onednn_any(l->d, &src, x, l->err);
    if (status == LK_OK) {
        status = onednn_any(l->d, &weights, &m->shape.weights, l->err);
    }
    if (status == LK_OK) {
        status = onednn_any(l->d, &dst, y, l->err);
    }
    if (status != LK_OK) {
        return status;
    }
    const struct onednn_window *w = &m->shape.window;
    const dnnl_memory_desc_t *bias = m->bias_data ? &m->shape.bias_md : NULL;
    if (m->shape.transposed) {
        dnnl_deconvolution_desc_t desc;
        dnnl_status_t code = l->d->lib.dnnl_dilated_deconvolution_forward_desc_init(
            &desc, dnnl_forward_inference, dnnl_deconvolution_direct, &src, &weights, bias, &dst,
            w->stride, w->dilation, w->begin, w->end);
        return code == dnnl_success ? primitive_desc(&m->pd, l->d, &desc, &m->chain.post, l->err)
                                    : LK_OK;
    }
    dnnl_convolution_desc_t desc;
    dnnl_status_t code = l->d->lib.dnnl_dilated_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_convolution_direct, &src, &weights, bias, &dst,
        w->stride, w->dilation, w->begin, w->end);
    return code == dnnl_success ? primitive_desc(&m->pd, l->d, &desc, &m->chain.post, l->err)
                                : LK_OK;
}

/* The buffer the step writes: the residual's own when it may be written over, else one that begins as its copy. What the step
 * reads, source, is not written over: a convolution reads it again for the pixels beside. */
static lk_status define_result(struct lowering *l, struct conv_making *m, int32_t source,
                               int32_t *buffer) {
    int32_t residual = m->chain.residual;
    if (residual < 0) {
        return lower_define(l, m->chain.result, &m->dst, buffer);
    }
    int32_t over;
    lk_status status;
    const struct placed *p = &l->placed[residual];
    bool fits = p->blocked >= 0 && onednn_same(l->d, &p->md, &m->dst) &&
                !plan_same_memory(l->plan, p->blocked, source);
    if (fits && lower_is_last(l, residual)) {
        over = p->blocked;
        status = LK_OK;
    } else {
        status = lower_copy(l, residual, &m->dst, &over);
    }
    return status == LK_OK ? lower_define_over(l, m->chain.result, &m->dst, over, buffer) : status;
}

static lk_status add_weights(struct lowering *l, struct conv_making *m, struct primitive *p) {
    const dnnl_memory_desc_t *packed_md =
        l->d->lib.dnnl_primitive_desc_query_md(m->pd, dnnl_query_weights_md, 0);
    void *packed;
    lk_status status =
        onednn_repack(l->d, &packed, packed_md, m->weights_data, &m->shape.weights_md, l->err);
    if (status == LK_OK) {
        status = primitive_own(p, packed, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_WEIGHTS, packed_md, -1, packed, l->err);
    }
    if (status == LK_OK && m->bias_data) {
        status = primitive_arg(p, DNNL_ARG_BIAS, &m->shape.bias_md, -1,
                               (void *)(uintptr_t)m->bias_data, l->err);
    }
    return status;
}

static lk_status make_step(struct lowering *l, struct conv_making *m, const struct node *node) {
    m->src = *l->d->lib.dnnl_primitive_desc_query_md(m->pd, dnnl_query_src_md, 0);
    m->dst = *l->d->lib.dnnl_primitive_desc_query_md(m->pd, dnnl_query_dst_md, 0);
    const char *implementation = "";
    l->d->lib.dnnl_primitive_desc_query(m->pd, dnnl_query_impl_info_str, 0, &implementation);
    char note[64];
    snprintf(note, sizeof note, "%s %s%s", implementation, onednn_tag_name(l->d, &m->dst),
             m->chain.residual >= 0 ? " + residual" : "");
    struct primitive *p = NULL;
    int32_t source, buffer;
    lk_status status = primitive_new(&p, l->d, m->pd, l->err);
    if (status == LK_OK) {
        status = lower_as(l, node->inputs[0], &m->src, &source);
    }
    if (status == LK_OK) {
        status = define_result(l, m, source, &buffer);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC, &m->src, source, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, &m->dst, buffer, NULL, l->err);
    }
    if (status == LK_OK) {
        status = add_weights(l, m, p);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    return primitive_step(p, l->plan, node->op->name, node->name, note, &source, 1, buffer, l->err);
}

static lk_status lower_either(struct lowering *l, int32_t i, bool transposed, bool *done) {
    const struct node *node = &l->g->nodes[i];
    struct conv_making m = {0};
    const struct tensor *x = lower_tensor(l, node->inputs[0]);
    const struct tensor *y = lower_tensor(l, node->outputs[0]);
    int32_t bias = conv_bias(node);
    m.weights_data = lower_constant(l, node->inputs[1]);
    m.bias_data = lower_constant(l, bias);
    if (!m.weights_data || (bias >= 0 && !m.bias_data) || tensor_count(y) == 0) {
        return LK_OK;
    }
    lk_status status = conv_shape_of(&m.shape, l, i, transposed);
    if (status == LK_OK) {
        chain_follow(&m.chain, l, node->outputs[0]);
        status = ask(l, &m, x, y);
    }
    if (status == LK_OK && !m.pd && m.chain.node_count > 0) {
        chain_cut(&m.chain, node->outputs[0]);
        status = ask(l, &m, x, y);
    }
    if (status == LK_OK && m.pd) {
        *done = true;
        chain_done(&m.chain, l);
        status = make_step(l, &m, node);
    }
    if (m.pd) {
        l->d->lib.dnnl_primitive_desc_destroy(m.pd);
    }
    return status;
}

lk_status lower_conv(struct lowering *l, int32_t i, bool *done) {
    return lower_either(l, i, false, done);
}

lk_status lower_conv_transpose(struct lowering *l, int32_t i, bool *done) {
    return lower_either(l, i, true, done);
}
