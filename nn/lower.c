/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/lower.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Rows of one operator are tried in their order. */
struct lower_row {
    const char *op;
    lower_function *lower;
};

static const struct lower_row lower_table[] = {
    {"Conv", lower_byte_conv},
    {"Conv", lower_conv},
    {"Add", lower_byte_add},
    {"QuantizeLinear", lower_quantize},
    {"ConvTranspose", lower_conv_transpose},
    {"MatMul", lower_matmul},
    {"Gemm", lower_gemm},
    {"MaxPool", lower_pool},
    {"AveragePool", lower_pool},
    {"GlobalAveragePool", lower_pool},
    {"GlobalMaxPool", lower_pool},
    {"Relu", lower_eltwise},
    {"LeakyRelu", lower_eltwise},
    {"Clip", lower_eltwise},
    {"Sigmoid", lower_eltwise},
    {"Tanh", lower_eltwise},
    {"Elu", lower_eltwise},
    {"HardSwish", lower_eltwise},
    {"HardSigmoid", lower_eltwise},
    {"Add", lower_binary},
    {"Sub", lower_binary},
    {"Mul", lower_binary},
    {"Div", lower_binary},
    {"Concat", lower_concat},
    {"LRN", lower_lrn},
    {"Softmax", lower_softmax},
    {"LogSoftmax", lower_softmax},
};

/* Tries the rows of the node's operator until one takes it. */
static lk_status lower_fast(struct lowering *l, int32_t node, bool *done) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && !*done && i < ARRAY_COUNT(lower_table); i++) {
        if (strcmp(lower_table[i].op, l->g->nodes[node].op->name) == 0) {
            status = lower_table[i].lower(l, node, done);
        }
    }
    return status;
}

const struct tensor *lower_tensor(const struct lowering *l, int32_t value) {
    return &l->g->values[value].tensor;
}

const float *lower_constant(const struct lowering *l, int32_t value) {
    bool changes = value >= 0 && l->changes && l->changes[value];
    return value < 0 || changes ? NULL : l->g->values[value].tensor.data;
}

bool lower_is_ready(const struct lowering *l, int32_t value) {
    const struct placed *p = &l->placed[value];
    int32_t maker = l->maker[value];
    bool waits = maker >= 0 && l->done[maker] && lower_defers(l, &l->g->nodes[maker]);
    return p->plain >= 0 || p->blocked >= 0 || waits || l->g->values[value].tensor.data;
}

int32_t lower_only_user(const struct lowering *l, int32_t value) {
    const struct uses *u = &l->uses[value];
    return u->count == 1 && !u->wanted ? u->users[0] : -1;
}

void lower_mark(struct lowering *l, int32_t node) {
    const struct node *n = &l->g->nodes[node];
    l->done[node] = true;
    for (int32_t k = 0; k < n->input_count; k++) {
        if (n->inputs[k] >= 0) {
            l->left[n->inputs[k]]--;
        }
    }
}

bool lower_is_last(const struct lowering *l, int32_t value) {
    /* A value that lies row-major may have been viewed under another shape: that one may still be read. */
    return l->left[value] == 0 && !l->uses[value].wanted && l->placed[value].blocked >= 0 &&
           l->placed[value].plain < 0;
}

lk_status lower_call(struct lowering *l, int32_t node, struct node_call *nc) {
    return node_call_init(nc, l->g, &l->g->nodes[node], l->err);
}

/* -- Where values lie -- */

lk_status lower_place_plain(struct lowering *l, int32_t value, int32_t *buffer) {
    struct tensor *t = &l->g->values[value].tensor;
    lk_status status = plan_add_buffer(buffer, l->plan, tensor_bytes(t), t->data, l->err);
    if (status == LK_OK) {
        l->placed[value].plain = *buffer;
    }
    return status;
}

/* Makes a value that waits to be asked for. */
static lk_status make_ready(struct lowering *l, int32_t value) {
    const struct placed *p = &l->placed[value];
    int32_t maker = l->maker[value];
    if (p->plain >= 0 || p->blocked >= 0 || l->g->values[value].tensor.data) {
        return LK_OK;
    }
    if (p->bytes >= 0) {
        return lower_plain_from_bytes(l, value);
    }
    bool waits = maker >= 0 && l->done[maker] && lower_defers(l, &l->g->nodes[maker]);
    return waits ? lower_dequantize(l, &l->g->nodes[maker]) : LK_OK;
}

lk_status lower_at(struct lowering *l, int32_t value, dnnl_memory_desc_t *md, int32_t *buffer) {
    const struct placed *p = &l->placed[value];
    lk_status made = make_ready(l, value);
    if (made != LK_OK) {
        return made;
    }
    if (p->blocked >= 0) {
        *md = p->md;
        *buffer = p->blocked;
        return LK_OK;
    }
    lk_status status = lower_plain(l, value, buffer);
    return status == LK_OK ? onednn_plain(l->d, md, lower_tensor(l, value), l->err) : status;
}

lk_status lower_reorder(struct lowering *l, int32_t value, const dnnl_memory_desc_t *from,
                        int32_t source, const dnnl_memory_desc_t *to, int32_t buffer) {
    dnnl_primitive_desc_t pd = NULL;
    lk_status status = onednn_status(l->d->lib.dnnl_reorder_primitive_desc_create(
                                         &pd, from, l->d->engine, to, l->d->engine, NULL),
                                     "a change of layout", l->err);
    struct primitive *p = NULL;
    if (status == LK_OK) {
        status = primitive_new(&p, l->d, pd, l->err);
        l->d->lib.dnnl_primitive_desc_destroy(pd);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_FROM, from, source, NULL, l->err);
    }
    if (status == LK_OK) {
        status = primitive_arg(p, DNNL_ARG_TO, to, buffer, NULL, l->err);
    }
    if (status != LK_OK) {
        primitive_free(p);
        return status;
    }
    char note[64];
    snprintf(note, sizeof note, "%s to %s", onednn_tag_name(l->d, from), onednn_tag_name(l->d, to));
    return primitive_step(p, l->plan, "reorder", l->g->values[value].name, note, &source, 1, buffer,
                          l->err);
}

lk_status lower_copy(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                     int32_t *buffer) {
    dnnl_memory_desc_t from;
    int32_t source;
    lk_status status = lower_at(l, value, &from, &source);
    if (status == LK_OK) {
        status = plan_add_buffer(buffer, l->plan, onednn_size(l->d, md), NULL, l->err);
    }
    return status == LK_OK ? lower_reorder(l, value, &from, source, md, *buffer) : status;
}

lk_status lower_plain(struct lowering *l, int32_t value, int32_t *buffer) {
    struct placed *p = &l->placed[value];
    lk_status made = make_ready(l, value);
    *buffer = p->plain;
    if (made != LK_OK || p->plain >= 0) {
        return made;
    }
    if (p->blocked < 0) {
        return lower_place_plain(l, value, buffer);
    }
    dnnl_memory_desc_t plain;
    lk_status status = onednn_plain(l->d, &plain, lower_tensor(l, value), l->err);
    if (status == LK_OK && onednn_same(l->d, &plain, &p->md)) {
        *buffer = p->blocked;
    } else if (status == LK_OK) {
        status = lower_copy(l, value, &plain, buffer);
    }
    if (status == LK_OK) {
        p->plain = *buffer;
    }
    return status;
}

lk_status lower_as(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                   int32_t *buffer) {
    struct placed *p = &l->placed[value];
    lk_status made = make_ready(l, value);
    if (made != LK_OK) {
        return made;
    }
    if (p->blocked >= 0 && onednn_same(l->d, &p->md, md)) {
        *buffer = p->blocked;
        return LK_OK;
    }
    dnnl_memory_desc_t plain;
    lk_status status = onednn_plain(l->d, &plain, lower_tensor(l, value), l->err);
    if (status != LK_OK) {
        return status;
    }
    if (onednn_same(l->d, &plain, md)) {
        return lower_plain(l, value, buffer);
    }
    status = lower_copy(l, value, md, buffer);
    if (status == LK_OK && p->blocked < 0) {
        p->blocked = *buffer;
        p->md = *md;
    }
    return status;
}

lk_status lower_define(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                       int32_t *buffer) {
    lk_status status = plan_add_buffer(buffer, l->plan, onednn_size(l->d, md), NULL, l->err);
    if (status == LK_OK) {
        l->placed[value].blocked = *buffer;
        l->placed[value].md = *md;
    }
    return status;
}

lk_status lower_define_over(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                            int32_t over, int32_t *buffer) {
    lk_status status = plan_add_view(buffer, l->plan, over, l->err);
    if (status == LK_OK) {
        l->placed[value].blocked = *buffer;
        l->placed[value].md = *md;
    }
    return status;
}

/* -- Nodes that run as they are defined -- */

static void plain_bind(struct step *s, struct plan *plan) {
    struct node_call *nc = s->state;
    int32_t at = 0;
    for (int32_t i = 0; i < nc->call.input_count; i++) {
        if (nc->inputs[i]) {
            /* The call's own copy of the shape, so that data may be set. */
            ((struct tensor *)(uintptr_t)nc->inputs[i])->data = plan_data(plan, s->buffers[at++]);
        }
    }
    for (int32_t k = 0; k < nc->call.output_count; k++) {
        nc->outputs[k].data = plan_data(plan, s->buffers[at++]);
    }
}

static lk_status plain_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)plan;
    struct node_call *nc = s->state;
    nc->call.err = err;
    return nc->call.node->op->run(&nc->call);
}

/* A call and copies of its inputs' shapes behind it. */
struct plain_call {
    struct node_call nc;
    struct tensor inputs[CALL_VALUES];
};

static lk_status lower_definition(struct lowering *l, const struct node *node) {
    int32_t buffers[2 * CALL_VALUES], reads = 0;
    struct plain_call *pc = mem_calloc(1, sizeof *pc);
    if (!pc) {
        return error_memory(l->err, sizeof *pc);
    }
    lk_status status = node_call_init(&pc->nc, l->g, node, l->err);
    if (status == LK_OK) {
        status = node->op->shape(&pc->nc.call);
    }
    for (int32_t i = 0; status == LK_OK && i < node->input_count; i++) {
        if (node->inputs[i] >= 0) {
            status = lower_plain(l, node->inputs[i], &buffers[reads++]);
            const struct tensor *t = lower_tensor(l, node->inputs[i]);
            pc->inputs[i] = tensor_of(t->type, t->rank, t->dims);
            pc->nc.inputs[i] = &pc->inputs[i];
        }
    }
    int32_t writes = 0;
    for (int32_t k = 0; status == LK_OK && k < pc->nc.call.output_count; k++) {
        int32_t v = k < node->output_count ? node->outputs[k] : -1;
        int32_t *buffer = &buffers[reads + writes++];
        status = v >= 0 ? lower_place_plain(l, v, buffer)
                        : plan_add_buffer(buffer, l->plan, tensor_bytes(&pc->nc.outputs[k]), NULL,
                                          l->err);
    }
    if (status != LK_OK) {
        mem_free(pc);
        return status;
    }
    struct step step = {.kind = node->op->name,
                        .label = node->name,
                        .state = pc,
                        .run = plain_run,
                        .bind = plain_bind,
                        .release = mem_free,
                        .note = "as defined"};
    return plan_add_step(l->plan, &step, buffers, reads, buffers + reads, writes, l->err);
}

/* Operators that change the shape alone: the same memory under another name. */
static bool is_view(const struct op *op) {
    static const char *const names[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(names[i], op->name) == 0) {
            return true;
        }
    }
    return false;
}

static lk_status lower_view(struct lowering *l, const struct node *node) {
    int32_t source, view;
    lk_status status = lower_plain(l, node->inputs[0], &source);
    if (status != LK_OK) {
        return status;
    }
    if (l->plan->buffers[source].fixed) {
        view = source;
    } else {
        status = plan_add_view(&view, l->plan, source, l->err);
    }
    if (status == LK_OK) {
        l->placed[node->outputs[0]].plain = view;
    }
    return status;
}

lk_status lower_node(struct lowering *l, int32_t i) {
    const struct node *node = &l->g->nodes[i];
    lower_mark(l, i);
    if (is_view(node->op)) {
        return lower_view(l, node);
    }
    if (lower_defers(l, node)) {
        return LK_OK;
    }
    bool done = false;
    lk_status status = l->d ? lower_fast(l, i, &done) : LK_OK;
    return status == LK_OK && !done ? lower_definition(l, node) : status;
}

/* -- The whole -- */

static void count_uses(struct lowering *l, const struct lower_ends *ends) {
    for (int32_t i = 0; i < l->g->node_count; i++) {
        const struct node *n = &l->g->nodes[i];
        for (int32_t k = 0; k < n->output_count; k++) {
            if (n->outputs[k] >= 0) {
                l->maker[n->outputs[k]] = i;
            }
        }
        for (int32_t k = 0; l->states[i] == NODE_LIVE && k < n->input_count; k++) {
            struct uses *u = n->inputs[k] >= 0 ? &l->uses[n->inputs[k]] : NULL;
            if (u && u->count < (int32_t)ARRAY_COUNT(u->users)) {
                u->users[u->count] = i;
            }
            if (u) {
                u->count++;
                l->left[n->inputs[k]]++;
            }
        }
    }
    for (int32_t i = 0; i < ends->wanted_count; i++) {
        l->uses[ends->wanted[i]].wanted = true;
    }
}

static lk_status lowering_arrays(struct lowering *l, int32_t more_values) {
    size_t values = (size_t)l->g->value_count + (size_t)more_values + 1;
    size_t nodes = (size_t)l->g->node_count + 1;
    l->placed = mem_calloc(values, sizeof *l->placed);
    l->uses = mem_calloc(values, sizeof *l->uses);
    l->done = mem_calloc(nodes, sizeof *l->done);
    l->left = mem_calloc(values, sizeof *l->left);
    l->maker = mem_calloc(values, sizeof *l->maker);
    if (!l->placed || !l->uses || !l->done || !l->left || !l->maker) {
        return error_memory(l->err, values * (sizeof *l->placed + sizeof *l->uses) + nodes);
    }
    for (size_t i = 0; i < values; i++) {
        l->placed[i].plain = l->placed[i].blocked = l->placed[i].bytes = -1;
        l->maker[i] = -1;
    }
    return LK_OK;
}

static lk_status place_channels_last(struct lowering *l, int32_t value, int32_t *buffer) {
    const struct tensor *t = lower_tensor(l, value);
    dnnl_memory_desc_t md;
    lk_status status = onednn_status(
        l->d->lib.dnnl_memory_desc_init_by_tag(&md, t->rank, t->dims, dnnl_f32, dnnl_acdb),
        "a layout", l->err);
    return status == LK_OK ? lower_define(l, value, &md, buffer) : status;
}

static lk_status lower_inputs(struct lowering *l, const struct lower_ends *ends) {
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < l->g->input_count; i++) {
        int32_t v = l->g->inputs[i], *buffer = &ends->input_buffers[i];
        const struct tensor *t = lower_tensor(l, v);
        *buffer = -1;
        if (t->data) {
            continue;
        }
        bool turned = ends->channels_last && t->rank == 4 && t->type == TENSOR_F32;
        status = turned ? place_channels_last(l, v, buffer) : lower_place_plain(l, v, buffer);
        if (status == LK_OK) {
            plan_keep(l->plan, *buffer);
            l->uses[v].wanted = true; /* nothing may write over it */
        }
    }
    return status;
}

lk_status lower_begin(struct lowering *l, const struct lower_ends *ends, int32_t more_values) {
    lk_status status = lowering_arrays(l, more_values);
    if (status == LK_OK) {
        count_uses(l, ends);
        status = lower_inputs(l, ends);
    }
    return status;
}

lk_status lower_wanted(struct lowering *l, const struct lower_ends *ends) {
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < ends->wanted_count; i++) {
        status = lower_plain(l, ends->wanted[i], &ends->wanted_buffers[i]);
        if (status == LK_OK) {
            plan_keep(l->plan, ends->wanted_buffers[i]);
        }
    }
    return status;
}

void lower_end(struct lowering *l) {
    mem_free(l->placed);
    mem_free(l->uses);
    mem_free(l->done);
    mem_free(l->left);
    mem_free(l->maker);
}

lk_status lower(struct plan *plan, struct graph *g, enum node_state *states, struct onednn *d,
                const struct lower_ends *ends, lk_error *err) {
    struct lowering l = {.g = g, .plan = plan, .d = d, .states = states, .err = err};
    lk_status status = lower_begin(&l, ends, 0);
    for (int32_t i = 0; status == LK_OK && i < g->node_count; i++) {
        if (states[i] == NODE_LIVE && !l.done[i]) {
            status = lower_node(&l, i);
        }
    }
    if (status == LK_OK) {
        status = lower_wanted(&l, ends);
    }
    lower_end(&l);
    return status;
}
