/* SPDX-License-Identifier: Apache-2.0 */
/* The keypoints of the mirror image of a picture, from the picture's own. */
#ifndef LK_SIFT_MIRROR_H
#define LK_SIFT_MIRROR_H

#include "feature/sift.h"

/* out gets what sift_detect would find in the picture mirrored left to right, but for the rounding of samples: point i of out is
 * point i of from. width: of the picture that from's places are in. LK_E_MEMORY. The caller releases out. */
LK_MUST_CHECK lk_status sift_mirror(struct sift_points *out, const struct sift_points *from,
                                    int32_t width, lk_error *err);

#endif
