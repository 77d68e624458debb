/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/network.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/fold_norm.h"
#include "nn/lower.h"

struct network {
    struct graph g;
    struct plan plan;
    struct onednn *d;
    int32_t threads;
    int32_t *wanted; /* values */
    int32_t wanted_count;
    struct tensor *inputs, *outputs; /* data stands in the plan's block, or with a constant */
};

void network_free(struct network *n) {
    if (!n) {
        return;
    }
    plan_release(&n->plan);
    onednn_close(n->d);
    graph_release(&n->g);
    mem_free(n->wanted);
    mem_free(n->inputs);
    mem_free(n->outputs);
    mem_free(n);
}

lk_status network_give_shapes(struct graph *g, const struct tensor *inputs, lk_error *err) {
    for (int32_t i = 0; i < g->input_count; i++) {
        struct value *v = &g->values[g->inputs[i]];
        const struct tensor *t = &inputs[i];
        bool fits = t->type == v->tensor.type && (t->rank == v->tensor.rank || v->tensor.rank == 0);
        for (int32_t k = 0; fits && k < v->tensor.rank; k++) {
            fits = v->tensor.dims[k] < 0 || v->tensor.dims[k] == t->dims[k];
        }
        if (!fits) {
            char given[128], asked[128];
            tensor_describe(given, sizeof given, t);
            tensor_describe(asked, sizeof asked, &v->tensor);
            return error_set(err, LK_E_SIZE, "input '%s' is %s, not %s", v->name, asked, given);
        }
        struct tensor own = tensor_of(t->type, t->rank, t->dims);
        lk_status status = t->data ? tensor_copy(&own, t, err) : LK_OK;
        if (status != LK_OK) {
            return status;
        }
        v->tensor = own;
    }
    return LK_OK;
}

static int32_t find_output(const struct graph *g, const char *name) {
    for (int32_t i = 0; i < g->output_count; i++) {
        if (strcmp(g->values[g->outputs[i]].name, name) == 0) {
            return g->outputs[i];
        }
    }
    return -1;
}

lk_status network_choose(int32_t **out, int32_t *out_count, const struct graph *g,
                         const char *const *names, int32_t count, lk_error *err) {
    *out_count = names ? count : g->output_count;
    *out = mem_alloc((size_t)*out_count + 1, sizeof **out);
    if (!*out) {
        return error_memory(err, (size_t)*out_count * sizeof **out);
    }
    for (int32_t i = 0; i < *out_count; i++) {
        (*out)[i] = names ? find_output(g, names[i]) : g->outputs[i];
        if ((*out)[i] < 0) {
            return error_set(err, LK_E_CORRUPT, "the model has no output called '%s'", names[i]);
        }
    }
    return LK_OK;
}

/* Tensors that point at where inputs and outputs lie. */
static lk_status point(struct network *n, const int32_t *input_buffers,
                       const int32_t *wanted_buffers, lk_error *err) {
    n->inputs = mem_calloc((size_t)n->g.input_count + 1, sizeof *n->inputs);
    n->outputs = mem_calloc((size_t)n->wanted_count + 1, sizeof *n->outputs);
    if (!n->inputs || !n->outputs) {
        return error_memory(err, 0);
    }
    for (int32_t i = 0; i < n->g.input_count; i++) {
        const struct tensor *t = &n->g.values[n->g.inputs[i]].tensor;
        n->inputs[i] = tensor_of(t->type, t->rank, t->dims);
        n->inputs[i].data = input_buffers[i] >= 0 ? plan_data(&n->plan, input_buffers[i]) : t->data;
    }
    for (int32_t i = 0; i < n->wanted_count; i++) {
        const struct tensor *t = &n->g.values[n->wanted[i]].tensor;
        n->outputs[i] = tensor_of(t->type, t->rank, t->dims);
        n->outputs[i].data = plan_data(&n->plan, wanted_buffers[i]);
    }
    return LK_OK;
}

static lk_status compile(struct network *n, const struct network_options *o, lk_error *err) {
    size_t nodes = (size_t)n->g.node_count + 1;
    size_t ends = (size_t)n->g.input_count + (size_t)n->wanted_count + 1;
    enum node_state *states = mem_calloc(nodes, sizeof *states);
    int32_t *buffers = mem_calloc(ends, sizeof *buffers);
    lk_status status = states && buffers ? LK_OK : error_memory(err, nodes * sizeof *states + ends);
    if (status == LK_OK) {
        status = prepare(states, &n->g, n->wanted, n->wanted_count, o->memory_bytes, err);
    }
    if (status == LK_OK && !o->plain) {
        status = fold_norm(states, &n->g, n->wanted, n->wanted_count, err);
    }
    if (status == LK_OK && !o->plain) {
        status = onednn_open(&n->d, o->cpu, o->threads, err);
    }
    if (status == LK_OK) {
        const struct lower_ends ends_of = {.wanted = n->wanted,
                                           .wanted_count = n->wanted_count,
                                           .channels_last = o->channels_last && !o->plain,
                                           .wanted_buffers = buffers + n->g.input_count,
                                           .input_buffers = buffers};
        status = lower(&n->plan, &n->g, states, n->d, &ends_of, err);
    }
    if (status == LK_OK) {
        status = plan_finish(&n->plan, o->memory_bytes, err);
    }
    if (status == LK_OK) {
        status = point(n, buffers, buffers + n->g.input_count, err);
    }
    mem_free(states);
    mem_free(buffers);
    return status;
}

lk_status network_new(struct network **out, struct graph *g, const struct tensor *inputs,
                      const char *const *outputs, int32_t output_count,
                      const struct network_options *options, lk_error *err) {
    *out = NULL;
    struct network *n = mem_calloc(1, sizeof *n);
    if (!n) {
        graph_release(g);
        return error_memory(err, sizeof *n);
    }
    n->g = *g;
    *g = (struct graph){0};
    n->threads = options->threads;
    lk_status status = network_give_shapes(&n->g, inputs, err);
    if (status == LK_OK) {
        status = network_choose(&n->wanted, &n->wanted_count, &n->g, outputs, output_count, err);
    }
    if (status == LK_OK) {
        status = compile(n, options, err);
    }
    if (status != LK_OK) {
        network_free(n);
        return status;
    }
    *out = n;
    return LK_OK;
}

struct tensor *network_input(struct network *n, int32_t i) {
    return &n->inputs[i];
}

int32_t network_input_count(const struct network *n) {
    return n->g.input_count;
}

const struct tensor *network_output(const struct network *n, int32_t i) {
    return &n->outputs[i];
}

int32_t network_output_count(const struct network *n) {
    return n->wanted_count;
}

lk_status network_run(struct network *n, lk_error *err) {
    if (n->d) {
        onednn_threads(n->d, n->threads);
    }
    return plan_run(&n->plan, err);
}

void network_memory(const struct network *n, size_t *shared, size_t *unshared) {
    *shared = n->plan.block_bytes;
    *unshared = n->plan.unshared_bytes;
}

void network_describe(const struct network *n, struct buf *out) {
    plan_describe(&n->plan, out);
}
