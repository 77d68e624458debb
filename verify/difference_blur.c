/* SPDX-License-Identifier: Apache-2.0 */
/* Blurs by a few sigmas are tried; the one that leaves the least where there is detail is taken. The rows that are looked at are
 * blurred down columns first, so that the others need not be. */
#include "verify/difference_blur.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"
#include "verify/quantile.h"

enum { BLUR_RADIUS = 11 /* 4 times the largest sigma that is tried */ };

void difference_slopes(float *to, lk_engine *engine, const struct plane *p, int32_t y) {
    const float *const rows[3] = {plane_row(p, MAX(y - 1, 0)), plane_row(p, y),
                                  plane_row(p, MIN(y + 1, p->height - 1))};
    engine->kernels.pair.slope(to, rows, (size_t)p->width);
}

/* Every so many rows tell how blurred a picture is. */
enum { BLUR_ROWS = 4 };

/* Rows of a that are looked at: |blurred a - b| is to be small where a has detail. */
struct blur_rows {
    lk_engine *engine;
    const struct plane *a, *b;
    const lk_image *valid;
    struct plane detail;  /* slope of each row looked at */
    struct plane blurred; /* those of a blurred down columns, then along rows */
    int32_t step;
};

static lk_status blur_rows_new(struct blur_rows *r, lk_engine *engine, const struct plane *a,
                               const struct plane *b, const lk_image *valid, lk_error *err) {
    *r = (struct blur_rows){.engine = engine, .a = a, .b = b, .valid = valid};
    r->step = a->height >= 64 * BLUR_ROWS ? BLUR_ROWS : 1;
    int32_t rows = (a->height - 1) / r->step + 1;
    lk_status status = plane_new(&r->detail, a->width, rows, err);
    return status == LK_OK ? plane_new(&r->blurred, a->width, rows, err) : status;
}

static void blur_rows_release(struct blur_rows *r) {
    plane_release(&r->detail);
    plane_release(&r->blurred);
}

/* The 60 % quantile of the slopes: what is steeper is detail. */
static double find_detail(struct blur_rows *r, struct quantile *q) {
    memset(q, 0, sizeof *q);
    for (int32_t i = 0; i < r->detail.height; i++) {
        float *row = plane_row(&r->detail, i);
        difference_slopes(row, r->engine, r->a, i * r->step);
        for (int32_t x = 0; x < r->a->width; x++) {
            q->bins[bin_of(row[x])]++;
        }
        q->total += r->a->width;
    }
    return quantile_at(q, 0.6);
}

static lk_status blur_them(struct blur_rows *r, double sigma, lk_error *err) {
    const struct kernel_plane *k = &r->engine->kernels.plane;
    int32_t width = r->a->width, height = r->a->height;
    const float *rows[2 * BLUR_RADIUS + 1];
    struct taps taps;
    taps_gaussian(&taps, sigma, 4);
    float *padded = mem_alloc((size_t)width + 2 * BLUR_RADIUS, sizeof *padded);
    if (!padded) {
        return error_memory(err, ((size_t)width + 2 * BLUR_RADIUS) * sizeof *padded);
    }
    for (int32_t i = 0; i < r->blurred.height; i++) {
        for (int32_t j = -taps.radius; j <= taps.radius; j++) {
            rows[j + taps.radius] =
                plane_row(r->a, filter_border(i * r->step + j, height, BORDER_MIRROR));
        }
        float *middle = padded + BLUR_RADIUS;
        k->down_even(middle, rows, taps.weights, taps.radius, (size_t)width);
        for (int32_t j = 1; j <= taps.radius; j++) {
            middle[-j] = middle[filter_border(-j, width, BORDER_MIRROR)];
            middle[width - 1 + j] = middle[filter_border(width - 1 + j, width, BORDER_MIRROR)];
        }
        k->across_even(plane_row(&r->blurred, i), middle, taps.weights, taps.radius, (size_t)width);
    }
    mem_free(padded);
    return LK_OK;
}

/* Median of |blurred a - b| where a has detail. */
static double blur_misfit(const struct blur_rows *r, double least, struct quantile *q) {
    memset(q, 0, sizeof *q);
    for (int32_t i = 0; i < r->detail.height; i++) {
        const float *detail = plane_row(&r->detail, i), *blurred = plane_row(&r->blurred, i);
        const float *b = plane_row(r->b, i * r->step);
        const uint8_t *valid = image_row(r->valid, i * r->step);
        for (int32_t x = 0; x < r->a->width; x++) {
            bool counts = valid[x] && detail[x] > (float)least;
            q->bins[bin_of(fabsf(blurred[x] - b[x]))] += counts;
            q->total += counts;
        }
    }
    return quantile_at(q, 0.5);
}

/* The sigma that makes the luma of a look like b: the misfit falls up to there and rises behind it. */
lk_status difference_blur(double *sigma, lk_engine *engine, const struct plane *a,
                          const struct plane *b, const lk_image *valid, lk_error *err) {
    static const double tries[] = {0, 0.5, 0.7, 0.9, 1.2, 1.6, 2.1, 2.8};
    struct blur_rows r;
    struct quantile *q = mem_alloc(1, sizeof *q);
    lk_status status = blur_rows_new(&r, engine, a, b, valid, err);
    status = status == LK_OK && !q ? error_memory(err, sizeof *q) : status;
    double best = INFINITY, least = status == LK_OK ? find_detail(&r, q) : 0;
    int32_t worse = 0;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(tries) && worse < 2; i++) {
        status = blur_them(&r, tries[i], err);
        double misfit = status == LK_OK ? blur_misfit(&r, least, q) : INFINITY;
        worse = misfit < best ? 0 : worse + 1;
        if (misfit < best) {
            best = misfit;
            *sigma = tries[i];
        }
    }
    blur_rows_release(&r);
    mem_free(q);
    return status;
}
