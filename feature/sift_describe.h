/* SPDX-License-Identifier: Apache-2.0 */
/* Orientations and descriptors of extrema. */
#ifndef LK_SIFT_DESCRIBE_H
#define LK_SIFT_DESCRIBE_H

#include "feature/extrema.h"
#include "feature/sift.h"

/* Weights of the samples, the same for all keypoints. */
struct sift_tables {
    float around[SIFT_PATCH * SIFT_PATCH]; /* of orientation */
    struct sift_weights cells;
};

void sift_tables_init(struct sift_tables *t);

/* Sigma of e in pixels of its octave. */
float sift_sigma(const struct kernels *k, const struct extremum *e);

/* Directions that the gradients around e agree on, the strongest first, as turns; returns how many. */
int32_t sift_turns(float turns[SIFT_POINTS_AT_ONE], const struct kernels *k,
                   const struct scale_octave *octave, const struct extremum *e,
                   const struct sift_tables *t);

void sift_describe(uint8_t out[SIFT_BYTES], const struct kernels *k,
                   const struct scale_octave *octave, const struct extremum *e, float turn,
                   const struct sift_tables *t);

#endif
