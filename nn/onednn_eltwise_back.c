/* SPDX-License-Identifier: Apache-2.0 */
/* The ways back through activations and additions. */
#include "base/error.h"
#include "base/mem.h"
#include "nn/training.h"

/* The descriptors of both ways: the way back is asked for with the way forward at hand. */
static lk_status describe(dnnl_primitive_desc_t *pd, struct training *t, int32_t i,
                          const struct post_op *op, const dnnl_memory_desc_t *md) {
    struct lowering *l = &t->l;
    dnnl_eltwise_desc_t forward, back;
    lk_status status =
        onednn_status(l->d->lib.dnnl_eltwise_forward_desc_init(
                          &forward, dnnl_forward_training, op->algorithm, md, op->alpha, op->beta),
                      "an activation", l->err);
    if (status == LK_OK) {
        status = primitive_desc(&t->kept[i].forward, l->d, &forward, NULL, l->err);
    }
    if (status == LK_OK) {
        status = onednn_status(l->d->lib.dnnl_eltwise_backward_desc_init(&back, op->algorithm, md,
                                                                         md, op->alpha, op->beta),
                               "an activation", l->err);
    }
    return status == LK_OK ? primitive_desc_back(pd, l->d, &back, NULL, t->kept[i].forward, l->err)
                           : status;
}

static lk_status back_activation(struct training *t, int32_t i, const struct post_op *op) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t md;
    int32_t source, above, gradient, out;
    lk_status status = lower_at(l, node->inputs[0], &md, &source);
    if (status == LK_OK) {
        status = describe(&pd, t, i, op, &md);
    }
    if (status == LK_OK) {
        status = lower_as(l, training_gradient(t, i), &md, &above);
    }
    if (status == LK_OK) {
        status = training_value(t, node->inputs[0], &gradient);
    }
    if (status == LK_OK) {
        status = lower_define(l, gradient, &md, &out);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {{DNNL_ARG_SRC, &md, source, false},
                                         {DNNL_ARG_DIFF_DST, &md, above, false},
                                         {DNNL_ARG_DIFF_SRC, &md, out, true}};
        status = training_step(t, pd, "activation back", i, args, 3);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status == LK_OK ? training_add(t, node->inputs[0], gradient) : status;
}

lk_status back_eltwise(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    struct post_op ops[2];
    int32_t maker = l->maker[node->inputs[0]];
    if (maker >= 0 && t->kept[maker].fused) { /* its normalisation takes the gradient as it comes */
        return training_add(t, node->inputs[0], training_gradient(t, i));
    }
    if (eltwise_of(l, node, ops) != 1) {
        return training_step(t, NULL, "way back", i, NULL, 0);
    }
    return back_activation(t, i, &ops[0]);
}

/* -- Add -- */

/* A sum over the dimensions along which a term was repeated. */
struct folding {
    struct tensor from, to; /* to has as many dimensions, 1 where it was repeated */
};

static void fold(const void *state, void *const *data) {
    const struct folding *f = state;
    const float *from = data[0];
    float *to = data[1];
    int64_t steps[TENSOR_DIMS], count = tensor_count(&f->from), sums = tensor_count(&f->to);
    tensor_strides(&f->to, steps);
    for (int64_t i = 0; i < sums; i++) {
        to[i] = 0;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, at = 0;
        for (int32_t k = f->from.rank - 1; k >= 0; k--) {
            at += f->to.dims[k] > 1 ? rest % f->from.dims[k] * steps[k] : 0;
            rest /= f->from.dims[k];
        }
        to[at] += from[i];
    }
}

static lk_status back_term(struct training *t, int32_t i, int32_t term) {
    struct lowering *l = &t->l;
    int32_t above = training_gradient(t, i), source, gradient, out;
    const struct tensor *x = lower_tensor(l, term), *y = lower_tensor(l, above);
    if (tensor_same_shape(x, y)) {
        return training_add(t, term, above);
    }
    struct folding *f = mem_calloc(1, sizeof *f);
    if (!f) {
        return error_memory(l->err, sizeof *f);
    }
    *f = (struct folding){.from = tensor_of(y->type, y->rank, y->dims),
                          .to = tensor_of(y->type, y->rank, y->dims)};
    for (int32_t k = 0; k < y->rank; k++) {
        int32_t own = k - (y->rank - x->rank);
        f->to.dims[k] = own < 0 ? 1 : x->dims[own];
    }
    lk_status status = lower_plain(l, above, &source);
    if (status == LK_OK) {
        status = training_value(t, term, &gradient);
    }
    if (status == LK_OK) {
        status = lower_place_plain(l, gradient, &out);
    }
    if (status != LK_OK) {
        mem_free(f);
        return status;
    }
    const struct c_step step = {.run = fold, .state = f, .reads = &source, .writes = &out, 1, 1};
    status = training_c_step(t, "sum over repetitions", i, &step);
    return status == LK_OK ? training_add(t, term, gradient) : status;
}

lk_status back_add(struct training *t, int32_t i) {
    const struct node *node = &t->l.g->nodes[i];
    lk_status status = LK_OK;
    for (int32_t k = 0; status == LK_OK && k < node->input_count; k++) {
        status = t->wants[node->inputs[k]] ? back_term(t, i, node->inputs[k]) : LK_OK;
    }
    return status;
}
