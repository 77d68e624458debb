/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes of a convolution, for its definition (op_conv.c) and its fast version (onednn_conv.c). */
#ifndef LK_OP_CONV_H
#define LK_OP_CONV_H

#include "nn/window.h"

struct conv_geometry {
    int64_t batch, in, out, groups; /* in and out: channels, of all groups together */
    struct window window;
};

/* Checks that input and weights fit each other and the node's attributes. */
MUST_CHECK lk_status conv_geometry(struct conv_geometry *g, struct op_call *c,
                                   const struct tensor *x, const struct tensor *w, bool transposed);

#endif
