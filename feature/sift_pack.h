/* SPDX-License-Identifier: Apache-2.0 */
/* SIFT keypoints as bytes, to be kept. */
#ifndef LK_SIFT_PACK_H
#define LK_SIFT_PACK_H

#include "feature/sift.h"

/* count (32 bits), the points, the descriptors: as in memory, bit for bit, so that what is kept gives the same verdicts as what is
 * detected again. */
LK_MUST_CHECK lk_status sift_pack(lk_bytes *out, const struct sift_points *points, lk_error *err);
/* LK_E_CORRUPT for bytes that are none, LK_E_MEMORY. */
LK_MUST_CHECK lk_status sift_unpack(struct sift_points *out, const void *data, size_t size,
                                    lk_error *err);

#endif
