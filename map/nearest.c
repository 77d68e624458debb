/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes find, floats order: the scan of bytes compares each with each at count^2 x dim steps, dozens a clock, and its rounding
 * (index/flat.h) exchanges neighbours that lie about equally far; MORE candidates leave room for that. */
#include "map/nearest.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "index/flat.h"

enum { LANES = 16, MORE = 17, CHUNK = 64, TOGETHER = 1024 };

/* False for a number that is not finite. */
static bool unit_row(float *to, const float *from, int32_t dim) {
    double squares = 0;
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)from[i] * (double)from[i];
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (int32_t i = 0; i < dim; i++) {
        to[i] = (float)((double)from[i] * scale);
    }
    return isfinite(squares);
}

lk_status nearest_unit_rows(lk_map_vectors *unit, float **rows, const lk_map_vectors *vectors,
                            lk_error *err) {
    int32_t count = vectors->count, dim = vectors->dim;
    *rows = NULL;
    if (count < 1 || dim < 1) {
        return error_set(err, LK_E_USAGE, "no vectors to map");
    }
    if (count > LK_MAP_POINTS_MAX || dim > LK_MAP_DIM_MAX) {
        return error_set(err, LK_E_LIMIT, "%d vectors of %d numbers; %d of %d are the most", count,
                         dim, LK_MAP_POINTS_MAX, LK_MAP_DIM_MAX);
    }
    *rows = mem_alloc((size_t)count, (size_t)dim * sizeof **rows);
    if (!*rows) {
        return error_memory(err, (size_t)count * (size_t)dim * sizeof **rows);
    }
    *unit = (lk_map_vectors){*rows, count, dim};
    for (size_t i = 0; i < (size_t)count; i++) {
        if (!unit_row(*rows + i * (size_t)dim, vectors->data + i * (size_t)dim, dim)) {
            return error_set(err, LK_E_USAGE, "vector %zu holds a number that is not finite", i);
        }
    }
    return LK_OK;
}

float nearest_distance2(const float *a, const float *b, int32_t dim) {
    float sums[LANES] = {0};
    int32_t i = 0;
    for (; i + LANES <= dim; i += LANES) {
        for (int32_t l = 0; l < LANES; l++) {
            float d = a[i + l] - b[i + l];
            sums[l] += d * d;
        }
    }
    for (int32_t l = 0; i < dim; i++, l++) {
        float d = a[i] - b[i];
        sums[l] += d * d;
    }
    for (int32_t width = LANES / 2; width > 0; width /= 2) {
        for (int32_t l = 0; l < width; l++) {
            sums[l] += sums[l + width];
        }
    }
    return sums[0];
}

struct search {
    const lk_map_vectors *vectors;
    struct flat flat;
    uint8_t *bytes, *queries; /* all; TOGETHER */
    int32_t *norms;
    struct neighbour *found;             /* TOGETHER x candidates */
    int32_t candidates, k, first, count; /* first, count: of those asked for now */
    int32_t *nearest;
    float *distances;
};

static void search_release(struct search *s) {
    mem_free(s->bytes);
    mem_free(s->queries);
    mem_free(s->norms);
    mem_free(s->found);
}

static lk_status search_new(struct search *s, lk_error *err) {
    uint32_t count = (uint32_t)s->vectors->count;
    int32_t dim = s->vectors->dim;
    size_t bytes = flat_bytes(dim), all = flat_vectors_size(count, dim);
    s->bytes = mem_alloc_aligned(all, 1);
    s->norms = mem_alloc_aligned(flat_norms_size(count), 1);
    s->queries = mem_alloc(TOGETHER, bytes);
    s->found = mem_alloc((size_t)TOGETHER * (size_t)s->candidates, sizeof *s->found);
    if (!s->bytes || !s->norms || !s->queries || !s->found) {
        return error_memory(err, all);
    }
    flat_clear(s->bytes, s->norms, dim, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        flat_quantise(s->queries, s->vectors->data + (size_t)i * (size_t)dim, dim);
        flat_put(s->bytes, s->norms, dim, i, s->queries);
    }
    s->flat = (struct flat){s->bytes, s->norms, count, dim};
    return LK_OK;
}

/* Puts a candidate into a list of at most k, ordered by distance, ties by number. */
static void insert(int32_t *nearest, float *distances, int32_t *filled, int32_t k, int32_t number,
                   float distance) {
    int32_t at = *filled;
    for (; at > 0 && (distances[at - 1] > distance ||
                      (distances[at - 1] == distance && nearest[at - 1] > number));
         at--) {
        if (at < k) {
            distances[at] = distances[at - 1];
            nearest[at] = nearest[at - 1];
        }
    }
    if (at < k) {
        distances[at] = distance;
        nearest[at] = number;
        *filled = MIN(*filled + 1, k);
    }
}

/* Orders the candidates of some points by floats. */
static void order_chunk(void *arg, int32_t chunk) {
    const struct search *s = arg;
    size_t dim = (size_t)s->vectors->dim;
    for (int32_t q = chunk * CHUNK; q < MIN((chunk + 1) * CHUNK, s->count); q++) {
        size_t row = (size_t)(s->first + q);
        int32_t *nearest = s->nearest + row * (size_t)s->k, filled = 0;
        float *distances = s->distances + row * (size_t)s->k;
        const float *own = s->vectors->data + row * dim;
        for (int32_t c = 0; c < s->candidates; c++) {
            uint32_t item = s->found[(size_t)q * (size_t)s->candidates + (size_t)c].item;
            if (item != INDEX_NONE && item != row) {
                float d2 = nearest_distance2(own, s->vectors->data + item * dim, (int32_t)dim);
                insert(nearest, distances, &filled, s->k, (int32_t)item, sqrtf(d2));
            }
        }
    }
}

lk_status nearest_find(int32_t *nearest, float *distances, lk_engine *engine,
                       const lk_map_vectors *vectors, int32_t k, lk_map_report *report, void *arg,
                       lk_error *err) {
    struct search s = {.vectors = vectors,
                       .k = k,
                       .candidates = MIN(k + MORE, vectors->count),
                       .nearest = nearest,
                       .distances = distances};
    size_t bytes = flat_bytes(vectors->dim);
    lk_status status = search_new(&s, err);
    for (; status == LK_OK && s.first < vectors->count; s.first += s.count) {
        s.count = MIN(TOGETHER, vectors->count - s.first);
        for (int32_t q = 0; q < s.count; q++) {
            flat_get(s.queries + (size_t)q * bytes, &s.flat, (uint32_t)(s.first + q));
        }
        status = flat_search_many(s.found, (size_t)s.candidates, &s.flat, engine, s.queries,
                                  (size_t)s.count, err);
        if (status == LK_OK) {
            pool_for(engine->pool, (s.count + CHUNK - 1) / CHUNK, order_chunk, &s);
        }
        if (report) {
            report(arg, "neighbours", (double)(s.first + s.count) / vectors->count);
        }
    }
    search_release(&s);
    return status;
}
