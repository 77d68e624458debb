/* SPDX-License-Identifier: Apache-2.0 */
/* Where the eye sees a difference. */
#ifndef LK_PERCEPTUAL_MAP_H
#define LK_PERCEPTUAL_MAP_H

#include "image/engine.h"
#include "image/image.h"

struct perceptual_options {
    double fov_deg;       /* of view that the width fills; above 0, below 180 */
    double gamma;         /* of the display */
    double luminance;     /* of its white, cd/m2 */
    double colour_factor; /* how much colour counts; 0 not at all */
};

/* seen (new, gray): 255 where a difference between a and b, RGB 8 bits of one size, is seen, else 0; *failed is how many.
 * LK_E_MEMORY. */
LK_MUST_CHECK lk_status perceptual_map(lk_image *seen, int64_t *failed, lk_engine *engine,
                                       const lk_image *a, const lk_image *b,
                                       const struct perceptual_options *o, lk_error *err);

#endif
