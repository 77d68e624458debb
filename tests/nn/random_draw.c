/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/nn/random_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "nn/op.h"
#include "nn/prepare.h"

/* -- Small draws -- */

int32_t draw_below(struct drawing *d, int32_t n) {
    return (int32_t)rng_below(&d->r, (uint32_t)n);
}

bool draw_one_in(struct drawing *d, int32_t n) {
    return draw_below(d, n) == 0;
}

float draw_between(struct drawing *d, double low, double high) {
    return (float)(low + (high - low) * rng_unit(&d->r));
}

void draw_must(struct drawing *d, lk_status status) {
    if (status != LK_OK) {
        printf("building: %s\n", d->err.text);
        exit(1);
    }
}

const struct tensor *draw_shape_of(const struct drawing *d, int32_t value) {
    return &d->g.values[value].tensor;
}

/* -- Building -- */

void *draw_blank(size_t bytes) {
    void *block = mem_calloc(bytes, 1);
    if (!block) {
        exit(1);
    }
    return block;
}

static struct attribute *attribute(struct node *n, const char *name, enum attribute_kind kind) {
    struct attribute *grown =
        mem_realloc(n->attributes, (size_t)n->attribute_count + 1, sizeof *grown);
    if (!grown) {
        exit(1);
    }
    n->attributes = grown;
    struct attribute *a = &grown[n->attribute_count++];
    *a = (struct attribute){.name = mem_strdup(name), .kind = kind};
    return a;
}

void draw_set_int(struct node *n, const char *name, int64_t value) {
    attribute(n, name, ATTRIBUTE_INT)->number = value;
}

void draw_set_float(struct node *n, const char *name, float value) {
    attribute(n, name, ATTRIBUTE_FLOAT)->real = value;
}

void draw_set_ints(struct node *n, const char *name, const int64_t *values, int32_t count) {
    struct attribute *a = attribute(n, name, ATTRIBUTE_INTS);
    a->numbers = draw_blank((size_t)count * sizeof *values);
    a->count = count;
    memcpy(a->numbers, values, (size_t)count * sizeof *values);
}

int32_t draw_add_value(struct drawing *d, struct tensor t) {
    char name[16];
    int32_t value;
    snprintf(name, sizeof name, "v%d", (int)d->g.value_count);
    draw_must(d, graph_add_value(&value, &d->g, name, t, &d->err));
    return value;
}

int32_t draw_constant(struct drawing *d, enum tensor_type type, int32_t rank, const int64_t *dims) {
    struct tensor t = tensor_of(type, rank, dims);
    draw_must(d, tensor_alloc(&t, &d->err));
    return draw_add_value(d, t);
}

int32_t draw_reals(struct drawing *d, int32_t rank, const int64_t *dims, double low, double high) {
    int32_t value = draw_constant(d, TENSOR_F32, rank, dims);
    const struct tensor *t = draw_shape_of(d, value);
    for (int64_t i = 0; i < tensor_count(t); i++) {
        ((float *)t->data)[i] = draw_between(d, low, high);
    }
    return value;
}

int32_t draw_real(struct drawing *d, float number) {
    int32_t value = draw_constant(d, TENSOR_F32, 0, NULL);
    *(float *)draw_shape_of(d, value)->data = number;
    return value;
}

int32_t draw_wholes(struct drawing *d, const int64_t *numbers, int64_t count) {
    int32_t value = draw_constant(d, TENSOR_I64, 1, &count);
    memcpy(draw_shape_of(d, value)->data, numbers, (size_t)count * sizeof *numbers);
    return value;
}

struct node *draw_add_node(struct drawing *d, const char *op, const int32_t *inputs,
                           int32_t count) {
    struct node *n;
    char name[32];
    int32_t output = draw_add_value(d, (struct tensor){0});
    snprintf(name, sizeof name, "%s %d", op, (int)d->g.node_count);
    draw_must(d, graph_add_node(&n, &d->g, op_find(op), name, inputs, count, &output, 1, &d->err));
    return n;
}

/* The node's output, whose shape is found; -1 when the node is refused: nothing reads it then, and it is dropped. */
int32_t draw_finish(struct drawing *d, const struct node *n) {
    struct node_call nc;
    lk_error err = {0};
    bool ok = node_call_init(&nc, &d->g, n, &err) == LK_OK && n->op->shape(&nc.call) == LK_OK &&
              tensor_check(&nc.outputs[0], 1 << 18, &err) == LK_OK;
    if (!ok) {
        return -1;
    }
    d->g.values[n->outputs[0]].tensor = nc.outputs[0];
    return n->outputs[0];
}

int32_t draw_simple(struct drawing *d, const char *op, int32_t a, int32_t b) {
    return draw_finish(d, draw_add_node(d, op, (int32_t[]){a, b}, b >= 0 ? 2 : 1));
}

void draw_offer(struct drawing *d, int32_t value, bool exact) {
    if (value >= 0 && d->count < DRAWN_MOST) {
        d->values[d->count] = value;
        d->exact[d->count++] = exact;
    }
}
