/* SPDX-License-Identifier: Apache-2.0 */
/* Activations and arithmetic in whatever layout their input lies. */
#include <float.h>
#include <string.h>

#include "nn/lower.h"

static float attribute_real(const struct node *node, const char *name, float otherwise) {
    const struct attribute *a = node_attribute(node, name);
    return a && a->kind == ATTRIBUTE_FLOAT ? a->real : otherwise;
}

/* Bounds are attributes before operator set 11 and inputs after. False when they are not constants. */
static bool clip_bounds(const struct lowering *l, const struct node *node, float *low,
                        float *high) {
    *low = attribute_real(node, "min", -FLT_MAX);
    *high = attribute_real(node, "max", FLT_MAX);
    for (int32_t i = 1; i < node->input_count && i < 3; i++) {
        if (node->inputs[i] < 0) {
            continue;
        }
        const float *bound = lower_constant(l, node->inputs[i]);
        if (!bound) {
            return false;
        }
        *(i == 1 ? low : high) = *bound;
    }
    return *low <= *high;
}

struct eltwise_row {
    const char *op;
    dnnl_alg_kind_t algorithm;
    float alpha; /* the standard's default */
};

static const struct eltwise_row eltwise_table[] = {
    {"Relu", dnnl_eltwise_relu, 0},        {"LeakyRelu", dnnl_eltwise_relu, 0.01f},
    {"Sigmoid", dnnl_eltwise_logistic, 0}, {"Tanh", dnnl_eltwise_tanh, 0},
    {"Elu", dnnl_eltwise_elu, 1},          {"HardSwish", dnnl_eltwise_hardswish, 0},
    {"Clip", dnnl_eltwise_clip, 0},        {"HardSigmoid", dnnl_eltwise_linear, 0.2f},
};

int32_t eltwise_of(const struct lowering *l, const struct node *node, struct post_op out[2]) {
    const struct eltwise_row *row = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(eltwise_table); i++) {
        if (strcmp(eltwise_table[i].op, node->op->name) == 0) {
            row = &eltwise_table[i];
        }
    }
    if (!row || lower_tensor(l, node->inputs[0])->type != TENSOR_F32) {
        return 0;
    }
    out[0] = (struct post_op){.kind = POST_ELTWISE, .algorithm = row->algorithm};
    out[0].alpha = row->alpha > 0 ? attribute_real(node, "alpha", row->alpha) : 0;
    if (row->algorithm == dnnl_eltwise_clip) {
        return clip_bounds(l, node, &out[0].alpha, &out[0].beta) ? 1 : 0;
    }
    if (row->algorithm == dnnl_eltwise_linear) { /* hard sigmoid: clip(alpha x + beta, 0, 1) */
        out[0].beta = attribute_real(node, "beta", 0.5f);
        out[1] = (struct post_op){
            .kind = POST_ELTWISE, .algorithm = dnnl_eltwise_clip, .alpha = 0, .beta = 1};
        return 2;
    }
    return 1;
}

lk_status lower_eltwise(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    struct post_op ops[2];
    int32_t count = eltwise_of(l, node, ops);
    /* oneDNN's activations take no second one behind them. */
    if (count != 1 || tensor_count(lower_tensor(l, node->inputs[0])) == 0) {
        return LK_OK;
    }
    dnnl_memory_desc_t md;
    int32_t source, buffer;
    lk_status status = lower_at(l, node->inputs[0], &md, &source);
    dnnl_eltwise_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (status == LK_OK && md.ndims <= 6) {
        dnnl_status_t code = l->d->lib.dnnl_eltwise_forward_desc_init(
            &desc, dnnl_forward_inference, ops[0].algorithm, &md, ops[0].alpha, ops[0].beta);
        status = code == dnnl_success ? primitive_desc(&pd, l->d, &desc, NULL, l->err) : LK_OK;
    }
    if (status != LK_OK || !pd) {
        return status;
    }
    struct primitive *p = NULL;
    status = primitive_new(&p, l->d, pd, l->err);
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    if (status == LK_OK) {
        status = lower_is_last(l, node->inputs[0])
                     ? lower_define_over(l, node->outputs[0], &md, source, &buffer)
                     : lower_define(l, node->outputs[0], &md, &buffer);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC, &md, source, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, &md, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    *done = true;
    return primitive_step(p, l->plan, node->op->name, node->name, onednn_tag_name(l->d, &md),
                          &source, 1, buffer, l->err);
}

static dnnl_alg_kind_t binary_algorithm(const char *op) {
    switch (op[0]) {
    case 'A': return dnnl_binary_add;
    case 'S': return dnnl_binary_sub;
    case 'M': return dnnl_binary_mul;
    default: return dnnl_binary_div;
    }
}

/* The second operand, in the same kind of layout as the first; it may be 1 where the first is more. One of fewer dimensions, which
 * NumPy's rule puts ones before, is the same memory. */
static lk_status lower_operand(struct lowering *l, int32_t value, const dnnl_memory_desc_t *like,
                               dnnl_memory_desc_t *md, int32_t *buffer, bool *fits) {
    const struct tensor *t = lower_tensor(l, value);
    struct tensor shape = {.type = t->type, .rank = like->ndims};
    for (int32_t i = 0; i < shape.rank; i++) {
        int32_t k = i - (shape.rank - t->rank);
        shape.dims[i] = k < 0 ? 1 : t->dims[k];
    }
    dnnl_memory_desc_t plain;
    lk_status status = onednn_plain(l->d, &plain, &shape, l->err);
    bool known = onednn_like(l->d, md, &shape, like);
    if (!known) {
        *md = plain;
    }
    *fits = (known || like->ndims < 3) &&
            (t->rank == shape.rank || (status == LK_OK && onednn_same(l->d, md, &plain)));
    if (status != LK_OK || !*fits) {
        return status;
    }
    return t->rank == shape.rank ? lower_as(l, value, md, buffer) : lower_plain(l, value, buffer);
}

lk_status lower_binary(struct lowering *l, int32_t i, bool *done) {
    const struct node *node = &l->g->nodes[i];
    const struct tensor *a = lower_tensor(l, node->inputs[0]);
    const struct tensor *b = lower_tensor(l, node->inputs[1]);
    const struct tensor *y = lower_tensor(l, node->outputs[0]);
    dnnl_alg_kind_t algorithm = binary_algorithm(node->op->name);
    bool commutes = algorithm == dnnl_binary_add || algorithm == dnnl_binary_mul;
    bool swapped = commutes && !tensor_same_shape(a, y) && tensor_same_shape(b, y);
    int32_t first = node->inputs[swapped ? 1 : 0], second = node->inputs[swapped ? 0 : 1];
    bool shapes = tensor_same_shape(lower_tensor(l, first), y) && y->rank >= 1 && y->rank <= 5;
    if (!shapes || a->type != TENSOR_F32 || tensor_count(y) == 0) {
        return LK_OK;
    }
    dnnl_memory_desc_t md, other;
    int32_t source, operand, buffer;
    bool fits = false;
    lk_status status = lower_at(l, first, &md, &source);
    if (status == LK_OK) {
        status = lower_operand(l, second, &md, &other, &operand, &fits);
    }
    dnnl_binary_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (status == LK_OK && fits) {
        dnnl_status_t code = l->d->lib.dnnl_binary_desc_init(&desc, algorithm, &md, &other, &md);
        status = code == dnnl_success ? primitive_desc(&pd, l->d, &desc, NULL, l->err) : LK_OK;
    }
    if (status != LK_OK || !pd) {
        return status;
    }
    struct primitive *p = NULL;
    status = primitive_new(&p, l->d, pd, l->err);
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    if (status == LK_OK) {
        status = lower_define(l, node->outputs[0], &md, &buffer);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC_0, &md, source, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_SRC_1, &other, operand, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_DST, &md, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    *done = true;
    return primitive_step(p, l->plan, node->op->name, node->name, onednn_tag_name(l->d, &md),
                          (int32_t[]){source, operand}, 2, buffer, l->err);
}
