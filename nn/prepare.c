/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/prepare.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static lk_status drop_dead(enum node_state *states, const struct graph *g, const int32_t *wanted,
                           int32_t wanted_count, lk_error *err) {
    bool *needed = mem_calloc((size_t)g->value_count + 1, sizeof *needed);
    bool *live = mem_calloc((size_t)g->node_count + 1, sizeof *live);
    lk_status status =
        needed && live ? LK_OK : error_memory(err, (size_t)g->value_count + (size_t)g->node_count);
    if (status == LK_OK) {
        graph_mark(needed, live, g, wanted, wanted_count);
    }
    for (int32_t i = 0; status == LK_OK && i < g->node_count; i++) {
        states[i] = live[i] ? NODE_LIVE : NODE_DEAD;
    }
    mem_free(needed);
    mem_free(live);
    return status;
}

lk_status node_call_init(struct node_call *nc, const struct graph *g, const struct node *node,
                         lk_error *err) {
    nc->call = (struct op_call){
        .node = node, .opset = g->opset, .inputs = nc->inputs, .outputs = nc->outputs, .err = err};
    if (node->input_count > CALL_VALUES || node->output_count > CALL_VALUES) {
        return op_unsupported(&nc->call, "%d inputs and %d outputs, at most %d are supported",
                              (int)node->input_count, (int)node->output_count, CALL_VALUES);
    }
    nc->call.input_count = node->input_count;
    nc->call.output_count = MAX(node->output_count, node->op->least_outputs);
    for (int32_t i = 0; i < node->input_count; i++) {
        int32_t v = node->inputs[i];
        nc->inputs[i] = v >= 0 ? &g->values[v].tensor : NULL;
        bool required = i < node->op->least_inputs;
        if (v < 0 && required) {
            return op_wrong(&nc->call, "input %d is left out", (int)i);
        }
        if (v >= 0 && g->values[v].tensor.type == TENSOR_NONE) {
            return op_wrong(&nc->call, "nothing makes its input '%s'", g->values[v].name);
        }
    }
    memset(nc->outputs, 0, (size_t)nc->call.output_count * sizeof nc->outputs[0]);
    return LK_OK;
}

static bool inputs_constant(const struct op_call *c) {
    for (int32_t i = 0; i < c->input_count; i++) {
        if (c->inputs[i] && !c->inputs[i]->data) {
            return false;
        }
    }
    return true;
}

/* Outputs whose values depend on the shapes of the inputs alone are constants, too. */
static bool only_shapes(const struct op *op) {
    return strcmp(op->name, "Shape") == 0 || strcmp(op->name, "Size") == 0;
}

struct preparing {
    struct graph *g;
    size_t max_bytes;
    size_t folded_bytes;
    lk_error *err;
};

static lk_status check_outputs(const struct preparing *p, struct node_call *nc) {
    for (int32_t k = 0; k < nc->call.output_count; k++) {
        lk_error inner = {0};
        lk_status status = tensor_check(&nc->outputs[k], p->max_bytes, &inner);
        if (status != LK_OK) {
            const struct node *n = nc->call.node;
            error_set(p->err, status, "node %s (%s): %s", n->name, n->op->name, inner.text);
            if (p->err) {
                memcpy(p->err->limit, inner.limit, sizeof inner.limit);
            }
            return status;
        }
    }
    return LK_OK;
}

/* Computes the outputs now; on failure none is kept. */
static lk_status fold(struct preparing *p, struct node_call *nc) {
    lk_status status = LK_OK;
    for (int32_t k = 0; status == LK_OK && k < nc->call.output_count; k++) {
        size_t bytes = tensor_bytes(&nc->outputs[k]);
        if (bytes > p->max_bytes - p->folded_bytes) {
            status = error_limit(p->err, "memory_bytes", "constants take more than %zu bytes",
                                 p->max_bytes);
            break;
        }
        p->folded_bytes += bytes;
        status = tensor_alloc(&nc->outputs[k], p->err);
    }
    if (status == LK_OK) {
        status = nc->call.node->op->run(&nc->call);
    }
    for (int32_t k = 0; status != LK_OK && k < nc->call.output_count; k++) {
        tensor_release(&nc->outputs[k]);
    }
    return status;
}

static lk_status prepare_node(struct preparing *p, const struct node *node,
                              enum node_state *state) {
    struct node_call nc;
    lk_status status = node_call_init(&nc, p->g, node, p->err);
    if (status == LK_OK) {
        status = node->op->shape(&nc.call);
    }
    if (status == LK_OK) {
        status = check_outputs(p, &nc);
    }
    if (status == LK_OK && (inputs_constant(&nc.call) || only_shapes(node->op))) {
        status = fold(p, &nc);
        *state = NODE_FOLDED;
    }
    for (int32_t k = 0; status == LK_OK && k < nc.call.output_count; k++) {
        int32_t v = k < node->output_count ? node->outputs[k] : -1;
        if (v >= 0) {
            p->g->values[v].tensor = nc.outputs[k];
        } else {
            tensor_release(&nc.outputs[k]);
        }
    }
    return status;
}

lk_status prepare(enum node_state *states, struct graph *g, const int32_t *wanted,
                  int32_t wanted_count, size_t max_bytes, lk_error *err) {
    struct preparing p = {.g = g, .max_bytes = max_bytes, .err = err};
    lk_status status = drop_dead(states, g, wanted, wanted_count, err);
    for (int32_t i = 0; status == LK_OK && i < g->node_count; i++) {
        if (states[i] == NODE_LIVE) {
            status = prepare_node(&p, &g->nodes[i], &states[i]);
        }
    }
    for (int32_t i = 0; status == LK_OK && i < wanted_count; i++) {
        if (g->values[wanted[i]].tensor.type == TENSOR_NONE) {
            status = error_set(err, LK_E_CORRUPT, "nothing makes the output '%s'",
                               g->values[wanted[i]].name);
        }
    }
    return status;
}
