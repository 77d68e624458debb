/* SPDX-License-Identifier: Apache-2.0 */
/* How a region looks in both pictures, against what lies around it.
 *
 *   oddness    share of its differing pixels whose colour (16 levels a channel, and the neighbouring ones) hardly occurs among the
 *              pixels around that do not differ
 *   energy     sum of squared gradients over the region and two pixels around it; of the three channels the one with the largest
 *   agreement  sum |<ga, gb>| / sqrt(sum ga^2 sum gb^2): 1 where the edges are the same, whatever their colours
 *
 * Large regions are looked at in a reduced copy. */
#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"
#include "image/resize.h"
#include "measure/regions.h"
#include "verify/classify.h"

enum {
    LEVELS = 16,
    BINS = LEVELS * LEVELS * LEVELS,
    LOOK_SIDE = 384, /* of the copy in which gradients are taken */
    MARGIN = 8,
};

static const double hardly = 0.003; /* share of the surroundings */

static int32_t bin_of(const uint8_t *p) {
    return (p[0] / LEVELS * LEVELS + p[1] / LEVELS) * LEVELS + p[2] / LEVELS;
}

/* The box and as much around it as it is wide or high, at most, within the picture. */
struct frame {
    int32_t x0, y0, x1, y1;
};

static struct frame around(const lk_region *r, const lk_image *image, int32_t margin) {
    return (struct frame){MAX(r->x - margin, 0), MAX(r->y - margin, 0),
                          MIN(r->x + r->width + margin, image->width),
                          MIN(r->y + r->height + margin, image->height)};
}

static bool in_box(const lk_region *r, int32_t x, int32_t y) {
    return x >= r->x && x < r->x + r->width && y >= r->y && y < r->y + r->height;
}

/* Spreads each bin that occurs often enough to its neighbours. */
static void spread(uint8_t *present, const int32_t *bins, int64_t total) {
    double least = fmax(2, hardly * (double)total);
    memset(present, 0, BINS);
    for (int32_t i = 0; i < BINS; i++) {
        if (bins[i] < least) {
            continue;
        }
        int32_t r = i / (LEVELS * LEVELS), g = i / LEVELS % LEVELS, b = i % LEVELS;
        for (int32_t k = 0; k < 27; k++) {
            int32_t nr = r + k / 9 - 1, ng = g + k / 3 % 3 - 1, nb = b + k % 3 - 1;
            if (nr >= 0 && ng >= 0 && nb >= 0 && nr < LEVELS && ng < LEVELS && nb < LEVELS) {
                present[(nr * LEVELS + ng) * LEVELS + nb] = 1;
            }
        }
    }
}

static lk_status oddness(double *out, const struct change *c, const lk_image *image,
                         const lk_region *r, lk_error *err) {
    int32_t *bins = mem_calloc(BINS, sizeof *bins);
    uint8_t *present = mem_alloc(BINS, 1);
    struct frame f = around(r, image, MAX(MARGIN, MIN(r->width, r->height) / 2));
    int64_t total = 0, inside = 0, odd = 0;
    if (!bins || !present) {
        mem_free(bins);
        mem_free(present);
        return error_memory(err, BINS * sizeof *bins);
    }
    for (int pass = 0; pass < 2; pass++) { /* the surroundings, then the region */
        for (int32_t y = f.y0; y < f.y1; y++) {
            const uint8_t *p = image_row(image, y);
            const uint8_t *differs = c->differs + (size_t)y * (size_t)image->width;
            for (int32_t x = f.x0; x < f.x1; x++) {
                int32_t bin = bin_of(p + (size_t)image->channels * (size_t)x);
                if (pass == 0 && !differs[x]) {
                    bins[bin]++;
                    total++;
                } else if (pass == 1 && differs[x] && in_box(r, x, y)) {
                    inside++;
                    odd += !present[bin];
                }
            }
        }
        if (pass == 0) {
            spread(present, bins, total);
        }
    }
    *out = inside ? (double)odd / (double)inside : 0;
    mem_free(bins);
    mem_free(present);
    return LK_OK;
}

/* The three channels of the frame, reduced and smoothed; b in the light of a. */
static lk_status smooth_channels(struct plane out[3], const struct matched *m, const lk_image *from,
                                 const struct frame *f, lk_error *err) {
    lk_image crop = {0}, small = {0};
    double scale = fmin(1, (double)LOOK_SIDE / MAX(f->x1 - f->x0, f->y1 - f->y0));
    int32_t width = MAX((int32_t)lround((f->x1 - f->x0) * scale), 1);
    int32_t height = MAX((int32_t)lround((f->y1 - f->y0) * scale), 1);
    lk_status status = image_crop(&crop, from, f->x0, f->y0, f->x1 - f->x0, f->y1 - f->y0, err);
    status = status == LK_OK
                 ? image_resize(&small, m->c->engine, &crop, width, height, RESIZE_BOX, err)
                 : status;
    for (int k = 0; status == LK_OK && k < 3; k++) {
        struct plane raw;
        status = plane_new(&raw, width, height, err);
        for (int32_t y = 0; status == LK_OK && y < height; y++) {
            for (int32_t x = 0; x < width; x++) {
                uint8_t v = image_row(&small, y)[small.channels * x + k];
                plane_row(&raw, y)[x] = from == m->c->b ? m->light[k][v] : v;
            }
        }
        status = status == LK_OK ? filter_gaussian(&out[k], m->c->engine, &raw,
                                                   m->c->exact ? 0.7 : 1.5, 3, BORDER_MIRROR, err)
                                 : status;
        plane_release(&raw);
    }
    lk_image_release(&crop);
    lk_image_release(&small);
    return status;
}

/* The gradient of the channel where it is largest. */
static void gradient_at(double g[2], const struct plane p[3], int32_t x, int32_t y) {
    double most = -1;
    int32_t left = MAX(x - 1, 0), right = MIN(x + 1, p->width - 1);
    int32_t up = MAX(y - 1, 0), down = MIN(y + 1, p->height - 1);
    for (int k = 0; k < 3; k++) {
        double gx = plane_row(&p[k], y)[right] - plane_row(&p[k], y)[left];
        double gy = plane_row(&p[k], down)[x] - plane_row(&p[k], up)[x];
        if (gx * gx + gy * gy > most) {
            most = gx * gx + gy * gy;
            g[0] = gx;
            g[1] = gy;
        }
    }
}

/* Whether the region, or something of it within two pixels, lies at (x, y) of the reduced frame. */
static bool is_near(const struct change *c, const struct frame *f, double scale_x, double scale_y,
                    int32_t x, int32_t y) {
    int32_t x0 = MAX(f->x0 + (int32_t)(x * scale_x) - 2, f->x0);
    int32_t x1 = MIN(f->x0 + (int32_t)((x + 1) * scale_x) + 2, f->x1);
    int32_t y0 = MAX(f->y0 + (int32_t)(y * scale_y) - 2, f->y0);
    int32_t y1 = MIN(f->y0 + (int32_t)((y + 1) * scale_y) + 2, f->y1);
    for (int32_t j = y0; j < y1; j++) {
        for (int32_t i = x0; i < x1; i++) {
            if (c->differs[(size_t)j * (size_t)c->a->width + (size_t)i]) {
                return true;
            }
        }
    }
    return false;
}

static void compare_gradients(struct look *out, const struct change *c, const struct frame *f,
                              const struct plane a[3], const struct plane b[3]) {
    const double floor = c->exact ? 4 : 16; /* squared: below it is noise */
    double product = 0;
    double scale_x = (double)(f->x1 - f->x0) / a->width,
           scale_y = (double)(f->y1 - f->y0) / a->height;
    for (int32_t y = 0; y < a->height; y++) {
        for (int32_t x = 0; x < a->width; x++) {
            double ga[2], gb[2];
            if (!is_near(c, f, scale_x, scale_y, x, y)) {
                continue;
            }
            gradient_at(ga, a, x, y);
            gradient_at(gb, b, x, y);
            double ea = ga[0] * ga[0] + ga[1] * ga[1], eb = gb[0] * gb[0] + gb[1] * gb[1];
            out->energy_a += ea > floor ? ea : 0;
            out->energy_b += eb > floor ? eb : 0;
            product += ea > floor && eb > floor ? fabs(ga[0] * gb[0] + ga[1] * gb[1]) : 0;
        }
    }
    double whole = sqrt(out->energy_a * out->energy_b);
    out->agreement = whole > 0 ? product / whole : 0;
}

lk_status region_look(struct look *out, const struct matched *m, const lk_region *r,
                      lk_error *err) {
    const struct change *c = m->c;
    struct plane a[3] = {{0}, {0}, {0}}, b[3] = {{0}, {0}, {0}};
    struct frame f = around(r, c->a, MARGIN);
    *out = (struct look){0};
    lk_status status = oddness(&out->odd_a, c, c->a, r, err);
    status = status == LK_OK ? oddness(&out->odd_b, c, c->b, r, err) : status;
    status = status == LK_OK ? smooth_channels(a, m, c->a, &f, err) : status;
    status = status == LK_OK ? smooth_channels(b, m, c->b, &f, err) : status;
    if (status == LK_OK) {
        compare_gradients(out, c, &f, a, b);
    }
    for (int k = 0; k < 3; k++) {
        plane_release(&a[k]);
        plane_release(&b[k]);
    }
    return status;
}

enum { PART_SIDE_LEAST = 40, PART_AREA_LEAST = 60 };

static const double part_sigma = 4, part_agreement = 0.5, part_energy = 0.02;

/* Gradient energies of both and their product, each smoothed over a neighbourhood. */
static lk_status local_sums(struct plane out[3], const struct change *c, const struct plane a[3],
                            const struct plane b[3], lk_error *err) {
    struct plane raw[3] = {{0}, {0}, {0}};
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < 3; i++) {
        status = plane_new(&raw[i], a->width, a->height, err);
    }
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        for (int32_t x = 0; x < a->width; x++) {
            double ga[2], gb[2];
            gradient_at(ga, a, x, y);
            gradient_at(gb, b, x, y);
            plane_row(&raw[0], y)[x] = (float)(ga[0] * ga[0] + ga[1] * ga[1]);
            plane_row(&raw[1], y)[x] = (float)(gb[0] * gb[0] + gb[1] * gb[1]);
            plane_row(&raw[2], y)[x] = (float)fabs(ga[0] * gb[0] + ga[1] * gb[1]);
        }
    }
    for (int i = 0; status == LK_OK && i < 3; i++) {
        status = filter_gaussian(&out[i], c->engine, &raw[i], part_sigma, 3, BORDER_MIRROR, err);
    }
    for (int i = 0; i < 3; i++) {
        plane_release(&raw[i]);
    }
    return status;
}

/* 1 where there are edges, in either, that the other has not. */
static lk_status disagreement(lk_map *out, const struct plane sums[3], lk_error *err) {
    struct plane p;
    double most = 0;
    lk_status status = plane_new(&p, sums[0].width, sums[0].height, err);
    size_t pixels = (size_t)sums[0].width * (size_t)sums[0].height;
    for (size_t i = 0; i < pixels; i++) {
        most = fmax(most, fmax(sums[0].data[i], sums[1].data[i]));
    }
    for (size_t i = 0; status == LK_OK && i < pixels; i++) {
        double ea = sums[0].data[i], eb = sums[1].data[i];
        bool edges = fmax(ea, eb) > part_energy * most;
        p.data[i] = edges && sums[2].data[i] <
                                 part_agreement * fmax(ea, eb) * sqrt(fmin(ea, eb) / fmax(ea, eb));
    }
    *out = (lk_map){.width = p.width, .height = p.height, .data = p.data};
    return status;
}

/* From pixels of the reduced frame to those of the pictures. */
static void place_parts(lk_region *parts, size_t count, const struct frame *f, const lk_map *map) {
    double sx = (double)(f->x1 - f->x0) / map->width, sy = (double)(f->y1 - f->y0) / map->height;
    for (size_t i = 0; i < count; i++) {
        lk_region *p = &parts[i];
        int32_t x1 = (int32_t)((p->x + p->width) * sx), y1 = (int32_t)((p->y + p->height) * sy);
        p->x = f->x0 + (int32_t)(p->x * sx);
        p->y = f->y0 + (int32_t)(p->y * sy);
        p->width = MAX(f->x0 + x1 - p->x, 1);
        p->height = MAX(f->y0 + y1 - p->y, 1);
        p->area_px = MAX((int64_t)((double)p->area_px * sx * sy), (int64_t)1);
    }
}

lk_status disagreeing_parts(lk_region **parts, size_t *count, const struct matched *m,
                            const lk_region *r, lk_error *err) {
    const struct change *c = m->c;
    struct plane a[3] = {{0}, {0}, {0}}, b[3] = {{0}, {0}, {0}}, sums[3] = {{0}, {0}, {0}};
    struct frame f = around(r, c->a, MARGIN);
    lk_map map = {0};
    *parts = NULL;
    *count = 0;
    if (MIN(r->width, r->height) < PART_SIDE_LEAST) {
        return LK_OK;
    }
    lk_status status = smooth_channels(a, m, c->a, &f, err);
    status = status == LK_OK ? smooth_channels(b, m, c->b, &f, err) : status;
    status = status == LK_OK ? local_sums(sums, c, a, b, err) : status;
    status = status == LK_OK ? disagreement(&map, sums, err) : status;
    if (status == LK_OK) {
        struct regions_options o = regions_options_default();
        o.floor = 0.5;
        o.otsu = false;
        o.close_px = 3;
        o.min_area_px = MAX((int64_t)PART_AREA_LEAST, (int64_t)map.width * map.height / 200);
        o.max_count = PARTS_MOST;
        status = regions_from_map(parts, count, &map, &o, err);
    }
    if (status == LK_OK) {
        place_parts(*parts, *count, &f, &map);
    }
    mem_free(map.data);
    for (int k = 0; k < 3; k++) {
        plane_release(&a[k]);
        plane_release(&b[k]);
        plane_release(&sums[k]);
    }
    return status;
}
