/* SPDX-License-Identifier: Apache-2.0 */
/* Maps under which one picture may be the other. */
#ifndef LK_RELATION_MAP_H
#define LK_RELATION_MAP_H

#include "collection/facts.h"

/* b -> a in pixels of the working size (facts.side_width x side_height of each). */
struct relation_map {
    double h[9];
    bool mirrored;
    int32_t inliers;   /* keypoints of b that h brings to one of a like it */
    int32_t keypoints; /* of the one with fewer that lie in what both show */
    double rms;        /* of the inliers' distances, in a */
};

/* The whole of b on the whole of a, turned or mirrored in the way whose PDQ is nearest; *distance in bits. */
void relation_map_whole(struct relation_map *out, int32_t *distance, const struct facts *a,
                        const struct facts *b);

/* From matched keypoints, of b or of its mirror image. None found is no error: inliers is 0. LK_E_MEMORY. */
LK_MUST_CHECK lk_status relation_map_keypoints(struct relation_map *out, lk_engine *engine,
                                               const struct facts *a, const struct facts *b,
                                               bool mirrored, lk_error *err);

/* Counts the keypoints that agree with m->h, which stays. LK_E_MEMORY. */
LK_MUST_CHECK lk_status relation_map_confirm(struct relation_map *m, const struct facts *a,
                                             const struct facts *b, lk_error *err);

/* out: h between pictures of other sizes: b_from -> a_from becomes b_to -> a_to. */
struct relation_size {
    int32_t width, height;
};
void relation_map_resize(double out[9], const double h[9], const struct relation_size a[2],
                         const struct relation_size b[2]);

#endif
