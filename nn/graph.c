/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/graph.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/op.h"

static void attribute_release(struct attribute *a) {
    mem_free(a->name);
    mem_free(a->text);
    mem_free(a->numbers);
    mem_free(a->reals);
    tensor_release(&a->tensor);
}

static void node_release(struct node *n) {
    for (int32_t i = 0; i < n->attribute_count; i++) {
        attribute_release(&n->attributes[i]);
    }
    mem_free(n->attributes);
    mem_free(n->name);
    mem_free(n->inputs);
    mem_free(n->outputs);
}

void graph_release(struct graph *g) {
    if (!g) {
        return;
    }
    for (int32_t i = 0; i < g->node_count; i++) {
        node_release(&g->nodes[i]);
    }
    for (int32_t i = 0; i < g->value_count; i++) {
        mem_free(g->values[i].name);
        tensor_release(&g->values[i].tensor);
    }
    mem_free(g->name);
    mem_free(g->nodes);
    mem_free(g->values);
    mem_free(g->inputs);
    mem_free(g->outputs);
    *g = (struct graph){0};
}

/* Makes room for one more of `count` items of `size` bytes; items grow by doubling. */
static lk_status grow(void **items, int32_t *capacity, int32_t count, size_t size, lk_error *err) {
    if (count < *capacity) {
        return LK_OK;
    }
    if (count >= INT32_MAX / 2) {
        return error_set(err, LK_E_LIMIT, "a network of more than %d parts", (int)count);
    }
    int32_t more = count < 16 ? 16 : 2 * count;
    void *grown = mem_realloc(*items, (size_t)more, size);
    if (!grown) {
        return error_memory(err, (size_t)more * size);
    }
    *items = grown;
    *capacity = more;
    return LK_OK;
}

lk_status graph_add_value(int32_t *out, struct graph *g, const char *name, struct tensor tensor,
                          lk_error *err) {
    void *values = g->values;
    lk_status status = grow(&values, &g->value_capacity, g->value_count, sizeof *g->values, err);
    g->values = values;
    char *copy = status == LK_OK ? mem_strdup(name) : NULL;
    if (!copy) {
        tensor_release(&tensor);
        return status != LK_OK ? status : error_memory(err, strlen(name));
    }
    g->values[g->value_count] = (struct value){.name = copy, .tensor = tensor};
    *out = g->value_count++;
    return LK_OK;
}

static int32_t *copy_indices(const int32_t *indices, int32_t count) {
    int32_t *copy = mem_alloc((size_t)MAX(count, 1), sizeof *copy);
    if (copy && count > 0) {
        memcpy(copy, indices, (size_t)count * sizeof *copy);
    }
    return copy;
}

lk_status graph_add_node(struct node **out, struct graph *g, const struct op *op, const char *name,
                         const int32_t *inputs, int32_t input_count, const int32_t *outputs,
                         int32_t output_count, lk_error *err) {
    void *nodes = g->nodes;
    lk_status status = grow(&nodes, &g->node_capacity, g->node_count, sizeof *g->nodes, err);
    g->nodes = nodes;
    if (status != LK_OK) {
        return status;
    }
    struct node node = {
        .op = op,
        .name = mem_strdup(name),
        .inputs = copy_indices(inputs, input_count),
        .input_count = input_count,
        .outputs = copy_indices(outputs, output_count),
        .output_count = output_count,
    };
    if (!node.name || !node.inputs || !node.outputs) {
        node_release(&node);
        return error_memory(err, 0);
    }
    g->nodes[g->node_count] = node;
    *out = &g->nodes[g->node_count++];
    return LK_OK;
}

void graph_mark(bool *needed, bool *live, const struct graph *g, const int32_t *wanted,
                int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        needed[wanted[i]] = true;
    }
    for (int32_t i = g->node_count - 1; i >= 0; i--) {
        const struct node *n = &g->nodes[i];
        for (int32_t k = 0; k < n->output_count; k++) {
            live[i] = live[i] || (n->outputs[k] >= 0 && needed[n->outputs[k]]);
        }
        for (int32_t k = 0; live[i] && k < n->input_count; k++) {
            if (n->inputs[k] >= 0) {
                needed[n->inputs[k]] = true;
            }
        }
    }
}

void graph_keep_nodes(struct graph *g, const bool *keep) {
    int32_t left = 0;
    for (int32_t i = 0; i < g->node_count; i++) {
        if (keep[i]) {
            g->nodes[left++] = g->nodes[i];
        } else {
            node_release(&g->nodes[i]);
        }
    }
    g->node_count = left;
}

lk_status graph_cut(struct graph *g, const int32_t *outputs, int32_t count, lk_error *err) {
    bool *needed = mem_calloc((size_t)g->value_count + 1, sizeof *needed);
    bool *live = mem_calloc((size_t)g->node_count + 1, sizeof *live);
    int32_t *kept = copy_indices(outputs, count);
    if (!needed || !live || !kept) {
        mem_free(needed);
        mem_free(live);
        mem_free(kept);
        return error_memory(err, (size_t)g->value_count + (size_t)g->node_count);
    }
    graph_mark(needed, live, g, outputs, count);
    graph_keep_nodes(g, live);
    mem_free(g->outputs);
    g->outputs = kept;
    g->output_count = count;
    mem_free(needed);
    mem_free(live);
    return LK_OK;
}

const struct attribute *node_attribute(const struct node *node, const char *name) {
    for (int32_t i = 0; i < node->attribute_count; i++) {
        if (strcmp(node->attributes[i].name, name) == 0) {
            return &node->attributes[i];
        }
    }
    return NULL;
}

/* -- graph_sort: repeatedly takes the nodes whose inputs are all there (Kahn 1962). A file that is in order already, as the
 * standard demands, stays as it is. -- */

enum { NOBODY = -1 };

struct sorting {
    int32_t *maker;   /* node that makes a value; NOBODY */
    int32_t *waiting; /* inputs of a node that are not made yet */
    int32_t *first;   /* users of the values a node makes: users[first[node] .. first[node + 1]) */
    int32_t *users;
    int32_t *order; /* the nodes taken so far; also the queue */
};

static void sorting_release(struct sorting *s) {
    mem_free(s->maker);
    mem_free(s->waiting);
    mem_free(s->first);
    mem_free(s->users);
    mem_free(s->order);
}

static lk_status sorting_init(struct sorting *s, const struct graph *g, lk_error *err) {
    size_t nodes = (size_t)g->node_count + 2, uses = 1;
    for (int32_t i = 0; i < g->node_count; i++) {
        uses += (size_t)g->nodes[i].input_count;
    }
    s->maker = mem_alloc((size_t)g->value_count + 1, sizeof *s->maker);
    s->waiting = mem_calloc(nodes, sizeof *s->waiting);
    s->first = mem_calloc(nodes, sizeof *s->first);
    s->users = mem_calloc(uses, sizeof *s->users);
    s->order = mem_calloc(nodes, sizeof *s->order);
    bool all = s->maker && s->waiting && s->first && s->users && s->order;
    return all ? LK_OK : error_memory(err, (nodes + uses) * sizeof(int32_t));
}

static lk_status find_makers(struct sorting *s, const struct graph *g, lk_error *err) {
    for (int32_t i = 0; i < g->value_count; i++) {
        s->maker[i] = NOBODY;
    }
    for (int32_t i = 0; i < g->node_count; i++) {
        const struct node *n = &g->nodes[i];
        for (int32_t k = 0; k < n->output_count; k++) {
            int32_t v = n->outputs[k];
            if (v >= 0 && (s->maker[v] != NOBODY || g->values[v].tensor.data ||
                           g->values[v].tensor.type != TENSOR_NONE)) {
                return error_set(err, LK_E_CORRUPT,
                                 "node %s (%s) makes '%s', which is there already", n->name,
                                 n->op->name, g->values[v].name);
            }
            if (v >= 0) {
                s->maker[v] = i;
            }
        }
    }
    return LK_OK;
}

/* Counts who waits for whom; an input without a maker must be a constant or an input of the graph. */
static lk_status find_users(struct sorting *s, const struct graph *g, lk_error *err) {
    for (int32_t i = 0; i < g->node_count; i++) {
        const struct node *n = &g->nodes[i];
        for (int32_t k = 0; k < n->input_count; k++) {
            int32_t v = n->inputs[k];
            if (v >= 0 && s->maker[v] == NOBODY && g->values[v].tensor.type == TENSOR_NONE) {
                return error_set(
                    err, LK_E_CORRUPT,
                    "node %s (%s) uses '%s', which nothing makes: no node, input or initialiser",
                    n->name, n->op->name, g->values[v].name);
            }
            if (v >= 0 && s->maker[v] != NOBODY) {
                s->waiting[i]++;
                s->first[s->maker[v] + 2]++;
            }
        }
    }
    for (int32_t i = 1; i < g->node_count; i++) {
        s->first[i + 1] += s->first[i];
    }
    /* first[m + 1] is where the users of m begin, and moves to where they end as they are entered. */
    for (int32_t i = 0; i < g->node_count; i++) {
        const struct node *n = &g->nodes[i];
        for (int32_t k = 0; k < n->input_count; k++) {
            int32_t v = n->inputs[k];
            if (v >= 0 && s->maker[v] != NOBODY) {
                s->users[s->first[s->maker[v] + 1]++] = i;
            }
        }
    }
    return LK_OK;
}

static lk_status take_in_order(struct sorting *s, struct graph *g, lk_error *err) {
    int32_t taken = 0;
    for (int32_t i = 0; i < g->node_count; i++) {
        if (s->waiting[i] == 0) {
            s->order[taken++] = i;
        }
    }
    for (int32_t at = 0; at < taken; at++) {
        int32_t n = s->order[at];
        for (int32_t u = s->first[n]; u < s->first[n + 1]; u++) {
            if (--s->waiting[s->users[u]] == 0) {
                s->order[taken++] = s->users[u];
            }
        }
    }
    for (int32_t i = 0; taken < g->node_count; i++) {
        if (s->waiting[i] > 0) {
            return error_set(err, LK_E_CORRUPT, "node %s (%s) stands in a cycle", g->nodes[i].name,
                             g->nodes[i].op->name);
        }
    }
    struct node *sorted = mem_alloc((size_t)g->node_count + 1, sizeof *sorted);
    if (!sorted) {
        return error_memory(err, (size_t)g->node_count * sizeof *sorted);
    }
    for (int32_t i = 0; i < g->node_count; i++) {
        sorted[i] = g->nodes[s->order[i]];
    }
    mem_free(g->nodes);
    g->nodes = sorted;
    g->node_capacity = g->node_count;
    return LK_OK;
}

static bool is_sorted(const struct sorting *s, const struct graph *g) {
    for (int32_t i = 0; i < g->node_count; i++) {
        const struct node *n = &g->nodes[i];
        for (int32_t k = 0; k < n->input_count; k++) {
            if (n->inputs[k] >= 0 && s->maker[n->inputs[k]] >= i) {
                return false;
            }
        }
    }
    return true;
}

lk_status graph_sort(struct graph *g, lk_error *err) {
    struct sorting s = {0};
    lk_status status = sorting_init(&s, g, err);
    if (status == LK_OK) {
        status = find_makers(&s, g, err);
    }
    if (status == LK_OK) {
        status = find_users(&s, g, err);
    }
    if (status == LK_OK && !is_sorted(&s, g)) {
        status = take_in_order(&s, g, err);
    }
    sorting_release(&s);
    return status;
}
