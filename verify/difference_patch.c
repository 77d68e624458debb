/* SPDX-License-Identifier: Apache-2.0 */
/* A label on a cover in dim light leaves half of what a single pixel must leave to be believed, but does so over a patch. Size
 * alone proves nothing: a highlight is as large, and so is a red that the camera could not hold. Both let the edges of the
 * reference show through, or blot them out; neither draws edges of its own. So a patch counts that is
 *
 *   thick     squares of 3.2 % of the longer side, filled to 95 % with at least half the limit, cover it
 *   drawn on  in the 4 % around a pixel the photo's slopes, less the reference's times the gain that fits best, are at least
 *             5 levels a pixel; with the thick pixels around those
 *
 * What it finds and how often it errs: docs/algorithms/difference.md. */
#include "verify/difference_patch.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"

static const double half_thick = 0.016, around = 0.02; /* of the longer side */
static const double filled = 0.95;
static const double own_slope = 5; /* levels a pixel, of pictures smoothed by `smoothing` */
static const double smoothing = 1.5;

/* Sums over all rectangles: cell (x, y) holds the sum of what lies left of x and above y. */
struct table {
    int32_t width, height;
    double *cells;
};

static lk_status table_new(struct table *t, int32_t width, int32_t height, lk_error *err) {
    size_t count = ((size_t)width + 1) * ((size_t)height + 1);
    *t = (struct table){width, height, mem_calloc(count, sizeof *t->cells)};
    return t->cells ? LK_OK : error_memory(err, count * sizeof *t->cells);
}

static double *table_row(const struct table *t, int32_t y) {
    return t->cells + (size_t)y * ((size_t)t->width + 1);
}

/* Row y comes in as values from cell (1, y + 1) on, and becomes sums. */
static void table_sum_row(struct table *t, int32_t y) {
    const double *above = table_row(t, y);
    double *row = table_row(t, y + 1), sum = 0;
    for (int32_t x = 1; x <= t->width; x++) {
        sum += row[x];
        row[x] = above[x] + sum;
    }
}

/* Of the square of 2 r + 1 around (x, y), as far as it lies within. */
static double table_square(const struct table *t, int32_t x, int32_t y, int32_t r) {
    const double *top = table_row(t, MAX(y - r, 0)),
                 *bottom = table_row(t, MIN(y + r + 1, t->height));
    int32_t left = MAX(x - r, 0), right = MIN(x + r + 1, t->width);
    return bottom[right] - bottom[left] - top[right] + top[left];
}

/* -- Thick -- */

/* Marks in out, 255 or 0, the pixels of a patch; *found tells whether there is one. */
static lk_status find_thick(lk_image *out, bool *found, const struct plane *squared,
                            const lk_image *valid, double least, int32_t r, lk_error *err) {
    struct table above = {0}, cores = {0};
    double full = filled * (2 * r + 1) * (2 * r + 1);
    lk_status status = table_new(&above, squared->width, squared->height, err);
    status = status == LK_OK ? table_new(&cores, squared->width, squared->height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < squared->height; y++) {
        for (int32_t x = 0; x < squared->width; x++) {
            bool is_above = image_row(valid, y)[x] == 255 && plane_row(squared, y)[x] > least;
            image_row(out, y)[x] = is_above ? 255 : 0;
            table_row(&above, y + 1)[x + 1] = is_above;
        }
        table_sum_row(&above, y);
    }
    *found = false;
    for (int32_t y = 0; status == LK_OK && y < squared->height; y++) {
        for (int32_t x = 0; x < squared->width; x++) {
            bool is_core = table_square(&above, x, y, r) >= full;
            table_row(&cores, y + 1)[x + 1] = is_core;
            *found = *found || is_core;
        }
        table_sum_row(&cores, y);
    }
    for (int32_t y = 0; status == LK_OK && *found && y < squared->height; y++) {
        for (int32_t x = 0; x < squared->width; x++) {
            uint8_t *pixel = &image_row(out, y)[x];
            *pixel = *pixel && table_square(&cores, x, y, r) > 0 ? 255 : 0;
        }
    }
    mem_free(above.cells);
    mem_free(cores.cells);
    return status;
}

/* -- Drawn on -- */

/* Sums of products of the slopes of a and b, and how many pixels count. */
struct slopes {
    struct table aa, ab, bb, count;
};

static void slopes_release(struct slopes *s) {
    mem_free(s->aa.cells);
    mem_free(s->ab.cells);
    mem_free(s->bb.cells);
    mem_free(s->count.cells);
}

static lk_status slopes_new(struct slopes *s, int32_t width, int32_t height, lk_error *err) {
    struct table *const tables[] = {&s->aa, &s->ab, &s->bb, &s->count};
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(tables); i++) {
        status = table_new(tables[i], width, height, err);
    }
    return status;
}

struct slope {
    double x, y;
};

static struct slope slope_at(const struct plane *p, int32_t x, int32_t y) {
    const float *row = plane_row(p, y);
    return (struct slope){(row[x + 1] - row[x - 1]) / 2.0,
                          (plane_row(p, y + 1)[x] - plane_row(p, y - 1)[x]) / 2.0};
}

static void slopes_sum(struct slopes *s, const struct plane *a, const struct plane *b,
                       const lk_image *valid) {
    for (int32_t y = 0; y < a->height; y++) {
        bool inside = y > 0 && y < a->height - 1;
        for (int32_t x = 1; inside && x < a->width - 1; x++) {
            if (image_row(valid, y)[x] == 255) {
                struct slope p = slope_at(a, x, y), q = slope_at(b, x, y);
                table_row(&s->aa, y + 1)[x + 1] = p.x * p.x + p.y * p.y;
                table_row(&s->ab, y + 1)[x + 1] = p.x * q.x + p.y * q.y;
                table_row(&s->bb, y + 1)[x + 1] = q.x * q.x + q.y * q.y;
                table_row(&s->count, y + 1)[x + 1] = 1;
            }
        }
        table_sum_row(&s->aa, y);
        table_sum_row(&s->ab, y);
        table_sum_row(&s->bb, y);
        table_sum_row(&s->count, y);
    }
}

/* The mean squared slope of b around (x, y) that a's slopes, times a gain, leave over. */
static double left_over(const struct slopes *s, int32_t x, int32_t y, int32_t r) {
    double aa = table_square(&s->aa, x, y, r), ab = table_square(&s->ab, x, y, r),
           bb = table_square(&s->bb, x, y, r), count = table_square(&s->count, x, y, r);
    double explained = ab > 0 && aa > 1e-3 * count ? ab * ab / aa : 0;
    return (bb - explained) / fmax(count, 1);
}

/* Raises what is thick and has drawn pixels around it: a label has plain places too. */
static lk_status raise_around(struct plane *squared, const lk_image *thick, const struct slopes *s,
                              int32_t r, lk_error *err) {
    struct table drawn;
    lk_status status = table_new(&drawn, squared->width, squared->height, err);
    for (int32_t y = 0; status == LK_OK && y < squared->height; y++) {
        for (int32_t x = 0; x < squared->width; x++) {
            table_row(&drawn, y + 1)[x + 1] =
                image_row(thick, y)[x] && left_over(s, x, y, r) > own_slope * own_slope;
        }
        table_sum_row(&drawn, y);
    }
    for (int32_t y = 0; status == LK_OK && y < squared->height; y++) {
        for (int32_t x = 0; x < squared->width; x++) {
            if (image_row(thick, y)[x] && table_square(&drawn, x, y, r) > 0) {
                plane_row(squared, y)[x] *= 4; /* z twice */
            }
        }
    }
    mem_free(drawn.cells);
    return status;
}

static lk_status raise_drawn(struct plane *squared, lk_engine *engine, const lk_image *thick,
                             const struct plane *a, const struct plane *b, double sigma,
                             const lk_image *valid, int32_t r, lk_error *err) {
    struct plane smooth_a = {0}, smooth_b = {0};
    struct slopes s = {0};
    lk_status status =
        filter_gaussian(&smooth_a, engine, a, hypot(sigma, smoothing), 3, BORDER_MIRROR, err);
    status = status == LK_OK
                 ? filter_gaussian(&smooth_b, engine, b, smoothing, 3, BORDER_MIRROR, err)
                 : status;
    status = status == LK_OK ? slopes_new(&s, a->width, a->height, err) : status;
    if (status == LK_OK) {
        slopes_sum(&s, &smooth_a, &smooth_b, valid);
        status = raise_around(squared, thick, &s, r, err);
    }
    slopes_release(&s);
    plane_release(&smooth_a);
    plane_release(&smooth_b);
    return status;
}

lk_status difference_patches(struct plane *squared, lk_engine *engine, const struct plane *a,
                             const struct plane *b, double sigma, const lk_image *valid,
                             double z_limit, lk_error *err) {
    lk_image thick;
    int32_t side = MAX(a->width, a->height);
    int32_t r = MAX((int32_t)lround(half_thick * side), 2);
    bool found = false;
    lk_status status = lk_image_new(&thick, a->width, a->height, 1, 8, err);
    if (status != LK_OK) {
        return status;
    }
    status = find_thick(&thick, &found, squared, valid, z_limit * z_limit / 4, r, err);
    if (status == LK_OK && found) {
        status = raise_drawn(squared, engine, &thick, a, b, sigma, valid,
                             MAX((int32_t)lround(around * side), 4), err);
    }
    lk_image_release(&thick);
    return status;
}
