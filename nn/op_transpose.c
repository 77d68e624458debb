/* SPDX-License-Identifier: Apache-2.0 */
/* Transpose, and the two that are transpositions in disguise: DepthToSpace, SpaceToDepth. Elements of any type. */
#include <string.h>

#include "nn/strided.h"

static lk_status transpose_order(struct op_call *c, int32_t order[TENSOR_DIMS]) {
    const struct tensor *x = c->inputs[0];
    int32_t count;
    const int64_t *listed = op_ints(c, "perm", &count);
    bool seen[TENSOR_DIMS] = {false};
    if (listed && count != x->rank) {
        return op_wrong(c, "an order of %d for %d dimensions", (int)count, (int)x->rank);
    }
    for (int32_t i = 0; i < x->rank; i++) {
        int64_t from = listed ? listed[i] : x->rank - 1 - i;
        if (from < 0 || from >= x->rank || seen[from]) {
            return op_wrong(c, "the order of dimensions is none");
        }
        seen[from] = true;
        order[i] = (int32_t)from;
    }
    return LK_OK;
}

static lk_status transpose_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int32_t order[TENSOR_DIMS];
    lk_status status = transpose_order(c, order);
    struct tensor y = {.type = x->type, .rank = x->rank};
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        y.dims[i] = x->dims[order[i]];
    }
    c->outputs[0] = y;
    return status;
}

static lk_status transpose_run(struct op_call *c) {
    int32_t order[TENSOR_DIMS];
    int64_t strides[TENSOR_DIMS];
    struct strided g = {0};
    lk_status status = transpose_order(c, order);
    tensor_strides(c->inputs[0], strides);
    for (int32_t i = 0; status == LK_OK && i < c->inputs[0]->rank; i++) {
        g.steps[i] = strides[order[i]];
    }
    if (status == LK_OK) {
        strided_copy(&c->outputs[0], c->inputs[0], &g);
    }
    return status;
}

/* x of [n, c, h, w] seen as six dimensions, in the order in which y runs through them. */
static lk_status regroup(struct op_call *c, const int64_t dims[6], const int32_t order[6]) {
    struct tensor x = tensor_of(c->inputs[0]->type, 6, dims), y = x;
    int64_t strides[TENSOR_DIMS];
    struct strided g = {0};
    tensor_strides(&x, strides);
    for (int32_t i = 0; i < 6; i++) {
        g.steps[i] = strides[order[i]];
        y.dims[i] = dims[order[i]];
    }
    y.data = c->outputs[0].data;
    strided_copy(&y, c->inputs[0], &g);
    return LK_OK;
}

static lk_status check_blocks(struct op_call *c, int64_t *block) {
    const struct tensor *x = c->inputs[0];
    *block = op_int(c, "blocksize", 0);
    if (x->rank != 4 || *block < 1 || *block > 4096) {
        return op_wrong(c, "blocks of %lld and %d dimensions", (long long)*block, (int)x->rank);
    }
    return LK_OK;
}

static lk_status depth_to_space_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int64_t b;
    lk_status status = check_blocks(c, &b);
    const char *mode = op_text(c, "mode", "DCR");
    if (status == LK_OK && strcmp(mode, "DCR") != 0 && strcmp(mode, "CRD") != 0) {
        status = op_unsupported(c, "mode %.40s", mode);
    }
    if (status == LK_OK && x->dims[1] % (b * b) != 0) {
        status =
            op_wrong(c, "%lld channels in blocks of %lld", (long long)x->dims[1], (long long)b);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(
            x->type, 4,
            (int64_t[]){x->dims[0], x->dims[1] / (b * b), x->dims[2] * b, x->dims[3] * b});
    }
    return status;
}

static lk_status depth_to_space_run(struct op_call *c) {
    const int64_t *d = c->inputs[0]->dims;
    int64_t b = op_int(c, "blocksize", 1), depth = d[1] / (b * b);
    if (strcmp(op_text(c, "mode", "DCR"), "CRD") == 0) {
        return regroup(c, (int64_t[]){d[0], depth, b, b, d[2], d[3]},
                       (int32_t[]){0, 1, 4, 2, 5, 3});
    }
    return regroup(c, (int64_t[]){d[0], b, b, depth, d[2], d[3]}, (int32_t[]){0, 3, 4, 1, 5, 2});
}

static lk_status space_to_depth_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    int64_t b;
    lk_status status = check_blocks(c, &b);
    if (status == LK_OK && (x->dims[2] % b != 0 || x->dims[3] % b != 0)) {
        status = op_wrong(c, "%lld x %lld in blocks of %lld", (long long)x->dims[3],
                          (long long)x->dims[2], (long long)b);
    }
    if (status == LK_OK) {
        c->outputs[0] =
            tensor_of(x->type, 4,
                      (int64_t[]){x->dims[0], x->dims[1] * b * b, x->dims[2] / b, x->dims[3] / b});
    }
    return status;
}

static lk_status space_to_depth_run(struct op_call *c) {
    const int64_t *d = c->inputs[0]->dims;
    int64_t b = op_int(c, "blocksize", 1);
    return regroup(c, (int64_t[]){d[0], d[1], d[2] / b, b, d[3] / b, b},
                   (int32_t[]){0, 3, 5, 1, 2, 4});
}

const struct op op_transpose[] = {
    {"Transpose", 1, 1, 1, 1, transpose_shape, transpose_run, NULL},
    {"DepthToSpace", 1, 1, 1, 1, depth_to_space_shape, depth_to_space_run, NULL},
    {"SpaceToDepth", 1, 1, 1, 1, space_to_depth_shape, space_to_depth_run, NULL},
    OP_END,
};
