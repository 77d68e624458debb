/* SPDX-License-Identifier: Apache-2.0 */
/* From matches to a map that keypoints agree with in place, orientation and size:
 *
 *   seeds      one match gives a whole similarity, from the orientations and sizes of its keypoints (as Lowe 2004, section 7.3, and
 *              Philbin et al., CVPR 2007). Matches that agree with it, more loosely the further away, are its cluster
 *   maps       homography_estimate() on the largest clusters, which are nearly free of wrong matches, and on all matches
 *   inliers    matches nearer than the threshold whose orientation and size the map's derivative confirms: by chance one match
 *              in about 15 does, so a map that fits wrong matches loses nearly all of them here
 *   coverage   share of the reference within reach of an inlier. Of several maps the one that covers most is taken
 *   again      keypoints are matched where the map puts them (sift_guided.h), and the map is estimated from those, twice
 *
 * Coverage rather than the number of inliers, because what two different covers share (a logo, a seal, one word) is small
 * however many keypoints it has. */
#include "feature/sift_geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"
#include "feature/sift_guided.h"

enum {
    SEEDS_MOST = 400, /* matches that are tried as seeds, the clearest first */
    CLUSTERS = 3,     /* that are estimated from */
    CLUSTER_LEAST = 4,
    CELLS = 32, /* of the longer side, for areas */
};

/* What a cluster allows. A plane tilted by 50 degrees is two thirds as high: a similarity from one of its keypoints is then off by
 * up to about a third of the distance. */
static const double cluster_near = 0.04; /* of the longer side */
static const double cluster_slope = 0.3;
static const double cluster_turn_deg = 40, cluster_scale = 2;

struct sift_geometry_options sift_geometry_options_default(void) {
    return (struct sift_geometry_options){.threshold = 0.009,
                                          .turn_deg = 30,
                                          .scale = 1.6,
                                          .reach = 0.06,
                                          .guided = 0.6,
                                          .model = MAP_PERSPECTIVE,
                                          .iterations = 1000,
                                          .seed = 1};
}

static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

struct finding {
    const struct sift_geometry_options *o;
    const struct sift_pair *pair;
    struct sift_matches *matches;
    struct sift_frame *a, *b; /* one a match */
    lk_match *some;           /* room for all matches */
    int32_t *scratch;
    bool *covered;
    struct sift_tolerance tolerance; /* of inliers */
    double longer;
};

/* Matches that agree with the similarity of match `seed`; marks them if flags is given. */
static size_t cluster_of(bool *flags, const struct finding *f, size_t seed) {
    const struct sift_frame *pa = &f->a[seed], *pb = &f->b[seed];
    const struct sift_tolerance t = {.least_cosine = cos(cluster_turn_deg * M_PI / 180),
                                     .ratio = cluster_scale};
    double norm = pb->u * pb->u + pb->v * pb->v;
    double c = (pa->u * pb->u + pa->v * pb->v) / norm, s = (pa->v * pb->u - pa->u * pb->v) / norm;
    size_t count = 0;
    for (size_t i = 0; i < f->matches->count; i++) {
        const struct sift_frame *a = &f->a[i], *b = &f->b[i];
        double dx = b->x - pb->x, dy = b->y - pb->y;
        double x = c * dx - s * dy, y = s * dx + c * dy; /* from pa */
        double ex = pa->x + x - a->x, ey = pa->y + y - a->y;
        double allowed = cluster_near * f->longer + cluster_slope * sqrt(x * x + y * y);
        const double turned[2] = {c * b->u - s * b->v, s * b->u + c * b->v}, own[2] = {a->u, a->v};
        bool agrees = ex * ex + ey * ey < allowed * allowed && sift_vectors_agree(turned, own, &t);
        count += agrees;
        if (flags) {
            flags[i] = agrees;
        }
    }
    return count;
}

/* Whether match i agrees with h. */
static bool is_inlier(const struct finding *f, const double h[9], size_t i, double *squared) {
    return sift_frames_agree(squared, &f->a[i], &f->b[i], h, &f->tolerance);
}

static void cover(struct finding *f, double x, double y, double cell, double reach) {
    int32_t across = (int32_t)ceil(f->pair->a_width / cell),
            down = (int32_t)ceil(f->pair->a_height / cell);
    int32_t left = (int32_t)fmax((x - reach) / cell, 0), top = (int32_t)fmax((y - reach) / cell, 0);
    for (int32_t j = top; j < down && j * cell <= y + reach; j++) {
        for (int32_t i = left; i < across && i * cell <= x + reach; i++) {
            double dx = (i + 0.5) * cell - x, dy = (j + 0.5) * cell - y;
            if (dx * dx + dy * dy <= reach * reach) {
                f->covered[j * CELLS + i] = true;
            }
        }
    }
}

static double share_covered(struct finding *f) {
    double width = f->pair->a_width, height = f->pair->a_height, cell = f->longer / CELLS;
    double reach = f->o->reach * sqrt(width * height);
    int32_t across = (int32_t)ceil(width / cell), down = (int32_t)ceil(height / cell), held = 0;
    memset(f->covered, 0, CELLS * CELLS * sizeof *f->covered);
    for (size_t i = 0; i < f->matches->count; i++) {
        if (f->matches->pairs[i].inlier) {
            cover(f, f->matches->pairs[i].ax, f->matches->pairs[i].ay, cell, reach);
        }
    }
    for (int32_t i = 0; i < CELLS * CELLS; i++) {
        held += f->covered[i];
    }
    return (double)held / (across * down);
}

/* Share of the reference that h's inverse brings into the photo. */
static double share_visible(const struct finding *f, const double h[9]) {
    double back[9];
    int32_t seen = 0;
    if (!homography_invert(back, h)) {
        return 0;
    }
    for (int32_t i = 0; i < CELLS * CELLS; i++) {
        double x, y;
        bool ahead = homography_apply(&x, &y, back, (i % CELLS + 0.5) * f->pair->a_width / CELLS,
                                      (i / CELLS + 0.5) * f->pair->a_height / CELLS);
        seen += ahead && x >= 0 && y >= 0 && x < f->pair->b_width && y < f->pair->b_height;
    }
    return (double)seen / (CELLS * CELLS);
}

/* Counts the inliers of h among all matches and takes it if it covers more than *best. */
static void judge(struct sift_geometry *best, struct finding *f, const double h[9]) {
    struct sift_geometry g = {0};
    double back[9], sum = 0;
    if (!homography_invert(back, h) ||
        !homography_is_sane(back, f->pair->a_width, f->pair->a_height)) {
        return;
    }
    memcpy(g.h, h, sizeof g.h);
    for (size_t i = 0; i < f->matches->count; i++) {
        double squared = 0;
        bool inlier = is_inlier(f, h, i, &squared);
        f->matches->pairs[i].inlier = inlier;
        g.inliers += inlier;
        sum += inlier ? squared : 0;
    }
    g.coverage = share_covered(f);
    if (g.coverage > best->coverage) {
        g.rms_px = sqrt(sum / g.inliers);
        g.visible = share_visible(f, h);
        *best = g;
    }
}

/* A map from the matches that flags names, or from all. */
static void estimate(struct sift_geometry *best, struct finding *f, const bool *flags) {
    struct homography_options o = homography_options_default();
    struct homography_fit fit;
    size_t count = 0;
    o.model = f->o->model;
    o.threshold_px = f->tolerance.distance;
    o.max_iterations = f->o->iterations;
    o.seed = f->o->seed;
    for (size_t i = 0; i < f->matches->count; i++) {
        if (!flags || flags[i]) {
            f->some[count++] = f->matches->pairs[i];
        }
    }
    homography_estimate(&fit, f->some, count, f->scratch, &o);
    if (fit.inliers > 4) {
        judge(best, f, fit.h);
    }
}

/* The largest clusters, each without the seeds of those before. */
static void try_clusters(struct sift_geometry *best, struct finding *f, size_t *sizes,
                         bool *flags) {
    size_t seeds = MIN(f->matches->count, (size_t)SEEDS_MOST);
    for (size_t i = 0; i < seeds; i++) {
        sizes[i] = cluster_of(NULL, f, i);
    }
    for (int32_t k = 0; k < CLUSTERS; k++) {
        size_t largest = 0;
        for (size_t i = 1; i < seeds; i++) {
            largest = sizes[i] > sizes[largest] ? i : largest;
        }
        if (sizes[largest] < CLUSTER_LEAST) {
            return;
        }
        cluster_of(flags, f, largest);
        estimate(best, f, flags);
        for (size_t i = 0; i < seeds; i++) {
            sizes[i] = flags[i] ? 0 : sizes[i];
        }
    }
}

/* Fills *out with the best map of f->matches, and marks its inliers. start: a map to begin with, instead of clusters. */
static lk_status find(struct sift_geometry *out, struct finding *f, const double *start,
                      lk_error *err) {
    size_t n = f->matches->count;
    size_t *sizes = mem_alloc(n, sizeof *sizes);
    bool *flags = mem_alloc(n, sizeof *flags);
    f->a = mem_alloc(n, sizeof *f->a);
    f->b = mem_alloc(n, sizeof *f->b);
    f->some = mem_alloc(n, sizeof *f->some);
    f->scratch = mem_alloc(n, sizeof *f->scratch);
    f->covered = mem_alloc(CELLS * CELLS, sizeof *f->covered);
    bool have = sizes && flags && f->a && f->b && f->some && f->scratch && f->covered;
    for (size_t i = 0; have && i < n; i++) {
        f->a[i] = sift_frame_of(&f->pair->a->points[f->matches->links[i].a]);
        f->b[i] = sift_frame_of(&f->pair->b->points[f->matches->links[i].b]);
        f->matches->pairs[i].inlier = false;
    }
    *out = (struct sift_geometry){0};
    memcpy(out->h, identity, sizeof identity);
    if (have && start) {
        judge(out, f, start);
    } else if (have && n >= CLUSTER_LEAST) {
        try_clusters(out, f, sizes, flags);
    }
    if (have) {
        estimate(out, f, NULL);
    }
    for (size_t i = 0; have && i < n; i++) {
        double squared;
        f->matches->pairs[i].inlier = out->inliers > 0 && is_inlier(f, out->h, i, &squared);
    }
    mem_free(sizes);
    mem_free(flags);
    mem_free(f->a);
    mem_free(f->b);
    mem_free(f->some);
    mem_free(f->scratch);
    mem_free(f->covered);
    return have ? LK_OK : error_memory(err, n * sizeof *f->a);
}

/* Looks again where the map puts each keypoint, twice, and takes what covers more. */
static lk_status widen(struct sift_geometry *out, struct finding *f, lk_error *err) {
    double most = f->o->guided * 512;
    const struct sift_geometry seed = *out;
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < 2; i++) {
        struct sift_matches again;
        struct sift_geometry wider;
        struct finding g = *f;
        status = sift_match_guided(&again, f->pair->a, f->pair->b, out->h, &f->tolerance,
                                   (int32_t)(most * most), err);
        g.matches = &again;
        status = status == LK_OK ? find(&wider, &g, out->h, err) : status;
        if (status == LK_OK && wider.coverage > out->coverage) {
            struct sift_matches old = *f->matches;
            *f->matches = again;
            again = old;
            *out = wider;
        }
        sift_matches_release(&again);
    }
    out->seed_coverage = seed.coverage;
    out->seed_inliers = seed.inliers;
    return status;
}

lk_status sift_geometry_find(struct sift_geometry *out, struct sift_matches *matches,
                             const struct sift_pair *pair,
                             const struct sift_geometry_options *options, lk_error *err) {
    struct sift_geometry_options o = options ? *options : sift_geometry_options_default();
    double longer = MAX(pair->a_width, pair->a_height);
    struct finding f = {.o = &o,
                        .pair = pair,
                        .matches = matches,
                        .tolerance = {o.threshold * longer, cos(o.turn_deg * M_PI / 180), o.scale},
                        .longer = longer};
    lk_status status = find(out, &f, NULL, err);
    out->seed_coverage = out->coverage;
    out->seed_inliers = out->inliers;
    return status == LK_OK && out->inliers > 0 && o.guided > 0 ? widen(out, &f, err) : status;
}
