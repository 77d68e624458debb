/* SPDX-License-Identifier: Apache-2.0 */
/* Means of structural similarity over one channel; the rows `ssim` and `ms-ssim` are made of them. */
#ifndef LK_SSIM_WINDOW_H
#define LK_SSIM_WINDOW_H

#include <likeness/measure.h>

#include "image/engine.h"
#include "image/image.h"

enum { SSIM_UNIFORM_SIDE = 7, SSIM_GAUSSIAN_SIDE = 11 };

/* Mean S of one channel of two 8-bit pictures of one size, at least 7 x 7: window 7 x 7 of equal weights, sample covariance,
 * over the pixels whose window lies inside. With map, fills it with 1 - S brought into 0..1 for all pixels, windows
 * reaching over the border reflected (scipy's `reflect`); the caller frees it. LK_E_SIZE, LK_E_MEMORY. */
LK_MUST_CHECK lk_status ssim_uniform(double *mean, lk_map *map, lk_engine *engine,
                                     const lk_image *a, const lk_image *b, int32_t channel,
                                     lk_error *err);

/* Mean S of two planes in 0..255 of one size, at least 11 x 11, and the mean of its factor of contrast and structure (NULL:
 * not wanted): Gaussian window of 11 x 11, sigma 1.5, population covariance, over the pixels whose window lies inside.
 * LK_E_SIZE, LK_E_MEMORY. */
LK_MUST_CHECK lk_status ssim_gaussian(double *mean, double *contrast_mean, lk_engine *engine,
                                      const struct plane *a, const struct plane *b, lk_error *err);

/* An 8-bit gray picture as floats. LK_E_MEMORY. */
LK_MUST_CHECK lk_status ssim_plane(struct plane *out, const lk_image *gray, lk_error *err);

#endif
