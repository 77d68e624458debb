/* SPDX-License-Identifier: Apache-2.0 */
/* orb: local features in common. Keypoints of both pictures, mutual nearest descriptors that pass the ratio test, and how many
 * of the pairs agree on one plane-to-plane map.
 *
 *   value  inliers of the robust homography
 *   score  inliers / (inliers + 20): 20 agreeing points are even odds, chance rarely reaches 12
 *
 * Oracle: OpenCV's ORB, statistically (tests/oracle/orb). */
#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"
#include "feature/match.h"
#include "measure/measure.h"

static lk_status keypoint_run(lk_measure_result *out, const struct measure_input *in,
                              lk_error *err) {
    const struct keypoints *a, *b;
    lk_match *pairs = NULL;
    size_t count = 0;
    struct match_options options = match_options_default();
    lk_status status = view_keypoints(&a, in->a, KEYPOINTS_QUICK, err);
    status = status == LK_OK ? view_keypoints(&b, in->b, KEYPOINTS_QUICK, err) : status;
    status =
        status == LK_OK ? match_keypoints(&pairs, &count, in->engine, a, b, &options, err) : status;
    if (status != LK_OK) {
        return status;
    }
    int32_t *scratch = mem_alloc(count, sizeof *scratch);
    if (!scratch) {
        mem_free(pairs);
        return error_memory(err, count * sizeof *scratch);
    }
    struct homography_options o = homography_options_default();
    struct homography_fit fit;
    o.threshold_px = homography_threshold_px(in->a->image->width, in->a->image->height);
    homography_estimate(&fit, pairs, count, scratch, &o);
    double distance = 0;
    for (size_t i = 0; i < count; i++) {
        distance += pairs[i].distance;
    }
    const double found[2] = {(double)a->count, (double)b->count};
    out->value = (double)fit.inliers;
    out->score = out->value / (out->value + 20);
    measure_detail_numbers(out, "keypoints", found, 2);
    measure_detail_int(out, "matches", (int64_t)count);
    measure_detail_int(out, "inliers", (int64_t)fit.inliers);
    measure_detail_number(out, "mean_distance", count ? distance / (double)count : 0);
    measure_detail_number(out, "rms_px", fit.rms_px);
    mem_free(scratch);
    mem_free(pairs);
    return LK_OK;
}

const struct measure measure_orb = {
    .info = {.name = "orb",
             .version = 1,
             .title = "Local features (ORB)",
             .summary =
                 "How many distinctive points of the two pictures match and agree on one view.",
             .unit = "inliers",
             .aspect = LK_ASPECT_DETAILS,
             .higher_is_more_alike = true,
             .symmetric = false,
             .is_default = true,
             .best = 1e9,
             .min = 0,
             .max = 1e9},
    .any_size = true,
    .on_original = true,
    .run = keypoint_run,
};
