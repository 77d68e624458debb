/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"

struct match_options match_options_default(void) {
    return (struct match_options){.cross_check = true, .ratio = 0.9, .max_distance = 80};
}

struct scan {
    lk_engine *engine;
    const struct keypoints *from, *to;
    struct nearest_two *found; /* one a keypoint of from */
};

static void scan_one(void *arg, int32_t i) {
    struct scan *s = arg;
    s->engine->kernels.feature.nearest(&s->found[i],
                                       s->from->descriptors + (size_t)i * DESCRIPTOR_BYTES,
                                       s->to->descriptors, s->to->count);
}

static lk_status scan_all(struct nearest_two **found, lk_engine *engine,
                          const struct keypoints *from, const struct keypoints *to, lk_error *err) {
    *found = mem_alloc(from->count, sizeof **found);
    if (!*found) {
        return error_memory(err, from->count * sizeof **found);
    }
    struct scan s = {.engine = engine, .from = from, .to = to, .found = *found};
    pool_for(engine->pool, (int32_t)from->count, scan_one, &s);
    return LK_OK;
}

/* A pair with the index of its photo keypoint, for a sort with one outcome. */
struct ranked {
    lk_match match;
    size_t order;
};

static int by_distance(const void *a, const void *b) {
    const struct ranked *p = a, *q = b;
    if (p->match.distance != q->match.distance) {
        return p->match.distance < q->match.distance ? -1 : 1;
    }
    return (p->order > q->order) - (p->order < q->order);
}

static bool is_match(const struct nearest_two *n, const struct nearest_two *back, size_t order,
                     const struct match_options *o) {
    bool near = n->index >= 0 && n->distance <= o->max_distance &&
                (o->ratio >= 1 || n->distance < o->ratio * n->second);
    return near && (!o->cross_check || back[n->index].index == (int32_t)order);
}

lk_status match_keypoints(lk_match **pairs, size_t *count, lk_engine *engine,
                          const struct keypoints *a, const struct keypoints *b,
                          const struct match_options *o, lk_error *err) {
    struct nearest_two *forth = NULL, *back = NULL;
    struct ranked *ranked = NULL;
    *pairs = NULL;
    *count = 0;
    size_t n = 0;
    lk_status status = scan_all(&forth, engine, b, a, err);
    if (status == LK_OK && o->cross_check) {
        status = scan_all(&back, engine, a, b, err);
    }
    if (status == LK_OK) {
        ranked = mem_alloc(b->count, sizeof *ranked);
        *pairs = mem_alloc(b->count, sizeof **pairs);
        status = ranked && *pairs ? LK_OK : error_memory(err, b->count * sizeof *ranked);
    }
    for (size_t i = 0; status == LK_OK && i < b->count; i++) {
        if (is_match(&forth[i], back, i, o)) {
            const struct keypoint *ka = &a->points[forth[i].index], *kb = &b->points[i];
            ranked[n++] = (struct ranked){.match = {.ax = ka->x,
                                                    .ay = ka->y,
                                                    .bx = kb->x,
                                                    .by = kb->y,
                                                    .distance = forth[i].distance},
                                          .order = i};
        }
    }
    if (status == LK_OK) {
        qsort(ranked, n, sizeof *ranked, by_distance);
        for (size_t i = 0; i < n; i++) {
            (*pairs)[i] = ranked[i].match;
        }
        *count = n;
    } else {
        mem_free(*pairs);
        *pairs = NULL;
    }
    mem_free(ranked);
    mem_free(forth);
    mem_free(back);
    return status;
}

static int32_t hamming_between(const struct keypoints *a, size_t i, const struct keypoints *b,
                               size_t k) {
    int32_t bits = 0;
    for (size_t at = 0; at < DESCRIPTOR_BYTES; at += 8) {
        uint64_t x, y;
        memcpy(&x, a->descriptors + i * DESCRIPTOR_BYTES + at, 8);
        memcpy(&y, b->descriptors + k * DESCRIPTOR_BYTES + at, 8);
        bits += __builtin_popcountll(x ^ y);
    }
    return bits;
}

/* The keypoint of a nearest in descriptor to keypoint k of b among those around (x, y). */
static struct nearest_two nearest_around(const struct keypoints *a, const struct keypoints *b,
                                         size_t k, double x, double y, double radius) {
    struct nearest_two best = {.index = -1, .distance = 257, .second = 257};
    for (size_t i = 0; i < a->count; i++) {
        double dx = a->points[i].x - x, dy = a->points[i].y - y;
        if (dx * dx + dy * dy > radius * radius) {
            continue;
        }
        int32_t d = hamming_between(a, i, b, k);
        if (d < best.distance) {
            best.distance = d;
            best.index = (int32_t)i;
        }
    }
    return best;
}

lk_status match_guided(lk_match **pairs, size_t *count, const struct keypoints *a,
                       const struct keypoints *b, const double h[9], double radius_px,
                       int32_t max_distance, lk_error *err) {
    *count = 0;
    *pairs = mem_alloc(a->count, sizeof **pairs);
    struct ranked *best =
        mem_alloc(a->count, sizeof *best); /* for each keypoint of a, its nearest of b */
    if (!*pairs || !best) {
        mem_free(*pairs);
        mem_free(best);
        *pairs = NULL;
        return error_memory(err, a->count * sizeof *best);
    }
    for (size_t i = 0; i < a->count; i++) {
        best[i] = (struct ranked){.match = {.distance = 257}, .order = i};
    }
    for (size_t k = 0; k < b->count; k++) {
        const struct keypoint *p = &b->points[k];
        double x, y;
        if (!homography_apply(&x, &y, h, p->x, p->y)) {
            continue;
        }
        struct nearest_two n = nearest_around(a, b, k, x, y, radius_px);
        if (n.index >= 0 && n.distance <= max_distance &&
            n.distance < best[n.index].match.distance) {
            const struct keypoint *q = &a->points[n.index];
            best[n.index].match =
                (lk_match){.ax = q->x, .ay = q->y, .bx = p->x, .by = p->y, .distance = n.distance};
        }
    }
    qsort(best, a->count, sizeof *best, by_distance);
    while (*count < a->count && best[*count].match.distance <= max_distance) {
        (*pairs)[*count] = best[*count].match;
        (*count)++;
    }
    mem_free(best);
    return LK_OK;
}
