/* SPDX-License-Identifier: Apache-2.0 */
/* A difference is what the pair itself cannot explain. What it can explain is learned from it:
 *
 *   light     the photo is brought to the light of the reference (photometric.c)
 *   blur      the reference is blurred until its edges match the photo's
 *   position  a value counts only as far as it leaves the range of its neighbours one pixel around, in both directions
 *   noise     expected residual = c0 + c1 * gradient, fitted to the 80 % quantile of the residual in eight classes of gradient
 *
 *   z = sqrt(sum over luma and two colour channels of (residual / (expected + floor))^2)
 *
 * and the map is z / (2 * 9) clipped to 1: nine times the expected residual is a difference. The nine was set on 87
 * simulated photos and held on 97 others; docs/algorithms/difference.md has the figures, and what is missed: soft changes where
 * the reference is full of edges, since a residual is expected there. */
#include "verify/difference.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"
#include "image/resize.h"
#include "verify/difference_blur.h"
#include "verify/difference_patch.h"
#include "verify/photometric.h"
#include "verify/quantile.h"

enum { WORK_SIDE = 900, CLASSES = 8, CHANNELS = 3 };

static const double z_limit = 9;
static const double exact_levels = 6; /* the map is full at this many levels; half of it is seen */

/* Per channel: extra smoothing of both pictures (JPEG stores colour at half size) and least expected residual, in levels. */
static const struct {
    double smoothing, floor;
} channel_table[CHANNELS] = {{0.8, 1.2}, {2.0, 0.8}, {2.0, 0.8}};

static lk_status exact_map(lk_map *out, const lk_image *a, const lk_image *b, const lk_image *valid,
                           lk_error *err) {
    struct plane p;
    lk_status status = plane_new(&p, a->width, a->height, err);
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        const uint8_t *pa = image_row(a, y), *pb = image_row(b, y), *pv = image_row(valid, y);
        for (int32_t x = 0; x < a->width; x++, pa += 3, pb += 3) {
            int32_t most = 0;
            for (int c = 0; c < 3; c++) {
                int32_t d = pa[c] - pb[c];
                most = MAX(most, d < 0 ? -d : d);
            }
            plane_row(&p, y)[x] = pv[x] ? (float)fmin(most / exact_levels, 1) : 0;
        }
    }
    *out = (lk_map){.width = p.width, .height = p.height, .data = p.data};
    return status;
}

/* How far each picture leaves the range of the other's neighbours, the larger of the two directions; smoothed. */
static lk_status residual_of(struct plane *out, lk_engine *engine, const struct plane *a,
                             const struct plane *b, lk_error *err) {
    struct plane raw = {0};
    size_t width = (size_t)a->width;
    float *scratch = mem_alloc(4 * width, sizeof *scratch);
    lk_status status = scratch ? LK_OK : error_memory(err, 4 * width * sizeof *scratch);
    status = status == LK_OK ? plane_new(&raw, a->width, a->height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        int32_t up = MAX(y - 1, 0), down = MIN(y + 1, a->height - 1);
        const float *const ra[3] = {plane_row(a, up), plane_row(a, y), plane_row(a, down)};
        const float *const rb[3] = {plane_row(b, up), plane_row(b, y), plane_row(b, down)};
        engine->kernels.pair.beyond(plane_row(&raw, y), ra, rb, scratch, width);
    }
    status =
        status == LK_OK ? filter_gaussian(out, engine, &raw, 1.5, 3, BORDER_MIRROR, err) : status;
    plane_release(&raw);
    mem_free(scratch);
    return status;
}

/* Smoothed gradient magnitude: where edges are, a residual is expected. */
static lk_status gradient_of(struct plane *out, lk_engine *engine, const struct plane *a,
                             lk_error *err) {
    struct plane raw;
    lk_status status = plane_new(&raw, a->width, a->height, err);
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        difference_slopes(plane_row(&raw, y), engine, a, y);
    }
    status =
        status == LK_OK ? filter_gaussian(out, engine, &raw, 2, 3, BORDER_MIRROR, err) : status;
    plane_release(&raw);
    return status;
}

/* expected residual = c[0] + c[1] * gradient */
struct noise_model {
    double c[2];
};

static struct noise_model fit_line(const double *x, const double *y, int32_t n) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int32_t i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        sxy += x[i] * y[i];
    }
    double det = n * sxx - sx * sx;
    double slope = det > 1e-9 ? (n * sxy - sx * sy) / det : 0;
    double start = n > 0 ? (sy - slope * sx) / n : 0;
    return (struct noise_model){.c = {fmax(start, 0), fmax(slope, 0)}};
}

/* What is learnt from: every second row. */
enum { NOISE_ROWS = 2 };

/* A histogram of the gradients, and of the residuals in each eighth of them. */
struct noise_learning {
    struct quantile gradients, residuals[CLASSES];
    double sums[CLASSES];   /* of the gradients */
    uint8_t class_of[BINS]; /* of a gradient, by its bin */
};

static void learn_gradients(struct noise_learning *l, const struct plane *gradient,
                            const lk_image *valid) {
    for (int32_t y = 0; y < gradient->height; y += NOISE_ROWS) {
        const float *row = plane_row(gradient, y);
        const uint8_t *counts = image_row(valid, y);
        for (int32_t x = 0; x < gradient->width; x++) {
            l->gradients.bins[bin_of(row[x])] += counts[x] != 0;
            l->gradients.total += counts[x] != 0;
        }
    }
    int64_t seen = 0;
    for (int32_t i = 0; i < BINS; i++) { /* the class of the middle of the bin */
        int64_t middle = seen + l->gradients.bins[i] / 2;
        l->class_of[i] = (uint8_t)MIN(middle * CLASSES / MAX(l->gradients.total, 1), CLASSES - 1);
        seen += l->gradients.bins[i];
    }
}

static void learn_residuals(struct noise_learning *l, const struct plane *residual,
                            const struct plane *gradient, const lk_image *valid) {
    for (int32_t y = 0; y < gradient->height; y += NOISE_ROWS) {
        const float *slopes = plane_row(gradient, y), *row = plane_row(residual, y);
        const uint8_t *counts = image_row(valid, y);
        for (int32_t x = 0; x < gradient->width; x++) {
            if (counts[x]) {
                int32_t k = l->class_of[bin_of(slopes[x])];
                l->residuals[k].bins[bin_of(row[x])]++;
                l->residuals[k].total++;
                l->sums[k] += slopes[x];
            }
        }
    }
}

static lk_status learn_noise(struct noise_model *out, const struct plane *residual,
                             const struct plane *gradient, const lk_image *valid, lk_error *err) {
    struct noise_learning *l = mem_calloc(1, sizeof *l);
    double x[CLASSES], y[CLASSES];
    if (!l) {
        return error_memory(err, sizeof *l);
    }
    learn_gradients(l, gradient, valid);
    learn_residuals(l, residual, gradient, valid);
    int32_t used = 0;
    for (int32_t i = 0; i < CLASSES; i++) {
        if (l->residuals[i].total >= 50 / NOISE_ROWS) {
            x[used] = l->sums[i] / (double)l->residuals[i].total;
            y[used++] = quantile_at(&l->residuals[i], 0.8);
        }
    }
    *out = fit_line(x, y, used);
    mem_free(l);
    return LK_OK;
}

/* Adds the squared z of one channel to sum. */
static lk_status add_channel(struct plane *sum, lk_engine *engine, const struct plane *a,
                             const struct plane *b, int channel, double blur, const lk_image *valid,
                             lk_error *err) {
    struct plane sa = {0}, sb = {0}, residual = {0}, gradient = {0};
    struct noise_model noise = {{0}};
    double base = channel_table[channel].smoothing;
    lk_status status = filter_gaussian(&sa, engine, a, hypot(blur, base), 4, BORDER_MIRROR, err);
    status =
        status == LK_OK ? filter_gaussian(&sb, engine, b, base, 4, BORDER_MIRROR, err) : status;
    status = status == LK_OK ? residual_of(&residual, engine, &sa, &sb, err) : status;
    status = status == LK_OK ? gradient_of(&gradient, engine, &sa, err) : status;
    status = status == LK_OK ? learn_noise(&noise, &residual, &gradient, valid, err) : status;
    const float line[2] = {(float)(noise.c[0] + channel_table[channel].floor), (float)noise.c[1]};
    for (int32_t y = 0; status == LK_OK && y < sum->height; y++) {
        engine->kernels.pair.add_excess(plane_row(sum, y), plane_row(&residual, y),
                                        plane_row(&gradient, y), line, (size_t)sum->width);
    }
    plane_release(&sa);
    plane_release(&sb);
    plane_release(&residual);
    plane_release(&gradient);
    return status;
}

/* The pair at work size. */
struct pair {
    lk_image a, b, valid;
};

static void pair_release(struct pair *p) {
    lk_image_release(&p->a);
    lk_image_release(&p->b);
    lk_image_release(&p->valid);
}

/* Clears what has anything not valid within `margin` pixels in its row. */
static void shrink_row(uint8_t *row, int32_t width, int32_t margin) {
    int32_t last = -1; /* not valid, in front of x */
    for (int32_t x = 0; x < width; x++) {
        last = row[x] == 255 ? last : x;
        row[x] = row[x] == 255 && x - last <= margin ? 1 : row[x]; /* 1: to be cleared */
    }
    for (int32_t x = width - 1, next = width; x >= 0; x--) {
        next = row[x] == 255 || row[x] == 1 ? next : x;
        row[x] = row[x] == 255 && next - x > margin ? 255 : row[x] == 1 ? 1 : 0;
    }
    for (int32_t x = 0; x < width; x++) {
        row[x] = row[x] == 255 ? 255 : 0;
    }
}

/* Clears valid within `margin` pixels of what is not valid, and of the border. */
static lk_status shrink_valid(lk_image *valid, int32_t margin, lk_error *err) {
    size_t width = (size_t)valid->width;
    int32_t height = valid->height;
    int32_t *near = mem_calloc(width, sizeof *near); /* of the rows around, those not valid there */
    lk_image rows;
    if (!near) {
        return error_memory(err, width * sizeof *near);
    }
    lk_status status = image_clone(&rows, valid, err);
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        shrink_row(image_row(&rows, y), valid->width, margin);
    }
    for (int32_t y = -margin; status == LK_OK && y < height; y++) {
        const uint8_t *in = y + margin < height ? image_row(&rows, y + margin) : NULL;
        const uint8_t *out = y - margin > 0 ? image_row(&rows, y - margin - 1) : NULL;
        for (size_t x = 0; in && x < width; x++) {
            near[x] += in[x] == 0;
        }
        for (size_t x = 0; out && x < width; x++) {
            near[x] -= out[x] == 0;
        }
        bool border = y < margin || y >= height - margin;
        for (size_t x = 0; y >= 0 && x < width; x++) {
            image_row(valid, y)[x] = border || near[x] > 0 ? 0 : 255;
        }
    }
    mem_free(near);
    lk_image_release(&rows);
    return status;
}

static lk_status pair_open(struct pair *p, lk_engine *engine, const lk_image *a, const lk_image *b,
                           const lk_image *valid, enum difference_kind kind, lk_error *err) {
    double scale = fmin(1, (double)WORK_SIDE / MAX(a->width, a->height));
    int32_t width = MAX((int32_t)lround(a->width * scale), 1),
            height = MAX((int32_t)lround(a->height * scale), 1);
    lk_status status = image_resize(&p->a, engine, a, width, height, RESIZE_BILINEAR, err);
    status = status == LK_OK ? image_resize(&p->b, engine, b, width, height, RESIZE_BILINEAR, err)
                             : status;
    status = status == LK_OK
                 ? image_resize(&p->valid, engine, valid, width, height, RESIZE_BILINEAR, err)
                 : status;
    if (status == LK_OK && kind == DIFFERENCE_ALIGNED) {
        /* At most an eighth of the shorter side, so that something is left of a thin reference. */
        int32_t margin = MAX(4, (int32_t)lround(0.012 * MAX(width, height)));
        status = shrink_valid(&p->valid, MIN(margin, MIN(width, height) / 8), err);
    }
    return status;
}

static lk_status photo_map(struct plane *sum, lk_engine *engine, struct pair *p, lk_error *err) {
    struct opponent a = {0}, b = {0};
    double blur = 0;
    lk_status status = opponent_new(&a, &p->a, err);
    status = status == LK_OK ? opponent_new(&b, &p->b, err) : status;
    status = status == LK_OK ? photometric_match(&b, engine, &a, &p->valid, err) : status;
    status =
        status == LK_OK ? difference_blur(&blur, engine, &a.c[0], &b.c[0], &p->valid, err) : status;
    status = status == LK_OK ? plane_new(sum, p->a.width, p->a.height, err) : status;
    if (status == LK_OK) {
        memset(sum->data, 0, (size_t)sum->width * (size_t)sum->height * sizeof *sum->data);
    }
    for (int i = 0; i < CHANNELS && status == LK_OK; i++) {
        status = add_channel(sum, engine, &a.c[i], &b.c[i], i, blur, &p->valid, err);
    }
    status = status == LK_OK
                 ? difference_patches(sum, engine, &a.c[0], &b.c[0], blur, &p->valid, z_limit, err)
                 : status;
    opponent_release(&a);
    opponent_release(&b);
    return status;
}

/* Where the columns of the reference lie in the work picture. */
struct column {
    int32_t left, right, nearest;
    float at; /* between the two */
};

/* Row y of the map from the sums, by bilinear interpolation; blended and spread have room for a row each. */
static void spread_row(float *to, lk_engine *engine, const struct plane *sum, const lk_image *valid,
                       const struct column *columns, int32_t width, double fy, float *blended,
                       float *spread, uint8_t *counts) {
    int32_t top = (int32_t)fy;
    const float *p = plane_row(sum, top), *q = plane_row(sum, MIN(top + 1, sum->height - 1));
    const uint8_t *v = image_row(valid, (int32_t)(fy + 0.5));
    float ty = (float)(fy - top);
    for (int32_t x = 0; x < sum->width; x++) {
        blended[x] = p[x] + ty * (q[x] - p[x]);
    }
    for (int32_t x = 0; x < width; x++) {
        const struct column *c = &columns[x];
        spread[x] = blended[c->left] + c->at * (blended[c->right] - blended[c->left]);
        counts[x] = v[c->nearest];
    }
    engine->kernels.pair.level(to, spread, counts, (float)(1 / (2 * z_limit)), (size_t)width);
}

static lk_status spread_rows(struct plane *full, lk_engine *engine, const struct plane *sum,
                             const lk_image *valid, lk_error *err) {
    size_t width = (size_t)full->width;
    double sx = (double)sum->width / full->width, sy = (double)sum->height / full->height;
    struct column *columns = mem_alloc(width, sizeof *columns);
    float *rows = mem_alloc(3 * width + (size_t)sum->width, sizeof *rows);
    if (!columns || !rows) {
        mem_free(columns);
        mem_free(rows);
        return error_memory(err, width * sizeof *columns);
    }
    for (int32_t x = 0; x < full->width; x++) {
        double fx = fmin(fmax((x + 0.5) * sx - 0.5, 0), sum->width - 1.0);
        int32_t left = (int32_t)fx;
        columns[x] = (struct column){left, MIN(left + 1, sum->width - 1), (int32_t)(fx + 0.5),
                                     (float)(fx - left)};
    }
    for (int32_t y = 0; y < full->height; y++) {
        double fy = fmin(fmax((y + 0.5) * sy - 0.5, 0), sum->height - 1.0);
        spread_row(plane_row(full, y), engine, sum, valid, columns, full->width, fy,
                   rows + 2 * width, rows, (uint8_t *)(rows + width));
    }
    mem_free(columns);
    mem_free(rows);
    return LK_OK;
}

/* z at work size to the map at the size of the reference. */
static lk_status spread_map(lk_map *out, lk_engine *engine, const struct plane *sum,
                            const lk_image *valid, int32_t width, int32_t height, lk_error *err) {
    struct plane full;
    lk_status status = plane_new(&full, width, height, err);
    if (status == LK_OK && (sum->width != width || sum->height != height)) {
        status = spread_rows(&full, engine, sum, valid, err);
    } else {
        for (int32_t y = 0; status == LK_OK && y < height; y++) {
            engine->kernels.pair.level(plane_row(&full, y), plane_row(sum, y), image_row(valid, y),
                                       (float)(1 / (2 * z_limit)), (size_t)width);
        }
    }
    if (status != LK_OK) {
        plane_release(&full);
    }
    *out = (lk_map){.width = full.width, .height = full.height, .data = full.data};
    return status;
}

lk_status difference_map(lk_map *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                         const lk_image *valid, enum difference_kind kind, lk_error *err) {
    *out = (lk_map){0};
    if (kind == DIFFERENCE_EXACT) {
        return exact_map(out, a, b, valid, err);
    }
    struct pair p = {0};
    struct plane sum = {0};
    lk_status status = pair_open(&p, engine, a, b, valid, kind, err);
    status = status == LK_OK ? photo_map(&sum, engine, &p, err) : status;
    status = status == LK_OK ? spread_map(out, engine, &sum, &p.valid, a->width, a->height, err)
                             : status;
    plane_release(&sum);
    pair_release(&p);
    return status;
}
