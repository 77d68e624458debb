/* SPDX-License-Identifier: Apache-2.0 */
/* Keypoints: what a comparison tells of the points it matched. */
#ifndef LIKENESS_FEATURE_H
#define LIKENESS_FEATURE_H

#include <likeness/status.h>
#include <stdbool.h>

/* One pair of matched keypoints: (ax, ay) of the reference, (bx, by) of the photo. */
typedef struct lk_match {
    float ax, ay, bx, by;
    int32_t distance; /* ORB: Hamming, 0..256; SIFT: squared Euclidean in units of 1/512 */
    bool inlier;
} lk_match;

#endif
