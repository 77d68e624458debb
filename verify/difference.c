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
#include "verify/photometric.h"

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

/* The q-quantile of the values selected, by a histogram of 1/32 steps up to 256. */
struct quantile {
    int64_t bins[8192], total;
};

static void quantile_add(struct quantile *q, double v) {
    q->bins[(int32_t)fmin(fmax(v, 0) * 32, 8191)]++;
    q->total++;
}

static double quantile_at(const struct quantile *q, double share) {
    int64_t seen = 0;
    for (int32_t i = 0; i < 8192; i++) {
        seen += q->bins[i];
        if ((double)seen >= share * (double)q->total) {
            return (i + 0.5) / 32;
        }
    }
    return 256;
}

/* |gradient| by Sobel / 4: levels a pixel. */
static float gradient_at(const struct plane *p, int32_t x, int32_t y) {
    int32_t left = MAX(x - 1, 0), right = MIN(x + 1, p->width - 1);
    const float *up = plane_row(p, MAX(y - 1, 0)), *row = plane_row(p, y),
                *down = plane_row(p, MIN(y + 1, p->height - 1));
    float gx = up[right] - up[left] + 2 * (row[right] - row[left]) + down[right] - down[left];
    float gy = down[left] - up[left] + 2 * (down[x] - up[x]) + down[right] - up[right];
    return 0.25f * sqrtf(gx * gx + gy * gy);
}

/* Median of |blurred a - b| where a has detail. */
static double blur_misfit(const struct plane *a, const struct plane *b, const struct plane *detail,
                          double least, const lk_image *valid, struct quantile *q) {
    memset(q, 0, sizeof *q);
    for (int32_t y = 0; y < a->height; y++) {
        for (int32_t x = 0; x < a->width; x++) {
            if (image_row(valid, y)[x] && plane_row(detail, y)[x] > least) {
                quantile_add(q, fabsf(plane_row(a, y)[x] - plane_row(b, y)[x]));
            }
        }
    }
    return quantile_at(q, 0.5);
}

/* The sigma that makes the luma of a look like b. */
static lk_status estimate_blur(double *sigma, lk_engine *engine, const struct plane *a,
                               const struct plane *b, const lk_image *valid, lk_error *err) {
    static const double tries[] = {0, 0.5, 0.7, 0.9, 1.2, 1.6, 2.1, 2.8};
    struct plane detail = {0}, blurred = {0};
    struct quantile *q = mem_calloc(1, sizeof *q);
    lk_status status =
        q ? plane_new(&detail, a->width, a->height, err) : error_memory(err, sizeof *q);
    double best = INFINITY, least = 0;
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        for (int32_t x = 0; x < a->width; x++) {
            plane_row(&detail, y)[x] = gradient_at(a, x, y);
            quantile_add(q, plane_row(&detail, y)[x]);
        }
    }
    if (status == LK_OK) {
        least = quantile_at(q, 0.6);
    }
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(tries); i++) {
        status = filter_gaussian(&blurred, engine, a, tries[i], 4, BORDER_MIRROR, err);
        if (status == LK_OK) {
            double misfit = blur_misfit(&blurred, b, &detail, least, valid, q);
            if (misfit < best) {
                best = misfit;
                *sigma = tries[i];
            }
            plane_release(&blurred);
        }
    }
    plane_release(&detail);
    mem_free(q);
    return status;
}

static float beyond(float v, float low, float high) {
    return v > high ? v - high : v < low ? low - v : 0;
}

/* How far each picture leaves the range of the other's neighbours, the larger of the two directions; smoothed. */
static lk_status residual_of(struct plane *out, lk_engine *engine, const struct plane *a,
                             const struct plane *b, lk_error *err) {
    struct plane low_a = {0}, high_a = {0}, low_b = {0}, high_b = {0}, raw = {0};
    lk_status status = filter_min_max(&low_a, &high_a, a, 1, err);
    status = status == LK_OK ? filter_min_max(&low_b, &high_b, b, 1, err) : status;
    status = status == LK_OK ? plane_new(&raw, a->width, a->height, err) : status;
    for (size_t i = 0; status == LK_OK && i < (size_t)a->width * (size_t)a->height; i++) {
        float forth = beyond(b->data[i], low_a.data[i], high_a.data[i]);
        float back = beyond(a->data[i], low_b.data[i], high_b.data[i]);
        raw.data[i] = MAX(forth, back);
    }
    status =
        status == LK_OK ? filter_gaussian(out, engine, &raw, 1.5, 3, BORDER_MIRROR, err) : status;
    plane_release(&low_a);
    plane_release(&high_a);
    plane_release(&low_b);
    plane_release(&high_b);
    plane_release(&raw);
    return status;
}

/* Smoothed gradient magnitude: where edges are, a residual is expected. */
static lk_status gradient_of(struct plane *out, lk_engine *engine, const struct plane *a,
                             lk_error *err) {
    struct plane raw;
    lk_status status = plane_new(&raw, a->width, a->height, err);
    if (status != LK_OK) {
        return status;
    }
    for (int32_t y = 0; y < a->height; y++) {
        for (int32_t x = 0; x < a->width; x++) {
            plane_row(&raw, y)[x] = gradient_at(a, x, y);
        }
    }
    status = filter_gaussian(out, engine, &raw, 2, 3, BORDER_MIRROR, err);
    plane_release(&raw);
    return status;
}

/* expected residual = c[0] + c[1] * gradient */
struct noise_model {
    double c[2];
};

/* The class of gradient a value falls in; limits are the seven inner octiles. */
static int32_t class_of(const double limits[CLASSES - 1], double gradient) {
    int32_t i = 0;
    while (i < CLASSES - 1 && gradient > limits[i]) {
        i++;
    }
    return i;
}

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

static lk_status learn_noise(struct noise_model *out, const struct plane *residual,
                             const struct plane *gradient, const lk_image *valid, lk_error *err) {
    struct quantile *q =
        mem_calloc(CLASSES + 1, sizeof *q); /* the last is of the gradient itself */
    if (!q) {
        return error_memory(err, (CLASSES + 1) * sizeof *q);
    }
    double limits[CLASSES - 1], sums[CLASSES] = {0}, x[CLASSES], y[CLASSES];
    size_t n = (size_t)residual->width * (size_t)residual->height;
    for (size_t i = 0; i < n; i++) {
        if (valid->data[i]) {
            quantile_add(&q[CLASSES], gradient->data[i]);
        }
    }
    for (int32_t i = 0; i < CLASSES - 1; i++) {
        limits[i] = quantile_at(&q[CLASSES], (i + 1.0) / CLASSES);
    }
    for (size_t i = 0; i < n; i++) {
        if (valid->data[i]) {
            int32_t k = class_of(limits, gradient->data[i]);
            quantile_add(&q[k], residual->data[i]);
            sums[k] += gradient->data[i];
        }
    }
    int32_t used = 0;
    for (int32_t i = 0; i < CLASSES; i++) {
        if (q[i].total >= 50) {
            x[used] = sums[i] / (double)q[i].total;
            y[used++] = quantile_at(&q[i], 0.8);
        }
    }
    *out = fit_line(x, y, used);
    mem_free(q);
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
    for (size_t i = 0; status == LK_OK && i < (size_t)sum->width * (size_t)sum->height; i++) {
        double expected = noise.c[0] + noise.c[1] * gradient.data[i] + channel_table[channel].floor;
        double z = residual.data[i] / expected;
        sum->data[i] += (float)(z * z);
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

/* Clears valid within `margin` pixels of what is not valid, and of the border. */
static lk_status shrink_valid(lk_image *valid, int32_t margin, lk_error *err) {
    struct plane p = {0}, low = {0}, high = {0};
    lk_status status = plane_new(&p, valid->width, valid->height, err);
    for (int32_t y = 0; status == LK_OK && y < valid->height; y++) {
        for (int32_t x = 0; x < valid->width; x++) {
            plane_row(&p, y)[x] = image_row(valid, y)[x];
        }
    }
    status = status == LK_OK ? filter_min_max(&low, &high, &p, margin, err) : status;
    for (int32_t y = 0; status == LK_OK && y < valid->height; y++) {
        for (int32_t x = 0; x < valid->width; x++) {
            bool border = x < margin || y < margin || x >= valid->width - margin ||
                          y >= valid->height - margin;
            image_row(valid, y)[x] = border || plane_row(&low, y)[x] < 255 ? 0 : 255;
        }
    }
    plane_release(&p);
    plane_release(&low);
    plane_release(&high);
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
        status == LK_OK ? estimate_blur(&blur, engine, &a.c[0], &b.c[0], &p->valid, err) : status;
    status = status == LK_OK ? plane_new(sum, p->a.width, p->a.height, err) : status;
    if (status == LK_OK) {
        memset(sum->data, 0, (size_t)sum->width * (size_t)sum->height * sizeof *sum->data);
    }
    for (int i = 0; i < CHANNELS && status == LK_OK; i++) {
        status = add_channel(sum, engine, &a.c[i], &b.c[i], i, blur, &p->valid, err);
    }
    opponent_release(&a);
    opponent_release(&b);
    return status;
}

/* z at work size to the map at the size of the reference, by bilinear interpolation. */
static lk_status spread_map(lk_map *out, const struct plane *sum, const lk_image *valid,
                            int32_t width, int32_t height, lk_error *err) {
    struct plane full;
    lk_status status = plane_new(&full, width, height, err);
    if (status != LK_OK) {
        return status;
    }
    double sx = (double)sum->width / width, sy = (double)sum->height / height;
    for (int32_t y = 0; y < height; y++) {
        double fy = fmin(fmax((y + 0.5) * sy - 0.5, 0), sum->height - 1.0);
        int32_t top = (int32_t)fy, below = MIN(top + 1, sum->height - 1);
        float ty = (float)(fy - top);
        for (int32_t x = 0; x < width; x++) {
            double fx = fmin(fmax((x + 0.5) * sx - 0.5, 0), sum->width - 1.0);
            int32_t left = (int32_t)fx, right = MIN(left + 1, sum->width - 1);
            float tx = (float)(fx - left);
            const float *p = plane_row(sum, top), *q = plane_row(sum, below);
            float upper = p[left] + tx * (p[right] - p[left]),
                  lower = q[left] + tx * (q[right] - q[left]);
            double z = sqrt(upper + ty * (lower - upper));
            bool counts = image_row(valid, (int32_t)(fy + 0.5))[(int32_t)(fx + 0.5)] == 255;
            plane_row(&full, y)[x] = counts ? (float)fmin(z / (2 * z_limit), 1) : 0;
        }
    }
    *out = (lk_map){.width = width, .height = height, .data = full.data};
    return LK_OK;
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
    status = status == LK_OK ? spread_map(out, &sum, &p.valid, a->width, a->height, err) : status;
    plane_release(&sum);
    pair_release(&p);
    return status;
}
