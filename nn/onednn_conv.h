/* SPDX-License-Identifier: Apache-2.0 */
/* What Conv and ConvTranspose are to oneDNN, in use (onednn_conv.c) and in training (onednn_conv_back.c). */
#ifndef LK_ONEDNN_CONV_H
#define LK_ONEDNN_CONV_H

#include "nn/lower.h"
#include "nn/onednn_window.h"
#include "nn/op_conv.h"

struct conv_shape {
    bool transposed;
    struct conv_geometry g;
    struct onednn_window window;
    struct tensor
        weights; /* shape with groups apart: [groups, out, in, ...] when there are several */
    dnnl_memory_desc_t weights_md; /* as the model stores them */
    dnnl_memory_desc_t bias_md;
};

/* Of a node with float input and weights. bias: the value, or -1. */
MUST_CHECK lk_status conv_shape_of(struct conv_shape *out, struct lowering *l, int32_t node,
                                   bool transposed);
/* The value of a node's bias, or -1. */
int32_t conv_bias(const struct node *node);

#endif
