/* SPDX-License-Identifier: Apache-2.0 */
/* ORB: FAST-9 corners on a pyramid of factor 1.2, ranked by the Harris measure, oriented by the intensity centroid, and
 * described by 256 comparisons of the smoothed patch, turned with the orientation.
 *
 *   quota of level i      count * (1 - f) / (1 - f^n) * f^i, f = 1 / scale; the last level takes the rest
 *   kept                  2 * quota by FAST score, then quota by Harris: det(M) - 0.04 trace(M)^2 over 7x7 Sobel gradients
 *   orientation           (m10, m01) = sum of (x, y) * I over the disc of radius 15; as a unit vector, without an angle
 *   bit i                 J(turned p_i) < J(turned q_i), J smoothed by a 7x7 Gaussian of sigma 2, offsets rounded
 *
 * Source: Rublee et al., ICCV 2011; constants as OpenCV's ORB. Unlike there, a level with too few corners is searched again
 * at a lower FAST threshold, and the border is the 19 pixels the turned pattern needs. Oracle: OpenCV (tests/oracle/orb). */
#include "feature/orb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/fast.h"
#include "feature/orb_pattern.h"
#include "feature/pyramid.h"

enum { DISC_RADIUS = 15, HARRIS_RADIUS = 3, EDGE_MIN = 19 };

struct orb_options orb_options_default(void) {
    return (struct orb_options){.count = 500,
                                .levels = 8,
                                .scale = 1.2,
                                .fast_threshold = 20,
                                .fast_fallback = 7,
                                .edge = EDGE_MIN};
}

void keypoints_release(struct keypoints *k) {
    if (k) {
        mem_free(k->points);
        mem_free(k->descriptors);
        *k = (struct keypoints){0};
    }
}

/* A corner with the measure it is ranked by. */
struct candidate {
    struct corner corner;
    float response;
};

/* By falling response; equal ones in raster order, so that the result does not depend on the sort. */
static int by_response(const void *a, const void *b) {
    const struct candidate *p = a, *q = b;
    if (p->response != q->response) {
        return p->response < q->response ? 1 : -1;
    }
    if (p->corner.y != q->corner.y) {
        return p->corner.y < q->corner.y ? -1 : 1;
    }
    return (p->corner.x > q->corner.x) - (p->corner.x < q->corner.x);
}

static float harris(const lk_image *gray, int32_t x, int32_t y) {
    ptrdiff_t s = (ptrdiff_t)gray->stride;
    int32_t xx = 0, yy = 0, xy = 0;
    for (int32_t j = -HARRIS_RADIUS; j <= HARRIS_RADIUS; j++) {
        const uint8_t *p = image_row(gray, y + j) + x - HARRIS_RADIUS;
        for (int32_t i = 0; i <= 2 * HARRIS_RADIUS; i++, p++) {
            int32_t ix = (p[1] - p[-1]) * 2 + (p[1 - s] - p[-1 - s]) + (p[1 + s] - p[-1 + s]);
            int32_t iy = (p[s] - p[-s]) * 2 + (p[s - 1] - p[-s - 1]) + (p[s + 1] - p[-s + 1]);
            xx += ix * ix;
            yy += iy * iy;
            xy += ix * iy;
        }
    }
    double trace = (double)xx + yy;
    return (float)((double)xx * yy - (double)xy * xy - 0.04 * trace * trace);
}

/* Widths of the disc of radius 15 row by row, symmetric about the diagonal (as the original's u_max). */
static void disc_widths(int32_t half[DISC_RADIUS + 1]) {
    int32_t top = (int32_t)(DISC_RADIUS * sqrt(2.0) / 2 + 1);
    int32_t bottom = (int32_t)ceil(DISC_RADIUS * sqrt(2.0) / 2);
    for (int32_t v = 0; v <= top; v++) {
        half[v] = (int32_t)lrint(sqrt((double)DISC_RADIUS * DISC_RADIUS - (double)v * v));
    }
    for (int32_t v = DISC_RADIUS, u = 0; v >= bottom; v--) {
        while (half[u] == half[u + 1]) {
            u++;
        }
        half[v] = u++;
    }
}

static void orient(struct keypoint *k, const lk_image *gray, const struct corner *at,
                   const int32_t half[DISC_RADIUS + 1]) {
    int32_t m10 = 0, m01 = 0;
    for (int32_t v = -DISC_RADIUS; v <= DISC_RADIUS; v++) {
        const uint8_t *row = image_row(gray, at->y + v) + at->x;
        int32_t sum = 0, width = half[abs(v)];
        for (int32_t u = -width; u <= width; u++) {
            m10 += u * row[u];
            sum += row[u];
        }
        m01 += v * sum;
    }
    double length = sqrt((double)m10 * m10 + (double)m01 * m01);
    k->cos = length > 0 ? (float)(m10 / length) : 1;
    k->sin = length > 0 ? (float)(m01 / length) : 0;
}

static void describe(uint8_t out[DESCRIPTOR_BYTES], const lk_image *smooth,
                     const struct keypoint *k, const struct corner *at) {
    const uint8_t *centre = image_row(smooth, at->y) + at->x;
    ptrdiff_t stride = (ptrdiff_t)smooth->stride;
    for (int32_t byte = 0; byte < DESCRIPTOR_BYTES; byte++) {
        uint32_t bits = 0;
        for (int32_t bit = 0; bit < 8; bit++) {
            const int8_t *t = orb_pattern[byte * 8 + bit];
            uint8_t value[2];
            for (int32_t end = 0; end < 2; end++) {
                float px = t[2 * end], py = t[2 * end + 1];
                long x = lrintf(px * k->cos - py * k->sin), y = lrintf(px * k->sin + py * k->cos);
                value[end] = centre[y * stride + x];
            }
            bits |= (uint32_t)(value[0] < value[1]) << bit;
        }
        out[byte] = (uint8_t)bits;
    }
}

/* 7x7 Gaussian; the outermost 3 pixels are copied, since no keypoint reads them. */
static lk_status smooth_level(lk_image *out, lk_engine *engine, const lk_image *gray,
                              lk_error *err) {
    lk_image rows;
    lk_status status = image_clone(&rows, gray, err);
    if (status == LK_OK) {
        status = image_clone(out, gray, err);
    }
    const struct kernel_feature *kernel = &engine->kernels.feature;
    for (int32_t y = 0; status == LK_OK && y < gray->height; y++) {
        kernel->gauss7_across(image_row(&rows, y) + 3, image_row(gray, y) + 3,
                              (size_t)gray->width - 6);
    }
    for (int32_t y = 3; status == LK_OK && y < gray->height - 3; y++) {
        const uint8_t *seven[GAUSS7_TAPS];
        for (int32_t k = 0; k < GAUSS7_TAPS; k++) {
            seven[k] = image_row(&rows, y + k - 3);
        }
        kernel->gauss7_down(image_row(out, y), seven, (size_t)gray->width);
    }
    lk_image_release(&rows);
    return status;
}

/* The best `quota` corners of a level, ranked. *out is on the heap. */
static lk_status choose_corners(struct candidate **out, size_t *count, lk_engine *engine,
                                const lk_image *gray, size_t quota, const struct orb_options *o,
                                lk_error *err) {
    struct corners found;
    *out = NULL;
    *count = 0;
    lk_status status = fast_detect(&found, engine, gray, o->fast_threshold, o->edge, err);
    if (status == LK_OK && found.count < quota && o->fast_fallback > 0) {
        corners_release(&found);
        status = fast_detect(&found, engine, gray, o->fast_fallback, o->edge, err);
    }
    if (status != LK_OK) {
        return status;
    }
    struct candidate *c = mem_alloc(found.count, sizeof *c);
    if (!c) {
        corners_release(&found);
        return error_memory(err, found.count * sizeof *c);
    }
    for (size_t i = 0; i < found.count; i++) {
        c[i] =
            (struct candidate){.corner = found.items[i], .response = (float)found.items[i].score};
    }
    size_t kept = found.count;
    if (kept > 2 * quota) {
        qsort(c, kept, sizeof *c, by_response);
        kept = 2 * quota;
    }
    for (size_t i = 0; i < kept; i++) {
        c[i].response = harris(gray, c[i].corner.x, c[i].corner.y);
    }
    qsort(c, kept, sizeof *c, by_response);
    corners_release(&found);
    *out = c;
    *count = MIN(kept, quota);
    return LK_OK;
}

static lk_status detect_level(struct keypoints *out, lk_engine *engine, const struct pyramid *p,
                              int32_t level, size_t quota, const struct orb_options *o,
                              lk_error *err) {
    const lk_image *gray = &p->levels[level];
    struct candidate *chosen;
    size_t count;
    int32_t half[DISC_RADIUS + 1];
    lk_image smooth = {0};
    lk_status status = choose_corners(&chosen, &count, engine, gray, quota, o, err);
    if (status == LK_OK && count > 0) {
        status = smooth_level(&smooth, engine, gray, err);
    }
    disc_widths(half);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        const struct corner *at = &chosen[i].corner;
        struct keypoint *k = &out->points[out->count];
        /* Pixel centres are at .5, so that a position means the same on every level. */
        k->x = (float)((at->x + 0.5) * p->levels[0].width / gray->width - 0.5);
        k->y = (float)((at->y + 0.5) * p->levels[0].height / gray->height - 0.5);
        k->level = level;
        k->response = chosen[i].response;
        orient(k, gray, at, half);
        describe(out->descriptors + out->count * DESCRIPTOR_BYTES, &smooth, k, at);
        out->count++;
    }
    lk_image_release(&smooth);
    mem_free(chosen);
    return status;
}

lk_status orb_detect(struct keypoints *out, lk_engine *engine, const lk_image *gray,
                     const struct orb_options *options, lk_error *err) {
    struct orb_options o = options ? *options : orb_options_default();
    *out = (struct keypoints){0};
    if (gray->channels != 1 || gray->bit_depth != 8 || o.count < 1 || o.edge < EDGE_MIN ||
        o.scale <= 1) {
        return error_set(err, LK_E_USAGE, "ORB needs an 8-bit gray picture and valid options");
    }
    if (MIN(gray->width, gray->height) <= 2 * o.edge) {
        return LK_OK;
    }
    struct pyramid p;
    lk_status status = pyramid_new(&p, gray, o.levels, o.scale, 2 * o.edge + 1, err);
    if (status != LK_OK) {
        return status;
    }
    out->points = mem_alloc((size_t)o.count + PYRAMID_LEVELS_MAX, sizeof *out->points);
    out->descriptors = mem_alloc((size_t)o.count + PYRAMID_LEVELS_MAX, DESCRIPTOR_BYTES);
    if (!out->points || !out->descriptors) {
        status = error_memory(err, (size_t)o.count * DESCRIPTOR_BYTES);
    }
    double f = 1 / o.scale, share = o.count * (1 - f) / (1 - pow(f, p.count));
    int32_t left = o.count;
    for (int32_t level = 0; status == LK_OK && level < p.count; level++, share *= f) {
        int32_t quota = level + 1 == p.count ? left : MIN(left, (int32_t)lround(share));
        status = detect_level(out, engine, &p, level, (size_t)quota, &o, err);
        left -= quota;
    }
    pyramid_release(&p);
    if (status != LK_OK) {
        keypoints_release(out);
    }
    return status;
}
