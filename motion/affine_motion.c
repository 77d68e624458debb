/* SPDX-License-Identifier: Apache-2.0 */
/* Global affine motion in two steps.
 *
 *   blocks  weighted least squares of the vectors of blocks, weights 1 / (1 + (e / s)^2)^2 with s from the median error, ten rounds
 *   pixels  Gauss-Newton on sum w (a(p) - g b(M p) - o)^2 over a grid of pixels, with gain g and offset o for light and the same
 *           weights against what moves otherwise; both pictures smoothed (sigma 1), at a quarter, half and full size
 *
 * (Odobez and Bouthemy 1995; Baker and Matthews 2004.) A step is taken only when it lowers the error, so a picture without
 * texture keeps what the blocks gave. Oracle: known transforms (tests/unit/test_motion.c). */
#include "motion/affine_motion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"
#include "image/resize.h"

enum {
    UNKNOWNS = 8, /* six of the motion, gain and offset */
    BLOCK_ROUNDS = 10,
    PIXEL_ROUNDS = 25,
    PIXELS_MOST = 30000, /* of the grid */
    LEVELS = 3,
    ERROR_BINS = 2048 /* of 1/8 level */
};

static const double settled_px = 0.003;

/* Solves n x n equations in place by elimination with pivots; false where they have no single solution. */
static bool solve(double a[UNKNOWNS][UNKNOWNS + 1], int n) {
    for (int c = 0; c < n; c++) {
        int best = c;
        for (int r = c + 1; r < n; r++) {
            best = fabs(a[r][c]) > fabs(a[best][c]) ? r : best;
        }
        if (!(fabs(a[best][c]) > 1e-9)) {
            return false;
        }
        for (int k = 0; k <= n; k++) {
            double t = a[c][k];
            a[c][k] = a[best][k];
            a[best][k] = t;
        }
        for (int r = 0; r < n; r++) {
            double f = r == c ? 0 : a[r][c] / a[c][c];
            for (int k = c; k <= n; k++) {
                a[r][k] -= f * a[c][k];
            }
        }
    }
    for (int c = 0; c < n; c++) {
        a[c][n] /= a[c][c];
    }
    return true;
}

bool affine_fit(double m[6], const double (*from)[2], const double (*to)[2], const double *weights,
                size_t count) {
    double sums[UNKNOWNS][UNKNOWNS + 1];
    double fitted[6];
    for (int axis = 0; axis < 2; axis++) {
        memset(sums, 0, sizeof sums);
        for (size_t i = 0; i < count; i++) {
            const double v[3] = {from[i][0], from[i][1], 1};
            for (int r = 0; r < 3; r++) {
                for (int c = 0; c < 3; c++) {
                    sums[r][c] += weights[i] * v[r] * v[c];
                }
                sums[r][3] += weights[i] * v[r] * to[i][axis];
            }
        }
        double packed[UNKNOWNS][UNKNOWNS + 1];
        memcpy(packed, sums, sizeof packed);
        if (!solve(packed, 3)) {
            return false;
        }
        for (int c = 0; c < 3; c++) {
            fitted[3 * axis + c] = packed[c][3];
        }
    }
    memcpy(m, fitted, sizeof fitted);
    return true;
}

static void apply(double out[2], const double m[6], double x, double y) {
    out[0] = m[0] * x + m[1] * y + m[2];
    out[1] = m[3] * x + m[4] * y + m[5];
}

static double weight_of(double error, double scale) {
    double t = 1 + error * error / (scale * scale);
    return 1 / (t * t);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The places and ends of the blocks' vectors, and working memory for their errors. */
struct block_points {
    double (*from)[2], (*to)[2], *weights, *errors;
    size_t count;
};

static lk_status points_make(struct block_points *p, const struct block_field *f, lk_error *err) {
    p->count = (size_t)f->columns * (size_t)f->rows;
    p->from = mem_alloc(p->count, sizeof *p->from);
    p->to = mem_alloc(p->count, sizeof *p->to);
    p->weights = mem_alloc(p->count, sizeof *p->weights);
    p->errors = mem_alloc(p->count, 2 * sizeof *p->errors);
    if (!p->from || !p->to || !p->weights || !p->errors) {
        return error_memory(err, p->count * sizeof *p->from);
    }
    for (size_t i = 0; i < p->count; i++) {
        int32_t column = (int32_t)(i % (size_t)f->columns), row = (int32_t)(i / (size_t)f->columns);
        int32_t width = MIN(f->side, f->width - column * f->side);
        int32_t height = MIN(f->side, f->height - row * f->side);
        p->from[i][0] = column * f->side + (width - 1) / 2.0;
        p->from[i][1] = row * f->side + (height - 1) / 2.0;
        p->to[i][0] = p->from[i][0] + f->vectors[i].x / 4.0;
        p->to[i][1] = p->from[i][1] + f->vectors[i].y / 4.0;
        p->weights[i] = 1;
    }
    return LK_OK;
}

static void points_release(struct block_points *p) {
    mem_free(p->from);
    mem_free(p->to);
    mem_free(p->weights);
    mem_free(p->errors);
}

static void fit_blocks(double m[6], struct block_points *p, double *agreeing) {
    size_t near = 0;
    for (int round = 0; round < BLOCK_ROUNDS; round++) {
        if (!affine_fit(m, (const double(*)[2])p->from, (const double(*)[2])p->to, p->weights,
                        p->count)) {
            break;
        }
        near = 0;
        for (size_t i = 0; i < p->count; i++) {
            double at[2];
            apply(at, m, p->from[i][0], p->from[i][1]);
            p->errors[i] = hypot(at[0] - p->to[i][0], at[1] - p->to[i][1]);
            p->errors[p->count + i] = p->errors[i];
            near += p->errors[i] <= 1;
        }
        qsort(p->errors + p->count, p->count, sizeof *p->errors, by_value);
        double scale = fmax(1.5 * p->errors[p->count + p->count / 2], 0.25);
        for (size_t i = 0; i < p->count; i++) {
            p->weights[i] = weight_of(p->errors[i], scale);
        }
    }
    *agreeing = (double)near / (double)p->count;
}

/* One size of the pair, smoothed. */
struct level {
    struct plane a, b;
    int32_t step; /* of the grid of pixels */
};

static lk_status smooth(struct plane *out, lk_engine *engine, const lk_image *gray, double scale,
                        lk_error *err) {
    lk_image small = {0};
    struct plane raw = {0};
    int32_t width = MAX((int32_t)lround(gray->width * scale), 1);
    int32_t height = MAX((int32_t)lround(gray->height * scale), 1);
    lk_status status = image_resize(&small, engine, gray, width, height, RESIZE_BOX, err);
    status = status == LK_OK ? plane_new(&raw, width, height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            plane_row(&raw, y)[x] = image_row(&small, y)[x];
        }
    }
    status =
        status == LK_OK ? filter_gaussian(out, engine, &raw, 1, 3, BORDER_MIRROR, err) : status;
    plane_release(&raw);
    lk_image_release(&small);
    return status;
}

/* Value and gradient between four pixels; false outside. */
static bool sample(double out[3], const struct plane *p, double x, double y) {
    if (!(x >= 1 && y >= 1 && x < p->width - 2 && y < p->height - 2)) {
        return false; /* NaN too, and what no integer holds */
    }
    int32_t x0 = (int32_t)x, y0 = (int32_t)y;
    double fx = x - x0, fy = y - y0;
    double v[3] = {0, 0, 0};
    for (int k = 0; k < 4; k++) {
        const float *row = plane_row(p, y0 + k / 2) + x0 + k % 2;
        double share = (k % 2 ? fx : 1 - fx) * (k / 2 ? fy : 1 - fy);
        v[0] += share * row[0];
        v[1] += share * 0.5 * (row[1] - row[-1]);
        v[2] += share * 0.5 * (row[p->width] - row[-(ptrdiff_t)p->width]);
    }
    memcpy(out, v, sizeof v);
    return true;
}

struct state {
    double m[6], gain, offset;
};

static double error_at(bool *inside, double s[3], const struct level *l, const struct state *t,
                       int32_t x, int32_t y) {
    double at[2];
    apply(at, t->m, x, y);
    *inside = sample(s, &l->b, at[0], at[1]);
    return *inside ? plane_row(&l->a, y)[x] - t->gain * s[0] - t->offset : 0;
}

/* 1.5 times the median error of the grid; *mean: the mean weighted cost. 0 pixels: infinite. */
static double error_scale(const struct level *l, const struct state *t, int64_t *bins) {
    int64_t total = 0, seen = 0;
    memset(bins, 0, ERROR_BINS * sizeof *bins);
    for (int32_t y = 0; y < l->a.height; y += l->step) {
        for (int32_t x = 0; x < l->a.width; x += l->step) {
            double s[3];
            bool inside;
            double e = fabs(error_at(&inside, s, l, t, x, y));
            bins[(int32_t)fmin(e * 8, ERROR_BINS - 1)] += inside;
            total += inside;
        }
    }
    for (int32_t i = 0; i < ERROR_BINS; i++) {
        seen += bins[i];
        if (2 * seen > total) {
            return fmax(1.5 * (i + 0.5) / 8, 1);
        }
    }
    return INFINITY;
}

/* Sum of scale^2 (1 - 1 / (1 + (e / scale)^2)), what the weights minimise, over the pixels inside, and their number. */
static double cost_of(const struct level *l, const struct state *t, double scale) {
    double sum = 0, n = 0;
    for (int32_t y = 0; y < l->a.height; y += l->step) {
        for (int32_t x = 0; x < l->a.width; x += l->step) {
            double s[3];
            bool inside;
            double e = error_at(&inside, s, l, t, x, y);
            double r = e * e / (scale * scale);
            sum += inside ? r / (1 + r) : 0;
            n += inside;
        }
    }
    return n > 100 ? sum / n : INFINITY;
}

static bool step_of(double delta[UNKNOWNS], const struct level *l, const struct state *t,
                    double scale) {
    double sums[UNKNOWNS][UNKNOWNS + 1] = {{0}};
    for (int32_t y = 0; y < l->a.height; y += l->step) {
        for (int32_t x = 0; x < l->a.width; x += l->step) {
            double s[3];
            bool inside;
            double e = error_at(&inside, s, l, t, x, y), w = weight_of(e, scale);
            if (!inside) {
                continue;
            }
            double gx = t->gain * s[1], gy = t->gain * s[2];
            const double v[UNKNOWNS] = {gx * x, gx * y, gx, gy * x, gy * y, gy, s[0], 1};
            for (int r = 0; r < UNKNOWNS; r++) {
                for (int c = r; c < UNKNOWNS; c++) {
                    sums[r][c] += w * v[r] * v[c];
                }
                sums[r][UNKNOWNS] += w * v[r] * e;
            }
        }
    }
    for (int r = 0; r < UNKNOWNS; r++) {
        for (int c = 0; c < r; c++) {
            sums[r][c] = sums[c][r];
        }
    }
    if (!solve(sums, UNKNOWNS)) {
        return false;
    }
    for (int i = 0; i < UNKNOWNS; i++) {
        delta[i] = sums[i][UNKNOWNS];
    }
    return true;
}

static double corner_change(const struct state *from, const struct state *to,
                            const struct plane *p) {
    double most = 0;
    for (int i = 0; i < 4; i++) {
        double x = i % 2 ? p->width : 0, y = i / 2 ? p->height : 0, a[2], b[2];
        apply(a, from->m, x, y);
        apply(b, to->m, x, y);
        most = fmax(most, hypot(a[0] - b[0], a[1] - b[1]));
    }
    return most;
}

static void refine(struct state *t, const struct level *l, int64_t *bins) {
    double scale = error_scale(l, t, bins), cost = cost_of(l, t, scale);
    for (int round = 0; round < PIXEL_ROUNDS && isfinite(cost); round++) {
        double delta[UNKNOWNS];
        struct state next = *t;
        if (!step_of(delta, l, t, scale)) {
            return;
        }
        for (int i = 0; i < 6; i++) {
            next.m[i] += delta[i];
        }
        next.gain += delta[6];
        next.offset += delta[7];
        double now = cost_of(l, &next, scale);
        if (!(now < cost)) {
            return;
        }
        double change = corner_change(t, &next, &l->a);
        *t = next;
        if (change < settled_px) {
            return;
        }
        scale = error_scale(l, t, bins);
        cost = cost_of(l, t, scale);
    }
}

/* The motion in pixels of another size: p' = s p + (s - 1) / 2 for the middles of pixels. */
static void rescale(double m[6], double s) {
    double c = (s - 1) / 2;
    for (int axis = 0; axis < 2; axis++) {
        double *r = m + 3 * axis;
        r[2] = s * r[2] + c - c * (r[0] + r[1]);
    }
}

static lk_status refine_levels(struct state *t, lk_engine *engine, const lk_image *a,
                               const lk_image *b, lk_error *err) {
    lk_status status = LK_OK;
    int64_t *bins = mem_alloc(ERROR_BINS, sizeof *bins);
    status = bins ? LK_OK : error_memory(err, ERROR_BINS * sizeof *bins);
    for (int i = 0; status == LK_OK && i < LEVELS; i++) {
        double scale = pow(0.5, LEVELS - 1 - i);
        struct level l = {.step = 1};
        if (MIN(a->width, a->height) * scale < 16) {
            continue;
        }
        status = smooth(&l.a, engine, a, scale, err);
        status = status == LK_OK ? smooth(&l.b, engine, b, scale, err) : status;
        if (status == LK_OK) {
            while ((double)l.a.width * l.a.height / (l.step * l.step) > PIXELS_MOST) {
                l.step++;
            }
            rescale(t->m, scale);
            refine(t, &l, bins);
            rescale(t->m, 1 / scale);
        }
        plane_release(&l.a);
        plane_release(&l.b);
    }
    mem_free(bins);
    return status;
}

lk_status affine_motion_find(struct affine_motion *out, lk_engine *engine, const lk_image *a,
                             const lk_image *b, const struct block_field *field, lk_error *err) {
    struct block_points points = {0};
    struct state t = {.m = {1, 0, 0, 0, 1, 0}, .gain = 1};
    *out = (struct affine_motion){.m = {1, 0, 0, 0, 1, 0}};
    lk_status status = points_make(&points, field, err);
    if (status == LK_OK) {
        fit_blocks(t.m, &points, &out->agreeing);
        status = refine_levels(&t, engine, a, b, err);
    }
    memcpy(out->m, t.m, sizeof out->m);
    points_release(&points);
    return status;
}
