/* SPDX-License-Identifier: Apache-2.0 */
/* The window of a pooling node, in use (onednn_pool.c) and in training (onednn_pool_back.c). */
#ifndef LK_ONEDNN_POOL_H
#define LK_ONEDNN_POOL_H

#include "nn/lower.h"
#include "nn/onednn_window.h"

struct pool_shape {
    dnnl_alg_kind_t algorithm;
    struct onednn_window window;
    bool plain; /* only the definition computes what the standard says */
};

MUST_CHECK lk_status pool_shape_of(struct pool_shape *out, struct lowering *l, int32_t node);

#endif
