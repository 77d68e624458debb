/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing the light and colours of the photo to those of the reference. */
#ifndef LK_PHOTOMETRIC_H
#define LK_PHOTOMETRIC_H

#include "image/engine.h"
#include "image/image.h"

/* Luma and two colour differences, in levels: Y = .299 R + .587 G + .114 B, (R - G) / 2, (B - (R + G) / 2) / 2. */
struct opponent {
    struct plane c[3];
};

LK_MUST_CHECK lk_status opponent_new(struct opponent *out, const lk_image *rgb, lk_error *err);
void opponent_release(struct opponent *o);

/* Changes b by a gain and an offset that vary slowly over the picture, so that it matches a where the two show the same: uneven
 * light, exposure and white balance go, changed regions stay. valid is gray, 0 leaves a pixel out. LK_E_MEMORY. */
LK_MUST_CHECK lk_status photometric_match(struct opponent *b, lk_engine *engine,
                                          const struct opponent *a, const lk_image *valid,
                                          lk_error *err);

#endif
