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

enum { EDGE_MIN = ORB_REACH };

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

/* det(M) - 0.04 trace(M)^2 of the gradients around a corner. */
static float harris(const struct kernel_orb *kernel, const lk_image *gray, const struct corner *c) {
    int32_t sums[3];
    kernel->harris_sums(sums, image_row(gray, c->y) + c->x, (ptrdiff_t)gray->stride);
    double xx = sums[0], yy = sums[1], xy = sums[2], trace = xx + yy;
    return (float)(xx * yy - xy * xy - 0.04 * trace * trace);
}

/* Widths of the disc of radius 15 row by row, symmetric about the diagonal (as the original's u_max). */
static void disc_widths(int32_t half[ORB_DISC_RADIUS + 1]) {
    int32_t top = (int32_t)(ORB_DISC_RADIUS * sqrt(2.0) / 2 + 1);
    int32_t bottom = (int32_t)ceil(ORB_DISC_RADIUS * sqrt(2.0) / 2);
    for (int32_t v = 0; v <= top; v++) {
        half[v] = (int32_t)lrint(sqrt((double)ORB_DISC_RADIUS * ORB_DISC_RADIUS - (double)v * v));
    }
    for (int32_t v = ORB_DISC_RADIUS, u = 0; v >= bottom; v--) {
        while (half[u] == half[u + 1]) {
            u++;
        }
        half[v] = u++;
    }
}

/* The tables that every keypoint is oriented and described with. */
struct orb_tables {
    int32_t half[ORB_DISC_RADIUS + 1];
    struct orb_tests tests;
};

static void tables_init(struct orb_tables *t) {
    disc_widths(t->half);
    for (int32_t i = 0; i < ORB_TESTS; i++) {
        for (int32_t end = 0; end < 2; end++) {
            t->tests.x[end][i] = orb_pattern[i][2 * end];
            t->tests.y[end][i] = orb_pattern[i][2 * end + 1];
        }
    }
}

static void orient(struct keypoint *k, const struct kernel_orb *kernel, const lk_image *gray,
                   const struct corner *at, const struct orb_tables *t) {
    int32_t m[2];
    kernel->disc_moments(m, image_row(gray, at->y) + at->x, (ptrdiff_t)gray->stride, t->half);
    double length = sqrt((double)m[0] * m[0] + (double)m[1] * m[1]);
    k->cos = length > 0 ? (float)(m[0] / length) : 1;
    k->sin = length > 0 ? (float)(m[1] / length) : 0;
}

/* Place i of n, mirrored at the first and the last without repeating them. */
static int32_t mirrored(int32_t i, int32_t n) {
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

/* One row with its mirrored border, smoothed across. padded has room for 6 samples more than the row. */
static void smooth_across(uint8_t *out, uint8_t *padded, const struct kernel_orb *kernel,
                          const uint8_t *row, int32_t width) {
    for (int32_t i = 1; i <= 3; i++) {
        padded[3 - i] = row[mirrored(-i, width)];
        padded[width + 2 + i] = row[mirrored(width - 1 + i, width)];
    }
    memcpy(padded + 3, row, (size_t)width);
    kernel->gauss7_across(out, padded + 3, (size_t)width);
}

/* 7x7 Gaussian; both sides of gray are more than 2 * EDGE_MIN. */
static lk_status smooth_level(lk_image *out, lk_engine *engine, const lk_image *gray,
                              lk_error *err) {
    enum { RING = 8 };
    const struct kernel_orb *kernel = &engine->kernels.orb;
    size_t width = (size_t)gray->width;
    uint8_t *ring = mem_alloc(RING + 1, width + 6);
    lk_status status = lk_image_new(out, gray->width, gray->height, 1, 8, err);
    if (status == LK_OK && !ring) {
        status = error_memory(err, (RING + 1) * (width + 6));
    }
    for (int32_t y = 0, next = 0; status == LK_OK && y < gray->height; y++) {
        for (; next < MIN(y + 4, gray->height); next++) {
            smooth_across(ring + (size_t)(next % RING) * (width + 6), ring + RING * (width + 6),
                          kernel, image_row(gray, next), gray->width);
        }
        const uint8_t *seven[GAUSS7_TAPS];
        for (int32_t k = 0; k < GAUSS7_TAPS; k++) {
            seven[k] = ring + (size_t)(mirrored(y + k - 3, gray->height) % RING) * (width + 6);
        }
        kernel->gauss7_down(image_row(out, y), seven, width);
    }
    mem_free(ring);
    return status;
}

/* Drops the corners that more than 2 * quota others beat; those level with the last one stay, as in OpenCV. */
static void keep_strong(struct corners *c, size_t quota) {
    size_t at_score[256] = {0}, kept = 0;
    int32_t least = 255;
    for (size_t i = 0; i < c->count; i++) {
        at_score[c->items[i].score]++;
    }
    for (kept = at_score[least]; least > 0 && kept < 2 * quota;) {
        kept += at_score[--least];
    }
    kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i].score >= least) {
            c->items[kept++] = c->items[i];
        }
    }
    c->count = kept;
}

/* A sort key: falling response, then rising index, so that there is one order. */
static uint64_t rank_key(float response, size_t index) {
    uint32_t bits;
    memcpy(&bits, &response, sizeof bits);
    uint32_t rising = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return (uint64_t)~rising << 32 | (uint32_t)index;
}

static int by_key(const void *a, const void *b) {
    uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

/* A corner with the measure it is ranked by. */
struct candidate {
    struct corner corner;
    float response;
};

/* The best `quota` of the corners by the Harris measure. *out is on the heap. */
static lk_status rank_corners(struct candidate **out, size_t *count, lk_engine *engine,
                              const lk_image *gray, struct corners *found, size_t quota,
                              lk_error *err) {
    keep_strong(found, quota);
    size_t n = found->count;
    float *response = mem_alloc(n, sizeof *response);
    uint64_t *keys = mem_alloc(n, sizeof *keys);
    *count = MIN(n, quota);
    *out = mem_alloc(*count, sizeof **out);
    bool have = response && keys && *out;
    if (have) {
        for (size_t i = 0; i < n; i++) {
            response[i] = harris(&engine->kernels.orb, gray, &found->items[i]);
            keys[i] = rank_key(response[i], i);
        }
        qsort(keys, n, sizeof *keys, by_key);
        for (size_t i = 0; i < *count; i++) {
            size_t at = (uint32_t)keys[i];
            (*out)[i] = (struct candidate){found->items[at], response[at]};
        }
    }
    mem_free(response);
    mem_free(keys);
    return have ? LK_OK : error_memory(err, n * sizeof *keys);
}

/* The keypoints of one level, ranked. *out is on the heap. */
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
    if (status == LK_OK) {
        status = rank_corners(out, count, engine, gray, &found, quota, err);
    }
    corners_release(&found);
    return status;
}

static lk_status detect_level(struct keypoints *out, lk_engine *engine, const struct pyramid *p,
                              int32_t level, size_t quota, const struct orb_options *o,
                              const struct orb_tables *tables, lk_error *err) {
    const lk_image *gray = &p->levels[level];
    const struct kernel_orb *kernel = &engine->kernels.orb;
    struct candidate *chosen;
    size_t count;
    lk_image smooth = {0};
    lk_status status = choose_corners(&chosen, &count, engine, gray, quota, o, err);
    if (status == LK_OK && count > 0) {
        status = smooth_level(&smooth, engine, gray, err);
    }
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        const struct corner *at = &chosen[i].corner;
        struct keypoint *k = &out->points[out->count];
        /* Pixel centres are at .5, so that a position means the same on every level. */
        k->x = (float)((at->x + 0.5) * p->levels[0].width / gray->width - 0.5);
        k->y = (float)((at->y + 0.5) * p->levels[0].height / gray->height - 0.5);
        k->level = level;
        k->response = chosen[i].response;
        orient(k, kernel, gray, at, tables);
        kernel->describe(out->descriptors + out->count * DESCRIPTOR_BYTES,
                         image_row(&smooth, at->y) + at->x, (ptrdiff_t)smooth.stride,
                         &tables->tests, k->cos, k->sin);
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
    lk_status status = pyramid_new(&p, engine, gray, o.levels, o.scale, 2 * o.edge + 1, err);
    if (status != LK_OK) {
        return status;
    }
    out->points = mem_alloc((size_t)o.count + PYRAMID_LEVELS_MAX, sizeof *out->points);
    out->descriptors = mem_alloc((size_t)o.count + PYRAMID_LEVELS_MAX, DESCRIPTOR_BYTES);
    if (!out->points || !out->descriptors) {
        status = error_memory(err, (size_t)o.count * DESCRIPTOR_BYTES);
    }
    struct orb_tables tables;
    tables_init(&tables);
    double f = 1 / o.scale, share = o.count * (1 - f) / (1 - pow(f, p.count));
    int32_t left = o.count;
    for (int32_t level = 0; status == LK_OK && level < p.count; level++, share *= f) {
        int32_t quota = level + 1 == p.count ? left : MIN(left, (int32_t)lround(share));
        status = detect_level(out, engine, &p, level, (size_t)quota, &o, &tables, err);
        left -= quota;
    }
    pyramid_release(&p);
    if (status != LK_OK) {
        keypoints_release(out);
    }
    return status;
}
