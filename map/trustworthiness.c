/* SPDX-License-Identifier: Apache-2.0 */
/* Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods", as scikit-learn computes it:
 *     1 - 2 / (n k (2n - 3k - 1)) sum over i, sum over j in U(i) of (r(i, j) - k)
 * U(i): the k nearest of i on the map that are not among its k nearest by vectors; r(i, j): the rank of j among the vectors'
 * distances from i, from 1, ties by number. Sums of whole numbers, so the threads do not matter. Oracle:
 * sklearn.manifold.trustworthiness. */
#include <likeness/map.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "map/nearest.h"

enum { TOGETHER = 64 };

struct ranks {
    const lk_map_vectors *vectors;
    const float *xy;
    int32_t k, first;
    float *rows;        /* TOGETHER x count: distances */
    int32_t *near;      /* TOGETHER x k, on the map */
    float *near_d2;     /* the same: their squared distances */
    int64_t *penalties; /* TOGETHER */
};

/* The k nearest of point i on the map. */
static void find_on_map(const struct ranks *r, int32_t i, int32_t *near, float *d2s) {
    int32_t filled = 0;
    for (int32_t j = 0; j < r->vectors->count; j++) {
        float dx = r->xy[2 * (size_t)i] - r->xy[2 * (size_t)j];
        float dy = r->xy[2 * (size_t)i + 1] - r->xy[2 * (size_t)j + 1];
        float d2 = dx * dx + dy * dy;
        if (j == i || (filled == r->k && d2 >= d2s[r->k - 1])) {
            continue;
        }
        int32_t at = filled < r->k ? filled++ : r->k - 1;
        for (; at > 0 && d2s[at - 1] > d2; at--) {
            d2s[at] = d2s[at - 1];
            near[at] = near[at - 1];
        }
        d2s[at] = d2;
        near[at] = j;
    }
}

static void rank_point(void *arg, int32_t slot) {
    const struct ranks *r = arg;
    const lk_map_vectors *v = r->vectors;
    int32_t i = r->first + slot;
    float *row = r->rows + (size_t)slot * (size_t)v->count;
    int32_t *near = r->near + (size_t)slot * (size_t)r->k;
    int64_t penalty = 0;
    const float *own = v->data + (size_t)i * (size_t)v->dim;
    for (int32_t j = 0; j < v->count; j++) {
        row[j] = nearest_distance2(own, v->data + (size_t)j * (size_t)v->dim, v->dim);
    }
    find_on_map(r, i, near, r->near_d2 + (size_t)slot * (size_t)r->k);
    for (int32_t n = 0; n < r->k; n++) {
        int32_t j = near[n], rank = 1;
        for (int32_t l = 0; l < v->count; l++) {
            rank += l != i && (row[l] < row[j] || (row[l] == row[j] && l < j));
        }
        penalty += rank > r->k ? rank - r->k : 0;
    }
    r->penalties[slot] = penalty;
}

lk_status lk_map_trustworthiness(double *out, lk_engine *engine, const lk_map_vectors *vectors,
                                 const float *xy, int32_t k, lk_error *err) {
    size_t count = (size_t)vectors->count;
    if (k < 1 || 2 * (int64_t)k >= vectors->count) {
        return error_set(err, LK_E_USAGE,
                         "k of trustworthiness is 1 to less than half of %d, not %d",
                         vectors->count, k);
    }
    lk_map_vectors unit;
    float *unit_rows;
    struct ranks r = {.vectors = &unit, .xy = xy, .k = k};
    lk_status status = nearest_unit_rows(&unit, &unit_rows, vectors, err);
    r.rows = mem_alloc(TOGETHER * count, sizeof *r.rows);
    r.near = mem_alloc(TOGETHER * (size_t)k, sizeof *r.near);
    r.near_d2 = mem_alloc(TOGETHER * (size_t)k, sizeof *r.near_d2);
    r.penalties = mem_alloc(TOGETHER, sizeof *r.penalties);
    bool there = r.rows && r.near && r.near_d2 && r.penalties;
    if (status == LK_OK && !there) {
        status = error_memory(err, TOGETHER * count * sizeof *r.rows);
    }
    int64_t sum = 0;
    for (; status == LK_OK && r.first < vectors->count; r.first += TOGETHER) {
        int32_t points = MIN(TOGETHER, vectors->count - r.first);
        pool_for(engine->pool, points, rank_point, &r);
        for (int32_t i = 0; i < points; i++) {
            sum += r.penalties[i];
        }
        status = engine_check_stop(engine, err);
    }
    double n = (double)count;
    *out = 1 - 2.0 / (n * k * (2 * n - 3.0 * k - 1)) * (double)sum;
    mem_free(unit_rows);
    mem_free(r.rows);
    mem_free(r.near);
    mem_free(r.near_d2);
    mem_free(r.penalties);
    return status;
}
