/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/training.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const struct train_row train_table[] = {
    {"Conv", train_conv, back_conv},
    {"ConvTranspose", train_conv_transpose, back_conv_transpose},
    {"BatchNormalization", train_norm, back_norm},
    {"Relu", NULL, back_eltwise},
    {"LeakyRelu", NULL, back_eltwise},
    {"Clip", NULL, back_eltwise},
    {"Sigmoid", NULL, back_eltwise},
    {"Tanh", NULL, back_eltwise},
    {"Elu", NULL, back_eltwise},
    {"HardSwish", NULL, back_eltwise},
    {"MaxPool", train_pool, back_pool},
    {"AveragePool", train_pool, back_pool},
    {"GlobalAveragePool", train_pool, back_pool},
    {"Resize", train_resize, back_resize},
    {"Gemm", NULL, back_gemm},
    {"MatMul", NULL, back_matmul},
    {"Add", NULL, back_add},
    {"Flatten", NULL, back_view},
    {"Reshape", NULL, back_view},
    {"Squeeze", NULL, back_view},
    {"Unsqueeze", NULL, back_view},
    {"Identity", NULL, back_view},
    {"LpNormalization", NULL, back_lp},
};

static const struct train_row *find_row(const struct node *node) {
    for (size_t i = 0; i < ARRAY_COUNT(train_table); i++) {
        if (strcmp(train_table[i].op, node->op->name) == 0) {
            return &train_table[i];
        }
    }
    return NULL;
}

static bool depends(const struct training *t, const struct node *node) {
    for (int32_t k = 0; k < node->input_count; k++) {
        if (node->inputs[k] >= 0 && t->wants[node->inputs[k]]) {
            return true;
        }
    }
    return false;
}

lk_status training_wants(struct training *t) {
    const struct graph *g = t->l.g;
    for (int32_t i = 0; i < g->node_count; i++) {
        const struct node *node = &g->nodes[i];
        if (t->l.states[i] != NODE_LIVE || !depends(t, node)) {
            continue;
        }
        if (!find_row(node) || node->output_count < 1 || node->outputs[0] < 0) {
            return error_set(t->l.err, LK_E_FORMAT,
                             "node %s (%s) stands behind what is to be trained, and the way back "
                             "through that operator is not supported",
                             node->name, node->op->name);
        }
        t->wants[node->outputs[0]] = true;
    }
    return LK_OK;
}

int32_t training_more_values(const struct graph *g) {
    int32_t more = g->output_count;
    for (int32_t i = 0; i < g->node_count; i++) {
        more += 2 * g->nodes[i].input_count; /* a contribution and a sum */
    }
    return more;
}

lk_status training_forward(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    const struct train_row *row = depends(t, node) ? find_row(node) : NULL;
    if (l->done[i]) {
        return LK_OK;
    }
    if (!row || !row->forward) {
        return lower_node(l, i);
    }
    lower_mark(l, i);
    return row->forward(t, i);
}

lk_status training_backward(struct training *t) {
    const struct graph *g = t->l.g;
    lk_status status = LK_OK;
    for (int32_t i = g->node_count - 1; status == LK_OK && i >= 0; i--) {
        const struct node *node = &g->nodes[i];
        if (t->l.states[i] == NODE_LIVE && depends(t, node) && training_gradient(t, i) >= 0) {
            status = find_row(node)->backward(t, i);
        }
    }
    return status;
}

int32_t training_gradient(const struct training *t, int32_t node) {
    return t->gradients[t->l.g->nodes[node].outputs[0]];
}

lk_status training_value(struct training *t, int32_t of, int32_t *out) {
    const struct tensor *like = lower_tensor(&t->l, of);
    return graph_add_value(out, t->l.g, "", tensor_of(like->type, like->rank, like->dims),
                           t->l.err);
}

/* What adds two values of one shape in the layout of the first. */
static lk_status add_values(struct training *t, int32_t a, int32_t b, int32_t sum) {
    struct lowering *l = &t->l;
    dnnl_memory_desc_t md;
    int32_t first, second, out;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_binary_desc_t desc;
    lk_status status = lower_at(l, a, &md, &first);
    if (status == LK_OK) {
        status = lower_as(l, b, &md, &second);
    }
    if (status == LK_OK) {
        status =
            onednn_status(l->d->lib.dnnl_binary_desc_init(&desc, dnnl_binary_add, &md, &md, &md),
                          "a sum of gradients", l->err);
    }
    if (status == LK_OK) {
        status = primitive_desc(&pd, l->d, &desc, NULL, l->err);
    }
    if (status == LK_OK) {
        status = lower_define(l, sum, &md, &out);
    }
    if (status == LK_OK) {
        const struct train_arg args[] = {{DNNL_ARG_SRC_0, &md, first, false},
                                         {DNNL_ARG_SRC_1, &md, second, false},
                                         {DNNL_ARG_DST, &md, out, true}};
        status = training_step(t, pd, "sum of gradients", -1, args, 3);
    }
    l->d->lib.dnnl_primitive_desc_destroy(pd);
    return status;
}

lk_status training_add(struct training *t, int32_t of, int32_t contribution) {
    int32_t sum, *gradient = &t->gradients[of];
    if (*gradient < 0) {
        *gradient = contribution;
        return LK_OK;
    }
    lk_status status = training_value(t, of, &sum);
    if (status == LK_OK) {
        status = add_values(t, *gradient, contribution, sum);
    }
    t->gradients[of] = sum;
    return status;
}

const dnnl_memory_desc_t *training_md(struct training *t, dnnl_primitive_desc_t pd,
                                      dnnl_query_t what, int index) {
    return t->l.d->lib.dnnl_primitive_desc_query_md(pd, what, index);
}

static const char *label_of(const struct training *t, int32_t node) {
    return node < 0 ? "" : t->l.g->nodes[node].name;
}

lk_status training_step(struct training *t, dnnl_primitive_desc_t pd, const char *kind,
                        int32_t node, const struct train_arg *args, int32_t count) {
    struct lowering *l = &t->l;
    struct primitive *p = NULL;
    int32_t reads[PRIMITIVE_ARGS], writes[PRIMITIVE_ARGS], read_count = 0, write_count = 0;
    if (!pd) {
        return error_set(l->err, LK_E_FORMAT, "oneDNN cannot do the %s of node %s", kind,
                         label_of(t, node));
    }
    lk_status status = primitive_new(&p, l->d, pd, l->err);
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = primitive_arg(p, args[i].arg, args[i].md, args[i].buffer, NULL, l->err);
        if (args[i].written) {
            writes[write_count++] = args[i].buffer;
        } else {
            reads[read_count++] = args[i].buffer;
        }
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    const char *implementation = "";
    l->d->lib.dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &implementation);
    return primitive_steps(p, l->plan, kind, label_of(t, node), implementation, reads, read_count,
                           writes, write_count, l->err);
}

/* -- Steps in C -- */

struct c_state {
    void (*run)(const void *state, void *const *data);
    void *state;
    void *data[8];
};

static void c_bind(struct step *s, struct plan *plan) {
    struct c_state *c = s->state;
    for (int32_t i = 0; i < s->read_count + s->write_count; i++) {
        c->data[i] = plan_data(plan, s->buffers[i]);
    }
}

static lk_status c_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)plan;
    (void)err;
    struct c_state *c = s->state;
    c->run(c->state, c->data);
    return LK_OK;
}

static void c_release(void *state) {
    struct c_state *c = state;
    mem_free(c->state);
    mem_free(c);
}

lk_status training_c_step(struct training *t, const char *kind, int32_t node,
                          const struct c_step *step) {
    struct c_state *c = mem_calloc(1, sizeof *c);
    if (!c || !step->state) {
        mem_free(c);
        mem_free(step->state);
        return error_memory(t->l.err, sizeof *c);
    }
    c->run = step->run;
    c->state = step->state;
    const struct step added = {.kind = kind,
                               .label = label_of(t, node),
                               .state = c,
                               .run = c_run,
                               .bind = c_bind,
                               .release = c_release,
                               .note = "C"};
    return plan_add_step(t->l.plan, &added, step->reads, step->read_count, step->writes,
                         step->write_count, t->l.err);
}
