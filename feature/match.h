/* SPDX-License-Identifier: Apache-2.0 */
/* Brute-force matching of binary descriptors. */
#ifndef LK_MATCH_H
#define LK_MATCH_H

#include <likeness/feature.h>

#include "feature/orb.h"

struct match_options {
    bool cross_check; /* both must be each other's nearest */
    double ratio;     /* Lowe's test: nearest < ratio * second nearest; 1 or more turns it off */
    int32_t max_distance; /* Hamming; 256 takes all */
};

/* What alignment and the orb measure use: mutual nearest, ratio 0.9, at most 80 bits apart. */
struct match_options match_options_default(void);

/* Matches each keypoint of b to a. Positions are the keypoints' own; inlier is false. Sorted by rising distance, equal ones
 * by the order of b. *pairs is on the heap (mem_free). */
LK_MUST_CHECK lk_status match_keypoints(lk_match **pairs, size_t *count, lk_engine *engine,
                                        const struct keypoints *a, const struct keypoints *b,
                                        const struct match_options *o, lk_error *err);

/* Matches again where a map h (b onto a) says each keypoint of b should lie: the nearest descriptor among the keypoints of a
 * within radius_px of that place, each keypoint of a given to its nearest b only. Finds what the ratio test dropped because
 * something like it stands elsewhere. Sorted as above. */
LK_MUST_CHECK lk_status match_guided(lk_match **pairs, size_t *count, const struct keypoints *a,
                                     const struct keypoints *b, const double h[9], double radius_px,
                                     int32_t max_distance, lk_error *err);

#endif
