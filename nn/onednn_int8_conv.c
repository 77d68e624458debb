/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that carry quantisation as QuantizeLinear and DequantizeLinear around convolutions and additions (QDQ): a convolution
 * whose input comes from DequantizeLinear, whose weights are int8 and whose output goes to QuantizeLinear is one step on bytes.
 *
 * With x = sx (q - zx), weights sw k and the output y = sy (p - zy),
 *     p = m (sum k q + b / (sx sw) - zx sum k) + zy,  m = sx sw / sy, one an output channel,
 * so that zero points and bias are one addend: oneDNN adds it before it multiplies by m. Where there is padding, what is outside
 * counts zx, and oneDNN is told so instead. Sums are exact; products with m are rounded to nearest, ties to even, and saturate,
 * as the definition's are, but in another order: results may differ by one step.
 *
 * Machines without instructions for it (VNNI) add two products in 16 bits, which saturates: 2 * 255 * 127 does not fit. There only
 * small weights are multiplied as bytes (oneDNN's guide, "Nuances of int8 Computations"). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/onednn_int8.h"
#include "nn/onednn_window.h"
#include "nn/op_conv.h"

static bool is_op(const struct node *node, const char *name) {
    return strcmp(node->op->name, name) == 0;
}

/* The DequantizeLinear that makes a value and waits to be asked for it; NULL when it is no such value. */
static const struct node *waiting(const struct lowering *l, int32_t value, struct step_size *size) {
    int32_t maker = l->maker[value];
    const struct node *node = maker >= 0 ? &l->g->nodes[maker] : NULL;
    bool waits = node && l->states[maker] == NODE_LIVE && lower_defers(l, node);
    return waits && step_size_of(size, l, node, lower_tensor(l, node->inputs[0])->type) ? node
                                                                                        : NULL;
}

/* The QuantizeLinear that alone reads a value. */
static int32_t quantizer_after(const struct lowering *l, int32_t value, struct step_size *size) {
    int32_t next = lower_only_user(l, value);
    const struct node *node = next >= 0 ? &l->g->nodes[next] : NULL;
    bool fits = node && is_op(node, "QuantizeLinear") && node->inputs[0] == value &&
                step_size_of(size, l, node, lower_tensor(l, node->outputs[0])->type);
    return fits ? next : -1;
}

struct byte_conv {
    struct conv_geometry g;
    const struct node *from;     /* DequantizeLinear of the input */
    const struct tensor *kernel; /* int8, as stored */
    const float *kernel_scales;
    bool one_scale;
    const float *bias; /* NULL for none */
    struct step_size in, out;
    int32_t activation, quantizer; /* nodes behind; activation -1 */
    float low, high;               /* bounds of the activation */
    float *factors, *addends;      /* m and what is added before it, one an output channel */
    bool usable;                   /* all of them are numbers that floats hold */
};

/* The int8 weights behind a constant of floats: no zero point, one scale or one an output channel. */
static bool find_kernel(struct byte_conv *c, const struct lowering *l, int32_t value) {
    int32_t maker = l->maker[value];
    const struct node *node = maker >= 0 ? &l->g->nodes[maker] : NULL;
    if (!node || l->states[maker] != NODE_FOLDED || !is_op(node, "DequantizeLinear")) {
        return false;
    }
    const struct tensor *q = lower_tensor(l, node->inputs[0]),
                        *scales = lower_tensor(l, node->inputs[1]);
    const struct attribute *axis = node_attribute(node, "axis");
    bool zero = true;
    if (node->input_count > 2 && node->inputs[2] >= 0) {
        const struct tensor *zeros = lower_tensor(l, node->inputs[2]);
        for (int64_t i = 0; i < tensor_count(zeros); i++) {
            zero = zero && tensor_integer(zeros, i) == 0;
        }
    }
    c->kernel = q;
    c->kernel_scales = scales->data;
    c->one_scale = tensor_count(scales) == 1;
    return q->type == TENSOR_I8 && q->data && zero && (c->one_scale || (axis && axis->number == 0));
}

/* An activation between convolution and quantisation that only cuts off: Relu or Clip. */
static int32_t find_cut(struct byte_conv *c, const struct lowering *l, int32_t value) {
    int32_t next = lower_only_user(l, value);
    struct post_op ops[2];
    c->low = -INFINITY;
    c->high = INFINITY;
    if (next < 0 || eltwise_of(l, &l->g->nodes[next], ops) != 1) {
        return -1;
    }
    if (ops[0].algorithm == dnnl_eltwise_clip) {
        c->low = ops[0].alpha;
        c->high = ops[0].beta;
    } else if (ops[0].algorithm == dnnl_eltwise_relu && is_op(&l->g->nodes[next], "Relu")) {
        c->low = 0;
    } else {
        return -1;
    }
    return next;
}

static bool find_surroundings(struct byte_conv *c, const struct lowering *l,
                              const struct node *node) {
    int32_t bias = node->input_count > 2 ? node->inputs[2] : -1;
    c->from = waiting(l, node->inputs[0], &c->in);
    if (!c->from || !find_kernel(c, l, node->inputs[1])) {
        return false;
    }
    c->bias = lower_constant(l, bias);
    c->activation = find_cut(c, l, node->outputs[0]);
    int32_t value = c->activation >= 0 ? l->g->nodes[c->activation].outputs[0] : node->outputs[0];
    c->quantizer = quantizer_after(l, value, &c->out);
    return c->quantizer >= 0 && (bias < 0 || c->bias);
}

static bool has_padding(const struct window *w) {
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        if (w->pad_begin[i] > 0 || w->pad_end[i] > 0) {
            return true;
        }
    }
    return false;
}

/* m and the addend of each output channel. */
static lk_status find_factors(struct byte_conv *c, lk_error *err) {
    int64_t outs = c->g.out, each = tensor_count(c->kernel) / outs;
    const int8_t *kernel = c->kernel->data;
    bool fold_zero = !has_padding(&c->g.window);
    c->factors = mem_alloc((size_t)outs, sizeof *c->factors);
    c->addends = mem_alloc((size_t)outs, sizeof *c->addends);
    if (!c->factors || !c->addends) {
        return error_memory(err, (size_t)outs * 2 * sizeof *c->factors);
    }
    c->usable = true;
    for (int64_t o = 0; o < outs; o++) {
        double unit = (double)c->in.scale * (double)c->kernel_scales[c->one_scale ? 0 : o];
        double m = unit / (double)c->out.scale, sum = 0;
        for (int64_t i = 0; fold_zero && i < each; i++) {
            sum += kernel[o * each + i];
        }
        c->factors[o] = (float)m;
        c->addends[o] =
            (float)((c->bias ? (double)c->bias[o] / unit : 0) - c->in.zero * sum + c->out.zero / m);
        c->usable = c->usable && isnormal(c->factors[o]) && isfinite(c->addends[o]);
    }
    return LK_OK;
}

static void byte_post(const struct byte_conv *c, struct post_ops *post) {
    *post = (struct post_ops){.output_scales = c->factors,
                              .output_scale_count = (int32_t)c->g.out,
                              .src_zero = has_padding(&c->g.window) ? c->in.zero : 0};
    float low = (float)c->out.zero + c->low / c->out.scale;
    float high = (float)c->out.zero + c->high / c->out.scale;
    if (low > 0 || high < 255) { /* else saturation cuts off as much, or more */
        post->ops[post->count++] = (struct post_op){.kind = POST_ELTWISE,
                                                    .algorithm = dnnl_eltwise_clip,
                                                    .alpha = low > 0 ? low : 0,
                                                    .beta = high < 255 ? high : 255};
    }
}

static lk_status describe(struct lowering *l, const struct byte_conv *c, const struct tensor *x,
                          const struct tensor *y, dnnl_memory_desc_t md[3], struct tensor *kernel) {
    const struct tensor *w = c->kernel;
    int32_t at = c->g.groups > 1 ? 1 : 0;
    *kernel = (struct tensor){.type = TENSOR_I8, .rank = w->rank + at, .dims = {c->g.groups}};
    kernel->dims[at] = c->g.out / c->g.groups;
    for (int32_t i = 1; i < w->rank; i++) {
        kernel->dims[at + i] = w->dims[i];
    }
    struct tensor bytes_x = tensor_of(TENSOR_U8, x->rank, x->dims);
    struct tensor bytes_y = tensor_of(TENSOR_U8, y->rank, y->dims);
    lk_status status = onednn_any(l->d, &md[0], &bytes_x, l->err);
    if (status == LK_OK) {
        status = onednn_any(l->d, &md[1], kernel, l->err);
    }
    return status == LK_OK ? onednn_any(l->d, &md[2], &bytes_y, l->err) : status;
}

static lk_status ask(struct lowering *l, const struct byte_conv *c, const struct node *node,
                     struct tensor *kernel, dnnl_primitive_desc_t *pd) {
    dnnl_memory_desc_t md[3], addends;
    struct tensor channels = tensor_of(TENSOR_F32, 1, &c->g.out);
    struct onednn_window w;
    struct post_ops post;
    *pd = NULL;
    onednn_window(&w, &c->g.window, false);
    byte_post(c, &post);
    lk_status status = describe(l, c, lower_tensor(l, node->inputs[0]),
                                lower_tensor(l, node->outputs[0]), md, kernel);
    if (status == LK_OK) {
        status = onednn_plain(l->d, &addends, &channels, l->err);
    }
    dnnl_convolution_desc_t desc;
    if (status != LK_OK ||
        l->d->lib.dnnl_dilated_convolution_forward_desc_init(
            &desc, dnnl_forward_inference, dnnl_convolution_direct, &md[0], &md[1], &addends,
            &md[2], w.stride, w.dilation, w.begin, w.end) != dnnl_success) {
        return status;
    }
    return primitive_desc(pd, l->d, &desc, &post, l->err);
}

/* Whether two products always fit into 16 bits: 255 (|a| + |b|) < 2^15. */
static bool has_small_weights(const struct byte_conv *c) {
    const int8_t *kernel = c->kernel->data;
    for (int64_t i = 0; i < tensor_count(c->kernel); i++) {
        if (kernel[i] > 64 || kernel[i] < -64) {
            return false;
        }
    }
    return true;
}

static bool is_exact(const struct lowering *l, const struct byte_conv *c,
                     dnnl_primitive_desc_t pd) {
    const char *implementation = "";
    l->d->lib.dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &implementation);
    unsigned isa = (unsigned)l->d->lib.dnnl_get_effective_cpu_isa();
    bool vnni = (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni ||
                strstr(implementation, "vnni");
    return vnni || strstr(implementation, "ref") || has_small_weights(c);
}

static lk_status add_kernel(struct lowering *l, const struct byte_conv *c, struct primitive *p,
                            dnnl_primitive_desc_t pd, const struct tensor *kernel) {
    dnnl_memory_desc_t from, addends;
    struct tensor channels = tensor_of(TENSOR_F32, 1, &c->g.out);
    const dnnl_memory_desc_t *to =
        l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    void *packed = NULL;
    lk_status status = onednn_plain(l->d, &from, kernel, l->err);
    if (status == LK_OK) {
        status = onednn_repack(l->d, &packed, to, c->kernel->data, &from, l->err);
    }
    if (status == LK_OK) {
        status = primitive_own(p, packed, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_WEIGHTS, to, -1, packed, l->err);
    }
    if (status == LK_OK) {
        status = onednn_plain(l->d, &addends, &channels, l->err);
    }
    return status == LK_OK ? primitive_arg(p, DNNL_ARG_BIAS, &addends, -1, c->addends, l->err)
                           : status;
}

static lk_status make_step(struct lowering *l, struct byte_conv *c, const struct node *node,
                           dnnl_primitive_desc_t pd, const struct tensor *kernel) {
    dnnl_memory_desc_t src = *l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
    dnnl_memory_desc_t dst = *l->d->lib.dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
    int32_t source = -1, buffer = -1, q = c->from->inputs[0];
    struct primitive *p = NULL;
    const char *implementation = "";
    char note[64];
    l->d->lib.dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &implementation);
    snprintf(note, sizeof note, "%s int8", implementation);
    lk_status status = primitive_new(&p, l->d, pd, l->err);
    if (status == LK_OK) {
        status = primitive_own(p, c->addends, l->err);
        c->addends = status == LK_OK ? c->addends : NULL;
    }
    if (status == LK_OK) {
        status = bytes_at(l, q);
    }
    if (status == LK_OK) {
        status = bytes_as(l, q, &src, &source);
    }
    if (status == LK_OK) {
        status = define_bytes(l, l->g->nodes[c->quantizer].outputs[0], &dst, &buffer);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC, &src, source, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, &dst, buffer, NULL, l->err);
    }
    if (status == LK_OK) {
        status = add_kernel(l, c, p, pd, kernel);
    }
    c->addends = p ? NULL : c->addends; /* the primitive's, once it took them */
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    return primitive_step(p, l->plan, node->op->name, node->name, note, &source, 1, buffer, l->err);
}

lk_status lower_byte_conv(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    struct byte_conv c = {0};
    struct node_call nc;
    struct tensor kernel;
    dnnl_primitive_desc_t pd = NULL;
    if (!find_surroundings(&c, l, node)) {
        return LK_OK;
    }
    lk_status status = lower_call(l, i, &nc);
    if (status == LK_OK) {
        status = conv_geometry(&c.g, &nc.call, nc.inputs[0], nc.inputs[1], false);
    }
    if (status == LK_OK) {
        status = find_factors(&c, l->err);
    }
    if (status == LK_OK && c.usable) {
        status = ask(l, &c, node, &kernel, &pd);
    }
    if (status == LK_OK && pd && is_exact(l, &c, pd)) {
        *done = true;
        if (c.activation >= 0) {
            lower_mark(l, c.activation);
        }
        lower_mark(l, c.quantizer);
        status = make_step(l, &c, node, pd, &kernel);
    }
    if (pd) {
        l->d->lib.dnnl_primitive_desc_destroy(pd);
    }
    mem_free(c.factors);
    mem_free(c.addends);
    return status;
}

/* -- An addition of two quantised values that is quantised again -- */

struct byte_sum {
    struct step_size a, b, y;
    const struct node *from_a, *from_b;
    int32_t quantizer;
};

static bool find_sum(struct byte_sum *s, const struct lowering *l, const struct node *node) {
    bool same =
        tensor_same_shape(lower_tensor(l, node->inputs[0]), lower_tensor(l, node->inputs[1]));
    s->from_a = waiting(l, node->inputs[0], &s->a);
    s->from_b = waiting(l, node->inputs[1], &s->b);
    s->quantizer = quantizer_after(l, node->outputs[0], &s->y);
    return same && s->from_a && s->from_b && s->quantizer >= 0 &&
           lower_tensor(l, node->outputs[0])->rank <= 5;
}

/* y = (sa / sy) a + (sb / sy) b + the rest, as a binary operation with scales and a linear one behind it. */
static lk_status sum_desc(struct lowering *l, const struct byte_sum *s,
                          const dnnl_memory_desc_t *md, dnnl_primitive_desc_t *pd) {
    float ka = s->a.scale / s->y.scale, kb = s->b.scale / s->y.scale;
    struct post_ops post = {.count = 1, .arg_scales = {ka, kb}};
    post.ops[0] =
        (struct post_op){.kind = POST_ELTWISE,
                         .algorithm = dnnl_eltwise_linear,
                         .alpha = 1,
                         .beta = (float)s->y.zero - ka * (float)s->a.zero - kb * (float)s->b.zero};
    dnnl_binary_desc_t desc;
    *pd = NULL;
    if (!isnormal(ka) || !isnormal(kb) || !isfinite(post.ops[0].beta)) {
        return LK_OK;
    }
    return l->d->lib.dnnl_binary_desc_init(&desc, dnnl_binary_add, md, md, md) == dnnl_success
               ? primitive_desc(pd, l->d, &desc, &post, l->err)
               : LK_OK;
}

static lk_status sum_step(struct lowering *l, const struct byte_sum *s, const struct node *node,
                          dnnl_primitive_desc_t pd, const dnnl_memory_desc_t *md) {
    struct primitive *p = NULL;
    int32_t sources[2], buffer = -1;
    lk_status status = primitive_new(&p, l->d, pd, l->err);
    sources[0] = l->placed[s->from_a->inputs[0]].bytes;
    if (status == LK_OK) {
        status = bytes_as(l, s->from_b->inputs[0], md, &sources[1]);
    }
    if (status == LK_OK) {
        status = define_bytes(l, l->g->nodes[s->quantizer].outputs[0], md, &buffer);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC_0, md, sources[0], NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC_1, md, sources[1], NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, md, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    return primitive_step(p, l->plan, node->op->name, node->name, "int8", sources, 2, buffer,
                          l->err);
}

lk_status lower_byte_add(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    struct byte_sum s;
    if (!find_sum(&s, l, node)) {
        return LK_OK;
    }
    lk_status status = bytes_at(l, s.from_a->inputs[0]);
    if (status == LK_OK) {
        status = bytes_at(l, s.from_b->inputs[0]);
    }
    dnnl_memory_desc_t md = l->placed[s.from_a->inputs[0]].bytes_md;
    dnnl_primitive_desc_t pd = NULL;
    if (status == LK_OK) {
        status = sum_desc(l, &s, &md, &pd);
    }
    if (status == LK_OK && pd) {
        *done = true;
        lower_mark(l, s.quantizer);
        status = sum_step(l, &s, node, pd, &md);
    }
    if (pd) {
        l->d->lib.dnnl_primitive_desc_destroy(pd);
    }
    return status;
}
