/* SPDX-License-Identifier: Apache-2.0 */
/* Areas to leave out, as one gray picture: 255 counts, 0 does not. */
#ifndef LK_MASK_H
#define LK_MASK_H

#include <likeness/compare.h>

#include "image/image.h"
#include "verify/full_size.h"

/* Of the size of reference: all ones, then options->mask and the polygons of options->ignore, which are told in full pixels,
 * taken out. LK_E_SIZE when the mask has another size, LK_E_MEMORY. */
LK_MUST_CHECK lk_status mask_new(lk_image *out, const lk_image *reference,
                                 const struct full_size *size, const lk_compare_options *options,
                                 lk_error *err);

#endif
