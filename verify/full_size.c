/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels are areas: the point x of the whole lies at (x + 0.5) / step - 0.5 of what is at hand. */
#include "verify/full_size.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"
#include "verify/align.h"

struct full_size full_size_of(const lk_image *image, const lk_image_info *info) {
    struct full_size s = {image->width, image->height, 1, 1};
    if (!info || info->width < image->width || info->height < image->height) {
        return s;
    }
    double x = (double)info->width / image->width, y = (double)info->height / image->height;
    /* Both sides were rounded to whole pixels, by up to one. */
    double slack = x / image->width + y / image->height;
    if (fabs(x - y) <= slack) {
        s = (struct full_size){info->width, info->height, x, y};
    }
    return s;
}

bool full_size_is_reduced(const struct full_size *s) {
    return s->step_x != 1 || s->step_y != 1;
}

static double whole(double at, double step) {
    return (at + 0.5) * step - 0.5;
}

void full_size_alignment(lk_alignment *m, const struct full_size *a, const struct full_size *b) {
    const double to_a[9] = {
        a->step_x, 0, 0.5 * a->step_x - 0.5, 0, a->step_y, 0.5 * a->step_y - 0.5, 0, 0, 1};
    const double from_b[9] = {
        1 / b->step_x, 0, 0.5 / b->step_x - 0.5, 0, 1 / b->step_y, 0.5 / b->step_y - 0.5, 0, 0, 1};
    m->looked_rms_px = m->rms_px;
    m->looked_scale = m->scale;
    if (!full_size_is_reduced(a) && !full_size_is_reduced(b)) {
        return;
    }
    for (int32_t i = 0; m->pairs && i < m->matches; i++) {
        lk_match *p = &m->pairs[i];
        p->ax = (float)whole(p->ax, a->step_x);
        p->ay = (float)whole(p->ay, a->step_y);
        p->bx = (float)whole(p->bx, b->step_x);
        p->by = (float)whole(p->by, b->step_y);
    }
    m->rms_px *= sqrt(a->step_x * a->step_y);
    if (m->model != LK_ALIGN_NONE) {
        homography_multiply(m->homography, to_a, m->homography);
        homography_multiply(m->homography, m->homography, from_b);
        align_describe(m, a->width, a->height);
    }
}

void full_size_regions(lk_region *regions, size_t count, const struct full_size *a) {
    if (!full_size_is_reduced(a)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        lk_region *r = &regions[i];
        int32_t right = (int32_t)ceil((r->x + r->width) * a->step_x),
                bottom = (int32_t)ceil((r->y + r->height) * a->step_y);
        r->x = (int32_t)(r->x * a->step_x);
        r->y = (int32_t)(r->y * a->step_y);
        r->width = MIN(right, a->width) - r->x;
        r->height = MIN(bottom, a->height) - r->y;
        r->area_px = (int64_t)llround((double)r->area_px * a->step_x * a->step_y);
        r->moved_by[0] = (int32_t)lround(r->moved_by[0] * a->step_x);
        r->moved_by[1] = (int32_t)lround(r->moved_by[1] * a->step_y);
    }
}

lk_status full_size_reduce_polygon(lk_polygon *out, const lk_polygon *p, const struct full_size *a,
                                   lk_error *err) {
    *out = (lk_polygon){p->count, mem_alloc(2 * (size_t)p->count, sizeof *out->xy)};
    if (!out->xy) {
        return error_memory(err, 2 * (size_t)p->count * sizeof *out->xy);
    }
    for (int32_t i = 0; i < p->count; i++) { /* corners of areas, not centres of pixels */
        out->xy[2 * i] = p->xy[2 * i] / a->step_x;
        out->xy[2 * i + 1] = p->xy[2 * i + 1] / a->step_y;
    }
    return LK_OK;
}

lk_status full_size_map(lk_map *map, const struct full_size *a, bool wanted, lk_error *err) {
    size_t pixels = (size_t)a->width * (size_t)a->height;
    if (!full_size_is_reduced(a) || !map->data) {
        return LK_OK;
    }
    float *data = wanted ? mem_alloc(pixels, sizeof *data) : NULL;
    if (wanted && !data) {
        return error_memory(err, pixels * sizeof *data);
    }
    for (size_t i = 0; data && i < pixels; i++) {
        size_t x = i % (size_t)a->width, y = i / (size_t)a->width;
        size_t from_x = x * (size_t)map->width / (size_t)a->width,
               from_y = y * (size_t)map->height / (size_t)a->height;
        data[i] = map->data[from_y * (size_t)map->width + from_x];
    }
    mem_free(map->data);
    *map = (lk_map){a->width, a->height, data};
    return LK_OK;
}
