/* SPDX-License-Identifier: Apache-2.0 */
/* Distances of a piece of the set at a time, of which those below the worst kept are asked together (kernel_scan.h). Items come in
 * rising order, so that of equally near ones the first stays. Oracle: the plain loop of tests/unit/test_index_hamming.c. */
#include "index/hamming.h"

#include <string.h>

enum {
    PIECE = 2048,  /* hashes: distances and places of 16 KiB */
    TOGETHER = 16, /* queries of a task */
};

static bool is_absent(const struct hamming *h, uint32_t item) {
    return h->absent && (h->absent[item / 64] >> item % 64 & 1);
}

static void scan_piece(struct neighbours *found, const struct hamming *h, const lk_engine *engine,
                       const uint8_t *query, uint32_t first) {
    int32_t distances[PIECE];
    uint32_t at[PIECE];
    const size_t bytes = (size_t)h->bits / 8, n = MIN((size_t)PIECE, h->count - (size_t)first);
    engine->kernels.scan.hamming(distances, query, h->hashes + first * bytes, bytes / 8, n);
    size_t below = engine->kernels.scan.below(at, distances, n, neighbours_limit(found, INT32_MAX));
    for (size_t i = 0; i < below; i++) {
        if (!is_absent(h, first + at[i])) {
            neighbours_add(found, (struct neighbour){distances[at[i]], first + at[i]});
        }
    }
}

size_t hamming_search(struct neighbour *out, size_t k, const struct hamming *h,
                      const lk_engine *engine, const uint8_t *query) {
    struct neighbours found = {.items = out, .most = k};
    for (uint64_t first = 0; first < h->count; first += PIECE) {
        scan_piece(&found, h, engine, query, (uint32_t)first);
    }
    neighbours_sort(&found);
    return found.count;
}

struct many {
    const struct hamming *hamming;
    const lk_engine *engine;
    struct neighbour *out;
    const uint8_t *queries;
    size_t k, count;
};

/* A piece stays in the cache for all queries of the task. */
static void run_many(void *arg, int32_t task) {
    const struct many *m = arg;
    const struct hamming *h = m->hamming;
    const size_t from = (size_t)task * TOGETHER, n = MIN((size_t)TOGETHER, m->count - from);
    struct neighbours found[TOGETHER];
    for (size_t q = 0; q < n; q++) {
        found[q] = (struct neighbours){.items = m->out + (from + q) * m->k, .most = m->k};
    }
    for (uint64_t first = 0; first < h->count; first += PIECE) {
        if (engine_check_stop(m->engine, NULL) != LK_OK) {
            break;
        }
        for (size_t q = 0; q < n; q++) {
            scan_piece(&found[q], h, m->engine, m->queries + (from + q) * ((size_t)h->bits / 8),
                       (uint32_t)first);
        }
    }
    for (size_t q = 0; q < n; q++) {
        neighbours_sort(&found[q]);
    }
}

lk_status hamming_search_many(struct neighbour *out, size_t k, const struct hamming *h,
                              const lk_engine *engine, const uint8_t *queries, size_t count,
                              lk_error *err) {
    struct many m = {h, engine, out, queries, k, count};
    pool_for(engine->pool, (int32_t)((count + TOGETHER - 1) / TOGETHER), run_many, &m);
    return engine_check_stop(engine, err);
}

static lk_status scan_within(struct neighbour_list *out, const struct hamming *h,
                             const lk_engine *engine, const uint8_t *query, int32_t radius,
                             lk_error *err) {
    int32_t distances[PIECE];
    uint32_t at[PIECE];
    const size_t bytes = (size_t)h->bits / 8;
    const int32_t limit = radius < 0 ? 0 : MIN(radius, h->bits) + 1;
    lk_status status = LK_OK;
    for (uint64_t first = 0; status == LK_OK && first < h->count; first += PIECE) {
        const size_t n = MIN((size_t)PIECE, h->count - first);
        engine->kernels.scan.hamming(distances, query, h->hashes + first * bytes, bytes / 8, n);
        const size_t below = engine->kernels.scan.below(at, distances, n, limit);
        for (size_t i = 0; status == LK_OK && i < below; i++) {
            const uint32_t item = (uint32_t)first + at[i];
            if (!is_absent(h, item)) {
                status = neighbour_list_add(out, (struct neighbour){distances[at[i]], item}, err);
            }
        }
    }
    return status;
}

lk_status hamming_within(struct neighbour_list *out, const struct hamming *h,
                         const lk_engine *engine, const uint8_t *query, int32_t radius,
                         lk_error *err) {
    out->count = 0;
    lk_status status = scan_within(out, h, engine, query, radius, err);
    neighbour_list_sort(out);
    return status;
}
