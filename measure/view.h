/* SPDX-License-Identifier: Apache-2.0 */
/* A view: one picture and everything measures derive from it, each made on first use, once, then shared.
 *
 * Derived pictures belong to the view and live as long as it does. Calls from several threads are safe: the first
 * derives, the others wait. */
#ifndef LK_VIEW_H
#define LK_VIEW_H

#include <pthread.h>

#include "feature/orb.h"
#include "feature/sift.h"
#include "image/engine.h"
#include "image/image.h"
#include "measure/seen.h"

/* The sets of keypoints a view offers, from quick to thorough. The last two are for pairs that the first does not align: light and
 * glare are taken out first, more and weaker corners are kept, and the photo gets more pixels than the reference, because
 * the thing is only part of it. */
enum keypoint_set { KEYPOINTS_QUICK, KEYPOINTS_REFERENCE, KEYPOINTS_PHOTO, KEYPOINT_SETS };

/* What was derived from one picture. */
struct derived {
    pthread_mutex_t lock;
    lk_image rgb;
    lk_image gray;
    struct keypoints keypoints[KEYPOINT_SETS];
    bool has_keypoints[KEYPOINT_SETS];
    struct sift_points sift;
    bool has_sift;
    struct seen seen;
    bool has_seen;
};
LK_MUST_CHECK lk_status derived_init(struct derived *d, lk_error *err);
void derived_release(struct derived *d);

struct view {
    lk_engine *engine;     /* borrowed */
    const lk_image *image; /* borrowed: as decoded, 8 or 16 bits, 1, 3 or 4 channels */
    struct derived own;
    struct derived *derived; /* own, or what outlives the view (view_share) */
    const struct sift_points
        *known_sift;               /* borrowed: what view_sift would find; NULL where it is to */
    const struct seen *known_seen; /* the same of view_seen */
};

LK_MUST_CHECK lk_status view_init(struct view *v, lk_engine *engine, const lk_image *image,
                                  lk_error *err);
void view_release(struct view *v);
/* From now on the view takes what it derives, all but what a network sees, from there and leaves it there: for views of the same
 * picture before and after, and for others at the same time. Before anything is derived. */
void view_share(struct view *v, struct derived *with);

/* RGB, 8 bits, alpha over white (colour_to_rgb8). */
LK_MUST_CHECK lk_status view_rgb(const lk_image **out, struct view *v, lk_error *err);
/* Gray, 8 bits (colour_to_gray8). */
LK_MUST_CHECK lk_status view_gray(const lk_image **out, struct view *v, lk_error *err);
/* ORB keypoints of one set; positions in pixels of the view. */
LK_MUST_CHECK lk_status view_keypoints(const struct keypoints **out, struct view *v,
                                       enum keypoint_set set, lk_error *err);

/* SIFT keypoints, as sift_options_default; positions in pixels of the view. */
LK_MUST_CHECK lk_status view_sift(const struct sift_points **out, struct view *v, lk_error *err);

/* What model, the same in every call, makes of the picture. */
LK_MUST_CHECK lk_status view_seen(const struct seen **out, struct view *v, lk_model *model,
                                  lk_error *err);

#endif
