/* SPDX-License-Identifier: Apache-2.0 */
/* Differing pixels are counted into cells of 8x8; cells that touch (also at a corner) are one region. So a gap of up to 7
 * pixels never parts a region, one of 16 always does, and the work is one look at each row that differs. A region's box
 * is that of its pixels, its severity the mean of sqrt(distance / largest distance) over them.
 *
 * tests/unit/test_diff.c holds the areas of all regions against the count. */
#include "verify/diff_regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"

enum { CELL = 8, REGIONS_MOST = 100 };

/* What the pixels of one cell, or of one region, add up to. */
struct gathered {
    int32_t x0, y0, x1, y1;
    int64_t count; /* 0: no pixel, and the box says nothing */
    double severity;
};

struct grid {
    int32_t width, height;
    struct gathered *cells; /* owned */
    int32_t *stack;         /* cells still to be visited; owned */
};

static void gathered_add(struct gathered *to, const struct gathered *g) {
    if (to->count == 0) {
        *to = *g;
        return;
    }
    to->x0 = MIN(to->x0, g->x0);
    to->y0 = MIN(to->y0, g->y0);
    to->x1 = MAX(to->x1, g->x1);
    to->y1 = MAX(to->y1, g->y1);
    to->count += g->count;
    to->severity += g->severity;
}

static void fill_cells(struct grid *grid, const struct pixelmatch_classes *c, const lk_image *a,
                       const lk_image *b, lk_diff_like like) {
    for (int32_t y = 0; y < c->height; y++) {
        const uint8_t *row = c->data + (size_t)y * (size_t)c->width;
        for (int32_t x = 0; c->touched[y] && x < c->width; x++) {
            if (row[x] == LK_PIXEL_DIFFERENT) {
                double distance = pixelmatch_distance(a, b, x, y, like);
                struct gathered one = {x, y, x, y, 1, sqrt(distance / PIXEL_DISTANCE_MOST)};
                gathered_add(&grid->cells[y / CELL * grid->width + x / CELL], &one);
            }
        }
    }
}

/* Takes the cell at `start` and all it touches out of the grid; returns their sum. */
static struct gathered take_region(struct grid *g, int32_t start) {
    struct gathered sum = g->cells[start];
    int32_t depth = 0;
    g->cells[start].count = 0;
    g->stack[depth++] = start;
    while (depth > 0) {
        int32_t at = g->stack[--depth], x = at % g->width, y = at / g->width;
        for (int32_t j = MAX(y - 1, 0); j <= MIN(y + 1, g->height - 1); j++) {
            for (int32_t i = MAX(x - 1, 0); i <= MIN(x + 1, g->width - 1); i++) {
                struct gathered *next = &g->cells[j * g->width + i];
                if (next->count > 0) {
                    gathered_add(&sum, next);
                    next->count = 0;
                    g->stack[depth++] = j * g->width + i;
                }
            }
        }
    }
    return sum;
}

/* Each cell is pushed once at most, when it is emptied, so the stack holds them all. */
static lk_status grid_new(struct grid *out, int32_t width, int32_t height, lk_error *err) {
    *out = (struct grid){.width = (width + CELL - 1) / CELL, .height = (height + CELL - 1) / CELL};
    size_t n = (size_t)out->width * (size_t)out->height;
    out->cells = mem_calloc(n, sizeof *out->cells);
    out->stack = mem_alloc(n, sizeof *out->stack);
    return out->cells && out->stack ? LK_OK : error_memory(err, n * sizeof *out->cells);
}

static void grid_release(struct grid *g) {
    mem_free(g->cells);
    mem_free(g->stack);
}

/* By falling severity times area, then raster order: what a person should look at first. */
static int by_weight(const void *a, const void *b) {
    const lk_region *p = a, *q = b;
    double wp = p->severity * (double)p->area_px, wq = q->severity * (double)q->area_px;
    if (wp != wq) {
        return wp < wq ? 1 : -1;
    }
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->x > q->x) - (p->x < q->x);
}

static lk_status list_regions(lk_region **regions, size_t *count, struct grid *g, lk_error *err) {
    size_t n = 0, capacity = 0;
    for (int32_t i = 0; i < g->width * g->height; i++) {
        if (g->cells[i].count == 0) {
            continue;
        }
        struct gathered sum = take_region(g, i);
        if (n == capacity) {
            capacity = MAX(2 * capacity, (size_t)16);
            lk_region *grown = mem_realloc(*regions, capacity, sizeof *grown);
            if (!grown) {
                return error_memory(err, capacity * sizeof *grown);
            }
            *regions = grown;
        }
        (*regions)[n++] = (lk_region){.kind = LK_REGION_CHANGED,
                                      .x = sum.x0,
                                      .y = sum.y0,
                                      .width = sum.x1 - sum.x0 + 1,
                                      .height = sum.y1 - sum.y0 + 1,
                                      .area_px = sum.count,
                                      .severity = sum.severity / (double)sum.count};
    }
    if (n > 0) {
        qsort(*regions, n, sizeof **regions, by_weight);
    }
    *count = MIN(n, (size_t)REGIONS_MOST);
    for (size_t i = 0; i < *count; i++) {
        (*regions)[i].id = (int32_t)i + 1;
    }
    return LK_OK;
}

lk_status diff_regions(lk_region **regions, size_t *count, const struct pixelmatch_classes *classes,
                       const lk_image *a, const lk_image *b, lk_diff_like like, lk_error *err) {
    struct grid g;
    *regions = NULL;
    *count = 0;
    lk_status status = grid_new(&g, classes->width, classes->height, err);
    if (status == LK_OK) {
        fill_cells(&g, classes, a, b, like);
        status = list_regions(regions, count, &g, err);
    }
    grid_release(&g);
    if (status != LK_OK) {
        mem_free(*regions);
        *regions = NULL;
    }
    return status;
}
