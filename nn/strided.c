/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/strided.h"

#include <string.h>

void strided_move(struct tensor *y, int64_t to, const struct tensor *x, int64_t from) {
    size_t size = tensor_type_size(x->type);
    memcpy((uint8_t *)y->data + (size_t)to * size, (const uint8_t *)x->data + (size_t)from * size,
           size);
}

void strided_copy(struct tensor *y, const struct tensor *x, const struct strided *g) {
    int64_t index[TENSOR_DIMS] = {0}, at = g->base, count = tensor_count(y);
    for (int64_t i = 0; i < count; i++) {
        strided_move(y, i, x, at);
        for (int32_t d = y->rank - 1; d >= 0; d--) {
            at += g->steps[d];
            if (++index[d] < y->dims[d]) {
                break;
            }
            at -= g->steps[d] * y->dims[d];
            index[d] = 0;
        }
    }
}
