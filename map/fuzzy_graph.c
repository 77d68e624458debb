/* SPDX-License-Identifier: Apache-2.0 */
/* Section 3.1 of McInnes, Healy and Melville 2018, "UMAP: Uniform Manifold Approximation and Projection".
 *
 * Of a point with neighbours at distances d_1 <= ... <= d_k: rho is the smallest that is not 0, and sigma solves
 *     sum over j of exp(-max(0, d_j - rho) / sigma) = log2 k
 * by halving, 64 times; it is at least a thousandth of the mean distance, as umap-learn has it. w(i -> j) is that exponential,
 * and the two directions are joined by the probabilistic sum w + w' - w w'.
 *
 * Exponentials are powers of a half by kernel_math.pow, which gives the same bits everywhere.
 * Oracle: tests/oracle/map/make_map.py, numpy. */
#include "map/fuzzy_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum { NEIGHBOURS_MAX = 128, HALVINGS = 64 };

#define LOG2_E 1.4426950408889634
#define SCALE_LEAST 1e-3 /* of the mean distance: umap-learn's MIN_K_DIST_SCALE */

/* weights = exp(-max(0, d - rho) / sigma); returns their sum. */
static double strengths(float *weights, const struct kernel_math *math, const float *distances,
                        int32_t k, double rho, double sigma) {
    float half[NEIGHBOURS_MAX] = {0}, exponent[NEIGHBOURS_MAX] = {0};
    double sum = 0;
    for (int32_t j = 0; j < k; j++) {
        double over = (double)distances[j] - rho;
        half[j] = 0.5f;
        exponent[j] = over > 0 && sigma > 0 ? (float)MIN(over / sigma * LOG2_E, 120.0) : 0;
    }
    math->pow(weights, half, exponent, (size_t)k);
    for (int32_t j = 0; j < k; j++) {
        sum += (double)weights[j];
    }
    return sum;
}

static double mean_of(const float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
    }
    return sum / (double)count;
}

/* The weights of one point. mean: of all distances of all points, for a point whose own are all 0. */
static void weigh(float *weights, const struct kernel_math *math, const float *distances, int32_t k,
                  double mean) {
    double rho = 0, low = 0, high = 0, sigma = 1, target = 0, own = mean_of(distances, (size_t)k);
    float bits[1] = {(float)k};
    math->log2(bits, bits, 1);
    target = (double)bits[0];
    for (int32_t j = k - 1; j >= 0; j--) {
        rho = distances[j] > 0 ? (double)distances[j] : rho;
    }
    for (int32_t i = 0; i < HALVINGS; i++) {
        if (strengths(weights, math, distances, k, rho, sigma) > target) {
            high = sigma;
        } else {
            low = sigma;
        }
        sigma = high > 0 ? (low + high) / 2 : sigma * 2;
    }
    sigma = MAX(sigma, SCALE_LEAST * (rho > 0 ? own : mean));
    strengths(weights, math, distances, k, rho, sigma);
}

struct tie {
    int32_t to;
    float weight;
};

static int by_partner(const void *a, const void *b) {
    const struct tie *p = a, *q = b;
    int order = (p->to > q->to) - (p->to < q->to);
    return order != 0 ? order : (p->weight > q->weight) - (p->weight < q->weight);
}

/* Each tie on both its ends: start[i] is where those of point i begin. A pair that is tied both ways stands twice. */
static void spread_ties(struct tie *ties, int64_t *start, const int32_t *nearest,
                        const float *weights, int32_t count, int32_t k) {
    memset(start, 0, ((size_t)count + 2) * sizeof *start);
    for (int64_t e = 0; e < (int64_t)count * k; e++) {
        start[e / k + 2]++;
        start[nearest[e] + 2]++;
    }
    for (int32_t i = 0; i < count; i++) {
        start[i + 2] += start[i + 1];
    }
    for (int64_t e = 0; e < (int64_t)count * k; e++) {
        int32_t i = (int32_t)(e / k);
        ties[start[i + 1]++] = (struct tie){nearest[e], weights[e]};
        ties[start[nearest[e] + 1]++] = (struct tie){i, weights[e]};
    }
}

/* Joins what stands twice. Moves the ties of each point into the graph, whose arrays have room for all. */
static void join(struct fuzzy_graph *g, struct tie *ties, const int64_t *start) {
    int64_t filled = 0;
    for (int32_t i = 0; i < g->count; i++) {
        int64_t begin = start[i], end = start[i + 1];
        g->start[i] = filled;
        qsort(ties + begin, (size_t)(end - begin), sizeof *ties, by_partner);
        for (int64_t e = begin; e < end; e++) {
            bool twice = e + 1 < end && ties[e + 1].to == ties[e].to;
            float w = ties[e].weight, other = twice ? ties[e + 1].weight : 0;
            g->to[filled] = ties[e].to;
            g->weight[filled++] = w + other - w * other;
            e += twice;
        }
    }
    g->start[g->count] = filled;
}

lk_status fuzzy_graph_new(struct fuzzy_graph *out, const struct kernel_math *math,
                          const int32_t *nearest, const float *distances, int32_t count, int32_t k,
                          lk_error *err) {
    size_t directed = (size_t)count * (size_t)k;
    *out = (struct fuzzy_graph){.count = count};
    float *weights = mem_alloc(directed, sizeof *weights);
    struct tie *ties = mem_alloc(2 * directed, sizeof *ties);
    int64_t *start = mem_alloc((size_t)count + 2, sizeof *start);
    out->start = mem_alloc((size_t)count + 1, sizeof *out->start);
    out->to = mem_alloc(2 * directed, sizeof *out->to);
    out->weight = mem_alloc(2 * directed, sizeof *out->weight);
    bool there = weights && ties && start && out->start && out->to && out->weight;
    if (there) {
        double mean = mean_of(distances, directed);
        for (size_t i = 0; i < (size_t)count; i++) {
            weigh(weights + i * (size_t)k, math, distances + i * (size_t)k, k, mean);
        }
        spread_ties(ties, start, nearest, weights, count, k);
        join(out, ties, start);
    } else {
        fuzzy_graph_release(out);
    }
    mem_free(weights);
    mem_free(ties);
    mem_free(start);
    return there ? LK_OK : error_memory(err, 2 * directed * sizeof *ties);
}

void fuzzy_graph_release(struct fuzzy_graph *graph) {
    mem_free(graph->start);
    mem_free(graph->to);
    mem_free(graph->weight);
    *graph = (struct fuzzy_graph){0};
}
