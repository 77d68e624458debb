/* SPDX-License-Identifier: Apache-2.0 */
/* keypoints -> mutual matches -> robust map -> photometric refinement -> is it to be trusted?
 *
 * A map is trusted when two independent kinds of evidence agree: geometry (enough inliers, spread over the reference) and
 * appearance (after warping, most textured blocks of the reference correlate with the photo). Logos and layouts that two
 * different things share give inliers in one corner; the rest of the reference then does not correlate.
 * Thresholds were set on synthetic warps and held against real pairs: docs/algorithms/align.md. */
#include "verify/align.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"
#include "feature/match.h"
#include "feature/sift_geometry.h"

enum { GRID = 4 };

/* What a trusted map needs: the more inliers, the less agreement of the blocks. */
static const struct {
    int32_t inliers;
    double agreement; /* least share of textured blocks that correlate */
} trust_table[] = {{ALIGN_INLIERS_LEAST, 0.5}, {16, 0.35}, {30, 0.2}};

static const double least_coverage = 0.1; /* of the reference by the photo */

static const double agreement_settled = 0.5; /* of the textured blocks */

static const double in_place_share = 0.5; /* of the textured blocks, without a map */

static const double identity_map[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

void align_result_release(struct align_result *r) {
    if (r) {
        mem_free(r->alignment.pairs);
        r->alignment.pairs = NULL;
    }
}

static double threshold_for(const lk_image *a) {
    return homography_threshold_px(a->width, a->height);
}

/* Share of the cells of a 4x4 grid over the reference that hold an inlier. */
static double spread_of(const lk_match *pairs, size_t count, const lk_image *a) {
    bool held[GRID * GRID] = {false};
    int32_t cells = 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].inlier) {
            int32_t x = MIN(MAX((int32_t)(pairs[i].ax * GRID / (float)a->width), 0), GRID - 1);
            int32_t y = MIN(MAX((int32_t)(pairs[i].ay * GRID / (float)a->height), 0), GRID - 1);
            cells += !held[y * GRID + x];
            held[y * GRID + x] = true;
        }
    }
    return (double)cells / (GRID * GRID);
}

/* Share of the reference that lies near an inlier: of a grid of places, those with one within REACH of the root of its area. */
static double reach_of(const lk_match *pairs, size_t count, const lk_image *a) {
    enum { PLACES = 24 };
    static const double reach = 0.06;
    double limit = reach * reach * a->width * a->height;
    int32_t held = 0;
    for (int32_t k = 0; k < PLACES * PLACES; k++) {
        double x = (k % PLACES + 0.5) * a->width / PLACES,
               y = (k / PLACES + 0.5) * a->height / PLACES;
        bool near = false;
        for (size_t i = 0; i < count && !near; i++) {
            double dx = pairs[i].ax - x, dy = pairs[i].ay - y;
            near = pairs[i].inlier && dx * dx + dy * dy <= limit;
        }
        held += near;
    }
    return (double)held / (PLACES * PLACES);
}

/* Where the inliers lie. */
static void describe_inliers(lk_alignment *m, const lk_match *pairs, size_t count,
                             const lk_image *a) {
    m->spread = spread_of(pairs, count, a);
    m->reach = reach_of(pairs, count, a);
}

/* The map in words: how the reference lies in the photo, at the middle of the reference. */
void align_describe(lk_alignment *out, int32_t width, int32_t height) {
    double to_b[9], x, y, rx, ry, dx, dy;
    double cx = width / 2.0, cy = height / 2.0;
    if (!homography_invert(to_b, out->homography) || !homography_apply(&x, &y, to_b, cx, cy) ||
        !homography_apply(&rx, &ry, to_b, cx + 1, cy) ||
        !homography_apply(&dx, &dy, to_b, cx, cy + 1)) {
        return;
    }
    double jx[2] = {rx - x, ry - y}, jy[2] = {dx - x, dy - y};
    double det = jx[0] * jy[1] - jx[1] * jy[0];
    out->shift_x = x - cx;
    out->shift_y = y - cy;
    out->scale = sqrt(fabs(det));
    out->rotation_deg = atan2(jx[1] - jy[0], jx[0] + jy[1]) * 180 / M_PI;
    /* A plane tilted by t looks cos(t) as high as it is wide: the ratio of the singular values of the Jacobian. */
    double sum = jx[0] * jx[0] + jx[1] * jx[1] + jy[0] * jy[0] + jy[1] * jy[1];
    double root = sqrt(fmax(sum * sum - 4 * det * det, 0));
    double ratio = sqrt(fmax(sum - root, 0) / (sum + root));
    out->tilt_deg = acos(fmin(ratio, 1)) * 180 / M_PI;
}

static double corner_motion(const double h[9], const lk_image *a) {
    double most = 0;
    for (int32_t i = 0; i < 4; i++) {
        double cx = i % 2 ? a->width : 0, cy = i / 2 ? a->height : 0, x, y;
        if (!homography_apply(&x, &y, h, cx, cy)) {
            return INFINITY;
        }
        most = fmax(most, hypot(x - cx, y - cy));
    }
    return most;
}

static enum map_model map_model_of(lk_align_mode mode) {
    return mode == LK_ALIGN_SHIFT    ? MAP_SHIFT
           : mode == LK_ALIGN_AFFINE ? MAP_AFFINE
                                     : MAP_PERSPECTIVE;
}

/* A robust map of the pairs; fit->inliers is 0 when there is none. */
static lk_status estimate(struct homography_fit *fit, lk_match *pairs, size_t count,
                          const lk_image *a, lk_align_mode mode, lk_error *err) {
    int32_t *scratch = mem_alloc(count, sizeof *scratch);
    if (!scratch) {
        return error_memory(err, count * sizeof *scratch);
    }
    struct homography_options o = homography_options_default();
    o.model = map_model_of(mode);
    o.threshold_px = threshold_for(a);
    homography_estimate(fit, pairs, count, scratch, &o);
    mem_free(scratch);
    return LK_OK;
}

/* Looks again around where the map puts each keypoint, and takes the new map if more pairs agree on it: inliers then cover
 * the whole thing rather than the part that stood out, and the far corners lie right. */
static lk_status widen(struct homography_fit *fit, lk_alignment *out, size_t *count,
                       const struct keypoints *ka, const struct keypoints *kb, const lk_image *a,
                       lk_align_mode mode, lk_error *err) {
    static const double radii[] = {8, 4}; /* times the inlier threshold */
    lk_status status = LK_OK;
    for (size_t i = 0; i < ARRAY_COUNT(radii) && status == LK_OK && fit->inliers >= 15; i++) {
        struct homography_fit wider = {0};
        lk_match *pairs;
        size_t found;
        status = match_guided(&pairs, &found, ka, kb, fit->h, radii[i] * threshold_for(a),
                              match_options_default().max_distance, err);
        if (status == LK_OK) {
            status = estimate(&wider, pairs, found, a, mode, err);
        }
        if (status == LK_OK && wider.inliers > fit->inliers) {
            mem_free(out->pairs);
            out->pairs = pairs;
            *count = found;
            *fit = wider;
        } else {
            mem_free(pairs);
        }
    }
    return status;
}

/* Matches and the robust map; fit->inliers is 0 when there is none. */
static lk_status find_map(struct homography_fit *fit, struct align_result *out, struct view *a,
                          struct view *b, lk_align_mode mode, const enum keypoint_set sets[2],
                          lk_error *err) {
    const struct keypoints *ka, *kb;
    lk_alignment *m = &out->alignment;
    size_t count = 0;
    *fit = (struct homography_fit){0};
    lk_status status = view_keypoints(&ka, a, sets[0], err);
    status = status == LK_OK ? view_keypoints(&kb, b, sets[1], err) : status;
    if (status != LK_OK) {
        return status;
    }
    struct match_options options = match_options_default();
    status = match_keypoints(&m->pairs, &count, a->engine, ka, kb, &options, err);
    status = status == LK_OK ? estimate(fit, m->pairs, count, a->image, mode, err) : status;
    out->seed_inliers = (int32_t)fit->inliers;
    m->seed_reach = fit->inliers > 0 ? reach_of(m->pairs, count, a->image) : 0;
    status = status == LK_OK ? widen(fit, m, &count, ka, kb, a->image, mode, err) : status;
    m->keypoints_a = (int32_t)ka->count;
    m->keypoints_b = (int32_t)kb->count;
    m->matches = (int32_t)count;
    m->inliers = (int32_t)fit->inliers;
    m->rms_px = fit->rms_px;
    describe_inliers(m, m->pairs, count, a->image);
    return status;
}

/* SIFT is dearer, and finds what stands small, tilted or blurred in the photo. Its maps are of planes. */
static lk_status by_sift(struct homography_fit *fit, struct align_result *out, struct view *a,
                         struct view *b, lk_align_mode mode, lk_error *err) {
    struct sift_pair pair = {.a_width = a->image->width,
                             .a_height = a->image->height,
                             .b_width = b->image->width,
                             .b_height = b->image->height};
    const struct sift_match_options match = sift_match_options_default();
    const struct sift_geometry_options geometry = sift_geometry_options_default();
    struct sift_matches matches = {0};
    struct sift_geometry found = {0};
    lk_alignment *m = &out->alignment;
    *fit = (struct homography_fit){0};
    if (mode != LK_ALIGN_AUTO && mode != LK_ALIGN_PERSPECTIVE) {
        return LK_OK;
    }
    lk_status status = view_sift(&pair.a, a, err);
    status = status == LK_OK ? view_sift(&pair.b, b, err) : status;
    if (status == LK_OK) {
        status = sift_match(&matches, a->engine, pair.a, pair.b, &match, err);
    }
    if (status == LK_OK) {
        status = sift_geometry_find(&found, &matches, &pair, &geometry, err);
    }
    if (status == LK_OK) {
        memcpy(fit->h, found.h, sizeof fit->h);
        fit->inliers = (size_t)found.inliers;
        fit->rms_px = found.rms_px;
        out->seed_inliers = m->inliers = found.inliers;
        m->keypoints_a = (int32_t)pair.a->count;
        m->keypoints_b = (int32_t)pair.b->count;
        m->seed_reach = found.seed_coverage;
        m->matches = (int32_t)matches.count;
        m->rms_px = found.rms_px;
        describe_inliers(m, matches.pairs, matches.count, a->image);
        m->pairs = matches.pairs;
        matches.pairs = NULL;
    }
    sift_matches_release(&matches);
    return status;
}

static bool is_trusted(const struct align_result *r) {
    bool trusted = false;
    for (size_t i = 0; i < ARRAY_COUNT(trust_table); i++) {
        trusted = trusted || (r->seed_inliers >= trust_table[i].inliers &&
                              r->agreement.share >= trust_table[i].agreement);
    }
    return trusted && r->agreement.blocks > 0 && r->agreement.covered >= least_coverage;
}

/* Refines the map where the model leaves all eight parameters free, and measures what it leaves. */
static lk_status refine_and_judge(struct align_result *out, const struct homography_fit *fit,
                                  struct view *a, struct view *b, lk_align_mode mode,
                                  lk_error *err) {
    const lk_image *gray_a, *gray_b;
    double back[9], h[9];
    memcpy(h, fit->h, sizeof h);
    if (fit->inliers < 6 || !homography_invert(back, h) ||
        !homography_is_sane(back, a->image->width, a->image->height)) {
        return LK_OK;
    }
    lk_status status = view_gray(&gray_a, a, err);
    if (status == LK_OK) {
        status = view_gray(&gray_b, b, err);
    }
    if (status == LK_OK) {
        bool free_map = mode == LK_ALIGN_AUTO || mode == LK_ALIGN_PERSPECTIVE;
        status = refine_homography(h, &out->agreement, a->engine, gray_a, gray_b, free_map, err);
    }
    if (status != LK_OK || !is_trusted(out)) {
        return status;
    }
    memcpy(out->alignment.homography, h, sizeof h);
    out->outcome = ALIGN_FOUND;
    out->alignment.model = mode == LK_ALIGN_AUTO ? LK_ALIGN_PERSPECTIVE : mode;
    out->alignment.coverage = out->agreement.covered;
    align_describe(&out->alignment, a->image->width, a->image->height);
    return LK_OK;
}

/* Most pixels of two renderings of one thing are equal to the bit. Where the blocks agree too no map could improve on
 * that; where they do not, the ground may be all that is equal. */
static lk_status most_is_equal(bool *out, struct view *a, struct view *b, lk_error *err) {
    const lk_image *ra, *rb;
    *out = false;
    if (!image_same_size(a->image, b->image)) {
        return LK_OK;
    }
    lk_status status = view_rgb(&ra, a, err);
    if (status == LK_OK) {
        status = view_rgb(&rb, b, err);
    }
    struct pixel_sums sums = {0};
    for (int32_t y = 0; status == LK_OK && y < ra->height; y++) {
        a->engine->kernels.pixel.sums_u8(&sums, image_row(ra, y), image_row(rb, y),
                                         image_row_bytes(ra));
    }
    if (status == LK_OK) {
        *out = (double)sums.unequal < 0.5 * (double)image_row_bytes(ra) * ra->height;
    }
    return status;
}

static lk_status agreement_in_place(struct align_result *out, struct view *a, struct view *b,
                                    lk_error *err) {
    const lk_image *gray_a, *gray_b;
    double h[9];
    memcpy(h, identity_map, sizeof h);
    lk_status status = view_gray(&gray_a, a, err);
    if (status == LK_OK) {
        status = view_gray(&gray_b, b, err);
    }
    if (status == LK_OK && image_same_size(gray_a, gray_b)) {
        status = refine_homography(h, &out->agreement, a->engine, gray_a, gray_b, false, err);
    }
    return status;
}

/* A pair of one size that was not moved: a map that hardly moves the corners, or none found but the blocks agree. */
static bool found_in_place(const struct align_result *r, const struct agreement *as_is,
                           const lk_image *a, const lk_image *b) {
    if (!image_same_size(a, b)) {
        return false;
    }
    double moved = corner_motion(r->alignment.homography, a);
    bool still = moved < 0.5 ||
                 (moved < 0.01 * MAX(a->width, a->height) && as_is->mean >= r->agreement.mean);
    return r->outcome == ALIGN_FOUND ? still : as_is->blocks > 0 && as_is->share > in_place_share;
}

static void set_no_map(struct align_result *r, enum align_outcome outcome, double coverage) {
    r->outcome = outcome;
    r->alignment.model = LK_ALIGN_NONE;
    memcpy(r->alignment.homography, identity_map, sizeof identity_map);
    r->alignment.scale = 1;
    r->alignment.coverage = coverage;
    r->alignment.rotation_deg = r->alignment.tilt_deg = r->alignment.shift_x =
        r->alignment.shift_y = 0;
}

void align_set_not_found(struct align_result *r) {
    set_no_map(r, ALIGN_NOT_FOUND, 0);
}

/* Keeps the better of two results in *out and frees the other's pairs. */
static void keep_better(struct align_result *out, struct align_result *tried) {
    bool better = tried->outcome == ALIGN_FOUND
                      ? out->outcome != ALIGN_FOUND || tried->agreement.mean > out->agreement.mean
                      : out->outcome != ALIGN_FOUND;
    mem_free(better ? out->alignment.pairs : tried->alignment.pairs);
    if (better) {
        *out = *tried;
    }
}

/* One way to look for a map. */
typedef lk_status find_map_by(struct homography_fit *fit, struct align_result *out, struct view *a,
                              struct view *b, lk_align_mode mode, lk_error *err);

static lk_status by_quick_orb(struct homography_fit *fit, struct align_result *out, struct view *a,
                              struct view *b, lk_align_mode mode, lk_error *err) {
    static const enum keypoint_set sets[2] = {KEYPOINTS_QUICK, KEYPOINTS_QUICK};
    return find_map(fit, out, a, b, mode, sets, err);
}

static lk_status by_thorough_orb(struct homography_fit *fit, struct align_result *out,
                                 struct view *a, struct view *b, lk_align_mode mode,
                                 lk_error *err) {
    static const enum keypoint_set sets[2] = {KEYPOINTS_REFERENCE, KEYPOINTS_PHOTO};
    return find_map(fit, out, a, b, mode, sets, err);
}

/* Whether a map was found that so much of the reference agrees with that no other feature need be asked. */
static bool is_settled(const struct align_result *r, double reach) {
    return r->outcome == ALIGN_FOUND && r->agreement.share >= agreement_settled &&
           r->alignment.reach >= reach;
}

static lk_status search(struct align_result *out, struct view *a, struct view *b,
                        lk_align_mode mode, lk_error *err) {
    /* A try is left out where those before it settled the matter; reach is what they need for that. Points of ORB that stand in
     * one place may be a logo on a thing that is another: SIFT is asked what else agrees. */
    static const struct {
        find_map_by *by;
        double reach;
    } tries[] = {{by_quick_orb, 0}, {by_sift, 0.3}, {by_thorough_orb, 0}};
    const struct align_result start = *out;
    lk_status status = LK_OK;
    for (size_t i = 0; i < ARRAY_COUNT(tries) && status == LK_OK; i++) {
        struct homography_fit fit;
        struct align_result tried = start;
        if (is_settled(out, tries[i].reach)) {
            continue;
        }
        status = tries[i].by(&fit, &tried, a, b, mode, err);
        status = status == LK_OK ? refine_and_judge(&tried, &fit, a, b, mode, err) : status;
        keep_better(out, &tried);
    }
    return status;
}

lk_status align_views(struct align_result *out, struct view *a, struct view *b, lk_align_mode mode,
                      lk_error *err) {
    *out = (struct align_result){0};
    set_no_map(out, ALIGN_NOT_FOUND, 0);
    lk_status status = most_is_equal(&out->mostly_equal, a, b, err);
    status = status == LK_OK ? agreement_in_place(out, a, b, err) : status;
    const struct agreement as_is = out->agreement;
    const bool mostly_equal = out->mostly_equal;
    bool in_place = mostly_equal && (as_is.blocks == 0 || as_is.share >= in_place_share);
    if (status == LK_OK && !in_place && mode != LK_ALIGN_NONE) {
        status = search(out, a, b, mode, err);
        in_place = found_in_place(out, &as_is, a->image, b->image) ||
                   (mostly_equal && out->outcome != ALIGN_FOUND);
    }
    in_place = in_place || (mostly_equal && mode == LK_ALIGN_NONE);
    if (status == LK_OK && in_place) {
        set_no_map(out, ALIGN_IN_PLACE, 1);
        out->agreement = as_is;
    }
    if (status != LK_OK) {
        mem_free(out->alignment.pairs);
        out->alignment.pairs = NULL;
    }
    return status;
}
