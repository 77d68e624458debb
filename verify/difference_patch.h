/* SPDX-License-Identifier: Apache-2.0 */
/* Patches that something lies on: a label, a stamp. */
#ifndef LK_DIFFERENCE_PATCH_H
#define LK_DIFFERENCE_PATCH_H

#include "image/engine.h"
#include "image/image.h"

/* Raises the squared z of pixels in thick patches of at least half of z_limit where b (the photo, in the light of a) has edges
 * that those of a, blurred by sigma, do not explain: what was half a difference is a whole one there. LK_E_MEMORY. */
LK_MUST_CHECK lk_status difference_patches(struct plane *squared, lk_engine *engine,
                                           const struct plane *a, const struct plane *b,
                                           double sigma, const lk_image *valid, double z_limit,
                                           lk_error *err);

#endif
