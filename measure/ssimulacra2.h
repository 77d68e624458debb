/* SPDX-License-Identifier: Apache-2.0 */
/* The figures and weights of SSIMULACRA 2.1. */
#ifndef LK_SSIMULACRA2_H
#define LK_SSIMULACRA2_H

#include "image/engine.h"
#include "image/image.h"

enum {
    SSIMULACRA2_SCALES = 6,
    SSIMULACRA2_CHANNELS = 3, /* X, Y, B - Y */
    SSIMULACRA2_NORMS = 6,    /* means and 4-norms, see kernel_quality.h */
    SSIMULACRA2_WEIGHTS = SSIMULACRA2_SCALES * SSIMULACRA2_CHANNELS * SSIMULACRA2_NORMS,
    SSIMULACRA2_SIDE_LEAST = 8
};

extern const double ssimulacra2_weights[SSIMULACRA2_WEIGHTS];

/* The norms of each scale, finest first: of SSIM', ringing and blurring, each the mean and the 4-norm. */
struct ssimulacra2_norms {
    int32_t scales; /* fewer for small pictures */
    double of[SSIMULACRA2_SCALES][SSIMULACRA2_CHANNELS][SSIMULACRA2_NORMS];
};

/* Norms of b, the distorted picture, against a, both RGB 8 bits of one size, at least 8 pixels a side. LK_E_MEMORY. */
LK_MUST_CHECK lk_status ssimulacra2_norms(struct ssimulacra2_norms *out, lk_engine *engine,
                                          const lk_image *a, const lk_image *b, lk_error *err);

#endif
