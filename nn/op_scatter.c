/* SPDX-License-Identifier: Apache-2.0 */
/* ScatterElements, ScatterND and their inverse GatherND: elements or whole blocks put where the indices of another tensor say.
 * Updates are applied in the order in which they stand, so that the last of two to the same place wins. */
#include <math.h>
#include <string.h>

#include "nn/op.h"

/* What becomes of the element that is there already. */
enum reduction { REPLACE, ADD, MULTIPLY, GREATER, SMALLER };

static lk_status reduction_of(struct op_call *c, enum reduction *out) {
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    static const enum tensor_type numbers[] = {TENSOR_F32, TENSOR_F64, TENSOR_I32, TENSOR_I64,
                                               TENSOR_U8,  TENSOR_I8,  TENSOR_NONE};
    const char *name = op_text(c, "reduction", "none");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum reduction)i;
            return *out == REPLACE ? LK_OK : op_types(c, 0, numbers);
        }
    }
    return op_unsupported(c, "reduction %.40s", name);
}

static double reduce_real(double a, double b, enum reduction how) {
    switch (how) {
    case ADD: return a + b;
    case MULTIPLY: return a * b;
    case GREATER: return isnan(a) || a > b ? a : b;
    case SMALLER: return isnan(a) || a < b ? a : b;
    default: return b;
    }
}

/* Wraps around, as integers of fixed size do. */
static int64_t reduce_whole(int64_t a, int64_t b, enum reduction how) {
    switch (how) {
    case ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case MULTIPLY: return (int64_t)((uint64_t)a * (uint64_t)b);
    case GREATER: return MAX(a, b);
    case SMALLER: return MIN(a, b);
    default: return b;
    }
}

/* Joins element `from` of updates with element `to` of y. */
static void join(struct tensor *y, int64_t to, const struct tensor *updates, int64_t from,
                 enum reduction how) {
    if (y->type == TENSOR_F32 || y->type == TENSOR_F64) {
        double value = reduce_real(tensor_number(y, to), tensor_number(updates, from), how);
        if (y->type == TENSOR_F32) {
            ((float *)y->data)[to] = (float)value;
        } else {
            ((double *)y->data)[to] = value;
        }
        return;
    }
    int64_t value = reduce_whole(tensor_integer(y, to), tensor_integer(updates, from), how);
    switch (tensor_type_size(y->type)) {
    case 1: ((uint8_t *)y->data)[to] = (uint8_t)value; break;
    case 4: ((int32_t *)y->data)[to] = (int32_t)value; break;
    default: ((int64_t *)y->data)[to] = value; break;
    }
}

/* Puts `count` elements of updates to y. */
static void put(struct tensor *y, int64_t to, const struct tensor *updates, int64_t from,
                int64_t count, enum reduction how) {
    size_t size = tensor_type_size(y->type);
    if (how == REPLACE && count > 0) {
        memcpy((uint8_t *)y->data + (size_t)to * size,
               (const uint8_t *)updates->data + (size_t)from * size, (size_t)count * size);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        join(y, to + i, updates, from + i, how);
    }
}

static void copy_input(struct op_call *c) {
    if (tensor_bytes(c->inputs[0]) > 0) {
        memcpy(c->outputs[0].data, c->inputs[0]->data, tensor_bytes(c->inputs[0]));
    }
}

/* Index i of a dimension of `size`, counted from its end where it is negative. */
static lk_status index_at(struct op_call *c, int64_t i, int64_t size, int64_t *out) {
    int64_t k = tensor_integer(c->inputs[1], i);
    if (k < -size || k >= size) {
        return op_wrong(c, "index %lld of %lld", (long long)k, (long long)size);
    }
    *out = k < 0 ? k + size : k;
    return LK_OK;
}

/* -- ScatterElements (before operator set 11: Scatter): one index an update, along an axis -- */

static lk_status elements_shape(struct op_call *c) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_I32, TENSOR_NONE};
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1], *updates = c->inputs[2];
    enum reduction how;
    int32_t axis = 0;
    lk_status status = op_types(c, 1, whole);
    if (status == LK_OK) {
        status = reduction_of(c, &how);
    }
    if (status == LK_OK) {
        status = op_axis(c, op_int(c, "axis", 0), x->rank, &axis);
    }
    bool fits =
        x->rank == indices->rank && tensor_same_shape(indices, updates) && updates->type == x->type;
    for (int32_t d = 0; fits && d < x->rank; d++) {
        fits = d == axis || indices->dims[d] <= x->dims[d];
    }
    if (status == LK_OK && !fits) {
        status = op_wrong(c, "the updates do not fit the indices or the input");
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status elements_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *updates = c->inputs[2];
    enum reduction how = REPLACE;
    int32_t axis = 0;
    int64_t strides[TENSOR_DIMS], count = tensor_count(updates);
    lk_status status = reduction_of(c, &how);
    if (status == LK_OK) {
        status = op_axis(c, op_int(c, "axis", 0), x->rank, &axis);
    }
    tensor_strides(x, strides);
    copy_input(c);
    for (int64_t i = 0; status == LK_OK && i < count; i++) {
        int64_t rest = i, k = 0;
        status = index_at(c, i, x->dims[axis], &k);
        int64_t to = k * strides[axis];
        for (int32_t d = x->rank - 1; d >= 0; d--) {
            to += d == axis ? 0 : rest % updates->dims[d] * strides[d];
            rest /= updates->dims[d];
        }
        if (status == LK_OK) {
            put(&c->outputs[0], to, updates, i, 1, how);
        }
    }
    return status;
}

/* -- ScatterND, GatherND: each row of the indices is the beginning of a place, the rest of it is a block -- */

/* x is [batch..., indexed..., block...], the indices are [batch..., rows..., indexed dimensions]. */
struct places {
    int32_t batch, depth;      /* dimensions */
    int64_t rows, batch_rows;  /* of all; of one batch */
    int64_t block, batch_size; /* elements */
};

static lk_status places_of(struct places *p, struct op_call *c) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_NONE};
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1];
    int64_t batch = op_int(c, "batch_dims", 0);
    lk_status status = op_types(c, 1, whole);
    if (status != LK_OK) {
        return status;
    }
    bool fits = batch >= 0 && batch < MIN(x->rank, indices->rank);
    int64_t depth = fits ? indices->dims[indices->rank - 1] : 0;
    for (int32_t d = 0; fits && d < batch; d++) {
        fits = x->dims[d] == indices->dims[d];
    }
    if (!fits || depth < 1 || depth > x->rank - batch) {
        return op_wrong(c, "indices of %lld dimensions with a batch of %lld for an input of %d",
                        (long long)depth, (long long)batch, (int)x->rank);
    }
    *p = (struct places){(int32_t)batch, (int32_t)depth, 1, 1, 1, 1};
    for (int32_t d = 0; d < indices->rank - 1; d++) {
        p->rows *= indices->dims[d];
        p->batch_rows *= d >= batch ? indices->dims[d] : 1;
    }
    for (int32_t d = p->batch; d < x->rank; d++) {
        p->batch_size *= x->dims[d];
        p->block *= d >= batch + depth ? x->dims[d] : 1;
    }
    return LK_OK;
}

/* The shape of the blocks of all rows together. */
static lk_status blocks_shape(struct op_call *c, const struct places *p, struct tensor *out) {
    const struct tensor *x = c->inputs[0], *indices = c->inputs[1];
    int32_t skipped = p->batch + p->depth;
    if (indices->rank - 1 + x->rank - skipped > TENSOR_DIMS) {
        return op_unsupported(c, "more than %d dimensions", TENSOR_DIMS);
    }
    *out = tensor_of(x->type, indices->rank - 1, indices->dims);
    for (int32_t d = skipped; d < x->rank; d++) {
        out->dims[out->rank++] = x->dims[d];
    }
    return LK_OK;
}

/* The element of x at which the block of a row begins. */
static lk_status place_of(struct op_call *c, const struct places *p, int64_t row, int64_t *out) {
    const struct tensor *x = c->inputs[0];
    int64_t strides[TENSOR_DIMS];
    lk_status status = LK_OK;
    tensor_strides(x, strides);
    *out = row / p->batch_rows * p->batch_size;
    for (int32_t d = 0; status == LK_OK && d < p->depth; d++) {
        int64_t k = 0;
        status = index_at(c, row * p->depth + d, x->dims[p->batch + d], &k);
        *out += k * strides[p->batch + d];
    }
    return status;
}

static lk_status gather_shape(struct op_call *c) {
    struct places p;
    lk_status status = places_of(&p, c);
    return status == LK_OK ? blocks_shape(c, &p, &c->outputs[0]) : status;
}

static lk_status gather_run(struct op_call *c) {
    struct places p = {0};
    lk_status status = places_of(&p, c);
    for (int64_t row = 0; status == LK_OK && row < p.rows; row++) {
        int64_t from;
        status = place_of(c, &p, row, &from);
        if (status == LK_OK) {
            put(&c->outputs[0], row * p.block, c->inputs[0], from, p.block, REPLACE);
        }
    }
    return status;
}

static lk_status scatter_shape(struct op_call *c) {
    struct places p;
    struct tensor blocks = {0};
    enum reduction how;
    lk_status status = places_of(&p, c);
    if (status == LK_OK) {
        status = blocks_shape(c, &p, &blocks);
    }
    if (status == LK_OK) {
        status = reduction_of(c, &how);
    }
    if (status == LK_OK &&
        (c->inputs[2]->type != blocks.type || !tensor_same_shape(c->inputs[2], &blocks))) {
        status = op_wrong(c, "the updates do not fit the indices or the input");
    }
    return status == LK_OK ? op_shape_same(c) : status;
}

static lk_status scatter_run(struct op_call *c) {
    struct places p = {0};
    enum reduction how = REPLACE;
    lk_status status = places_of(&p, c);
    if (status == LK_OK) {
        status = reduction_of(c, &how);
    }
    copy_input(c);
    for (int64_t row = 0; status == LK_OK && row < p.rows; row++) {
        int64_t to;
        status = place_of(c, &p, row, &to);
        if (status == LK_OK) {
            put(&c->outputs[0], to, c->inputs[2], row * p.block, p.block, how);
        }
    }
    return status;
}

const struct op op_scatter[] = {
    {"Scatter", 3, 3, 1, 1, elements_shape, elements_run, NULL},
    {"ScatterElements", 3, 3, 1, 1, elements_shape, elements_run, NULL},
    {"ScatterND", 3, 3, 1, 1, scatter_shape, scatter_run, NULL},
    {"GatherND", 2, 2, 1, 1, gather_shape, gather_run, NULL},
    OP_END,
};
