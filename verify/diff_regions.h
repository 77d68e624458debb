/* SPDX-License-Identifier: Apache-2.0 */
/* Where two renderings differ: differing pixels gathered into boxes. */
#ifndef LK_DIFF_REGIONS_H
#define LK_DIFF_REGIONS_H

#include <likeness/diff.h>

#include "measure/pixelmatch.h"

/* Groups the pixels of class LK_PIXEL_DIFFERENT of two pictures (as pixelmatch_classify takes them). regions are ordered by
 * falling severity times area, at most 100; owned by the caller. LK_E_MEMORY. */
LK_MUST_CHECK lk_status diff_regions(lk_region **regions, size_t *count,
                                     const struct pixelmatch_classes *classes, const lk_image *a,
                                     const lk_image *b, lk_diff_like like, lk_error *err);

#endif
