/* SPDX-License-Identifier: Apache-2.0 */
/* Direct alignment: Gauss-Newton on the 8 parameters of a homography D that maps the warped photo onto the reference,
 *
 *   b_w(x) - a(x) = g(x) . J(x) p,   g = mean of the gradients of a and b_w (ESM, Benhimane and Malis 2004)
 *   h <- D(p) h
 *
 * on pictures whose local mean and contrast are taken out (so light, shading and white balance do not matter), with Tukey
 * weights (so changed regions do not pull). Pixels are those of a reduced to at most WORK_SIDE: a tenth of such a pixel is
 * enough for differencing. The result is kept only if blocks of the pair correlate better than before. */
#include "feature/refine.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"
#include "image/contrast.h"
#include "image/resize.h"
#include "image/warp.h"

enum { WORK_SIDE = 512, WINDOW = 12, BLOCK = 16, ITERATIONS = 12, PARAMETERS = 8 };

/* Pixels of the work picture: descents that came so close end in the same place. */
static const double one_valley = 0.5;

/* Correlation of one block; false when a has no texture there or b does not cover it. */
static bool block_correlation(double *out, const lk_image *a, const lk_image *b,
                              const lk_image *valid, int32_t x0, int32_t y0) {
    int64_t sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int32_t y = y0; y < y0 + BLOCK; y++) {
        const uint8_t *pa = image_row(a, y), *pb = image_row(b, y), *pv = image_row(valid, y);
        for (int32_t x = x0; x < x0 + BLOCK; x++) {
            if (!pv[x]) {
                return false;
            }
            sa += pa[x];
            sb += pb[x];
            saa += pa[x] * pa[x];
            sbb += pb[x] * pb[x];
            sab += pa[x] * pb[x];
        }
    }
    double n = BLOCK * BLOCK;
    double va = (double)saa / n - (double)sa / n * ((double)sa / n);
    double vb = (double)sbb / n - (double)sb / n * ((double)sb / n);
    if (va < 36) { /* a deviation below 6 levels is no texture */
        return false;
    }
    *out = ((double)sab / n - (double)sa / n * ((double)sb / n)) / sqrt(va * fmax(vb, 1));
    return true;
}

static struct agreement measure_agreement(const lk_image *a, const lk_image *b,
                                          const lk_image *valid) {
    struct agreement g = {0};
    double sum = 0, good = 0, covered = 0;
    for (int32_t y = 0; y + BLOCK <= a->height; y += BLOCK) {
        for (int32_t x = 0; x + BLOCK <= a->width; x += BLOCK) {
            double c;
            if (block_correlation(&c, a, b, valid, x, y)) {
                g.blocks++;
                sum += c;
                good += c > 0.5;
            }
        }
    }
    for (int32_t y = 0; y < valid->height; y++) {
        for (int32_t x = 0; x < valid->width; x++) {
            covered += image_row(valid, y)[x] != 0;
        }
    }
    g.mean = g.blocks ? sum / g.blocks : 0;
    g.share = g.blocks ? good / g.blocks : 0;
    g.covered = covered / ((double)valid->width * valid->height);
    return g;
}

/* The pair at work size: a as it is, b warped by the map of the moment. */
struct work {
    lk_engine *engine;
    lk_image a;        /* owned: reduced reference */
    lk_image reduced;  /* owned: the photo at about that scale; empty where it is no finer */
    const lk_image *b; /* the photo, or reduced */
    double from_b[9];  /* pixels of b to full pixels of the photo */
    double to_work[9]; /* full pixels of the reference to pixels of a */
    struct plane na;   /* a, contrast normalised */
};

static lk_status work_warp(lk_image *warped, lk_image *valid, const struct work *w,
                           const double h[9], lk_error *err) {
    double to[9];
    homography_multiply(to, w->to_work, h);
    homography_multiply(to, to, w->from_b);
    return image_warp(warped, valid, w->engine, w->b, to, w->a.width, w->a.height, err);
}

/* Median of |r| over the valid pixels of every second row, from a histogram of 1/64 steps: the scale of the Tukey weights. */
static double median_residual(const struct plane *na, const struct plane *nb,
                              const lk_image *valid) {
    enum { BINS = 512 };
    int32_t bins[BINS] = {0}, total = 0, seen = 0;
    for (int32_t y = 0; y < na->height; y += 2) {
        const float *a = plane_row(na, y), *b = plane_row(nb, y);
        const uint8_t *v = image_row(valid, y);
        for (int32_t x = 0; x < na->width; x++) {
            float r = fabsf(b[x] - a[x]) * 64;
            int32_t counts = v[x] != 0;
            bins[r < BINS - 1 ? (int32_t)r : BINS - 1] += counts;
            total += counts;
        }
    }
    int32_t i = 0;
    for (; i < BINS - 1 && seen + bins[i] < total / 2; i++) {
        seen += bins[i];
    }
    return (i + 0.5) / 64;
}

struct normal_equations {
    double matrix[PARAMETERS * PARAMETERS], right[PARAMETERS];
};

/* A parameter moves a pixel by x_by p^x_power along and y_by p^y_power down, p its coordinate along the row. */
struct motion {
    double x_by, y_by;
    int32_t x_power, y_power;
};

/* Adds the sums of a row at the height py: products of two motions are powers of p again. */
static void add_sums(struct normal_equations *e, const double sums[REFINE_SUMS], double py) {
    const double *xx = sums, *xy = sums + REFINE_POWERS, *yy = sums + 2 * REFINE_POWERS;
    const double *rx = sums + 3 * REFINE_POWERS, *ry = rx + 3;
    const struct motion m[PARAMETERS] = {{1, 0, 1, 0},    {py, 0, 0, 0},        {1, 0, 0, 0},
                                         {0, 1, 0, 1},    {0, py, 0, 0},        {0, 1, 0, 0},
                                         {-1, -py, 2, 1}, {-py, -py * py, 1, 0}};
    for (int32_t i = 0; i < PARAMETERS; i++) {
        for (int32_t k = 0; k <= i; k++) {
            const struct motion *f = &m[i], *g = &m[k];
            e->matrix[i * PARAMETERS + k] += f->x_by * g->x_by * xx[f->x_power + g->x_power] +
                                             f->x_by * g->y_by * xy[f->x_power + g->y_power] +
                                             f->y_by * g->x_by * xy[f->y_power + g->x_power] +
                                             f->y_by * g->y_by * yy[f->y_power + g->y_power];
        }
        e->right[i] += m[i].x_by * rx[m[i].x_power] + m[i].y_by * ry[m[i].y_power];
    }
}

/* Adds one row of pixels. Coordinates are scaled to about -1..1 by unit, to keep the system well conditioned. */
static void add_row(struct normal_equations *e, const struct work *w, const struct plane *nb,
                    const lk_image *valid, int32_t y, double unit, double tukey) {
    const struct plane *na = &w->na;
    float lanes[REFINE_SUMS][REFINE_LANES] = {{0}};
    double sums[REFINE_SUMS] = {0};
    const struct refine_row row = {.a = plane_row(na, y),
                                   .a_up = plane_row(na, y - 1),
                                   .a_down = plane_row(na, y + 1),
                                   .b = plane_row(nb, y),
                                   .b_up = plane_row(nb, y - 1),
                                   .b_down = plane_row(nb, y + 1),
                                   .valid = image_row(valid, y),
                                   .first = (float)((1 - na->width / 2.0) * unit),
                                   .step = (float)unit,
                                   .limit = (float)tukey};
    w->engine->kernels.refine.add(lanes, &row, (size_t)na->width);
    for (int32_t i = 0; i < REFINE_SUMS; i++) {
        for (int32_t k = 0; k < REFINE_LANES; k++) {
            sums[i] += lanes[i][k];
        }
    }
    add_sums(e, sums, (y - na->height / 2.0) * unit);
}

/* The map D(p) in pixels of the work picture. The parameters move points by pixels for centred coordinates in -1..1. */
static void increment_map(double d[9], const double p[PARAMETERS], const struct work *w,
                          double unit) {
    double cx = w->a.width / 2.0, cy = w->a.height / 2.0;
    const double in[9] = {unit, 0, -cx * unit, 0, unit, -cy * unit, 0, 0, 1};
    const double out[9] = {1 / unit, 0, cx, 0, 1 / unit, cy, 0, 0, 1};
    const double centred[9] = {1 + p[0] * unit, p[1] * unit,     p[2] * unit,
                               p[3] * unit,     1 + p[4] * unit, p[5] * unit,
                               p[6] * unit,     p[7] * unit,     1};
    homography_multiply(d, centred, in);
    homography_multiply(d, out, d);
}

/* How far d moves the farthest corner of the work picture. */
static double corner_motion(const double d[9], const struct work *w) {
    double most = 0;
    for (int32_t i = 0; i < 4; i++) {
        double cx = i % 2 ? w->a.width : 0, cy = i / 2 ? w->a.height : 0, x = 1e9, y = 1e9;
        homography_apply(&x, &y, d, cx, cy);
        most = fmax(most, hypot(x - cx, y - cy));
    }
    return most;
}

/* One Gauss-Newton step on h; *moved is how far it took the corners, in pixels of the work picture (0: it stopped). */
static lk_status step(double h[9], double *moved, const struct work *w, lk_error *err) {
    lk_image warped = {0}, valid = {0};
    struct plane nb = {0};
    struct normal_equations e = {0};
    double unit = 2.0 / MAX(w->a.width, w->a.height);
    *moved = 0;
    lk_status status = work_warp(&warped, &valid, w, h, err);
    if (status == LK_OK) {
        status = contrast_normalise(&nb, w->engine, &warped, WINDOW, err);
    }
    if (status == LK_OK) {
        double tukey = fmax(median_residual(&w->na, &nb, &valid) * 1.4826 * 4.685, 0.2);
        for (int32_t y = 1; y + 1 < w->a.height; y++) {
            add_row(&e, w, &nb, &valid, y, unit, tukey);
        }
    }
    if (status == LK_OK && solve_positive(e.matrix, e.right, PARAMETERS)) {
        double d[9], from_work[9];
        increment_map(d, e.right, w, unit);
        *moved = corner_motion(d, w);
        if (*moved < w->a.width / 8.0 && homography_invert(from_work, w->to_work)) {
            homography_multiply(d, d, w->to_work);
            homography_multiply(d, from_work, d);
            homography_multiply(h, d, h);
        } else {
            *moved = 0;
        }
    }
    plane_release(&nb);
    lk_image_release(&warped);
    lk_image_release(&valid);
    return status;
}

static lk_status agreement_of(struct agreement *out, const struct work *w, const double h[9],
                              lk_error *err) {
    lk_image warped = {0}, valid = {0};
    lk_status status = work_warp(&warped, &valid, w, h, err);
    if (status == LK_OK) {
        *out = measure_agreement(&w->a, &warped, &valid);
    }
    lk_image_release(&warped);
    lk_image_release(&valid);
    return status;
}

/* Brings the photo to about the scale of a once, as every step would: h hardly moves from then on. */
static lk_status reduce_photo(struct work *w, const double h[9], lk_error *err) {
    double to[9];
    homography_multiply(to, w->to_work, h);
    homography_multiply(to, to, w->from_b);
    double factor = image_warp_reduction(to, w->a.width, w->a.height);
    if (factor <= 1) {
        return LK_OK;
    }
    const lk_image *full = w->b;
    int32_t width = MAX((int32_t)lround(full->width / factor), 1),
            height = MAX((int32_t)lround(full->height / factor), 1);
    double sx = (double)full->width / width, sy = (double)full->height / height;
    const double from[9] = {sx, 0, 0.5 * sx - 0.5, 0, sy, 0.5 * sy - 0.5, 0, 0, 1};
    homography_multiply(w->from_b, w->from_b, from);
    w->b = &w->reduced;
    return image_resize(&w->reduced, w->engine, full, width, height, RESIZE_BILINEAR, err);
}

/* finer: another of the same pair, whose photo has all the detail that is wanted; or NULL. */
static lk_status work_open(struct work *w, lk_engine *engine, const lk_image *a, const lk_image *b,
                           const struct work *finer, const double h[9], int32_t side,
                           lk_error *err) {
    *w = (struct work){.engine = engine, .b = b, .from_b = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    if (finer) {
        w->b = finer->b;
        memcpy(w->from_b, finer->from_b, sizeof w->from_b);
    }
    double scale = fmin(1, (double)side / MAX(a->width, a->height));
    int32_t width = MAX((int32_t)lround(a->width * scale), 1),
            height = MAX((int32_t)lround(a->height * scale), 1);
    double sx = (double)width / a->width, sy = (double)height / a->height;
    const double to[9] = {sx, 0, 0.5 * sx - 0.5, 0, sy, 0.5 * sy - 0.5, 0, 0, 1};
    memcpy(w->to_work, to, sizeof to);
    lk_status status = image_resize(&w->a, engine, a, width, height, RESIZE_BILINEAR, err);
    status = status == LK_OK ? reduce_photo(w, h, err) : status;
    return status == LK_OK ? contrast_normalise(&w->na, engine, &w->a, WINDOW, err) : status;
}

static void work_close(struct work *w) {
    lk_image_release(&w->a);
    lk_image_release(&w->reduced);
    plane_release(&w->na);
}

/* Steps at one size until they move nothing. */
static lk_status descend(double h[9], const struct work *w, lk_error *err) {
    lk_status status = LK_OK;
    double moved = 1;
    for (int32_t i = 0; status == LK_OK && i < ITERATIONS && moved > 0.02; i++) {
        status = step(h, &moved, w, err);
    }
    return status;
}

/* From coarse to fine: each pixel of the coarsest size is several of the finest, so that a corner may be far off at first. */
static lk_status refine_coarse(double h[9], const struct work *fine, const lk_image *a,
                               lk_error *err) {
    static const int32_t sides[] = {WORK_SIDE / 4, WORK_SIDE / 2};
    lk_status status = LK_OK;
    for (size_t i = 0; i < ARRAY_COUNT(sides) && status == LK_OK; i++) {
        struct work w;
        status = work_open(&w, fine->engine, a, NULL, fine, h, sides[i], err);
        status = status == LK_OK ? descend(h, &w, err) : status;
        work_close(&w);
    }
    return status;
}

/* How far the maps f and g put a corner of the work picture apart, in its pixels. */
static double maps_apart(const double f[9], const double g[9], const struct work *w) {
    double d[9], from_work[9];
    if (!homography_invert(d, g) || !homography_invert(from_work, w->to_work)) {
        return INFINITY;
    }
    homography_multiply(d, f, d);
    homography_multiply(d, w->to_work, d);
    homography_multiply(d, d, from_work);
    return corner_motion(d, w);
}

/* Descends from `start`, and takes what it leads to where that agrees better. */
static lk_status refine_from(double h[9], struct agreement *out, double start[9],
                             const struct work *w, double covered, lk_error *err) {
    struct agreement after = {0};
    lk_status status = descend(start, w, err);
    status = status == LK_OK ? agreement_of(&after, w, start, err) : status;
    if (status == LK_OK && after.mean > out->mean && after.covered > 0.9 * covered) {
        *out = after;
        memcpy(h, start, 9 * sizeof *h);
    }
    return status;
}

lk_status refine_homography(double h[9], struct agreement *out, lk_engine *engine,
                            const lk_image *a, const lk_image *b, bool move, lk_error *err) {
    struct work w;
    double near[9], coarse[9]; /* from h itself, and by way of the coarse sizes */
    memcpy(near, h, sizeof near);
    memcpy(coarse, h, sizeof coarse);
    lk_status status = work_open(&w, engine, a, b, NULL, h, WORK_SIDE, err);
    status = status == LK_OK ? agreement_of(out, &w, h, err) : status;
    double covered = out->covered;
    if (status == LK_OK && move) {
        status = refine_coarse(coarse, &w, a, err);
        status = status == LK_OK ? refine_from(h, out, near, &w, covered, err) : status;
        bool elsewhere = maps_apart(near, coarse, &w) > one_valley;
        if (status == LK_OK && elsewhere) {
            status = refine_from(h, out, coarse, &w, covered, err);
        }
    }
    work_close(&w);
    return status;
}
