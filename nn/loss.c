/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/loss.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/float_loops.h"

/* -- Triplets -- */

const char *mining_name(enum triplet_mining mining) {
    static const char *const names[MINE_KINDS] = {"random", "semihard", "hard"};
    return names[mining];
}

struct triplets {
    const struct embeddings *e;
    const struct triplet_options *o;
    struct rng *rng;
    float *distance; /* rows x rows */
    float *weight;   /* rows x rows: derivative of the sum of all triplets by each distance */
    double sum;
    int64_t count, active;
};

static bool same(const struct embeddings *e, int32_t i, int32_t j) {
    return e->labels[i] == e->labels[j];
}

static void find_distances(struct triplets *t) {
    int32_t n = t->e->rows, dim = t->e->dim;
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = i; j < n; j++) {
            float square = loops_square_distance(t->e->x + (size_t)i * (size_t)dim,
                                                 t->e->x + (size_t)j * (size_t)dim, dim);
            float d = t->o->squared ? square : sqrtf(square);
            t->distance[(size_t)i * (size_t)n + (size_t)j] = d;
            t->distance[(size_t)j * (size_t)n + (size_t)i] = d;
        }
    }
}

static const float *row(const struct triplets *t, int32_t i) {
    return t->distance + (size_t)i * (size_t)t->e->rows;
}

/* The negative of i that is nearest beyond `beyond`, or -1. */
static int32_t nearest_negative(const struct triplets *t, int32_t i, float beyond) {
    int32_t best = -1;
    for (int32_t k = 0; k < t->e->rows; k++) {
        bool better = best < 0 || row(t, i)[k] < row(t, i)[best];
        if (!same(t->e, i, k) && row(t, i)[k] > beyond && better) {
            best = k;
        }
    }
    return best;
}

/* The farthest row from i among its positives, or its negatives; -1 when there is none. */
static int32_t farthest(const struct triplets *t, int32_t i, bool positive) {
    int32_t best = -1;
    for (int32_t k = 0; k < t->e->rows; k++) {
        bool better = best < 0 || row(t, i)[k] > row(t, i)[best];
        if (k != i && same(t->e, i, k) == positive && better) {
            best = k;
        }
    }
    return best;
}

static int32_t random_negative(const struct triplets *t, int32_t i) {
    uint32_t count = 0;
    for (int32_t k = 0; k < t->e->rows; k++) {
        count += !same(t->e, i, k);
    }
    uint32_t left = count > 0 ? rng_below(t->rng, count) : 0;
    for (int32_t k = 0; count > 0 && k < t->e->rows; k++) {
        if (!same(t->e, i, k) && left-- == 0) {
            return k;
        }
    }
    return -1;
}

static void add_triplet(struct triplets *t, int32_t anchor, int32_t positive, int32_t negative) {
    if (positive < 0 || negative < 0) {
        return;
    }
    size_t at = (size_t)anchor * (size_t)t->e->rows;
    double value =
        t->o->margin + (double)row(t, anchor)[positive] - (double)row(t, anchor)[negative];
    t->count++;
    if (value > 0) {
        t->active++;
        t->sum += value;
        t->weight[at + (size_t)positive] += 1;
        t->weight[at + (size_t)negative] -= 1;
    }
}

static void mine_anchor(struct triplets *t, int32_t i) {
    if (t->o->mining == MINE_HARD) {
        add_triplet(t, i, farthest(t, i, true), nearest_negative(t, i, -1));
        return;
    }
    for (int32_t p = 0; p < t->e->rows; p++) {
        if (p == i || !same(t->e, i, p)) {
            continue;
        }
        int32_t negative = t->o->mining == MINE_RANDOM ? random_negative(t, i)
                                                       : nearest_negative(t, i, row(t, i)[p]);
        add_triplet(t, i, p, negative < 0 ? farthest(t, i, false) : negative);
    }
}

/* The gradient of each distance goes to both its ends. */
static void spread(const struct triplets *t) {
    const struct embeddings *e = t->e;
    for (int32_t i = 0; i < e->rows; i++) {
        for (int32_t j = 0; j < e->rows; j++) {
            float weight = t->weight[(size_t)i * (size_t)e->rows + (size_t)j], d = row(t, i)[j];
            if (weight > 0 || weight < 0) {
                float each = t->o->squared ? 2 : d > 0 ? 1 / d : 0;
                loops_pull(e->gradient + (size_t)i * (size_t)e->dim,
                           e->gradient + (size_t)j * (size_t)e->dim,
                           e->x + (size_t)i * (size_t)e->dim, e->x + (size_t)j * (size_t)e->dim,
                           weight * each / (float)t->count, e->dim);
            }
        }
    }
}

lk_status loss_triplet(double *loss, double *active, const struct embeddings *e,
                       const struct triplet_options *options, struct rng *rng, lk_error *err) {
    size_t cells = (size_t)e->rows * (size_t)e->rows;
    struct triplets t = {.e = e, .o = options, .rng = rng};
    t.distance = mem_alloc(cells + 1, sizeof *t.distance);
    t.weight = mem_calloc(cells + 1, sizeof *t.weight);
    lk_status status =
        t.distance && t.weight ? LK_OK : error_memory(err, 2 * cells * sizeof *t.weight);
    memset(e->gradient, 0, (size_t)e->rows * (size_t)e->dim * sizeof *e->gradient);
    if (status == LK_OK) {
        find_distances(&t);
        for (int32_t i = 0; i < e->rows; i++) {
            mine_anchor(&t, i);
        }
        spread(&t);
    }
    *loss = t.count > 0 ? t.sum / (double)t.count : 0;
    *active = t.count > 0 ? (double)t.active / (double)t.count : 0;
    mem_free(t.distance);
    mem_free(t.weight);
    return status;
}

/* -- InfoNCE -- */

/* Logarithms of the softmax of row i among all but itself become derivatives of the loss by the row's products. Returns
 * the row's loss, or -1 when it has no positive. */
static double contrast_row(const struct embeddings *e, float *products, int32_t i) {
    double largest = -DBL_MAX, total = 0, loss = 0;
    int32_t positives = 0;
    for (int32_t k = 0; k < e->rows; k++) {
        if (k != i) {
            largest = MAX(largest, (double)products[k]);
            positives += same(e, i, k);
        }
    }
    for (int32_t k = 0; k < e->rows; k++) {
        total += k != i ? exp((double)products[k] - largest) : 0;
    }
    for (int32_t k = 0; k < e->rows; k++) {
        double share = k != i ? exp((double)products[k] - largest) / total : 0;
        double wanted = k != i && same(e, i, k) && positives > 0 ? 1.0 / positives : 0;
        loss -= wanted > 0 ? wanted * ((double)products[k] - largest - log(total)) : 0;
        products[k] = positives > 0 ? (float)(share - wanted) : 0;
    }
    return positives > 0 ? loss : -1;
}

lk_status loss_contrastive(double *loss, const struct embeddings *e, double temperature,
                           lk_error *err) {
    size_t n = (size_t)e->rows, dim = (size_t)e->dim;
    float *products = mem_alloc(n * n + 1, sizeof *products);
    memset(e->gradient, 0, n * dim * sizeof *e->gradient);
    *loss = 0;
    if (!products) {
        return error_memory(err, n * n * sizeof *products);
    }
    double sum = 0;
    int32_t anchors = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            float dot = loops_dot(e->x + i * dim, e->x + k * dim, e->dim);
            products[i * n + k] = (float)((double)dot / temperature);
        }
        double row_loss = contrast_row(e, products + i * n, (int32_t)i);
        sum += MAX(row_loss, 0);
        anchors += row_loss >= 0;
    }
    double each = anchors > 0 ? 1 / (temperature * anchors) : 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            float both =
                (float)(((double)products[i * n + k] + (double)products[k * n + i]) * each);
            loops_add(e->gradient + i * dim, e->x + k * dim, both, e->dim);
        }
    }
    *loss = anchors > 0 ? sum / anchors : 0;
    mem_free(products);
    return LK_OK;
}

/* -- Classes and pictures -- */

double loss_cross_entropy(const struct embeddings *e) {
    double loss = 0;
    for (int32_t i = 0; i < e->rows; i++) {
        const float *x = e->x + (size_t)i * (size_t)e->dim;
        float *gradient = e->gradient + (size_t)i * (size_t)e->dim;
        double largest = -DBL_MAX, total = 0;
        for (int32_t k = 0; k < e->dim; k++) {
            largest = MAX(largest, (double)x[k]);
        }
        for (int32_t k = 0; k < e->dim; k++) {
            total += exp((double)x[k] - largest);
        }
        for (int32_t k = 0; k < e->dim; k++) {
            double share = exp((double)x[k] - largest) / total;
            gradient[k] = (float)((share - (k == e->labels[i])) / e->rows);
        }
        loss -= (double)x[e->labels[i]] - largest - log(total);
    }
    return e->rows > 0 ? loss / e->rows : 0;
}

double loss_mse(float *gradient, const float *x, const float *target, int64_t count) {
    double sum = 0;
    float each = 2 / (float)count;
    for (int64_t i = 0; i < count; i++) {
        float d = x[i] - target[i];
        sum += (double)d * (double)d;
        gradient[i] = each * d;
    }
    return count > 0 ? sum / (double)count : 0;
}
