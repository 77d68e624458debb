/* SPDX-License-Identifier: Apache-2.0 */
/* Quantised values as bytes without a sign, which is what the machine multiplies fastest: int8 is moved by 128, and so is its zero
 * point. */
#ifndef LK_ONEDNN_INT8_H
#define LK_ONEDNN_INT8_H

#include "nn/lower.h"

/* Scale and zero point, of bytes without a sign, of a Quantize- or DequantizeLinear node. */
struct step_size {
    float scale;
    int32_t zero;
};

/* False unless they are one constant each. type: of the quantised tensor. */
bool step_size_of(struct step_size *out, const struct lowering *l, const struct node *node,
                  enum tensor_type type);

/* A new buffer for the bytes of a value, which lie there from then on. */
MUST_CHECK lk_status define_bytes(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                                  int32_t *buffer);
/* Sees to it that the value's bytes have a place (placed.bytes). */
MUST_CHECK lk_status bytes_at(struct lowering *l, int32_t value);
/* The buffer with the bytes, which have a place, in another layout. */
MUST_CHECK lk_status bytes_as(struct lowering *l, int32_t value, const dnnl_memory_desc_t *md,
                              int32_t *buffer);

#endif
