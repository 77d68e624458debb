/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of SIFT descriptors, exactly: each against each. */
#ifndef LK_SIFT_MATCH_H
#define LK_SIFT_MATCH_H

#include <likeness/feature.h>

#include "feature/sift.h"

struct sift_match_options {
    double
        ratio; /* Lowe's test on distances: nearest < ratio * second nearest; 1 or more turns it off; 0.8 */
    /* Keypoints of a within this share of their sigma of the nearest are the same thing in another layer or direction: they do
     * not count as second; 2 */
    double same_place;
    bool cross_check; /* the pair's keypoint of a has none nearer in b; true */
};

struct sift_match_options sift_match_options_default(void);

/* Pairs by rising ratio of the distances, equal ones by the order of b. */
struct sift_matches {
    size_t count;
    lk_match *
        pairs; /* distance is the square of the Euclidean one, in units of 1/512; inlier is false */
    struct sift_link {
        int32_t a, b; /* the keypoints */
    } * links;
};

/* Matches each keypoint of b (the photo) to a (the reference). LK_E_MEMORY. */
LK_MUST_CHECK lk_status sift_match(struct sift_matches *out, lk_engine *engine,
                                   const struct sift_points *a, const struct sift_points *b,
                                   const struct sift_match_options *options, lk_error *err);
void sift_matches_release(struct sift_matches *m);

#endif
