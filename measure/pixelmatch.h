/* SPDX-License-Identifier: Apache-2.0 */
/* The per-pixel colour test and the anti-aliasing rule of pixelmatch and odiff. */
#ifndef LK_PIXELMATCH_H
#define LK_PIXELMATCH_H

#include <likeness/measure.h>

#include "image/engine.h"
#include "image/image.h"
#include "measure/pixel_distance.h"

struct pixelmatch_options {
    lk_diff_like like;
    double threshold; /* 0..1 */
    bool skip_antialiased;
};

/* The class of every pixel, rows contiguous. */
struct pixelmatch_classes {
    int32_t width, height;
    uint8_t *data; /* lk_diff_class; owned */
    bool *touched; /* a row: whether it holds anything but LK_PIXEL_SAME; owned */
};

/* Classifies two pictures of one size, both RGB or both RGBA, 8 bits. Counting LK_PIXEL_DIFFERENT gives pixelmatch's and odiff's
 * number. LK_E_MEMORY. */
LK_MUST_CHECK lk_status pixelmatch_classify(struct pixelmatch_classes *out, lk_engine *engine,
                                            const lk_image *a, const lk_image *b,
                                            const struct pixelmatch_options *o, lk_error *err);
void pixelmatch_classes_release(struct pixelmatch_classes *c);

/* pixel_distance of the pixels at (x, y). */
double pixelmatch_distance(const lk_image *a, const lk_image *b, int32_t x, int32_t y,
                           lk_diff_like like);

#endif
