/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that were decoded, or brought, to fewer pixels than they have: what is found in them is told in full pixels. */
#ifndef LK_FULL_SIZE_H
#define LK_FULL_SIZE_H

#include <likeness/compare.h>

#include "image/image.h"

struct full_size {
    int32_t width, height; /* of the whole picture, upright */
    double step_x, step_y; /* its pixels a pixel of what is at hand; 1 where nothing was reduced */
};

/* By info, where that tells of a larger picture of the same shape; else the picture is whole. info may be NULL. */
struct full_size full_size_of(const lk_image *image, const lk_image_info *info);
bool full_size_is_reduced(const struct full_size *s);

/* Map, matched points, error and shift of an alignment of b to a; what they were before is kept as looked_. */
void full_size_alignment(lk_alignment *m, const struct full_size *a, const struct full_size *b);
void full_size_regions(lk_region *regions, size_t count, const struct full_size *a);
/* The polygon, in full pixels, in those at hand. LK_E_MEMORY; the caller frees out->xy. */
LK_MUST_CHECK lk_status full_size_reduce_polygon(lk_polygon *out, const lk_polygon *p,
                                                 const struct full_size *a, lk_error *err);
/* The map at the size of the whole picture, by the nearest value; without numbers unless they are wanted. */
LK_MUST_CHECK lk_status full_size_map(lk_map *map, const struct full_size *a, bool wanted,
                                      lk_error *err);

#endif
