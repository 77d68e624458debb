/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry that convolutions and pooling share: a window that slides over one, two or three spatial dimensions. */
#ifndef LK_WINDOW_H
#define LK_WINDOW_H

#include "nn/op.h"

enum { WINDOW_DIMS = 3 };

/* Tensors are [batch, channels, spatial...]. Missing leading spatial dimensions count as 1, so that loops are always three
 * deep; `given` says how many there are. */
struct window {
    int32_t given; /* 1..3 */
    int64_t in[WINDOW_DIMS], out[WINDOW_DIMS];
    int64_t kernel[WINDOW_DIMS], stride[WINDOW_DIMS], dilation[WINDOW_DIMS];
    int64_t pad_begin[WINDOW_DIMS], pad_end[WINDOW_DIMS];
};

/* Reads kernel_shape, strides, dilations, pads and auto_pad of a node whose input is x and finds the output sizes. kernel:
 * the sizes a weight tensor gives, or NULL to take them from kernel_shape. ceil_mode: pooling's rounding up of sizes. */
MUST_CHECK lk_status window_of(struct window *w, struct op_call *c, const struct tensor *x,
                               const int64_t *kernel, bool ceil_mode);

/* The same for a transposed convolution: with output_padding and output_shape; `out` is larger than `in`. */
MUST_CHECK lk_status window_transposed(struct window *w, struct op_call *c, const struct tensor *x,
                                       const int64_t *kernel);

/* Product of the three. */
int64_t window_volume(const int64_t sizes[WINDOW_DIMS]);

/* out's shape: batch and channels as given, then w->out. */
void window_shape(struct tensor *out, const struct window *w, enum tensor_type type, int64_t batch,
                  int64_t channels);

#endif
