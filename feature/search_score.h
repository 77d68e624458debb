/* SPDX-License-Identifier: Apache-2.0 */
/* The scale of search, 0..1: what says "a copy, a part, or the same thing in the same view" is 0.5 and more, what only looks
 * alike is below (docs/algorithms/search.md). */
#ifndef LK_SEARCH_SCORE_H
#define LK_SEARCH_SCORE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SEARCH_INLIERS_LEAST =
        8, /* that chance hardly gives: 1 of 20,000 pairs of different pictures has more */
    SEARCH_HASH_NEAR = 31,    /* bits of PDQ, that its authors take for a match, */
    SEARCH_HASH_QUALITY = 50, /* of hashes of this quality */
};

/* Of keypoints that agree on one place, SEARCH_INLIERS_LEAST or more. */
double search_score_local(int32_t inliers);
bool search_hash_is_near(int32_t bits, int32_t quality);
/* Of a hash that is near. */
double search_score_hash(int32_t bits);
/* Of pictures that nothing but their embeddings speaks for; negative cosines score 0. */
double search_score_alike(double cosine);

#endif
