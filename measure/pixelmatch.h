/* SPDX-License-Identifier: Apache-2.0 */
/* The per-pixel colour test and the anti-aliasing rule of pixelmatch and odiff. */
#ifndef LK_PIXELMATCH_H
#define LK_PIXELMATCH_H

#include "image/engine.h"
#include "image/image.h"

enum pixel_class { PIXEL_SAME, PIXEL_DIFFERENT, PIXEL_ANTIALIASED };

struct pixelmatch_options {
    double threshold;      /* 0..1 */
    bool white_background; /* behind transparent pixels; else pixelmatch's checkerboard */
    bool skip_antialiased;
    bool odiff_rule; /* odiff's reading of the anti-aliasing rule */
};

/* The class of every pixel of two RGBA pictures of one size, 8 bits: classes has room for width x height, rows contiguous.
 * Counting PIXEL_DIFFERENT gives pixelmatch's and odiff's number. */
void pixelmatch_classify(uint8_t *classes, lk_engine *engine, const lk_image *a, const lk_image *b,
                         const struct pixelmatch_options *o);

#endif
