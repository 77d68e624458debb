/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/search_score.h"

#include <math.h>

static const double half_way = 16; /* keypoints: 24 that agree are 0.84 */

double search_score_local(int32_t inliers) {
    return 0.5 + 0.5 * (1 - exp(-(double)(inliers - SEARCH_INLIERS_LEAST + 2) / half_way));
}

bool search_hash_is_near(int32_t bits, int32_t quality) {
    return bits >= 0 && bits <= SEARCH_HASH_NEAR && quality >= SEARCH_HASH_QUALITY;
}

double search_score_hash(int32_t bits) {
    return 1 - bits / (2.0 * (SEARCH_HASH_NEAR + 1));
}

double search_score_alike(double cosine) {
    return fmax(0, cosine) / 2;
}
