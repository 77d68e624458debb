/* SPDX-License-Identifier: Apache-2.0 */
/* Means of cells -> log(red / green), log(blue / green) -> less their medians -> the cosine of all of them, a against b.
 *
 * Another light multiplies the channels: in the logarithms that is one step for the whole picture, which the medians take out, and
 * another saturation is a factor, which a cosine does not see. What is left is which parts have which colour. Sister products
 * share logos and layout, so that their keypoints agree; what lies between them (fruit, band, cap) has another colour.
 * Only the outline of the agreeing points is looked at: around it lies the background. */
#include "verify/colour_agreement.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

enum { CELLS = 48, CELL_LEAST_PX = 4, CELLS_LEAST = 6, CHANNELS = 2 };

/* Added to the levels: the colour of black is that of the glare over it. Deviations of a logarithm that say nothing: a fifth of a
 * channel. Of 12 and 48 levels, 0.05, 0.1 and 0.2, these tell photos of packs best from their sisters, in train/grocery. */
static const double level_floor = 48, noise_floor = 0.2;

struct point {
    double x, y;
};

/* -- The outline of the inliers -- */

static int by_x(const void *p, const void *q) {
    const struct point *a = p, *b = q;
    return a->x != b->x ? (a->x > b->x) - (a->x < b->x) : (a->y > b->y) - (a->y < b->y);
}

static double turn(const struct point *o, const struct point *a, const struct point *b) {
    return (a->x - o->x) * (b->y - o->y) - (a->y - o->y) * (b->x - o->x);
}

/* Half of the convex hull, from one end of the sorted points to the other (Andrew's monotone chain, 1979). */
static size_t chain(struct point *hull, size_t from, const struct point *p, size_t n, bool back) {
    size_t count = from;
    for (size_t k = 0; k < n; k++) {
        const struct point *next = &p[back ? n - 1 - k : k];
        while (count >= from + 2 && turn(&hull[count - 2], &hull[count - 1], next) <= 0) {
            count--;
        }
        hull[count++] = *next;
    }
    return count - 1; /* the last one begins the other half */
}

static bool is_inside(const struct point *hull, size_t n, const struct point *p) {
    for (size_t i = 0; i < n; i++) {
        if (turn(&hull[i], &hull[(i + 1) % n], p) < 0) {
            return false;
        }
    }
    return n >= 3;
}

/* hull has room for 2 * count points. */
static size_t outline(struct point *hull, struct point *sorted, const lk_match *pairs,
                      size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].inlier) {
            sorted[n++] = (struct point){pairs[i].ax, pairs[i].ay};
        }
    }
    if (n < 3) {
        return 0;
    }
    qsort(sorted, n, sizeof *sorted, by_x);
    return chain(hull, chain(hull, 0, sorted, n, false), sorted, n, true);
}

/* -- The colours of the cells -- */

/* Chroma of a and of b by cell, channel by channel. */
struct cells {
    size_t count;
    double a[CHANNELS][CELLS * CELLS], b[CHANNELS][CELLS * CELLS];
};

static void chroma(double out[CHANNELS], const double sum[3], double pixels) {
    double green = log(sum[1] / pixels + level_floor);
    out[0] = log(sum[0] / pixels + level_floor) - green;
    out[1] = log(sum[2] / pixels + level_floor) - green;
}

/* Adds the cell with that corner; not if a pixel of it does not count. */
static void add_cell(struct cells *c, const lk_image *a, const lk_image *b, const lk_image *valid,
                     int32_t x0, int32_t y0, int32_t size) {
    double sum_a[3] = {0}, sum_b[3] = {0}, of_a[CHANNELS], of_b[CHANNELS];
    for (int32_t y = y0; y < y0 + size; y++) {
        const uint8_t *pa = image_row(a, y), *pb = image_row(b, y), *pv = image_row(valid, y);
        for (int32_t x = x0; x < x0 + size; x++) {
            if (!pv[x]) {
                return;
            }
            for (int i = 0; i < 3; i++) {
                sum_a[i] += pa[3 * x + i];
                sum_b[i] += pb[3 * x + i];
            }
        }
    }
    chroma(of_a, sum_a, (double)size * size);
    chroma(of_b, sum_b, (double)size * size);
    for (int i = 0; i < CHANNELS; i++) {
        c->a[i][c->count] = of_a[i];
        c->b[i][c->count] = of_b[i];
    }
    c->count++;
}

static void gather(struct cells *c, const lk_image *a, const lk_image *b, const lk_image *valid,
                   const struct point *hull, size_t corners) {
    int32_t size = MAX((MAX(a->width, a->height) + CELLS - 1) / CELLS, (int32_t)CELL_LEAST_PX);
    c->count = 0;
    for (int32_t y = 0; y + size <= a->height; y += size) {
        for (int32_t x = 0; x + size <= a->width; x += size) {
            const struct point middle = {x + size / 2.0, y + size / 2.0};
            if (is_inside(hull, corners, &middle)) {
                add_cell(c, a, b, valid, x, y, size);
            }
        }
    }
}

static int by_value(const void *p, const void *q) {
    double a = *(const double *)p, b = *(const double *)q;
    return (a > b) - (a < b);
}

static void take_out_median(double *values, double *scratch, size_t n) {
    for (size_t i = 0; i < n; i++) {
        scratch[i] = values[i];
    }
    qsort(scratch, n, sizeof *scratch, by_value);
    double median = (scratch[(n - 1) / 2] + scratch[n / 2]) / 2;
    for (size_t i = 0; i < n; i++) {
        values[i] -= median;
    }
}

static double cosine(struct cells *c, double *scratch) {
    double aa = 0, bb = 0, ab = 0, slack = noise_floor * noise_floor * (double)c->count;
    for (int i = 0; i < CHANNELS; i++) {
        take_out_median(c->a[i], scratch, c->count);
        take_out_median(c->b[i], scratch, c->count);
        for (size_t k = 0; k < c->count; k++) {
            aa += c->a[i][k] * c->a[i][k];
            bb += c->b[i][k] * c->b[i][k];
            ab += c->a[i][k] * c->b[i][k];
        }
    }
    return (ab + slack) / (sqrt(aa * bb) + slack);
}

lk_status colour_agreement(double *out, const lk_image *a, const lk_image *b, const lk_image *valid,
                           const lk_match *pairs, size_t count, lk_error *err) {
    struct point *points = mem_alloc(3 * count + 1, sizeof *points);
    struct cells *c = mem_alloc(1, sizeof *c);
    double *scratch = mem_alloc(CELLS * CELLS, sizeof *scratch);
    bool have = points && c && scratch;
    *out = 1;
    if (have) {
        size_t corners = outline(points + count, points, pairs, count);
        gather(c, a, b, valid, points + count, corners);
        *out = c->count >= CELLS_LEAST ? cosine(c, scratch) : 1;
    }
    mem_free(points);
    mem_free(c);
    mem_free(scratch);
    return have ? LK_OK : error_memory(err, sizeof *c + (3 * count + 1) * sizeof *points);
}
