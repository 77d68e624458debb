/* SPDX-License-Identifier: Apache-2.0 */
/* y = scale (w * x + b - mean) / sqrt(variance + epsilon) + shift is a convolution with the weights k w and the bias
 * k (b - mean) + shift, where k = scale / sqrt(variance + epsilon), a channel (Ioffe, Szegedy 2015). k is found in double. */
#include "nn/fold_norm.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

struct folding {
    enum node_state *states;
    struct graph *g;
    int32_t *readers; /* live nodes that read a value, and wanted outputs */
    lk_error *err;
};

static const float *constant(const struct graph *g, const struct node *n, int32_t input) {
    bool there = input < n->input_count && n->inputs[input] >= 0;
    const struct tensor *t = there ? &g->values[n->inputs[input]].tensor : NULL;
    return t && t->type == TENSOR_F32 ? t->data : NULL;
}

/* The live convolution that makes the value norm reads, if nobody else reads that; -1. */
static int32_t convolution_before(const struct folding *f, const struct node *norm,
                                  const int32_t *maker) {
    int32_t value = norm->inputs[0], conv = maker[value];
    bool fits = conv >= 0 && f->readers[value] == 1 && f->states[conv] == NODE_LIVE &&
                strcmp(f->g->nodes[conv].op->name, "Conv") == 0;
    if (!fits) {
        return -1;
    }
    const struct node *c = &f->g->nodes[conv];
    bool bias_known = c->input_count < 3 || c->inputs[2] < 0 || constant(f->g, c, 2);
    return constant(f->g, c, 1) && bias_known ? conv : -1;
}

static lk_status fold_one(struct folding *f, int32_t conv, struct node *norm) {
    struct graph *g = f->g;
    const struct tensor *w = &g->values[g->nodes[conv].inputs[1]].tensor;
    const float *scale = constant(g, norm, 1), *shift = constant(g, norm, 2);
    const float *mean = constant(g, norm, 3), *variance = constant(g, norm, 4);
    const float *bias = constant(g, &g->nodes[conv], 2);
    const struct attribute *a = node_attribute(norm, "epsilon");
    double epsilon = a && a->kind == ATTRIBUTE_FLOAT ? (double)a->real : 1e-5; /* the standard's */
    int64_t channels = w->dims[0], each = tensor_count(w) / MAX(channels, 1);
    struct tensor new_w, new_b = tensor_of(TENSOR_F32, 1, &channels);
    lk_status status = tensor_copy(&new_w, w, f->err);
    if (status != LK_OK) {
        return status;
    }
    status = tensor_alloc(&new_b, f->err);
    if (status != LK_OK) {
        tensor_release(&new_w);
        return status;
    }
    float *to = new_w.data, *b = new_b.data;
    for (int64_t c = 0; c < channels; c++) {
        double k = (double)scale[c] / sqrt((double)variance[c] + epsilon);
        for (int64_t i = 0; i < each; i++) {
            to[c * each + i] = (float)(k * (double)to[c * each + i]);
        }
        b[c] = (float)(k * ((bias ? (double)bias[c] : 0) - (double)mean[c]) + (double)shift[c]);
    }
    int32_t values[3] = {g->nodes[conv].inputs[0]};
    status = graph_add_value(&values[1], g, "", new_w, f->err);
    if (status != LK_OK) {
        tensor_release(&new_b);
        return status;
    }
    status = graph_add_value(&values[2], g, "", new_b, f->err);
    int32_t *inputs = status == LK_OK ? mem_alloc(3, sizeof *inputs) : NULL;
    if (!inputs) {
        return status != LK_OK ? status : error_memory(f->err, sizeof values);
    }
    memcpy(inputs, values, sizeof values);
    struct node *c = &g->nodes[conv];
    mem_free(c->inputs);
    c->inputs = inputs;
    c->input_count = 3;
    /* The convolution makes the normalised value now; what it made before is made by nobody and read by nobody. */
    int32_t made = c->outputs[0];
    c->outputs[0] = norm->outputs[0];
    norm->outputs[0] = made;
    return LK_OK;
}

static bool is_foldable(const struct folding *f, int32_t i) {
    const struct node *n = &f->g->nodes[i];
    return f->states[i] == NODE_LIVE && strcmp(n->op->name, "BatchNormalization") == 0 &&
           constant(f->g, n, 1) && constant(f->g, n, 2) && constant(f->g, n, 3) &&
           constant(f->g, n, 4);
}

static lk_status fold_all(struct folding *f, int32_t *maker) {
    for (int32_t i = 0; i < f->g->node_count; i++) {
        if (!is_foldable(f, i)) {
            continue;
        }
        int32_t conv = convolution_before(f, &f->g->nodes[i], maker);
        if (conv >= 0) {
            lk_status status = fold_one(f, conv, &f->g->nodes[i]);
            if (status != LK_OK) {
                return status;
            }
            f->states[i] = NODE_DEAD;
            maker[f->g->nodes[conv].outputs[0]] = conv;
        }
    }
    return LK_OK;
}

lk_status fold_norm(enum node_state *states, struct graph *g, const int32_t *wanted,
                    int32_t wanted_count, lk_error *err) {
    size_t values = (size_t)g->value_count + 1;
    struct folding f = {.states = states, .g = g, .err = err};
    f.readers = mem_calloc(values, sizeof *f.readers);
    int32_t *maker = mem_alloc(values, sizeof *maker);
    lk_status status = f.readers && maker ? LK_OK : error_memory(err, values * sizeof *maker);
    for (size_t i = 0; status == LK_OK && i < values; i++) {
        maker[i] = -1;
    }
    for (int32_t i = 0; status == LK_OK && i < g->node_count; i++) {
        const struct node *n = &g->nodes[i];
        for (int32_t k = 0; states[i] == NODE_LIVE && k < n->input_count; k++) {
            if (n->inputs[k] >= 0) {
                f.readers[n->inputs[k]]++;
            }
        }
        for (int32_t k = 0; k < n->output_count; k++) {
            if (n->outputs[k] >= 0) {
                maker[n->outputs[k]] = i;
            }
        }
    }
    for (int32_t i = 0; status == LK_OK && i < wanted_count; i++) {
        f.readers[wanted[i]]++;
    }
    if (status == LK_OK) {
        status = fold_all(&f, maker);
    }
    mem_free(f.readers);
    mem_free(maker);
    return status;
}
