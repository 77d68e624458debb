/* SPDX-License-Identifier: Apache-2.0 */
/* An edited copy lies on its original by an affine map: cut, turned, mirrored, stretched and shrunk, but not tilted. Two sources of
 * such maps:
 *
 *   whole      the hash of b against those of a turned in eight ways names the turn; sides fall on sides
 *   keypoints  matched as they are or mirrored, an affine map found robustly, and looked for again where it says
 *
 * An inlier lies within 2 of 512 pixels, as copies' keypoints do; photos of one flat thing need 5 (sift_geometry.h). */
#include "collection/relation_map.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "feature/sift_geometry.h"
#include "feature/sift_guided.h"
#include "feature/sift_mirror.h"

enum { KEYPOINTS_LEAST = 6 };

static const double inlier_share = 0.004; /* of the longer side of a */
static const double turn_deg = 20, scale_ratio = 1.6;
static const double guided_most = 0.6; /* distance of descriptors */

static int32_t bits_apart(const uint8_t *a, const uint8_t *b) {
    int32_t sum = 0;
    for (int32_t i = 0; i < PDQ_BYTES; i++) {
        sum += __builtin_popcount(a[i] ^ b[i]);
    }
    return sum;
}

/* What turn t does to places in 0..1 x 0..1. */
static void turn_matrix(double m[9], int32_t t) {
    const double transposed[9] = {0, 1, 0, 1, 0, 0, 0, 0, 1}, same[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const double upside_down[9] = {1, 0, 0, 0, -1, 1, 0, 0, 1};
    const double mirrored[9] = {-1, 0, 1, 0, 1, 0, 0, 0, 1};
    memcpy(m, t & PDQ_TRANSPOSED ? transposed : same, sizeof same);
    if (t & PDQ_UPSIDE_DOWN) {
        homography_multiply(m, upside_down, m);
    }
    if (t & PDQ_MIRRORED) {
        homography_multiply(m, mirrored, m);
    }
}

void relation_map_whole(struct relation_map *out, int32_t *distance, const struct facts *a,
                        const struct facts *b) {
    int32_t best = 0;
    double turn[9], back[9];
    *distance = bits_apart(a->pdq[0], b->pdq[0]);
    for (int32_t t = 1; t < PDQ_TURNS; t++) {
        int32_t apart = bits_apart(a->pdq[t], b->pdq[0]);
        if (apart < *distance) {
            *distance = apart;
            best = t;
        }
    }
    turn_matrix(turn, best);
    *out = (struct relation_map){.mirrored = turn[0] * turn[4] - turn[1] * turn[3] < 0};
    if (homography_invert(back, turn)) { /* always: b = turn(a) */
        const double unit_b[9] = {1.0 / b->side_width,
                                  0,
                                  0.5 / b->side_width,
                                  0,
                                  1.0 / b->side_height,
                                  0.5 / b->side_height,
                                  0,
                                  0,
                                  1};
        const double to_a[9] = {a->side_width, 0, -0.5, 0, a->side_height, -0.5, 0, 0, 1};
        homography_multiply(out->h, to_a, back);
        homography_multiply(out->h, out->h, unit_b);
    }
}

/* b, or the keypoints of its mirror image: *own is to be released. */
static lk_status points_of(const struct sift_points **at, struct sift_points *own,
                           const struct facts *b, bool mirrored, lk_error *err) {
    *own = (struct sift_points){0};
    *at = mirrored ? own : &b->sift;
    return mirrored ? sift_mirror(own, &b->sift, b->side_width, err) : LK_OK;
}

/* Of the mirror image of b to of b, or back. */
static void cross_mirror(double h[9], const struct facts *b) {
    const double mirror[9] = {-1, 0, b->side_width - 1.0, 0, 1, 0, 0, 0, 1};
    homography_multiply(h, h, mirror);
}

static lk_status match(struct relation_map *out, lk_engine *engine, const struct sift_pair *pair,
                       lk_error *err) {
    struct sift_matches matches;
    struct sift_geometry_options o = sift_geometry_options_default();
    struct sift_geometry g;
    o.model = MAP_AFFINE;
    o.threshold = inlier_share;
    o.turn_deg = turn_deg;
    o.iterations = 300;
    o.guided = guided_most;
    lk_status status = sift_match(&matches, engine, pair->a, pair->b, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    status = sift_geometry_find(&g, &matches, pair, &o, err);
    if (status == LK_OK) {
        memcpy(out->h, g.h, sizeof out->h);
        out->inliers = g.inliers;
        out->rms = g.rms_px;
    }
    sift_matches_release(&matches);
    return status;
}

lk_status relation_map_keypoints(struct relation_map *out, lk_engine *engine, const struct facts *a,
                                 const struct facts *b, bool mirrored, lk_error *err) {
    struct sift_points own;
    struct sift_pair pair = {&a->sift,       NULL,          a->side_width,
                             a->side_height, b->side_width, b->side_height};
    *out = (struct relation_map){.mirrored = mirrored};
    if (a->sift.count < KEYPOINTS_LEAST || b->sift.count < KEYPOINTS_LEAST) {
        return LK_OK;
    }
    lk_status status = points_of(&pair.b, &own, b, mirrored, err);
    status = status == LK_OK ? match(out, engine, &pair, err) : status;
    sift_points_release(&own);
    if (status == LK_OK && out->inliers > 0 && mirrored) {
        cross_mirror(out->h, b);
    }
    return status;
}

/* Keypoints of s that h brings into width x height. */
static int32_t count_inside(const struct sift_points *s, const double h[9], int32_t width,
                            int32_t height) {
    int32_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        double x, y;
        count += homography_apply(&x, &y, h, s->points[i].x, s->points[i].y) && x >= 0 && y >= 0 &&
                 x < width && y < height;
    }
    return count;
}

lk_status relation_map_confirm(struct relation_map *m, const struct facts *a, const struct facts *b,
                               lk_error *err) {
    struct sift_points own;
    const struct sift_points *at;
    struct sift_matches matches;
    double back[9], h[9];
    const struct sift_tolerance t = {.distance = inlier_share * MAX(a->side_width, a->side_height),
                                     .least_cosine = cos(turn_deg * M_PI / 180),
                                     .ratio = scale_ratio};
    m->inliers = 0;
    m->keypoints = 0;
    if (a->sift.count == 0 || b->sift.count == 0 || !homography_invert(back, m->h)) {
        return LK_OK;
    }
    int32_t of_a = count_inside(&a->sift, back, b->side_width, b->side_height);
    int32_t of_b = count_inside(&b->sift, m->h, a->side_width, a->side_height);
    m->keypoints = MIN(of_a, of_b);
    lk_status status = points_of(&at, &own, b, m->mirrored, err);
    memcpy(h, m->h, sizeof h);
    if (m->mirrored) {
        cross_mirror(h, b);
    }
    double most = guided_most * 512;
    status = status == LK_OK
                 ? sift_match_guided(&matches, &a->sift, at, h, &t, (int32_t)(most * most), err)
                 : status;
    if (status == LK_OK) {
        double sum = 0;
        for (size_t i = 0; i < matches.count; i++) {
            double x, y;
            const lk_match *p = &matches.pairs[i];
            sum += homography_apply(&x, &y, h, p->bx, p->by)
                       ? (x - p->ax) * (x - p->ax) + (y - p->ay) * (y - p->ay)
                       : 0;
        }
        m->inliers = (int32_t)matches.count;
        m->rms = matches.count > 0 ? sqrt(sum / (double)matches.count) : 0;
        sift_matches_release(&matches);
    }
    sift_points_release(&own);
    return status;
}

/* From pixels of one size to those of another, by the corners. */
static void size_matrix(double m[9], const struct relation_size s[2]) {
    double fx = (double)s[1].width / s[0].width, fy = (double)s[1].height / s[0].height;
    const double scale[9] = {fx, 0, 0.5 * fx - 0.5, 0, fy, 0.5 * fy - 0.5, 0, 0, 1};
    memcpy(m, scale, sizeof scale);
}

void relation_map_resize(double out[9], const double h[9], const struct relation_size a[2],
                         const struct relation_size b[2]) {
    double to_a[9], from_b[9];
    const struct relation_size back[2] = {b[1], b[0]};
    size_matrix(to_a, a);
    size_matrix(from_b, back);
    homography_multiply(out, to_a, h);
    homography_multiply(out, out, from_b);
}
