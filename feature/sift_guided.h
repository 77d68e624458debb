/* SPDX-License-Identifier: Apache-2.0 */
/* Matching once more, where a map says. */
#ifndef LK_SIFT_GUIDED_H
#define LK_SIFT_GUIDED_H

#include "feature/sift_frame.h"
#include "feature/sift_match.h"

/* Matches each keypoint of b to the nearest descriptor, at most max_distance (squared) away, among the keypoints of a that agree
 * with it under h (b -> a); each keypoint of a is given to its nearest b only. Finds what the ratio test dropped because something
 * like it stands elsewhere. Sorted by distance, equal ones by the keypoint of a. LK_E_MEMORY. */
LK_MUST_CHECK lk_status sift_match_guided(struct sift_matches *out, const struct sift_points *a,
                                          const struct sift_points *b, const double h[9],
                                          const struct sift_tolerance *tolerance,
                                          int32_t max_distance, lk_error *err);

#endif
