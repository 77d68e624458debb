/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/onednn_window.h"

void onednn_window(struct onednn_window *out, const struct window *w, bool transposed) {
    const int64_t *in = transposed ? w->out : w->in, *count = transposed ? w->in : w->out;
    for (int32_t i = 0; i < w->given; i++) {
        int32_t k = WINDOW_DIMS - w->given + i;
        out->kernel[i] = w->kernel[k];
        out->stride[i] = w->stride[k];
        out->dilation[i] = w->dilation[k] - 1;
        out->begin[i] = w->pad_begin[k];
        int64_t reach = (w->kernel[k] - 1) * w->dilation[k] + 1;
        out->end[i] = (count[k] - 1) * w->stride[k] + reach - in[k] - w->pad_begin[k];
    }
}
