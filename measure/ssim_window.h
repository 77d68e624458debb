/* SPDX-License-Identifier: Apache-2.0 */
/* Structural similarity over one window shape; the measures ssim and ms-ssim are built of these. */
#ifndef LK_SSIM_WINDOW_H
#define LK_SSIM_WINDOW_H

#include "image/engine.h"
#include "image/image.h"

/* Mean SSIM of two 8-bit gray pictures with a 7 x 7 uniform window and sample covariance, over the windows that lie inside
 * (scikit-image's default). map (may be NULL) gets S at every pixel, windows at the border over the reflected picture.
 * Both sides must be at least 7. LK_E_SIZE, LK_E_MEMORY. */
LK_MUST_CHECK lk_status ssim_uniform(double *mean, struct plane *map, lk_engine *engine,
                                     const lk_image *a, const lk_image *b, lk_error *err);

struct ssim_means {
    double ssim;      /* mean of luminance * contrast-structure */
    double structure; /* mean of contrast-structure alone */
};

/* The same with the 11-tap Gaussian window of sigma 1.5 and the biased covariance (Wang et al. 2004); both sides at least 11. */
LK_MUST_CHECK lk_status ssim_gaussian(struct ssim_means *out, lk_engine *engine,
                                      const struct plane *a, const struct plane *b, lk_error *err);

/* The levels of a gray picture as floats. */
LK_MUST_CHECK lk_status plane_from_gray(struct plane *out, const lk_image *gray, lk_error *err);

#endif
