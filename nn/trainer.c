/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/trainer.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "nn/network.h"
#include "nn/onnx.h"
#include "nn/training.h"

struct loss_step {
    loss_function *run;
    void *arg;
    double loss;
    int32_t count;                      /* outputs */
    struct tensor *outputs, *gradients; /* data: the plan's */
};

struct trainer {
    struct graph g; /* nodes that run, and nothing else */
    int32_t *wanted, wanted_count;
    struct plan plan;
    struct onednn *d;
    int32_t threads;
    struct loss_step *loss; /* the plan's */
    struct tensor *inputs;
    struct parameter *parameters, *statistics;
    int32_t *gradient_buffers; /* for each parameter; -1 */
    int32_t parameter_count, statistic_count;
};

void trainer_free(struct trainer *t) {
    if (!t) {
        return;
    }
    plan_release(&t->plan);
    onednn_close(t->d);
    graph_release(&t->g);
    mem_free(t->wanted);
    mem_free(t->inputs);
    mem_free(t->parameters);
    mem_free(t->statistics);
    mem_free(t->gradient_buffers);
    mem_free(t);
}

/* -- Parameters -- */

/* Which inputs of an operator are parameters, and which are statistics that training moves: from, to. */
struct parameter_row {
    const char *op;
    int32_t from, to, statistics_to;
};

static const struct parameter_row parameter_table[] = {
    {"Conv", 1, 3, 3}, {"ConvTranspose", 1, 3, 3}, {"BatchNormalization", 1, 3, 5},
    {"Gemm", 1, 3, 3}, {"MatMul", 0, 2, 2},        {"Add", 0, 2, 2},
};

static const struct parameter_row *row_of(const struct node *node) {
    for (size_t i = 0; i < ARRAY_COUNT(parameter_table); i++) {
        if (strcmp(parameter_table[i].op, node->op->name) == 0) {
            return &parameter_table[i];
        }
    }
    return NULL;
}

static bool is_known(const struct parameter *list, int32_t count, const struct value *v) {
    for (int32_t i = 0; i < count; i++) {
        if (list[i].data == v->tensor.data) {
            return true;
        }
    }
    return false;
}

static void add_parameter(struct trainer *t, struct training *way, int32_t value, bool statistic) {
    struct value *v = &t->g.values[value];
    struct parameter *list = statistic ? t->statistics : t->parameters;
    int32_t *count = statistic ? &t->statistic_count : &t->parameter_count;
    if (!v->tensor.data || v->tensor.type != TENSOR_F32 || v->tensor.rank == 0 ||
        is_known(list, *count, v)) {
        return;
    }
    list[(*count)++] = (struct parameter){.name = v->name,
                                          .data = v->tensor.data,
                                          .count = tensor_count(&v->tensor),
                                          .is_weight = v->tensor.rank >= 2};
    if (!statistic) {
        way->wants[value] = true;
    }
}

/* The first node whose parameters are trained. */
static int32_t first_trained(const struct graph *g, int32_t last_layers) {
    int32_t found = 0;
    for (int32_t i = g->node_count - 1; last_layers > 0 && i >= 0; i--) {
        const struct parameter_row *row = row_of(&g->nodes[i]);
        int32_t weights = row && row->from < g->nodes[i].input_count
                              ? g->nodes[i].inputs[row->from == 0 ? 1 : row->from]
                              : -1;
        found += weights >= 0 && g->values[weights].tensor.data;
        if (found == last_layers) {
            return i;
        }
    }
    return 0;
}

static lk_status find_parameters(struct trainer *t, struct training *way, int32_t last_layers) {
    size_t most = 1;
    for (int32_t i = 0; i < t->g.node_count; i++) {
        most += (size_t)t->g.nodes[i].input_count;
    }
    t->parameters = mem_calloc(most, sizeof *t->parameters);
    t->statistics = mem_calloc(most, sizeof *t->statistics);
    t->gradient_buffers = mem_calloc(most, sizeof *t->gradient_buffers);
    if (!t->parameters || !t->statistics || !t->gradient_buffers) {
        return error_memory(way->l.err, most * sizeof *t->parameters);
    }
    for (int32_t i = first_trained(&t->g, last_layers); i < t->g.node_count; i++) {
        const struct node *node = &t->g.nodes[i];
        const struct parameter_row *row = row_of(node);
        for (int32_t k = row ? row->from : 0;
             row && k < node->input_count && k < row->statistics_to; k++) {
            if (node->inputs[k] >= 0) {
                add_parameter(t, way, node->inputs[k], k >= row->to);
            }
        }
    }
    return t->parameter_count > 0
               ? LK_OK
               : error_set(way->l.err, LK_E_USAGE, "the network has no parameters to train");
}

/* -- The loss: a step between both ways -- */

static void loss_bind(struct step *s, struct plan *plan) {
    struct loss_step *loss = s->state;
    for (int32_t i = 0; i < loss->count; i++) {
        loss->outputs[i].data = plan_data(plan, s->buffers[i]);
        loss->gradients[i].data = plan_data(plan, s->buffers[loss->count + i]);
    }
}

static lk_status loss_run(struct step *s, struct plan *plan, lk_error *err) {
    (void)plan;
    struct loss_step *loss = s->state;
    return loss->run(loss->arg, &loss->loss, loss->outputs, loss->gradients, loss->count, err);
}

static void loss_release(void *state) {
    struct loss_step *loss = state;
    mem_free(loss->outputs);
    mem_free(loss->gradients);
    mem_free(loss);
}

static struct loss_step *loss_new(const struct trainer_options *o, int32_t count) {
    struct loss_step *loss = mem_calloc(1, sizeof *loss);
    if (!loss) {
        return NULL;
    }
    *loss = (struct loss_step){.run = o->loss, .arg = o->loss_arg, .count = count};
    loss->outputs = mem_calloc((size_t)count, sizeof *loss->outputs);
    loss->gradients = mem_calloc((size_t)count, sizeof *loss->gradients);
    if (!loss->outputs || !loss->gradients) {
        loss_release(loss);
        return NULL;
    }
    return loss;
}

enum { LOSS_OUTPUTS = 8 };

static lk_status add_loss(struct trainer *t, struct training *way, const struct lower_ends *ends,
                          const struct trainer_options *o) {
    int32_t writes[LOSS_OUTPUTS], gradient;
    lk_status status = LK_OK;
    struct loss_step *loss = loss_new(o, ends->wanted_count);
    if (!loss) {
        return error_memory(way->l.err, sizeof *loss);
    }
    for (int32_t i = 0; status == LK_OK && i < ends->wanted_count; i++) {
        status = training_value(way, ends->wanted[i], &gradient);
        if (status == LK_OK) {
            status = lower_place_plain(&way->l, gradient, &writes[i]);
        }
        if (status == LK_OK) {
            const struct tensor *like = lower_tensor(&way->l, gradient);
            loss->outputs[i] = loss->gradients[i] = tensor_of(like->type, like->rank, like->dims);
            status = training_add(way, ends->wanted[i], gradient);
        }
    }
    if (status != LK_OK) {
        loss_release(loss);
        return status;
    }
    t->loss = loss;
    const struct step step = {.kind = "loss",
                              .label = "",
                              .state = loss,
                              .run = loss_run,
                              .bind = loss_bind,
                              .release = loss_release,
                              .note = "C"};
    return plan_add_step(&t->plan, &step, ends->wanted_buffers, ends->wanted_count, writes,
                         ends->wanted_count, way->l.err);
}

/* -- Both ways -- */

/* What the way back reads must not be overwritten, and no step may swallow the next node: all values count as wanted. */
static void keep_values(struct training *way) {
    for (int32_t i = 0; i < way->l.g->node_count; i++) {
        const struct node *node = &way->l.g->nodes[i];
        bool trained =
            node->output_count > 0 && node->outputs[0] >= 0 && way->wants[node->outputs[0]];
        for (int32_t k = 0; trained && k < node->input_count; k++) {
            if (node->inputs[k] >= 0) {
                way->l.uses[node->inputs[k]].wanted = true;
            }
        }
        for (int32_t k = 0; trained && k < node->output_count; k++) {
            if (node->outputs[k] >= 0) {
                way->l.uses[node->outputs[k]].wanted = true;
            }
        }
    }
}

/* The gradients of parameters lie row-major and stay until the next run. */
static lk_status place_gradients(struct trainer *t, struct training *way) {
    lk_status status = LK_OK;
    for (int32_t i = 0; i < t->parameter_count; i++) {
        t->gradient_buffers[i] = -1;
    }
    for (int32_t v = 0; status == LK_OK && v < t->g.value_count; v++) {
        for (int32_t i = 0; status == LK_OK && i < t->parameter_count; i++) {
            if (t->parameters[i].data != t->g.values[v].tensor.data || way->gradients[v] < 0) {
                continue;
            }
            status = lower_plain(&way->l, way->gradients[v], &t->gradient_buffers[i]);
            if (status == LK_OK) {
                plan_keep(&t->plan, t->gradient_buffers[i]);
            }
        }
    }
    return status;
}

static lk_status add_steps(struct trainer *t, struct training *way, const struct lower_ends *ends,
                           const struct trainer_options *o) {
    lk_status status = lower_begin(&way->l, ends, training_more_values(&t->g));
    if (status == LK_OK) {
        status = training_wants(way);
    }
    if (status == LK_OK) {
        keep_values(way);
    }
    for (int32_t i = 0; status == LK_OK && i < t->g.node_count; i++) {
        status = training_forward(way, i);
    }
    if (status == LK_OK) {
        status = lower_wanted(&way->l, ends);
    }
    if (status == LK_OK) {
        status = add_loss(t, way, ends, o);
    }
    if (status == LK_OK) {
        status = training_backward(way);
    }
    return status == LK_OK ? place_gradients(t, way) : status;
}

static lk_status training_arrays(struct training *way, const struct graph *g) {
    size_t values = (size_t)g->value_count + (size_t)training_more_values(g) + 1;
    size_t nodes = (size_t)g->node_count + 1;
    way->wants = mem_calloc(values, sizeof *way->wants);
    way->gradients = mem_alloc(values, sizeof *way->gradients);
    way->kept = mem_calloc(nodes, sizeof *way->kept);
    if (!way->wants || !way->gradients || !way->kept) {
        return error_memory(way->l.err, values * sizeof *way->gradients);
    }
    for (size_t i = 0; i < values; i++) {
        way->gradients[i] = -1;
    }
    for (size_t i = 0; i < nodes; i++) {
        way->kept[i].buffers[0] = way->kept[i].buffers[1] = way->kept[i].buffers[2] = -1;
    }
    way->l.changes = way->wants;
    return LK_OK;
}

static void training_release(struct training *way) {
    for (int32_t i = 0; way->kept && i < way->l.g->node_count; i++) {
        way->l.d->lib.dnnl_primitive_desc_destroy(way->kept[i].forward);
    }
    mem_free(way->wants);
    mem_free(way->gradients);
    mem_free(way->kept);
    lower_end(&way->l);
}

static void point(struct trainer *t, const int32_t *input_buffers) {
    for (int32_t i = 0; i < t->g.input_count; i++) {
        const struct tensor *v = &t->g.values[t->g.inputs[i]].tensor;
        t->inputs[i] = tensor_of(v->type, v->rank, v->dims);
        t->inputs[i].data = plan_data(&t->plan, input_buffers[i]);
    }
    for (int32_t i = 0; i < t->parameter_count; i++) {
        t->parameters[i].gradient =
            t->gradient_buffers[i] >= 0 ? plan_data(&t->plan, t->gradient_buffers[i]) : NULL;
    }
}

static lk_status compile(struct trainer *t, const struct trainer_options *o,
                         enum node_state *states, int32_t *buffers, lk_error *err) {
    struct training way = {
        .l = {.g = &t->g, .plan = &t->plan, .d = t->d, .states = states, .err = err}};
    const struct lower_ends ends = {.wanted = t->wanted,
                                    .wanted_count = t->wanted_count,
                                    .channels_last = o->channels_last,
                                    .wanted_buffers = buffers + t->g.input_count,
                                    .input_buffers = buffers};
    lk_status status = training_arrays(&way, &t->g);
    if (status == LK_OK) {
        status = find_parameters(t, &way, o->last_layers);
    }
    if (status == LK_OK) {
        status = add_steps(t, &way, &ends, o);
    }
    training_release(&way);
    if (status == LK_OK) {
        status = plan_finish(&t->plan, o->memory_bytes, err);
    }
    if (status == LK_OK) {
        point(t, buffers);
    }
    return status;
}

/* -- Making one -- */

/* What depends on constants alone was computed and is a constant now; its nodes go. A shape that the file computes while running
 * would become a constant of this batch size. */
static lk_status drop_folded(struct graph *g, const enum node_state *states, lk_error *err) {
    bool *keep = mem_calloc((size_t)g->node_count + 1, sizeof *keep);
    lk_status status = keep ? LK_OK : error_memory(err, (size_t)g->node_count);
    for (int32_t i = 0; status == LK_OK && i < g->node_count; i++) {
        keep[i] = states[i] == NODE_LIVE;
        if (!keep[i] && strcmp(g->nodes[i].op->name, "Shape") == 0) {
            status = error_set(err, LK_E_FORMAT,
                               "node %s (Shape) asks for the batch size, which training would fix",
                               g->nodes[i].name);
        }
    }
    if (status == LK_OK) {
        graph_keep_nodes(g, keep);
    }
    mem_free(keep);
    return status;
}

static lk_status prepare_graph(struct trainer *t, const struct tensor *inputs,
                               const char *const *outputs, int32_t output_count,
                               const struct trainer_options *o, lk_error *err) {
    enum node_state *states = mem_calloc((size_t)t->g.node_count + 1, sizeof *states);
    if (!states) {
        return error_memory(err, (size_t)t->g.node_count * sizeof *states);
    }
    lk_status status = network_give_shapes(&t->g, inputs, err);
    if (status == LK_OK) {
        status = network_choose(&t->wanted, &t->wanted_count, &t->g, outputs, output_count, err);
    }
    if (status == LK_OK && t->wanted_count > LOSS_OUTPUTS) {
        status = error_set(err, LK_E_LIMIT, "a loss of more than %d outputs", LOSS_OUTPUTS);
    }
    if (status == LK_OK) {
        status = graph_cut(&t->g, t->wanted, t->wanted_count, err);
    }
    if (status == LK_OK) {
        status = prepare(states, &t->g, t->wanted, t->wanted_count, o->memory_bytes, err);
    }
    if (status == LK_OK) {
        status = drop_folded(&t->g, states, err);
    }
    mem_free(states);
    return status;
}

static lk_status build(struct trainer *t, const struct tensor *inputs, const char *const *outputs,
                       int32_t output_count, const struct trainer_options *o, lk_error *err) {
    lk_status status = prepare_graph(t, inputs, outputs, output_count, o, err);
    if (status == LK_OK) {
        status = onednn_open(&t->d, o->cpu, o->threads, err);
    }
    if (status != LK_OK) {
        return status;
    }
    size_t ends = (size_t)t->g.input_count + (size_t)t->wanted_count + 1;
    enum node_state *states = mem_calloc((size_t)t->g.node_count + 1, sizeof *states);
    int32_t *buffers = mem_calloc(ends, sizeof *buffers);
    t->inputs = mem_calloc((size_t)t->g.input_count + 1, sizeof *t->inputs);
    status = states && buffers && t->inputs ? compile(t, o, states, buffers, err)
                                            : error_memory(err, ends * sizeof *buffers);
    mem_free(states);
    mem_free(buffers);
    return status;
}

lk_status trainer_new(struct trainer **out, struct graph *g, const struct tensor *inputs,
                      const char *const *outputs, int32_t output_count,
                      const struct trainer_options *options, lk_error *err) {
    *out = NULL;
    struct trainer *t = mem_calloc(1, sizeof *t);
    if (!t) {
        graph_release(g);
        return error_memory(err, sizeof *t);
    }
    t->g = *g;
    *g = (struct graph){0};
    t->threads = options->threads;
    lk_status status = build(t, inputs, outputs, output_count, options, err);
    if (status != LK_OK) {
        trainer_free(t);
        return status;
    }
    *out = t;
    return LK_OK;
}

/* -- Using it -- */

struct tensor *trainer_input(struct trainer *t, int32_t i) {
    return &t->inputs[i];
}

const struct tensor *trainer_output(const struct trainer *t, int32_t i) {
    return &t->loss->outputs[i];
}

const struct parameter *trainer_parameters(const struct trainer *t, int32_t *count) {
    *count = t->parameter_count;
    return t->parameters;
}

const struct parameter *trainer_statistics(const struct trainer *t, int32_t *count) {
    *count = t->statistic_count;
    return t->statistics;
}

lk_status trainer_step(struct trainer *t, double *loss, lk_error *err) {
    onednn_threads(t->d, t->threads);
    lk_status status = plan_run(&t->plan, err);
    *loss = t->loss->loss;
    return status;
}

lk_status trainer_write(lk_bytes *out, const struct trainer *t, lk_error *err) {
    struct graph g = t->g; /* a shallow copy, whose ends have an open batch size */
    g.values = mem_alloc((size_t)g.value_count + 1, sizeof *g.values);
    if (!g.values) {
        return error_memory(err, (size_t)g.value_count * sizeof *g.values);
    }
    memcpy(g.values, t->g.values, (size_t)g.value_count * sizeof *g.values);
    for (int32_t i = 0; i < g.input_count; i++) {
        g.values[g.inputs[i]].tensor.dims[0] = -1;
    }
    for (int32_t i = 0; i < g.output_count; i++) {
        struct value *v = &g.values[g.outputs[i]];
        v->declared = tensor_of(v->tensor.type, v->tensor.rank, v->tensor.dims);
        v->declared.dims[0] = -1;
    }
    lk_status status = onnx_write(out, &g, err);
    mem_free(g.values);
    return status;
}

size_t trainer_memory(const struct trainer *t) {
    return t->plan.block_bytes;
}

void trainer_describe(const struct trainer *t, struct buf *out) {
    plan_describe(&t->plan, out);
}
