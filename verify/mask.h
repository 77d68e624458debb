/* SPDX-License-Identifier: Apache-2.0 */
/* Areas to leave out, as one gray picture: 255 counts, 0 does not. */
#ifndef LK_MASK_H
#define LK_MASK_H

#include <likeness/compare.h>

#include "image/image.h"

/* Clears the pixels of valid (gray, 8 bits) whose centre lies inside the polygon (even-odd rule). */
void mask_clear_polygon(lk_image *valid, const lk_polygon *polygon);

/* All ones, then options->mask and the polygons of options->ignore taken out. LK_E_SIZE when the mask has another size. */
LK_MUST_CHECK lk_status mask_new(lk_image *out, int32_t width, int32_t height,
                                 const lk_compare_options *options, lk_error *err);

#endif
