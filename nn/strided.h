/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements of any type from places with regular distances. */
#ifndef LK_STRIDED_H
#define LK_STRIDED_H

#include "nn/op.h"

/* Element (i, j, ...) of the output comes from base + i * steps[0] + j * steps[1] + ... of the input. */
struct strided {
    int64_t base, steps[TENSOR_DIMS];
};

void strided_copy(struct tensor *y, const struct tensor *x, const struct strided *g);

/* Copies element `from` of x to element `to` of y. */
void strided_move(struct tensor *y, int64_t to, const struct tensor *x, int64_t from);

#endif
