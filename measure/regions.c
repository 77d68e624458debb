/* SPDX-License-Identifier: Apache-2.0 */
/* Threshold -> closing with a square -> 8-connected components by two passes with union-find -> boxes.
 *
 * Otsu (1979) always splits, also a map of nothing but noise, so an absolute floor guards it: what lies below is never a
 * difference. Oracle of the threshold: cv2.threshold(..., THRESH_OTSU) (tests/oracle/otsu). */
#include "measure/regions.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

struct regions_options regions_options_default(void) {
    return (struct regions_options){
        .floor = 0.05, .otsu = true, .close_px = 4, .min_area_px = 16, .max_count = 100};
}

int32_t regions_otsu(const int64_t histogram[256]) {
    double total = 0, sum = 0;
    for (int32_t i = 0; i < 256; i++) {
        total += (double)histogram[i];
        sum += (double)i * (double)histogram[i];
    }
    if (total == 0) {
        return 0;
    }
    /* As OpenCV: class weights as shares, classes lighter than one FLT_EPSILON are passed over. */
    double mean = sum / total, below = 0, mean_below = 0, best = 0;
    int32_t threshold = 0;
    for (int32_t i = 0; i < 256; i++) {
        double share = (double)histogram[i] / total;
        mean_below *= below;
        below += share;
        double above = 1 - below;
        if (MIN(below, above) < 1.1920929e-7 || MAX(below, above) > 1 - 1.1920929e-7) {
            continue;
        }
        mean_below = (mean_below + i * share) / below;
        double mean_above = (mean - below * mean_below) / above;
        double between = below * above * (mean_below - mean_above) * (mean_below - mean_above);
        if (between > best) {
            best = between;
            threshold = i;
        }
    }
    return threshold;
}

static double choose_threshold(const lk_map *map, const struct regions_options *o) {
    int64_t histogram[256] = {0};
    size_t n = (size_t)map->width * (size_t)map->height;
    if (!o->otsu) {
        return o->floor;
    }
    for (size_t i = 0; i < n; i++) {
        float v = map->data[i] * 255;
        histogram[v <= 0 ? 0 : v >= 255 ? 255 : (int32_t)v]++;
    }
    double otsu = regions_otsu(histogram) / 255.0;
    return MAX(otsu, o->floor);
}

/* One pass of a square dilation (grow) or erosion along rows or columns, radius r, on a 0/1 mask; outside counts as 0 for a
 * dilation and as 1 for an erosion, so that closing leaves the border alone. */
static void morph_line(uint8_t *out, const uint8_t *in, int32_t n, size_t step, int32_t r,
                       bool grow) {
    int32_t ones = 0, held = 0; /* over the window i-r..i+r */
    for (int32_t i = 0; i < MIN(r, n); i++) {
        ones += in[(size_t)i * step];
        held++;
    }
    for (int32_t i = 0; i < n; i++) {
        if (i + r < n) {
            ones += in[(size_t)(i + r) * step];
            held++;
        }
        if (i - r - 1 >= 0) {
            ones -= in[(size_t)(i - r - 1) * step];
            held--;
        }
        out[(size_t)i * step] = grow ? ones > 0 : ones == held;
    }
}

static void morph(uint8_t *mask, uint8_t *spare, int32_t width, int32_t height, int32_t r,
                  bool grow) {
    for (int32_t y = 0; y < height; y++) {
        size_t at = (size_t)y * (size_t)width;
        morph_line(spare + at, mask + at, width, 1, r, grow);
    }
    for (int32_t x = 0; x < width; x++) {
        morph_line(mask + x, spare + x, height, (size_t)width, r, grow);
    }
}

/* Union-find over provisional labels. */
static int32_t find_root(int32_t *parent, int32_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static void join(int32_t *parent, int32_t a, int32_t b) {
    a = find_root(parent, a);
    b = find_root(parent, b);
    parent[MAX(a, b)] = MIN(a, b);
}

/* Provisional labels from 1, neighbours joined; returns the number of labels used. */
static int32_t label_mask(int32_t *labels, int32_t *parent, const uint8_t *mask, int32_t width,
                          int32_t height) {
    int32_t next = 1;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            size_t at = (size_t)y * (size_t)width + (size_t)x;
            labels[at] = 0;
            if (!mask[at]) {
                continue;
            }
            const int32_t *up = y > 0 ? labels + at - width : NULL;
            const int32_t neighbours[4] = {x > 0 ? labels[at - 1] : 0, y > 0 && x > 0 ? up[-1] : 0,
                                           y > 0 ? up[0] : 0, y > 0 && x + 1 < width ? up[1] : 0};
            for (int32_t i = 0; i < 4; i++) {
                if (neighbours[i] && !labels[at]) {
                    labels[at] = neighbours[i];
                } else if (neighbours[i]) {
                    join(parent, labels[at], neighbours[i]);
                }
            }
            if (!labels[at]) {
                parent[next] = next;
                labels[at] = next++;
            }
        }
    }
    return next;
}

/* What is known of one component: its box as corners, and sums. Only pixels over the threshold count, not the closed gaps. */
struct component {
    int32_t x0, y0, x1, y1;
    int64_t area;
    double sum;
};

static void gather(struct component *c, int32_t *labels, int32_t *parent, const lk_map *map,
                   double threshold) {
    for (int32_t y = 0; y < map->height; y++) {
        for (int32_t x = 0; x < map->width; x++) {
            size_t at = (size_t)y * (size_t)map->width + (size_t)x;
            if (!labels[at] || !(map->data[at] > threshold)) {
                continue;
            }
            struct component *k = &c[find_root(parent, labels[at])];
            if (k->area == 0) {
                *k = (struct component){x, y, x, y, 0, 0};
            }
            k->x0 = MIN(k->x0, x);
            k->x1 = MAX(k->x1, x);
            k->y1 = y;
            k->area++;
            k->sum += map->data[at];
        }
    }
}

/* By falling severity x area, then raster order: what a person should look at first. */
static int by_weight(const void *a, const void *b) {
    const lk_region *p = a, *q = b;
    double wp = p->severity * (double)p->area_px, wq = q->severity * (double)q->area_px;
    if (wp != wq) {
        return wp < wq ? 1 : -1;
    }
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->x > q->x) - (p->x < q->x);
}

static lk_status collect(lk_region **out, size_t *count, const struct component *c,
                         int32_t components, const struct regions_options *o, lk_error *err) {
    size_t n = 0;
    for (int32_t i = 1; i < components; i++) {
        n += c[i].area >= MAX(o->min_area_px, (int64_t)1);
    }
    lk_region *regions = mem_alloc(n, sizeof *regions);
    if (!regions) {
        return error_memory(err, n * sizeof *regions);
    }
    n = 0;
    for (int32_t i = 1; i < components; i++) {
        if (c[i].area >= MAX(o->min_area_px, (int64_t)1)) {
            regions[n++] = (lk_region){.kind = LK_REGION_CHANGED,
                                       .x = c[i].x0,
                                       .y = c[i].y0,
                                       .width = c[i].x1 - c[i].x0 + 1,
                                       .height = c[i].y1 - c[i].y0 + 1,
                                       .area_px = c[i].area,
                                       .severity = c[i].sum / (double)c[i].area};
        }
    }
    qsort(regions, n, sizeof *regions, by_weight);
    *count = MIN(n, (size_t)o->max_count);
    for (size_t i = 0; i < *count; i++) {
        regions[i].id = (int32_t)i + 1;
    }
    *out = regions;
    return LK_OK;
}

/* The buffers of one run. */
struct workspace {
    uint8_t *mask, *spare;
    int32_t *labels, *parent;
    struct component *components;
};

static void workspace_release(struct workspace *w) {
    mem_free(w->mask);
    mem_free(w->spare);
    mem_free(w->labels);
    mem_free(w->parent);
    mem_free(w->components);
}

static bool workspace_new(struct workspace *w, size_t pixels) {
    w->mask = mem_alloc(pixels, 1);
    w->spare = mem_alloc(pixels, 1);
    w->labels = mem_alloc(pixels, sizeof *w->labels);
    w->parent = mem_alloc(pixels + 1, sizeof *w->parent);
    return w->mask && w->spare && w->labels && w->parent;
}

lk_status regions_from_map(lk_region **out, size_t *count, const lk_map *map,
                           const struct regions_options *o, lk_error *err) {
    struct workspace w = {0};
    size_t pixels = (size_t)map->width * (size_t)map->height;
    *out = NULL;
    *count = 0;
    double threshold = choose_threshold(map, o);
    lk_status status = LK_OK;
    size_t above = 0;
    for (size_t i = 0; i < pixels; i++) {
        above += map->data[i] > threshold;
    }
    if (above == 0) { /* as of most photos of unchanged things */
        return LK_OK;
    }
    if (!workspace_new(&w, pixels)) {
        status = error_memory(err, pixels * 2 * sizeof *w.labels);
        goto out;
    }
    for (size_t i = 0; i < pixels; i++) {
        w.mask[i] = map->data[i] > threshold;
    }
    if (o->close_px > 0) {
        int32_t r = (o->close_px + 1) / 2;
        morph(w.mask, w.spare, map->width, map->height, r, true);
        morph(w.mask, w.spare, map->width, map->height, r, false);
    }
    int32_t labels = label_mask(w.labels, w.parent, w.mask, map->width, map->height);
    w.components = mem_calloc((size_t)labels, sizeof *w.components);
    if (!w.components) {
        status = error_memory(err, (size_t)labels * sizeof *w.components);
        goto out;
    }
    gather(w.components, w.labels, w.parent, map, threshold);
    status = collect(out, count, w.components, labels, o, err);
out:
    workspace_release(&w);
    return status;
}
