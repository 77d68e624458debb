/* SPDX-License-Identifier: Apache-2.0 */
/* A field of linear maps b -> gain * b + offset, one a cell of a coarse grid, fitted by weighted least squares to everything
 * within about a sixth of the picture, and interpolated between cells:
 *
 *   gain = (cov(a, b) + e) / (var(b) + e), bounded; offset = mean(a) - gain * mean(b); moments over a Gaussian window
 *
 * Three rounds; after each, pixels whose residual is out of the ordinary lose their weight, so that a changed region does not
 * set the light of what lies around it. */
#include "verify/photometric.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/filter.h"

enum { GRID = 24, ROUNDS = 3, MOMENTS = 5 };

/* Of a cell: weight, and weighted sums of a, b, b*b, a*b. */
enum { M_W, M_A, M_B, M_BB, M_AB };

void opponent_release(struct opponent *o) {
    for (int i = 0; i < 3; i++) {
        plane_release(&o->c[i]);
    }
}

lk_status opponent_new(struct opponent *out, const lk_image *rgb, lk_error *err) {
    *out = (struct opponent){0};
    lk_status status = LK_OK;
    for (int i = 0; i < 3 && status == LK_OK; i++) {
        status = plane_new(&out->c[i], rgb->width, rgb->height, err);
    }
    if (status != LK_OK) {
        opponent_release(out);
        return status;
    }
    for (int32_t y = 0; y < rgb->height; y++) {
        const uint8_t *p = image_row(rgb, y);
        for (int32_t x = 0; x < rgb->width; x++, p += 3) {
            float r = p[0], g = p[1], b = p[2];
            plane_row(&out->c[0], y)[x] = 0.299f * r + 0.587f * g + 0.114f * b;
            plane_row(&out->c[1], y)[x] = 0.5f * (r - g);
            plane_row(&out->c[2], y)[x] = 0.5f * (b - 0.5f * (r + g));
        }
    }
    return LK_OK;
}

/* The grid over a picture: cells of side `size` pixels. */
struct grid {
    int32_t columns, rows;
    double size;
};

static struct grid grid_for(const struct plane *p) {
    double size = fmax((double)MAX(p->width, p->height) / GRID, 1);
    return (struct grid){.columns = (int32_t)ceil(p->width / size),
                         .rows = (int32_t)ceil(p->height / size),
                         .size = size};
}

static void sum_moments(struct plane m[MOMENTS], const struct grid *g, const struct plane *a,
                        const struct plane *b, const struct plane *weight) {
    for (int i = 0; i < MOMENTS; i++) {
        memset(m[i].data, 0, (size_t)g->columns * (size_t)g->rows * sizeof *m[i].data);
    }
    for (int32_t y = 0; y < a->height; y++) {
        size_t row = (size_t)((int32_t)(y / g->size)) * (size_t)g->columns;
        for (int32_t x = 0; x < a->width; x++) {
            size_t cell = row + (size_t)(x / g->size);
            float w = plane_row(weight, y)[x], va = plane_row(a, y)[x], vb = plane_row(b, y)[x];
            m[M_W].data[cell] += w;
            m[M_A].data[cell] += w * va;
            m[M_B].data[cell] += w * vb;
            m[M_BB].data[cell] += w * vb * vb;
            m[M_AB].data[cell] += w * va * vb;
        }
    }
}

/* Smooths the moments over the grid and leaves the gain in m[M_A], the offset in m[M_B]. */
static lk_status solve_cells(struct plane m[MOMENTS], lk_engine *engine, lk_error *err) {
    const double window = GRID / 6.0,
                 slack = 4; /* slack: levels^2, a flat cell keeps a gain near 1 */
    for (int i = 0; i < MOMENTS; i++) {
        struct plane smooth;
        lk_status status = filter_gaussian(&smooth, engine, &m[i], window, 3, BORDER_REFLECT, err);
        if (status != LK_OK) {
            return status;
        }
        plane_release(&m[i]);
        m[i] = smooth;
    }
    for (size_t i = 0; i < (size_t)m[0].width * (size_t)m[0].height; i++) {
        double w = fmax(m[M_W].data[i], 1e-6), a = m[M_A].data[i] / w, b = m[M_B].data[i] / w;
        double variance = m[M_BB].data[i] / w - b * b, covariance = m[M_AB].data[i] / w - a * b;
        double gain = fmin(fmax((covariance + slack) / (fmax(variance, 0) + slack), 0.4), 2.5);
        m[M_A].data[i] = (float)gain;
        m[M_B].data[i] = (float)(a - gain * b);
    }
    return LK_OK;
}

static float interpolate(const struct plane *cells, int32_t column, int32_t row, float tx,
                         float ty) {
    int32_t right = MIN(column + 1, cells->width - 1), below = MIN(row + 1, cells->height - 1);
    const float *p = plane_row(cells, row), *q = plane_row(cells, below);
    float top = p[column] + tx * (p[right] - p[column]),
          bottom = q[column] + tx * (q[right] - q[column]);
    return top + ty * (bottom - top);
}

static void apply_cells(struct plane *out, const struct plane *b, const struct plane *gain,
                        const struct plane *offset, double size) {
    for (int32_t y = 0; y < b->height; y++) {
        double fy = fmin(fmax((y + 0.5) / size - 0.5, 0), gain->height - 1.0);
        for (int32_t x = 0; x < b->width; x++) {
            double fx = fmin(fmax((x + 0.5) / size - 0.5, 0), gain->width - 1.0);
            int32_t column = (int32_t)fx, row = (int32_t)fy;
            float tx = (float)(fx - column), ty = (float)(fy - row);
            plane_row(out, y)[x] = interpolate(gain, column, row, tx, ty) * plane_row(b, y)[x] +
                                   interpolate(offset, column, row, tx, ty);
        }
    }
}

static lk_status match_channel(struct plane *out, lk_engine *engine, const struct plane *a,
                               const struct plane *b, const struct plane *weight, lk_error *err) {
    struct grid g = grid_for(a);
    struct plane m[MOMENTS] = {{0}};
    lk_status status = LK_OK;
    for (int i = 0; i < MOMENTS && status == LK_OK; i++) {
        status = plane_new(&m[i], g.columns, g.rows, err);
    }
    if (status == LK_OK) {
        sum_moments(m, &g, a, b, weight);
        status = solve_cells(m, engine, err);
    }
    if (status == LK_OK) {
        apply_cells(out, b, &m[M_A], &m[M_B], g.size);
    }
    for (int i = 0; i < MOMENTS; i++) {
        plane_release(&m[i]);
    }
    return status;
}

/* The value below which 70 % of the valid residuals lie, from a histogram of quarter levels. */
static double ordinary_residual(const struct plane *residual, const lk_image *valid) {
    enum { BINS = 1024 };
    int64_t bins[BINS] = {0}, total = 0, seen = 0;
    for (int32_t y = 0; y < residual->height; y++) {
        for (int32_t x = 0; x < residual->width; x++) {
            if (image_row(valid, y)[x]) {
                bins[MIN((int32_t)(plane_row(residual, y)[x] * 4), (int32_t)BINS - 1)]++;
                total++;
            }
        }
    }
    int32_t i = 0;
    while (i < BINS - 1 && (seen += bins[i]) * 10 < total * 7) {
        i++;
    }
    return (i + 1) / 4.0;
}

/* Weights for the next round: 1 where the residual, smoothed, is ordinary; next to nothing elsewhere. */
static lk_status weigh(struct plane *weight, lk_engine *engine, const struct opponent *a,
                       const struct opponent *b, const lk_image *valid, lk_error *err) {
    struct plane smooth;
    for (int32_t y = 0; y < weight->height; y++) {
        for (int32_t x = 0; x < weight->width; x++) {
            float sum = 0;
            for (int i = 0; i < 3; i++) {
                float d = plane_row(&b->c[i], y)[x] - plane_row(&a->c[i], y)[x];
                sum += d * d;
            }
            plane_row(weight, y)[x] = sqrtf(sum);
        }
    }
    lk_status status = filter_gaussian(&smooth, engine, weight, 1.5, 3, BORDER_REFLECT, err);
    if (status != LK_OK) {
        return status;
    }
    double limit = fmax(2 * ordinary_residual(&smooth, valid), 4);
    for (int32_t y = 0; y < weight->height; y++) {
        for (int32_t x = 0; x < weight->width; x++) {
            float ordinary = plane_row(&smooth, y)[x] < limit ? 1.0f : 0.02f;
            plane_row(weight, y)[x] = image_row(valid, y)[x] ? ordinary : 0;
        }
    }
    plane_release(&smooth);
    return LK_OK;
}

lk_status photometric_match(struct opponent *b, lk_engine *engine, const struct opponent *a,
                            const lk_image *valid, lk_error *err) {
    struct opponent out = {0};
    struct plane weight = {0};
    int32_t width = a->c[0].width, height = a->c[0].height;
    lk_status status = plane_new(&weight, width, height, err);
    for (int i = 0; i < 3 && status == LK_OK; i++) {
        status = plane_new(&out.c[i], width, height, err);
    }
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            plane_row(&weight, y)[x] = image_row(valid, y)[x] ? 1 : 0;
        }
    }
    for (int round = 0; round < ROUNDS && status == LK_OK; round++) {
        for (int i = 0; i < 3 && status == LK_OK; i++) {
            status = match_channel(&out.c[i], engine, &a->c[i], &b->c[i], &weight, err);
        }
        if (status == LK_OK && round + 1 < ROUNDS) {
            status = weigh(&weight, engine, a, &out, valid, err);
        }
    }
    plane_release(&weight);
    if (status != LK_OK) {
        opponent_release(&out);
        return status;
    }
    opponent_release(b);
    *b = out;
    return LK_OK;
}
