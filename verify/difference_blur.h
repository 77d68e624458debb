/* SPDX-License-Identifier: Apache-2.0 */
/* How much more blurred one picture of an aligned pair is than the other. */
#ifndef LK_DIFFERENCE_BLUR_H
#define LK_DIFFERENCE_BLUR_H

#include "image/engine.h"
#include "image/image.h"

/* The sigma of the Gaussian that makes a look like b, where valid and where a has detail; one of a few from 0 to 2.8.
 * LK_E_MEMORY. */
LK_MUST_CHECK lk_status difference_blur(double *sigma, lk_engine *engine, const struct plane *a,
                                        const struct plane *b, const lk_image *valid,
                                        lk_error *err);

/* |gradient| of row y by Sobel / 4, levels a pixel. */
void difference_slopes(float *to, lk_engine *engine, const struct plane *p, int32_t y);

#endif
