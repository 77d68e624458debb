/* SPDX-License-Identifier: Apache-2.0 */
/* Robust estimation of a plane-to-plane map, after LO-RANSAC (Chum, Matas, Kittler 2003) with the scoring of MSAC (Torr and
 * Zisserman 2000) and the growing sample pool of PROSAC (Chum and Matas 2005):
 *
 *   draw a minimal sample from the best-ranked pairs, the pool growing to all of them
 *   refuse samples whose triangles are tiny or turn over (a plane seen from its front keeps its orientation)
 *   score = sum over pairs of max(0, 1 - e^2 / t^2), e the distance in a
 *   each new best is fitted again to its inliers (normalised DLT, Hartley 1997), as long as the score rises
 *   stop when a better sample would have been met with the asked confidence
 *   finally Gauss-Newton on the distances, with Huber weights
 *
 * Oracle: OpenCV's findHomography on shared pairs, and synthetic maps (tests/unit/test_homography.c). */
#include "feature/homography.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/rng.h"

enum { UNKNOWNS = 8 };

struct homography_options homography_options_default(void) {
    return (struct homography_options){.model = MAP_PERSPECTIVE,
                                       .threshold_px = 3,
                                       .max_iterations = 4000,
                                       .confidence = 0.999,
                                       .seed = 1};
}

double homography_threshold_px(int32_t width, int32_t height) {
    return fmax(3.0 * MAX(width, height) / 1024, 1.5);
}

bool homography_apply(double *out_x, double *out_y, const double h[9], double x, double y) {
    double w = h[6] * x + h[7] * y + h[8];
    if (!(w > 1e-9)) {
        return false;
    }
    *out_x = (h[0] * x + h[1] * y + h[2]) / w;
    *out_y = (h[3] * x + h[4] * y + h[5]) / w;
    return true;
}

void homography_multiply(double out[9], const double a[9], const double b[9]) {
    double m[9];
    for (int32_t i = 0; i < 3; i++) {
        for (int32_t j = 0; j < 3; j++) {
            m[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
        }
    }
    memcpy(out, m, sizeof m);
}

bool homography_invert(double out[9], const double h[9]) {
    double m[9] = {
        h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4],
        h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5],
        h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3],
    };
    double det = h[0] * m[0] + h[1] * m[3] + h[2] * m[6];
    if (fabs(det) < 1e-300) {
        return false;
    }
    /* Scaled so that the last entry is 1, as maps are everywhere here. */
    double scale = fabs(m[8]) > 1e-12 * fabs(det) ? 1 / m[8] : 1 / det;
    for (int32_t i = 0; i < 9; i++) {
        out[i] = m[i] * scale;
    }
    return true;
}

static double cross(const double *a, const double *b, const double *c) {
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

bool homography_is_sane(const double h[9], double width, double height) {
    const double corners[4][2] = {{0, 0}, {width, 0}, {width, height}, {0, height}};
    double to[4][2];
    for (int32_t i = 0; i < 4; i++) {
        if (!homography_apply(&to[i][0], &to[i][1], h, corners[i][0], corners[i][1])) {
            return false;
        }
    }
    double shortest = INFINITY, longest = 0;
    for (int32_t i = 0; i < 4; i++) {
        const double *a = to[i], *b = to[(i + 1) % 4];
        if (cross(a, b, to[(i + 2) % 4]) <= 0) {
            return false;
        }
        double scale = hypot(b[0] - a[0], b[1] - a[1]) / (i % 2 == 0 ? width : height);
        shortest = fmin(shortest, scale);
        longest = fmax(longest, scale);
    }
    return shortest > 0.02 && longest < 50 && longest < 10 * shortest;
}

bool solve_positive(double *a, double *b, int32_t n) {
    for (int32_t i = 0; i < n; i++) { /* a becomes its lower Cholesky factor */
        for (int32_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int32_t k = 0; k < j; k++) {
                sum -= a[i * n + k] * a[j * n + k];
            }
            if (i == j) {
                if (!(sum > 1e-14)) {
                    return false;
                }
                a[i * n + i] = sqrt(sum);
            } else {
                a[i * n + j] = sum / a[j * n + j];
            }
        }
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t k = 0; k < i; k++) {
            b[i] -= a[i * n + k] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    for (int32_t i = n - 1; i >= 0; i--) {
        for (int32_t k = i + 1; k < n; k++) {
            b[i] -= a[k * n + i] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    return true;
}

/* The similarity that brings points to mean 0 and mean distance sqrt(2): x' = s (x - cx). */
struct frame {
    double cx, cy, s;
};

struct subset {
    const lk_match *pairs;
    const int32_t *index;
    size_t count;
};

static struct frame frame_of(const struct subset *s, bool of_a) {
    struct frame f = {0, 0, 1};
    double n = (double)s->count, distance = 0;
    for (size_t i = 0; i < s->count; i++) {
        const lk_match *m = &s->pairs[s->index[i]];
        f.cx += (of_a ? m->ax : m->bx) / n;
        f.cy += (of_a ? m->ay : m->by) / n;
    }
    for (size_t i = 0; i < s->count; i++) {
        const lk_match *m = &s->pairs[s->index[i]];
        distance += hypot((of_a ? m->ax : m->bx) - f.cx, (of_a ? m->ay : m->by) - f.cy) / n;
    }
    f.s = distance > 1e-9 ? sqrt(2.0) / distance : 1;
    return f;
}

/* h between the frames to h between the pictures: inverse(A) * h * B. */
static void leave_frames(double h[9], const struct frame *a, const struct frame *b) {
    const double to_b[9] = {b->s, 0, -b->s * b->cx, 0, b->s, -b->s * b->cy, 0, 0, 1};
    const double from_a[9] = {1 / a->s, 0, a->cx, 0, 1 / a->s, a->cy, 0, 0, 1};
    homography_multiply(h, h, to_b);
    homography_multiply(h, from_a, h);
}

static void enter_frames(double h[9], const struct frame *a, const struct frame *b) {
    const double from_b[9] = {1 / b->s, 0, b->cx, 0, 1 / b->s, b->cy, 0, 0, 1};
    const double to_a[9] = {a->s, 0, -a->s * a->cx, 0, a->s, -a->s * a->cy, 0, 0, 1};
    homography_multiply(h, h, from_b);
    homography_multiply(h, to_a, h);
}

/* Adds weight * row^T row to the normal equations and weight * row * value to the right side. */
static void add_equation(double *normal, double *right, const double *row, double value,
                         double weight, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j <= i; j++) {
            normal[i * n + j] += weight * row[i] * row[j];
        }
        right[i] += weight * row[i] * value;
    }
}

/* The last entry becomes 1, or -1: signs stay, as points in front have a positive third coordinate, and the origin of a steeply
 * tilted photo can lie behind the horizon. */
static bool normalise(double h[9]) {
    double size = fabs(h[8]);
    if (!(size > 1e-12)) {
        return false;
    }
    for (int32_t i = 0; i < 9; i++) {
        h[i] /= size;
        if (!isfinite(h[i])) {
            return false;
        }
    }
    return true;
}

/* Least squares on the linear equations of the model: the DLT with h33 = 1 in normalised frames, or its affine part. */
static bool fit_linear(double h[9], enum map_model model, const struct subset *s) {
    struct frame fa = frame_of(s, true), fb = frame_of(s, false);
    if (model == MAP_SHIFT) {
        const double shift[9] = {1, 0, fa.cx - fb.cx, 0, 1, fa.cy - fb.cy, 0, 0, 1};
        memcpy(h, shift, sizeof shift);
        return true;
    }
    int32_t n = model == MAP_AFFINE ? 6 : UNKNOWNS;
    double normal[UNKNOWNS * UNKNOWNS] = {0}, right[UNKNOWNS] = {0};
    for (size_t i = 0; i < s->count; i++) {
        const lk_match *m = &s->pairs[s->index[i]];
        double x = (m->bx - fb.cx) * fb.s, y = (m->by - fb.cy) * fb.s;
        double u = (m->ax - fa.cx) * fa.s, v = (m->ay - fa.cy) * fa.s;
        const double row_u[UNKNOWNS] = {x, y, 1, 0, 0, 0, -u * x, -u * y};
        const double row_v[UNKNOWNS] = {0, 0, 0, x, y, 1, -v * x, -v * y};
        add_equation(normal, right, row_u, u, 1, n);
        add_equation(normal, right, row_v, v, 1, n);
    }
    if (!solve_positive(normal, right, n)) {
        return false;
    }
    memcpy(h, right, (size_t)n * sizeof *h);
    h[6] = n == UNKNOWNS ? right[6] : 0;
    h[7] = n == UNKNOWNS ? right[7] : 0;
    h[8] = 1;
    leave_frames(h, &fa, &fb);
    return normalise(h);
}

static double squared_error(const double h[9], const lk_match *m) {
    double x, y;
    if (!homography_apply(&x, &y, h, m->bx, m->by)) {
        return INFINITY;
    }
    return (x - m->ax) * (x - m->ax) + (y - m->ay) * (y - m->ay);
}

/* One Gauss-Newton step on the distances with Huber weights (knee at 1 px). */
static bool gauss_newton_step(double h[9], const struct subset *s, const struct frame *fa,
                              const struct frame *fb) {
    double normal[UNKNOWNS * UNKNOWNS] = {0}, right[UNKNOWNS] = {0};
    for (size_t i = 0; i < s->count; i++) {
        const lk_match *m = &s->pairs[s->index[i]];
        double x = (m->bx - fb->cx) * fb->s, y = (m->by - fb->cy) * fb->s;
        double w = h[6] * x + h[7] * y + h[8];
        double u = (h[0] * x + h[1] * y + h[2]) / w, v = (h[3] * x + h[4] * y + h[5]) / w;
        double du = (m->ax - fa->cx) * fa->s - u, dv = (m->ay - fa->cy) * fa->s - v;
        double distance_px = hypot(du, dv) / fa->s;
        double weight = distance_px <= 1 ? 1 : 1 / distance_px;
        const double row_u[UNKNOWNS] = {x / w, y / w, 1 / w, 0, 0, 0, -u * x / w, -u * y / w};
        const double row_v[UNKNOWNS] = {0, 0, 0, x / w, y / w, 1 / w, -v * x / w, -v * y / w};
        add_equation(normal, right, row_u, du, weight, UNKNOWNS);
        add_equation(normal, right, row_v, dv, weight, UNKNOWNS);
    }
    if (!solve_positive(normal, right, UNKNOWNS)) {
        return false;
    }
    for (int32_t i = 0; i < UNKNOWNS; i++) {
        h[i] += right[i];
    }
    return true;
}

static void refine_perspective(double h[9], const struct subset *s) {
    struct frame fa = frame_of(s, true), fb = frame_of(s, false);
    double better[9];
    memcpy(better, h, sizeof better);
    enter_frames(better, &fa, &fb);
    if (!normalise(better)) {
        return;
    }
    for (int32_t i = 0; i < 8; i++) {
        if (!gauss_newton_step(better, s, &fa, &fb)) {
            return;
        }
    }
    leave_frames(better, &fa, &fb);
    if (normalise(better)) {
        memcpy(h, better, sizeof better);
    }
}

/* The state of one search. */
struct search {
    const struct homography_options *o;
    lk_match *pairs;
    size_t count;
    int32_t *chosen; /* room for count indices */
    double best[9];
    double best_score;
    size_t best_inliers;
};

static double score_map(const struct search *s, const double h[9], size_t *inliers) {
    double limit = s->o->threshold_px * s->o->threshold_px, score = 0;
    *inliers = 0;
    for (size_t i = 0; i < s->count; i++) {
        double e = squared_error(h, &s->pairs[i]);
        if (e < limit) {
            score += 1 - e / limit;
            (*inliers)++;
        }
    }
    return score;
}

static struct subset inliers_of(struct search *s, const double h[9], double threshold) {
    struct subset subset = {.pairs = s->pairs, .index = s->chosen};
    for (size_t i = 0; i < s->count; i++) {
        if (squared_error(h, &s->pairs[i]) < threshold * threshold) {
            s->chosen[subset.count++] = (int32_t)i;
        }
    }
    return subset;
}

static size_t sample_size(enum map_model model) {
    return model == MAP_SHIFT ? 1 : model == MAP_AFFINE ? 3 : 4;
}

/* Local optimisation: fit to the inliers of a wide band, then of the threshold, while the score rises. */
static void optimise(struct search *s) {
    static const double bands[] = {2, 1.5, 1, 1};
    for (size_t i = 0; i < ARRAY_COUNT(bands); i++) {
        double h[9];
        size_t inliers;
        struct subset subset = inliers_of(s, s->best, bands[i] * s->o->threshold_px);
        if (subset.count < sample_size(s->o->model) + 1 || !fit_linear(h, s->o->model, &subset)) {
            return;
        }
        double score = score_map(s, h, &inliers);
        if (score > s->best_score) {
            s->best_score = score;
            s->best_inliers = inliers;
            memcpy(s->best, h, sizeof h);
        }
    }
}

/* Triangles of the sample must be worth something in both pictures and turn the same way round. */
static bool sample_is_sound(const struct subset *s) {
    enum { SMALLEST = 50 }; /* square pixels, twice the area */
    static const uint8_t triples[4][3] = {{0, 1, 2}, {0, 1, 3}, {0, 2, 3}, {1, 2, 3}};
    size_t count = s->count < 3 ? 0 : s->count == 3 ? 1 : 4;
    for (size_t i = 0; i < count; i++) {
        double a[3][2], b[3][2];
        for (size_t k = 0; k < 3; k++) {
            const lk_match *m = &s->pairs[s->index[triples[i][k]]];
            a[k][0] = m->ax;
            a[k][1] = m->ay;
            b[k][0] = m->bx;
            b[k][1] = m->by;
        }
        double in_a = cross(a[0], a[1], a[2]), in_b = cross(b[0], b[1], b[2]);
        if (fabs(in_a) < SMALLEST || fabs(in_b) < SMALLEST || (in_a > 0) != (in_b > 0)) {
            return false;
        }
    }
    return true;
}

static void draw_sample(int32_t *index, size_t size, size_t pool, struct rng *rng) {
    for (size_t i = 0; i < size; i++) {
        bool taken = true;
        while (taken) {
            index[i] = (int32_t)rng_below(rng, (uint32_t)pool);
            taken = false;
            for (size_t k = 0; k < i; k++) {
                taken = taken || index[k] == index[i];
            }
        }
    }
}

/* Draws after which a sample without outliers was met with the asked confidence. */
static double draws_needed(const struct search *s, size_t size) {
    double share = pow((double)s->best_inliers / (double)s->count, (double)size);
    return share >= 1 ? 0 : share <= 0 ? INFINITY : log(1 - s->o->confidence) / log1p(-share);
}

static void run_search(struct search *s) {
    enum {
        POOL_START = 12,
        POOL_GROWTH = 500
    }; /* the pool holds all pairs after POOL_GROWTH draws */
    size_t size = sample_size(s->o->model);
    struct rng rng;
    rng_init(&rng, s->o->seed);
    double needed = INFINITY;
    for (int32_t i = 0; i < s->o->max_iterations && (i < 50 || i < needed); i++) {
        int32_t index[4];
        double h[9];
        size_t inliers;
        size_t pool = POOL_START + (size_t)i * s->count / POOL_GROWTH;
        pool = MAX(MIN(pool, s->count), size);
        draw_sample(index, size, pool, &rng);
        struct subset sample = {.pairs = s->pairs, .index = index, .count = size};
        if (!sample_is_sound(&sample) || !fit_linear(h, s->o->model, &sample)) {
            continue;
        }
        double score = score_map(s, h, &inliers);
        if (score > s->best_score) {
            s->best_score = score;
            s->best_inliers = inliers;
            memcpy(s->best, h, sizeof h);
            optimise(s);
            needed = draws_needed(s, size);
        }
    }
}

static void mark_inliers(struct homography_fit *out, const struct search *s) {
    double sum = 0;
    for (size_t i = 0; i < s->count; i++) {
        double e = squared_error(out->h, &s->pairs[i]);
        s->pairs[i].inlier = e < s->o->threshold_px * s->o->threshold_px;
        if (s->pairs[i].inlier) {
            out->inliers++;
            sum += e;
        }
    }
    out->rms_px = out->inliers ? sqrt(sum / (double)out->inliers) : 0;
}

void homography_estimate(struct homography_fit *out, lk_match *pairs, size_t count,
                         int32_t *scratch, const struct homography_options *o) {
    *out = (struct homography_fit){.h = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    struct search s = {.o = o, .pairs = pairs, .count = count, .chosen = scratch};
    for (size_t i = 0; i < count; i++) {
        pairs[i].inlier = false;
    }
    if (count < sample_size(o->model)) {
        return;
    }
    run_search(&s);
    if (s.best_inliers < sample_size(o->model)) {
        return;
    }
    memcpy(out->h, s.best, sizeof s.best);
    struct subset subset = inliers_of(&s, s.best, o->threshold_px);
    if (o->model == MAP_PERSPECTIVE && subset.count > sample_size(o->model)) {
        refine_perspective(out->h, &subset);
    }
    mark_inliers(out, &s);
}
