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
#include "base/mem.h"
#include "image/filter.h"

enum { GRID = 24, ROUNDS = 3 };

/* Of a cell and channel, weighted sums, as in kernel_pair.h; then what is fitted to them. */
enum { M_A, M_B, M_BB, M_AB, M_GAIN = M_A, M_OFFSET = M_B };

static const double sigma_px = 1.5; /* of the residual, before it is judged */

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

/* The grid over a picture: cells of side `size` pixels, and where its columns lie between them. */
struct grid {
    int32_t columns, rows;
    double size;
    int32_t width;
    int32_t *cell; /* that a column of pixels lies in */
    int32_t *left; /* the cell whose middle is left of it, */
    float *at;     /* and how far it is from there to the next, 0..1 */
};

static void grid_release(struct grid *g) {
    mem_free(g->cell);
    mem_free(g->left);
    mem_free(g->at);
}

static lk_status grid_new(struct grid *g, int32_t width, int32_t height, lk_error *err) {
    double size = fmax((double)MAX(width, height) / GRID, 1);
    *g = (struct grid){.columns = (int32_t)ceil(width / size),
                       .rows = (int32_t)ceil(height / size),
                       .size = size,
                       .width = width,
                       .cell = mem_alloc((size_t)width, sizeof *g->cell),
                       .left = mem_alloc((size_t)width, sizeof *g->left),
                       .at = mem_alloc((size_t)width, sizeof *g->at)};
    if (!g->cell || !g->left || !g->at) {
        grid_release(g);
        return error_memory(err, (size_t)width * 3 * sizeof *g->at);
    }
    for (int32_t x = 0; x < width; x++) {
        double middle = fmin(fmax((x + 0.5) / size - 0.5, 0), g->columns - 1.0);
        g->cell[x] = MIN((int32_t)(x / size), g->columns - 1);
        g->left[x] = (int32_t)middle;
        g->at[x] = (float)(middle - g->left[x]);
    }
    return LK_OK;
}

/* A value a cell: weight, and four of each channel. */
struct field {
    struct plane weight, of[PAIR_CHANNELS][4];
};

static void field_release(struct field *f) {
    plane_release(&f->weight);
    for (int c = 0; c < PAIR_CHANNELS; c++) {
        for (int i = 0; i < 4; i++) {
            plane_release(&f->of[c][i]);
        }
    }
}

static lk_status field_new(struct field *f, const struct grid *g, lk_error *err) {
    *f = (struct field){0};
    lk_status status = plane_new(&f->weight, g->columns, g->rows, err);
    for (int i = 0; i < 4 * PAIR_CHANNELS && status == LK_OK; i++) {
        status = plane_new(&f->of[i / 4][i % 4], g->columns, g->rows, err);
    }
    return status;
}

/* Sums of columns of one row of cells, brought together. */
static void take_sums(struct field *f, const struct grid *g, const struct pair_sums *sums,
                      int32_t row) {
    for (int i = 0; i < PAIR_MOMENTS; i++) {
        double cells[GRID + 1] = {0};
        for (int32_t x = 0; x < g->width; x++) {
            cells[g->cell[x]] += sums->of[i][x];
        }
        float *to = plane_row(i == 0 ? &f->weight : &f->of[(i - 1) / 4][(i - 1) % 4], row);
        for (int32_t k = 0; k < g->columns; k++) {
            to[k] = (float)cells[k];
        }
    }
}

static lk_status sum_moments(struct field *f, lk_engine *engine, const struct grid *g,
                             const struct opponent *a, const struct opponent *b,
                             const struct plane *weight, lk_error *err) {
    size_t width = (size_t)g->width;
    struct pair_sums sums;
    float *columns = mem_alloc(PAIR_MOMENTS * width, sizeof *columns);
    if (!columns) {
        return error_memory(err, PAIR_MOMENTS * width * sizeof *columns);
    }
    for (size_t i = 0; i < PAIR_MOMENTS; i++) {
        sums.of[i] = columns + i * width;
    }
    for (int32_t row = 0, y = 0; row < g->rows; row++) {
        memset(columns, 0, PAIR_MOMENTS * width * sizeof *columns);
        for (; y < weight->height && (row + 1 == g->rows || y < (row + 1) * g->size); y++) {
            const float *const ra[] = {plane_row(&a->c[0], y), plane_row(&a->c[1], y),
                                       plane_row(&a->c[2], y)};
            const float *const rb[] = {plane_row(&b->c[0], y), plane_row(&b->c[1], y),
                                       plane_row(&b->c[2], y)};
            engine->kernels.pair.add_moments(&sums, ra, rb, plane_row(weight, y), width);
        }
        take_sums(f, g, &sums, row);
    }
    mem_free(columns);
    return LK_OK;
}

static lk_status smooth_cells(struct plane *p, lk_engine *engine, lk_error *err) {
    struct plane smooth;
    lk_status status = filter_gaussian(&smooth, engine, p, GRID / 6.0, 3, BORDER_REFLECT, err);
    if (status == LK_OK) {
        plane_release(p);
        *p = smooth;
    }
    return status;
}

/* Smooths the moments over the grid and leaves gain and offset of each channel. */
static lk_status solve_cells(struct field *f, lk_engine *engine, lk_error *err) {
    const double slack = 4; /* levels^2: a flat cell keeps a gain near 1 */
    lk_status status = smooth_cells(&f->weight, engine, err);
    for (int i = 0; i < 4 * PAIR_CHANNELS && status == LK_OK; i++) {
        status = smooth_cells(&f->of[i / 4][i % 4], engine, err);
    }
    size_t cells = (size_t)f->weight.width * (size_t)f->weight.height;
    for (size_t k = 0; status == LK_OK && k < PAIR_CHANNELS * cells; k++) {
        struct plane *m = f->of[k / cells];
        size_t i = k % cells;
        double w = fmax(f->weight.data[i], 1e-6), a = m[M_A].data[i] / w, b = m[M_B].data[i] / w;
        double variance = m[M_BB].data[i] / w - b * b, covariance = m[M_AB].data[i] / w - a * b;
        double gain = fmin(fmax((covariance + slack) / (fmax(variance, 0) + slack), 0.4), 2.5);
        m[M_GAIN].data[i] = (float)gain;
        m[M_OFFSET].data[i] = (float)(a - gain * b);
    }
    return status;
}

/* The cells at the height of a row of pixels: the value of each, and the rise to the next. */
static void cells_at(float out[][2], const struct plane *cells, int32_t row, float ty) {
    const float *p = plane_row(cells, row), *q = plane_row(cells, MIN(row + 1, cells->height - 1));
    for (int32_t k = 0; k < cells->width; k++) {
        out[k][0] = p[k] + ty * (q[k] - p[k]);
    }
    for (int32_t k = 0; k < cells->width; k++) {
        out[k][1] = out[MIN(k + 1, cells->width - 1)][0] - out[k][0];
    }
}

static void apply_cells(struct opponent *out, lk_engine *engine, const struct opponent *b,
                        const struct field *f, const struct grid *g) {
    for (int32_t k = 0; k < PAIR_CHANNELS * out->c[0].height; k++) {
        int32_t c = k % PAIR_CHANNELS, y = k / PAIR_CHANNELS;
        float gain[GRID + 1][2], offset[GRID + 1][2];
        double fy = fmin(fmax((y + 0.5) / g->size - 0.5, 0), g->rows - 1.0);
        float ty = (float)(fy - (int32_t)fy);
        cells_at(gain, &f->of[c][M_GAIN], (int32_t)fy, ty);
        cells_at(offset, &f->of[c][M_OFFSET], (int32_t)fy, ty);
        for (int32_t x = 0, end; x < g->width; x = end) {
            int32_t left = g->left[x];
            for (end = x + 1; end < g->width && g->left[end] == left;) {
                end++;
            }
            engine->kernels.pair.light(plane_row(&out->c[c], y) + x, plane_row(&b->c[c], y) + x,
                                       g->at + x, gain[left], offset[left], (size_t)(end - x));
        }
    }
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

/* Weights for the next round: 1 where the residual, smoothed by sigma, is ordinary; next to nothing elsewhere. */
static lk_status weigh(struct plane *weight, lk_engine *engine, const struct opponent *a,
                       const struct opponent *b, const lk_image *valid, lk_error *err) {
    struct plane smooth;
    for (int32_t y = 0; y < weight->height; y++) {
        const float *const ra[] = {plane_row(&a->c[0], y), plane_row(&a->c[1], y),
                                   plane_row(&a->c[2], y)};
        const float *const rb[] = {plane_row(&b->c[0], y), plane_row(&b->c[1], y),
                                   plane_row(&b->c[2], y)};
        engine->kernels.pair.distance(plane_row(weight, y), ra, rb, (size_t)weight->width);
    }
    lk_status status = filter_gaussian(&smooth, engine, weight, sigma_px, 3, BORDER_REFLECT, err);
    if (status != LK_OK) {
        return status;
    }
    double limit = fmax(2 * ordinary_residual(&smooth, valid), 4);
    for (int32_t y = 0; y < weight->height; y++) {
        const uint8_t *counts = image_row(valid, y);
        const float *from = plane_row(&smooth, y);
        float *to = plane_row(weight, y), most = (float)limit;
        for (int32_t x = 0; x < weight->width; x++) {
            float ordinary = from[x] < most ? 1.0F : 0.02F;
            to[x] = counts[x] ? ordinary : 0;
        }
    }
    plane_release(&smooth);
    return LK_OK;
}

static lk_status opponent_alike(struct opponent *out, const struct opponent *o, lk_error *err) {
    lk_status status = LK_OK;
    *out = (struct opponent){0};
    for (int i = 0; i < 3 && status == LK_OK; i++) {
        status = plane_new(&out->c[i], o->c[i].width, o->c[i].height, err);
    }
    return status;
}

/* The fit of one pair: the field that brings b to the light of a. */
static lk_status fit_field(struct field *f, lk_engine *engine, const struct grid *g,
                           const struct opponent *a, const struct opponent *b,
                           const lk_image *valid, lk_error *err) {
    struct opponent lit;
    struct plane weight = {0};
    lk_status status = opponent_alike(&lit, b, err);
    status = status == LK_OK ? plane_new(&weight, g->width, valid->height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < valid->height; y++) {
        for (int32_t x = 0; x < g->width; x++) {
            plane_row(&weight, y)[x] = image_row(valid, y)[x] ? 1 : 0;
        }
    }
    for (int round = 0; round < ROUNDS && status == LK_OK; round++) {
        status = sum_moments(f, engine, g, a, b, &weight, err);
        status = status == LK_OK ? solve_cells(f, engine, err) : status;
        if (status == LK_OK && round + 1 < ROUNDS) {
            apply_cells(&lit, engine, b, f, g);
            status = weigh(&weight, engine, a, &lit, valid, err);
        }
    }
    plane_release(&weight);
    opponent_release(&lit);
    return status;
}

lk_status photometric_match(struct opponent *b, lk_engine *engine, const struct opponent *a,
                            const lk_image *valid, lk_error *err) {
    struct opponent out = {0};
    struct field f = {0};
    struct grid g = {0};
    lk_status status = grid_new(&g, valid->width, valid->height, err);
    status = status == LK_OK ? field_new(&f, &g, err) : status;
    status = status == LK_OK ? fit_field(&f, engine, &g, a, b, valid, err) : status;
    status = status == LK_OK ? opponent_alike(&out, b, err) : status;
    if (status == LK_OK) {
        apply_cells(&out, engine, b, &f, &g);
        opponent_release(b);
        *b = out;
    } else {
        opponent_release(&out);
    }
    field_release(&f);
    grid_release(&g);
    return status;
}
