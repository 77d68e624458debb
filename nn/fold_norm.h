/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalisation after a convolution is part of it: both are linear. */
#ifndef LK_FOLD_NORM_H
#define LK_FOLD_NORM_H

#include "nn/prepare.h"

/* Gives convolutions the weights and biases that include the normalisation behind them, which becomes NODE_DEAD. */
MUST_CHECK lk_status fold_norm(enum node_state *states, struct graph *g, const int32_t *wanted,
                               int32_t wanted_count, lk_error *err);

#endif
