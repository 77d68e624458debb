/* SPDX-License-Identifier: Apache-2.0 */
/* How far two sets of pixels are apart. */
#ifndef LK_HAUSDORFF_H
#define LK_HAUSDORFF_H

#include "image/engine.h"
#include "image/image.h"

/* From the pixels of one set to the nearest of the other. Infinite when only the other is empty; all 0 when both are. */
struct hausdorff_way {
    int64_t pixels;  /* of the one set */
    double most;     /* the largest distance */
    double mean;     /* the mean distance */
    double quantile; /* the distance within which a share of the pixels lies */
    double met;      /* the share of pixels within reach; 1 for an empty set */
};

struct hausdorff_options {
    double quantile; /* the share, above 0 and up to 1 */
    double reach;    /* in pixels */
};

/* set is 8-bit gray, a pixel belongs to it where not 0; squared is distance_transform() of the other set. LK_E_MEMORY. */
LK_MUST_CHECK lk_status hausdorff_way(struct hausdorff_way *out, const lk_image *set,
                                      const int32_t *squared,
                                      const struct hausdorff_options *options, lk_error *err);

#endif
