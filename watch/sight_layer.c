/* SPDX-License-Identifier: Apache-2.0 */
/* Points are taken where the slope is steeper than that of its two neighbours along it, the steepest first, as many in every
 * block: so a car park does not outvote a lawn. Weak texture counts too, if only little, as what lies in front of it hides it. */
#include "watch/sight_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "watch/sight_motion.h"

/* Gray levels a pixel: noise of 2 levels has a slope of about 1. */
static const float least_steep = 2.5F;
/* A slope that is found again within 45 degrees of its direction may have become flatter by loss of light. */
static const float least_found = 1;

void sight_mask_of(struct sight_mask *out, const lk_image *ignore) {
    for (int32_t i = 0; i < SIGHT_MASK_CELLS; i++) {
        int32_t cx = i % SIGHT_MASK_ACROSS, cy = i / SIGHT_MASK_ACROSS;
        out->cells[i] = 1;
        if (ignore) {
            int32_t x = (int32_t)(((int64_t)2 * cx + 1) * ignore->width / (2 * SIGHT_MASK_ACROSS));
            int32_t y = (int32_t)(((int64_t)2 * cy + 1) * ignore->height / (2 * SIGHT_MASK_DOWN));
            out->cells[i] = image_row(ignore, y)[x] != 0;
        }
    }
}

static float steep_at(const uint8_t *at, ptrdiff_t stride) {
    float gx, gy;
    sight_slope(&gx, &gy, at, stride);
    return gx * gx + gy * gy;
}

/* Whether no neighbour along the slope is steeper. */
static bool is_ridge(const uint8_t *at, ptrdiff_t stride, const struct sight_point *p) {
    float ax = fabsf(p->gx), ay = fabsf(p->gy), steep = p->gx * p->gx + p->gy * p->gy;
    ptrdiff_t sx = p->gx < 0 ? -1 : 1, sy = p->gy < 0 ? -stride : stride;
    /* Within 22.5 degrees of an axis: along it; else along the diagonal. */
    ptrdiff_t step = ay < 0.4142F * ax ? sx : ax < 0.4142F * ay ? sy : sx + sy;
    return steep > steep_at(at - step, stride) && steep >= steep_at(at + step, stride);
}

static int by_steepness(const void *a, const void *b) {
    const struct sight_point *p = a, *q = b;
    float sp = p->gx * p->gx + p->gy * p->gy, sq = q->gx * q->gx + q->gy * q->gy;
    if (sp != sq) {
        return sp < sq ? 1 : -1;
    }
    return p->y != q->y ? p->y - q->y : p->x - q->x;
}

/* Fills room with all points of the rectangle and returns how many. */
static uint32_t find_points(struct sight_point *room, const lk_image *level, const int32_t from[2],
                            const int32_t to[2], const struct sight_mask *mask) {
    uint32_t count = 0;
    ptrdiff_t stride = (ptrdiff_t)level->stride;
    for (int32_t y = MAX(from[1], 2); y < MIN(to[1], level->height - 2); y++) {
        const uint8_t *row = image_row(level, y);
        for (int32_t x = MAX(from[0], 2); x < MIN(to[0], level->width - 2); x++) {
            struct sight_point p = {.x = (uint16_t)x, .y = (uint16_t)y, .seen = 1, .found = 1};
            sight_slope(&p.gx, &p.gy, row + x, stride);
            if (p.gx * p.gx + p.gy * p.gy >= least_steep * least_steep &&
                is_ridge(row + x, stride, &p) &&
                sight_mask_at(mask, (x + 0.5) / level->width, (y + 0.5) / level->height)) {
                room[count++] = p;
            }
        }
    }
    return count;
}

lk_status sight_layer_new(struct sight_layer *out, const lk_image *level,
                          const struct sight_mask *mask, lk_error *err) {
    int32_t w = level->width, h = level->height;
    size_t most = (size_t)(w / SIGHT_ACROSS + 1) * (size_t)(h / SIGHT_DOWN + 1);
    struct sight_point *room = mem_alloc(most, sizeof *room);
    *out = (struct sight_layer){.width = w, .height = h};
    out->points = mem_alloc(SIGHT_LAYER_POINTS, sizeof *out->points);
    if (!room || !out->points) {
        mem_free(room);
        sight_layer_release(out);
        return error_memory(err, most * sizeof *room);
    }
    uint32_t total = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        int32_t cx = b % SIGHT_ACROSS, cy = b / SIGHT_ACROSS;
        int32_t from[2] = {w * cx / SIGHT_ACROSS, h * cy / SIGHT_DOWN};
        int32_t to[2] = {w * (cx + 1) / SIGHT_ACROSS, h * (cy + 1) / SIGHT_DOWN};
        uint32_t count = find_points(room, level, from, to, mask);
        qsort(room, count, sizeof *room, by_steepness);
        count = MIN(count, (uint32_t)SIGHT_BLOCK_POINTS);
        memcpy(out->points + total, room, count * sizeof *room);
        out->start[b] = total;
        total += count;
    }
    out->start[SIGHT_BLOCKS] = total;
    mem_free(room);
    return LK_OK;
}

void sight_layer_learn(struct sight_layer *layer, const lk_image *level,
                       const struct sight_map *map, double step) {
    for (uint32_t i = 0; i < layer->start[SIGHT_BLOCKS]; i++) {
        struct sight_point *p = &layer->points[i];
        double x = (p->x + 0.5) * step, y = (p->y + 0.5) * step;
        double fx = floor((map->a * x - map->b * y + map->dx) / step);
        double fy = floor((map->b * x + map->a * y + map->dy) / step);
        if (fx < 1 || fy < 1 || fx >= level->width - 1 || fy >= level->height - 1) {
            continue;
        }
        float gx, gy;
        sight_slope(&gx, &gy, image_row(level, (int32_t)fy) + (int32_t)fx,
                    (ptrdiff_t)level->stride);
        float dot = gx * p->gx + gy * p->gy;
        float lengths = (gx * gx + gy * gy) * (p->gx * p->gx + p->gy * p->gy);
        bool found =
            dot > 0 && dot * dot > 0.5F * lengths && gx * gx + gy * gy > least_found * least_found;
        p->seen = fminf(p->seen + 1, (float)SIGHT_FRAMES_MOST);
        p->found +=
            p->seen < (float)SIGHT_FRAMES_MOST ? (float)found : ((float)found - p->found / p->seen);
        p->gx += (gx - p->gx) / p->seen;
        p->gy += (gy - p->gy) / p->seen;
    }
}

void sight_layer_release(struct sight_layer *layer) {
    mem_free(layer->points);
    *layer = (struct sight_layer){0};
}
