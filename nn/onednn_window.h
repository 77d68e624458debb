/* SPDX-License-Identifier: Apache-2.0 */
/* A window's geometry as oneDNN takes it: arrays of the spatial dimensions that are given. */
#ifndef LK_ONEDNN_WINDOW_H
#define LK_ONEDNN_WINDOW_H

#include <oneapi/dnnl/dnnl_types.h>

#include "nn/window.h"

struct onednn_window {
    dnnl_dims_t kernel, stride;
    dnnl_dims_t dilation; /* pixels between two of the kernel's: one less than ONNX's */
    dnnl_dims_t begin,
        end; /* padding; at the end what the sizes imply, which may be less than the model says, or negative */
};

/* transposed: the window slides over the output. */
void onednn_window(struct onednn_window *out, const struct window *w, bool transposed);

#endif
