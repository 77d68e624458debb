/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes of matrix products, for their definitions (op_matmul.c) and their fast versions (onednn_matmul.c). */
#ifndef LK_OP_MATMUL_H
#define LK_OP_MATMUL_H

#include "nn/op.h"

struct matmul_geometry {
    bool a_row, b_column; /* a or b is a vector; the product then lacks that dimension */
    int64_t rows, inner, columns;
    struct tensor stack; /* shape of the stack of products */
    struct tensor a, b;  /* shapes of the stacks that broadcast to it */
};

MUST_CHECK lk_status matmul_geometry(struct matmul_geometry *g, struct op_call *c,
                                     const struct tensor *a, const struct tensor *b);

struct gemm_geometry {
    bool a_turned, b_turned; /* stored transposed */
    float alpha, beta;
    int64_t rows, inner, columns;
    int64_t bias_row_step, bias_column_step; /* how the bias broadcasts */
};

MUST_CHECK lk_status gemm_geometry(struct gemm_geometry *g, struct op_call *c);

#endif
