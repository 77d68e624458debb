/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization in training: by the mean and variance of the batch, which also move the running ones that the network is
 * used with; a Relu behind it is done in the same pass. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/training.h"

enum { MEAN, VARIANCE, PLACES }; /* kept buffers; PLACES: where the fused Relu let through */

/* running = momentum * running + (1 - momentum) * batch, the variance without bias as PyTorch keeps it. */
struct running {
    int64_t channels;
    float momentum, unbias;
};

static void move_running(const void *state, void *const *data) {
    const struct running *r = state;
    const float *mean = data[0], *variance = data[1];
    float *running_mean = data[2], *running_variance = data[3];
    for (int64_t i = 0; i < r->channels; i++) {
        running_mean[i] = r->momentum * running_mean[i] + (1 - r->momentum) * mean[i];
        running_variance[i] =
            r->momentum * running_variance[i] + (1 - r->momentum) * r->unbias * variance[i];
    }
}

static float norm_real(const struct node *node, const char *name, float otherwise) {
    const struct attribute *a = node_attribute(node, name);
    return a && a->kind == ATTRIBUTE_FLOAT ? a->real : otherwise;
}

static float epsilon_of(const struct node *node) {
    return norm_real(node, "epsilon", 1e-5f);
}

static unsigned flags_of(const struct kept *kept) {
    return dnnl_use_scale | dnnl_use_shift | (kept->fused ? dnnl_fuse_norm_relu : 0);
}

static lk_status add_running(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    const struct tensor *x = lower_tensor(l, node->inputs[0]);
    int32_t writes[2];
    double each = (double)tensor_count(x) / (double)x->dims[1];
    struct running *r = mem_calloc(1, sizeof *r);
    if (!r) {
        return error_memory(l->err, sizeof *r);
    }
    r->channels = x->dims[1];
    r->momentum = norm_real(node, "momentum", 0.9f);
    r->unbias = (float)(each > 1 ? each / (each - 1) : 1);
    lk_status status = lower_plain(l, node->inputs[3], &writes[0]);
    if (status == LK_OK) {
        status = lower_plain(l, node->inputs[4], &writes[1]);
    }
    if (status != LK_OK) {
        mem_free(r);
        return status;
    }
    const struct c_step step = {.run = move_running,
                                .state = r,
                                .reads = t->kept[i].buffers,
                                .read_count = 2,
                                .writes = writes,
                                .write_count = 2};
    return training_c_step(t, "running mean and variance", i, &step);
}

/* The Relu that alone reads the normalised value; -1. */
static int32_t relu_behind(const struct training *t, const struct node *node) {
    const struct uses *u = &t->l.uses[node->outputs[0]];
    const struct graph *g = t->l.g;
    bool output = false;
    for (int32_t k = 0; k < g->output_count; k++) {
        output |= g->outputs[k] == node->outputs[0];
    }
    return u->count == 1 && !output && strcmp(g->nodes[u->users[0]].op->name, "Relu") == 0
               ? u->users[0]
               : -1;
}

static lk_status describe(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    struct kept *kept = &t->kept[i];
    dnnl_batch_normalization_desc_t desc;
    int32_t source;
    lk_status status = lower_at(l, node->inputs[0], &kept->src, &source);
    if (status == LK_OK) {
        status = onednn_status(
            l->d->lib.dnnl_batch_normalization_forward_desc_init(
                &desc, dnnl_forward_training, &kept->src, epsilon_of(node), flags_of(kept)),
            "batch normalisation", l->err);
    }
    return status == LK_OK ? primitive_desc(&kept->forward, l->d, &desc, NULL, l->err) : status;
}

/* Buffers of the batch's statistics and, when there is one, of what the Relu let through. */
static lk_status add_kept(struct training *t, int32_t i, const dnnl_memory_desc_t *places) {
    struct lowering *l = &t->l;
    struct kept *kept = &t->kept[i];
    const struct tensor *x = lower_tensor(l, l->g->nodes[i].inputs[0]);
    lk_status status = LK_OK;
    for (int32_t k = MEAN; status == LK_OK && k <= VARIANCE; k++) {
        status = plan_add_buffer(&kept->buffers[k], l->plan, (size_t)x->dims[1] * sizeof(float),
                                 NULL, l->err);
    }
    if (status == LK_OK && kept->fused) {
        status = plan_add_buffer(&kept->buffers[PLACES], l->plan, onednn_size(l->d, places), NULL,
                                 l->err);
    }
    return status;
}

/* Buffers of what both ways read. */
struct norm_inputs {
    int32_t source, scale, shift;
};

static lk_status norm_inputs(struct norm_inputs *out, struct lowering *l, const struct node *node,
                             const struct kept *kept) {
    lk_status status = lower_as(l, node->inputs[0], &kept->src, &out->source);
    if (status == LK_OK) {
        status = lower_plain(l, node->inputs[1], &out->scale);
    }
    return status == LK_OK ? lower_plain(l, node->inputs[2], &out->shift) : status;
}

lk_status train_norm(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    struct kept *kept = &t->kept[i];
    struct norm_inputs in;
    int32_t relu = relu_behind(t, node), out;
    kept->fused = relu >= 0;
    lk_status status = describe(t, i);
    if (status != LK_OK || !kept->forward) {
        return status != LK_OK ? status : training_step(t, NULL, "batch norm", i, NULL, 0);
    }
    dnnl_memory_desc_t line;
    const dnnl_memory_desc_t *places = training_md(t, kept->forward, dnnl_query_workspace_md, 0);
    if (relu >= 0) {
        lower_mark(l, relu);
    }
    status = onednn_plain(l->d, &line, lower_tensor(l, node->inputs[1]), l->err);
    if (status == LK_OK) {
        status = norm_inputs(&in, l, node, kept);
    }
    if (status == LK_OK) {
        status = add_kept(t, i, places);
    }
    if (status == LK_OK) {
        int32_t result = relu >= 0 ? l->g->nodes[relu].outputs[0] : node->outputs[0];
        status = lower_define(l, result, &kept->src, &out);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {
            {DNNL_ARG_SRC, &kept->src, in.source, false},
            {DNNL_ARG_SCALE, &line, in.scale, false},
            {DNNL_ARG_SHIFT, &line, in.shift, false},
            {DNNL_ARG_MEAN, &line, kept->buffers[MEAN], true},
            {DNNL_ARG_VARIANCE, &line, kept->buffers[VARIANCE], true},
            {DNNL_ARG_DST, &kept->src, out, true},
            {DNNL_ARG_WORKSPACE, places, kept->buffers[PLACES], true},
        };
        status = training_step(t, kept->forward, "batch norm", i, args, kept->fused ? 7 : 6);
    }
    return status == LK_OK ? add_running(t, i) : status;
}

/* The values and buffers of the gradients of input, scale and shift. */
struct norm_gradients {
    int32_t values[3], buffers[3];
};

static lk_status add_gradients(struct norm_gradients *out, struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    lk_status status = LK_OK;
    for (int32_t k = 0; status == LK_OK && k < 3; k++) {
        status = training_value(t, node->inputs[k], &out->values[k]);
        if (status == LK_OK) {
            status = k == 0 ? lower_define(l, out->values[k], &t->kept[i].src, &out->buffers[k])
                            : lower_place_plain(l, out->values[k], &out->buffers[k]);
        }
    }
    return status;
}

lk_status back_norm(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    const struct kept *kept = &t->kept[i];
    dnnl_batch_normalization_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t line;
    struct norm_gradients g;
    struct norm_inputs in;
    int32_t above;
    lk_status status = onednn_plain(l->d, &line, lower_tensor(l, node->inputs[1]), l->err);
    if (status == LK_OK) {
        status = onednn_status(
            l->d->lib.dnnl_batch_normalization_backward_desc_init(
                &desc, dnnl_backward, &kept->src, &kept->src, epsilon_of(node), flags_of(kept)),
            "batch normalisation", l->err);
    }
    if (status == LK_OK) {
        status = primitive_desc_back(&pd, l->d, &desc, NULL, kept->forward, l->err);
    }
    if (status == LK_OK) {
        status = norm_inputs(&in, l, node, kept);
    }
    if (status == LK_OK) {
        status = lower_as(l, training_gradient(t, i), &kept->src, &above);
    }
    if (status == LK_OK) {
        status = add_gradients(&g, t, i);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {
            {DNNL_ARG_SRC, &kept->src, in.source, false},
            {DNNL_ARG_MEAN, &line, kept->buffers[MEAN], false},
            {DNNL_ARG_VARIANCE, &line, kept->buffers[VARIANCE], false},
            {DNNL_ARG_SCALE, &line, in.scale, false},
            {DNNL_ARG_SHIFT, &line, in.shift, false}, /* not read, but counted */
            {DNNL_ARG_DIFF_DST, &kept->src, above, false},
            {DNNL_ARG_DIFF_SRC, &kept->src, g.buffers[0], true},
            {DNNL_ARG_DIFF_SCALE, &line, g.buffers[1], true},
            {DNNL_ARG_DIFF_SHIFT, &line, g.buffers[2], true},
            {DNNL_ARG_WORKSPACE, training_md(t, kept->forward, dnnl_query_workspace_md, 0),
             kept->buffers[PLACES], false},
        };
        status = training_step(t, pd, "batch norm back", i, args, kept->fused ? 10 : 9);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    for (int32_t k = 0; status == LK_OK && k < 3; k++) {
        status = t->wants[node->inputs[k]] ? training_add(t, node->inputs[k], g.values[k]) : LK_OK;
    }
    return status;
}
