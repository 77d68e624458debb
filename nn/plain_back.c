/* SPDX-License-Identifier: Apache-2.0 */
/* The ways back through what changes the shape alone, and through the L2 norm. */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/training.h"

lk_status back_view(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    int32_t input = l->g->nodes[i].inputs[0], source, gradient, view;
    lk_status status = lower_plain(l, training_gradient(t, i), &source);
    if (status == LK_OK) {
        status = training_value(t, input, &gradient);
    }
    if (status == LK_OK) {
        status = plan_add_view(&view, l->plan, source, l->err);
    }
    if (status != LK_OK) {
        return status;
    }
    l->placed[gradient].plain = view;
    return training_add(t, input, gradient);
}

/* y = x / |x| along the last dimension: dx = (dy - y (y . dy)) / |x|; where |x| is 0, y = x. */
struct lines {
    int64_t count, size;
};

static void line_back(const float *x, const float *dy, float *dx, int64_t size) {
    double square = 0, along = 0;
    for (int64_t k = 0; k < size; k++) {
        square += (double)x[k] * (double)x[k];
        along += (double)x[k] * (double)dy[k];
    }
    double norm = sqrt(square);
    for (int64_t k = 0; k < size; k++) {
        dx[k] = norm > 0 ? (float)(((double)dy[k] - (double)x[k] * along / square) / norm) : dy[k];
    }
}

static void lines_back(const void *state, void *const *data) {
    const struct lines *s = state;
    const float *x = data[0], *dy = data[1];
    float *dx = data[2];
    for (int64_t i = 0; i < s->count; i++) {
        line_back(x + i * s->size, dy + i * s->size, dx + i * s->size, s->size);
    }
}

lk_status back_lp(struct training *t, int32_t i) {
    struct lowering *l = &t->l;
    const struct node *node = &l->g->nodes[i];
    const struct tensor *x = lower_tensor(l, node->inputs[0]);
    const struct attribute *axis = node_attribute(node, "axis"), *p = node_attribute(node, "p");
    int32_t reads[2], gradient, out;
    bool last = !axis || axis->number == -1 || axis->number == x->rank - 1;
    if (!last || (p && p->number != 2)) {
        return error_set(l->err, LK_E_FORMAT,
                         "node %s (%s): only the way back through the L2 norm of the last "
                         "dimension is supported",
                         node->name, node->op->name);
    }
    struct lines *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(l->err, sizeof *s);
    }
    s->size = x->dims[x->rank - 1];
    s->count = s->size > 0 ? tensor_count(x) / s->size : 0;
    lk_status status = lower_plain(l, node->inputs[0], &reads[0]);
    if (status == LK_OK) {
        status = lower_plain(l, training_gradient(t, i), &reads[1]);
    }
    if (status == LK_OK) {
        status = training_value(t, node->inputs[0], &gradient);
    }
    if (status == LK_OK) {
        status = lower_place_plain(l, gradient, &out);
    }
    if (status != LK_OK) {
        mem_free(s);
        return status;
    }
    const struct c_step step = {
        .run = lines_back, .state = s, .reads = reads, .writes = &out, 2, 1};
    status = training_c_step(t, "L2 norm back", i, &step);
    return status == LK_OK ? training_add(t, node->inputs[0], gradient) : status;
}
