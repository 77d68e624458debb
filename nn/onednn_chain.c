/* SPDX-License-Identifier: Apache-2.0 */
/* Chains: a convolution or matrix product followed by activations and an addition is one step, so that what it makes is
 * written once. A node joins while it is the only one that reads the value before it. */
#include <string.h>

#include "nn/lower.h"

static bool is_op(const struct lowering *l, int32_t node, const char *name) {
    return node >= 0 && strcmp(l->g->nodes[node].op->name, name) == 0;
}

static int32_t output_of(const struct lowering *l, int32_t node) {
    return l->g->nodes[node].outputs[0];
}

static bool join(struct chain *c, int32_t result, const int32_t *nodes, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        c->nodes[c->node_count++] = nodes[i];
    }
    c->result = result;
    return true;
}

/* x * sigmoid(x), and x * hardsigmoid(x) with the constants of hard swish: two nodes read x, and nothing else. */
static bool join_gate(struct chain *c, const struct lowering *l) {
    const struct uses *u = &l->uses[c->result];
    if (u->count != 2 || u->wanted) {
        return false;
    }
    bool first = is_op(l, u->users[1], "Mul");
    int32_t gate = u->users[first ? 0 : 1], mul = u->users[first ? 1 : 0];
    bool swish = is_op(l, gate, "Sigmoid"), hard = is_op(l, gate, "HardSigmoid");
    if (!is_op(l, mul, "Mul") || !(swish || hard) ||
        lower_only_user(l, output_of(l, gate)) != mul) {
        return false;
    }
    struct post_op *op = &c->post.ops[c->post.count];
    *op = (struct post_op){.kind = POST_ELTWISE, .algorithm = dnnl_eltwise_swish, .alpha = 1};
    if (hard) {
        const struct attribute *alpha = node_attribute(&l->g->nodes[gate], "alpha");
        const struct attribute *beta = node_attribute(&l->g->nodes[gate], "beta");
        /* hard swish is x * clip(x / 6 + 1/2, 0, 1); files store 1/6 with more or fewer digits */
        bool sixth = alpha && alpha->real > 0.16666f && alpha->real < 0.16667f;
        if (!sixth || (beta && (beta->real < 0.5f || beta->real > 0.5f))) {
            return false;
        }
        op->algorithm = dnnl_eltwise_hardswish;
    }
    c->post.count++;
    return join(c, output_of(l, mul), (int32_t[]){gate, mul}, 2);
}

/* oneDNN 2.6 makes the code of an activation once a step, with the constants of the first of its kind: a second one of the same
 * kind with others, say two Clips, has to be a step of its own. */
static bool clashes(const struct chain *c, const struct post_op *op) {
    for (int32_t i = 0; i < c->post.count; i++) {
        const struct post_op *other = &c->post.ops[i];
        bool same = memcmp(&other->alpha, &op->alpha, sizeof op->alpha) == 0 &&
                    memcmp(&other->beta, &op->beta, sizeof op->beta) == 0;
        if (other->kind == POST_ELTWISE && other->algorithm == op->algorithm && !same) {
            return true;
        }
    }
    return false;
}

static bool join_activation(struct chain *c, const struct lowering *l, int32_t node) {
    struct post_op ops[2];
    int32_t count = eltwise_of(l, &l->g->nodes[node], ops);
    if (count == 0 || c->post.count + count > POST_OPS) {
        return false;
    }
    for (int32_t i = 0; i < count; i++) {
        if (clashes(c, &ops[i])) {
            return false;
        }
    }
    memcpy(c->post.ops + c->post.count, ops, (size_t)count * sizeof ops[0]);
    c->post.count += count;
    return join(c, output_of(l, node), &node, 1);
}

/* An addition of a value that is there already, of the same shape. */
static bool join_addition(struct chain *c, const struct lowering *l, int32_t node) {
    if (!is_op(l, node, "Add") || c->residual >= 0) {
        return false;
    }
    const struct node *n = &l->g->nodes[node];
    int32_t other = n->inputs[n->inputs[0] == c->result ? 1 : 0];
    if (other == c->result || !lower_is_ready(l, other) || lower_tensor(l, other)->data ||
        !tensor_same_shape(lower_tensor(l, other), lower_tensor(l, c->result))) {
        return false;
    }
    c->residual = other;
    c->post.ops[c->post.count++] = (struct post_op){.kind = POST_SUM, .alpha = 1};
    return join(c, output_of(l, node), &node, 1);
}

void chain_follow(struct chain *c, const struct lowering *l, int32_t value) {
    chain_cut(c, value);
    while (c->post.count < POST_OPS && c->node_count + 2 <= (int32_t)ARRAY_COUNT(c->nodes)) {
        int32_t next = lower_only_user(l, c->result);
        bool joined =
            next >= 0 ? join_activation(c, l, next) || join_addition(c, l, next) : join_gate(c, l);
        if (!joined) {
            break;
        }
    }
}

void chain_cut(struct chain *c, int32_t value) {
    *c = (struct chain){.result = value, .residual = -1};
}

void chain_done(const struct chain *c, struct lowering *l) {
    for (int32_t i = 0; i < c->node_count; i++) {
        lower_mark(l, c->nodes[i]);
    }
}
