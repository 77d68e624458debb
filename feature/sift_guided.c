/* SPDX-License-Identifier: Apache-2.0 */
/* The keypoints of a, sorted by x, are searched around the place that the map gives for each keypoint of b. */
#include "feature/sift_guided.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/homography.h"

/* A keypoint of a, and the best keypoint of b for it so far. */
struct slot {
    struct sift_frame frame;
    int32_t index, partner, distance;
};

static int by_x(const void *p, const void *q) {
    const struct slot *a = p, *b = q;
    if (a->frame.x != b->frame.x) {
        return a->frame.x < b->frame.x ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

static int by_distance(const void *p, const void *q) {
    const struct slot *a = p, *b = q;
    if (a->distance != b->distance) {
        return a->distance < b->distance ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

static int32_t distance_between(const uint8_t *a, const uint8_t *b) {
    int32_t sum = 0;
    for (int32_t i = 0; i < SIFT_BYTES; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
}

/* The first slot with x or more. */
static size_t first_from(const struct slot *slots, size_t count, double x) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slots[middle].frame.x < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct guide {
    const struct sift_points *a, *b;
    const double *h;
    const struct sift_tolerance *tolerance;
    int32_t max_distance;
};

static void offer(struct slot *slots, const struct guide *g, int32_t k) {
    struct sift_frame b = sift_frame_of(&g->b->points[k]);
    double x, y, squared, reach = g->tolerance->distance;
    struct slot *nearest = NULL;
    int32_t least = g->max_distance;
    if (!homography_apply(&x, &y, g->h, b.x, b.y)) {
        return;
    }
    for (size_t i = first_from(slots, g->a->count, x - reach);
         i < g->a->count && slots[i].frame.x <= x + reach; i++) {
        if (!sift_frames_agree(&squared, &slots[i].frame, &b, g->h, g->tolerance)) {
            continue;
        }
        int32_t d = distance_between(g->a->descriptors + (size_t)slots[i].index * SIFT_BYTES,
                                     g->b->descriptors + (size_t)k * SIFT_BYTES);
        if (d < least || (d == least && !nearest)) {
            least = d;
            nearest = &slots[i];
        }
    }
    if (nearest && (nearest->partner < 0 || least < nearest->distance)) {
        nearest->partner = k;
        nearest->distance = least;
    }
}

static void list_pairs(struct sift_matches *out, const struct slot *slots, const struct guide *g) {
    for (size_t i = 0; i < g->a->count && slots[i].partner >= 0; i++) {
        const struct sift_point *pa = &g->a->points[slots[i].index],
                                *pb = &g->b->points[slots[i].partner];
        out->pairs[i] = (lk_match){
            .ax = pa->x, .ay = pa->y, .bx = pb->x, .by = pb->y, .distance = slots[i].distance};
        out->links[i] = (struct sift_link){slots[i].index, slots[i].partner};
        out->count++;
    }
}

lk_status sift_match_guided(struct sift_matches *out, const struct sift_points *a,
                            const struct sift_points *b, const double h[9],
                            const struct sift_tolerance *tolerance, int32_t max_distance,
                            lk_error *err) {
    struct guide g = {a, b, h, tolerance, max_distance};
    struct slot *slots = mem_alloc(a->count, sizeof *slots);
    *out = (struct sift_matches){0};
    out->pairs = mem_alloc(a->count, sizeof *out->pairs);
    out->links = mem_alloc(a->count, sizeof *out->links);
    if (!slots || !out->pairs || !out->links) {
        mem_free(slots);
        sift_matches_release(out);
        return error_memory(err, a->count * sizeof *slots);
    }
    for (size_t i = 0; i < a->count; i++) {
        slots[i] = (struct slot){sift_frame_of(&a->points[i]), (int32_t)i, -1, INT32_MAX};
    }
    qsort(slots, a->count, sizeof *slots, by_x);
    for (size_t k = 0; k < b->count; k++) {
        offer(slots, &g, (int32_t)k);
    }
    qsort(slots, a->count, sizeof *slots, by_distance);
    list_pairs(out, slots, &g);
    mem_free(slots);
    return LK_OK;
}
