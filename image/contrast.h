/* SPDX-License-Identifier: Apache-2.0 */
/* Taking light and shading out of a picture: local mean 0, local contrast 1. */
#ifndef LK_CONTRAST_H
#define LK_CONTRAST_H

#include "image/engine.h"
#include "image/image.h"

/* out = (gray - mean) / (deviation + 4), over the (2 radius + 1)^2 pixels around each that lie in the picture. The 4 gray levels
 * keep flat areas from becoming noise. gray has 8 bits; radius is at most 90. LK_E_MEMORY. */
LK_MUST_CHECK lk_status contrast_normalise(struct plane *out, lk_engine *engine,
                                           const lk_image *gray, int32_t radius, lk_error *err);

/* The same as a picture: 128 + 50 * value, clipped to 8 bits. */
LK_MUST_CHECK lk_status contrast_normalise_gray(lk_image *out, lk_engine *engine,
                                                const lk_image *gray, int32_t radius,
                                                lk_error *err);

#endif
