/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors to neighbours, neighbours to a graph, the graph to places and clusters. docs/algorithms/map.md. */
#include <likeness/map.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "map/community.h"
#include "map/fuzzy_graph.h"
#include "map/layout.h"
#include "map/nearest.h"
#include "map/principal.h"

/* More rounds where a round is cheap (umap-learn: 500 and 200). */
enum { FEW_POINTS = 10000, EPOCHS_FEW = 500, EPOCHS_MANY = 300, EPOCHS_MOST = 100000 };
enum { NEGATIVES_MOST = 50 };

#define START_HALF 10.0 /* half the side of the square that points begin in: umap-learn's */
#define RESOLUTION 1.0  /* of clusters: plain modularity */

const char *lk_map_method_name(lk_map_method method) {
    static const char *const names[LK_MAP_METHODS] = {"umap", "pca"};
    return names[method];
}

lk_map_options lk_map_options_default(void) {
    return (lk_map_options){.method = LK_MAP_UMAP,
                            .neighbours = 15,
                            .min_dist = 0.01,
                            .spread = 1,
                            .negatives = 15,
                            .seed = 1};
}

void lk_map_release(lk_similarity_map *map) {
    if (map) {
        mem_free(map->xy);
        mem_free(map->nearest);
        mem_free(map->distances);
        mem_free(map->clusters);
        mem_free(map->cluster);
        *map = (lk_similarity_map){0};
    }
}

static lk_status check_options(const lk_map_options *o, lk_error *err) {
    if ((uint32_t)o->method >= LK_MAP_METHODS) {
        return error_set(err, LK_E_USAGE, "no such method of mapping");
    }
    if (o->neighbours < 2 || o->neighbours > LK_MAP_NEIGHBOURS_MAX) {
        return error_set(err, LK_E_USAGE, "neighbours are 2 to %d, not %d", LK_MAP_NEIGHBOURS_MAX,
                         o->neighbours);
    }
    if (!(o->spread > 0 && o->spread <= 10) || !(o->min_dist >= 0 && o->min_dist <= o->spread)) {
        return error_set(err, LK_E_USAGE,
                         "spread is above 0 and at most 10, min_dist 0 to spread; not %g and %g",
                         o->spread, o->min_dist);
    }
    if (o->epochs < 0 || o->epochs > EPOCHS_MOST || o->negatives < 1 ||
        o->negatives > NEGATIVES_MOST) {
        return error_set(err, LK_E_USAGE, "epochs are at most %d, negatives 1 to %d; not %d and %d",
                         EPOCHS_MOST, NEGATIVES_MOST, o->epochs, o->negatives);
    }
    return LK_OK;
}

static lk_status reserve(lk_similarity_map *m, int32_t count, int32_t k, lk_error *err) {
    size_t n = (size_t)count;
    *m = (lk_similarity_map){.count = count, .neighbours = k};
    m->xy = mem_calloc(2 * n, sizeof *m->xy);
    m->nearest = mem_alloc(n * (size_t)k, sizeof *m->nearest);
    m->distances = mem_alloc(n * (size_t)k, sizeof *m->distances);
    m->clusters = mem_calloc(n, sizeof *m->clusters);
    return m->xy && m->nearest && m->distances && m->clusters
               ? LK_OK
               : error_memory(err, n * (size_t)k * sizeof *m->nearest);
}

/* -- Places -- */

static lk_status place(lk_similarity_map *m, lk_engine *engine, const lk_map_vectors *vectors,
                       const struct fuzzy_graph *graph, const lk_map_options *o,
                       lk_map_report *report, void *arg, lk_error *err) {
    size_t numbers = 2 * (size_t)m->count;
    double *start = mem_alloc(numbers, sizeof *start), most = 0;
    lk_status status = start ? principal_places(start, engine, vectors, o->seed, err)
                             : error_memory(err, numbers * sizeof *start);
    for (size_t i = 0; status == LK_OK && i < numbers; i++) {
        most = MAX(most, fabs(start[i]));
    }
    for (size_t i = 0; status == LK_OK && i < numbers; i++) {
        m->xy[i] = most > 0 ? (float)(start[i] / most * START_HALF) : 0;
    }
    mem_free(start);
    if (status == LK_OK && o->method == LK_MAP_UMAP && m->count > 1) {
        int32_t usual = m->count <= FEW_POINTS ? EPOCHS_FEW : EPOCHS_MANY;
        int32_t epochs = o->epochs > 0 ? o->epochs : usual;
        status = layout_run(m->xy, engine, graph, o, epochs, report, arg, err);
    }
    return status;
}

/* -- Clusters -- */

static int by_value(const void *a, const void *b) {
    float p = *(const float *)a, q = *(const float *)b;
    return (p > q) - (p < q);
}

static float median(float *values, int32_t count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

/* Sizes and middles. values: room for count; filled: for clusters. */
static void describe(lk_similarity_map *m, float *values, int32_t *filled) {
    for (int32_t i = 0; i < m->count; i++) {
        m->cluster[m->clusters[i]].count++;
    }
    for (size_t axis = 0; axis < 2; axis++) {
        for (int32_t c = 0, begin = 0; c < m->cluster_count; c++) {
            filled[c] = begin;
            begin += m->cluster[c].count;
        }
        for (int32_t i = 0; i < m->count; i++) {
            values[filled[m->clusters[i]]++] = m->xy[2 * (size_t)i + axis];
        }
        for (int32_t c = 0; c < m->cluster_count; c++) {
            int32_t count = m->cluster[c].count;
            float middle = median(values + filled[c] - count, count);
            *(axis == 0 ? &m->cluster[c].x : &m->cluster[c].y) = middle;
        }
    }
}

/* Of squared distances the medoid is the member nearest to the mean. means: clusters x dim; nearest: clusters. */
static void find_medoids(lk_similarity_map *m, const lk_map_vectors *v, double *means,
                         double *nearest) {
    size_t dim = (size_t)v->dim;
    for (int32_t i = 0; i < m->count; i++) {
        size_t c = (size_t)m->clusters[i];
        for (size_t d = 0; d < dim; d++) {
            means[c * dim + d] +=
                (double)v->data[(size_t)i * dim + d] / (double)m->cluster[c].count;
        }
    }
    for (int32_t c = 0; c < m->cluster_count; c++) {
        m->cluster[c].medoid = -1;
    }
    for (int32_t i = 0; i < m->count; i++) {
        size_t c = (size_t)m->clusters[i];
        double sum = 0;
        for (size_t d = 0; d < dim; d++) {
            double off = (double)v->data[(size_t)i * dim + d] - means[c * dim + d];
            sum += off * off;
        }
        if (m->cluster[c].medoid < 0 || sum < nearest[c]) {
            m->cluster[c].medoid = i;
            nearest[c] = sum;
        }
    }
}

static lk_status find_clusters(lk_similarity_map *m, const lk_map_vectors *vectors,
                               const struct fuzzy_graph *graph, lk_error *err) {
    lk_status status = community_find(m->clusters, &m->cluster_count, graph, RESOLUTION, err);
    if (status != LK_OK) {
        return status;
    }
    size_t clusters = (size_t)m->cluster_count, dim = (size_t)vectors->dim;
    m->cluster = mem_calloc(clusters, sizeof *m->cluster);
    float *values = mem_alloc((size_t)m->count, sizeof *values);
    double *means = mem_calloc(clusters * dim, sizeof *means);
    double *nearest = mem_alloc(clusters, sizeof *nearest);
    int32_t *filled = mem_alloc(clusters, sizeof *filled);
    if (m->cluster && values && means && nearest && filled) {
        describe(m, values, filled);
        find_medoids(m, vectors, means, nearest);
    } else {
        status = error_memory(err, clusters * dim * sizeof *means);
    }
    mem_free(values);
    mem_free(means);
    mem_free(nearest);
    mem_free(filled);
    return status;
}

/* What lies between the neighbours and the answer. */
static lk_status draw(lk_similarity_map *m, lk_engine *engine, const lk_map_vectors *unit,
                      const lk_map_options *o, lk_map_report *report, void *arg, lk_error *err) {
    struct fuzzy_graph graph = {0};
    lk_status status = fuzzy_graph_new(&graph, &engine->kernels.math, m->nearest, m->distances,
                                       m->count, m->neighbours, err);
    status = status == LK_OK ? place(m, engine, unit, &graph, o, report, arg, err) : status;
    status = status == LK_OK ? find_clusters(m, unit, &graph, err) : status;
    fuzzy_graph_release(&graph);
    return status;
}

lk_status lk_map_make(lk_similarity_map *out, lk_engine *engine, const lk_map_vectors *vectors,
                      const lk_map_options *options, lk_map_report *report, void *arg,
                      lk_error *err) {
    const lk_map_options usual = lk_map_options_default(), *o = options ? options : &usual;
    lk_map_vectors unit = {0};
    float *rows = NULL;
    *out = (lk_similarity_map){0};
    lk_status status = check_options(o, err);
    status = status == LK_OK ? nearest_unit_rows(&unit, &rows, vectors, err) : status;
    int32_t k = MIN(o->neighbours, unit.count - 1);
    status = status == LK_OK ? reserve(out, unit.count, k, err) : status;
    status = status == LK_OK
                 ? nearest_find(out->nearest, out->distances, engine, &unit, k, report, arg, err)
                 : status;
    status = status == LK_OK ? draw(out, engine, &unit, o, report, arg, err) : status;
    mem_free(rows);
    if (status != LK_OK) {
        lk_map_release(out);
    }
    return status;
}
