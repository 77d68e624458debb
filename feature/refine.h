/* SPDX-License-Identifier: Apache-2.0 */
/* Photometric refinement of an alignment, and how well an aligned pair agrees. */
#ifndef LK_REFINE_H
#define LK_REFINE_H

#include "image/engine.h"
#include "image/image.h"

/* What an aligned pair shows, block by block. */
struct agreement {
    int32_t blocks; /* textured blocks of a that b covers */
    double mean;    /* mean correlation of those, -1..1; 0 when there are none */
    double share;   /* share of them with a correlation above 0.5 */
    double covered; /* share of a that b covers */
};

/* Moves h (b -> a, grey 8-bit pictures, full pixels) so that b warped by it fits a to a fraction of a pixel. Robust to uneven
 * light, to changed regions and to blur. h is left as it was when that does not raise the agreement. Fills *out with
 * the agreement under the h that is kept. LK_E_MEMORY. */
LK_MUST_CHECK lk_status refine_homography(double h[9], struct agreement *out, lk_engine *engine,
                                          const lk_image *a, const lk_image *b, bool move,
                                          lk_error *err);

#endif
