/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an aligned pair has the same colours, apart from the colour of the light. */
#ifndef LK_COLOUR_AGREEMENT_H
#define LK_COLOUR_AGREEMENT_H

#include <likeness/feature.h>

#include "image/image.h"

/* *out: how alike the colours of a and b (RGB 8 bits, one size) are, -1..1, within the outline of the inliers among pairs and
 * where valid (gray) is not 0. 1 where there is nothing to go by: no inliers, or a picture without colours. LK_E_MEMORY. */
LK_MUST_CHECK lk_status colour_agreement(double *out, const lk_image *a, const lk_image *b,
                                         const lk_image *valid, const lk_match *pairs, size_t count,
                                         lk_error *err);

#endif
