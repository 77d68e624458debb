/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic regression: Newton's method one weight at a time over standardised evidence, a penalty on the squared weights, no
 * weight below 0 or above what its evidence may have. The loss is convex, so that the order of the weights does not matter. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "verify/evidence.h"

enum { SWEEPS = 200 };

static const double settled = 1e-9; /* the largest step of a sweep that ends it */

struct fit {
    const lk_policy_row *rows;
    size_t count;
    int32_t terms;  /* of evidence */
    double *margin; /* of each row: intercept + sum of weight * standardised value */
    lk_policy *policy;
};

static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

double lk_policy_probability(const lk_policy *policy, const lk_evidence *evidence) {
    double margin = policy->intercept;
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        margin += policy->weights[i] * (evidence->values[i] - policy->means[i]) / policy->scales[i];
    }
    return sigmoid(margin);
}

/* Mean and deviation of each number over what is fitted on; one that never changes has scale 1 and will get no weight. */
static void standardise(struct fit *f) {
    for (int32_t k = 0; k < f->terms; k++) {
        double sum = 0, squares = 0, n = 0;
        for (size_t i = 0; i < f->count; i++) {
            double v = f->rows[i].is_held ? 0 : f->rows[i].evidence.values[k];
            n += !f->rows[i].is_held;
            sum += v;
            squares += v * v;
        }
        double mean = sum / n, variance = squares / n - mean * mean;
        f->policy->means[k] = mean;
        f->policy->scales[k] = variance > 1e-12 ? sqrt(variance) : 1;
    }
}

/* Term -1 is the intercept. */
static double value_of(const struct fit *f, const lk_policy_row *row, int32_t term) {
    return term < 0
               ? 1
               : (row->evidence.values[term] - f->policy->means[term]) / f->policy->scales[term];
}

/* Moves one weight to the least of its second-order model, and the margins with it. Returns how far. */
static double step(struct fit *f, int32_t term, double ridge) {
    double *weight = term < 0 ? &f->policy->intercept : &f->policy->weights[term];
    double penalty = term < 0 ? 0 : ridge;
    double slope = penalty * *weight, bend = penalty + 1e-9;
    for (size_t i = 0; i < f->count; i++) {
        if (!f->rows[i].is_held) {
            double p = sigmoid(f->margin[i]), x = value_of(f, &f->rows[i], term);
            slope += (p - f->rows[i].is_genuine) * x;
            bend += p * (1 - p) * x * x;
        }
    }
    double to = *weight - fmin(fmax(slope / bend, -1), 1); /* far away the model is too flat */
    double most = term < 0 ? 0 : evidence_weight_most(term);
    to = term < 0 ? to : fmax(to, 0);
    double move = (most > 0 ? fmin(to, most) : to) - *weight;
    *weight += move;
    for (size_t i = 0; i < f->count; i++) {
        f->margin[i] += move * value_of(f, &f->rows[i], term);
    }
    return fabs(move);
}

static void learn(struct fit *f, double ridge) {
    double moved = 1;
    for (int32_t sweep = 0; sweep < SWEEPS && moved > settled; sweep++) {
        moved = 0;
        for (int32_t term = -1; term < f->terms; term++) {
            moved = fmax(moved, step(f, term, ridge));
        }
    }
}

/* What became of the rows that were held back. */
static void record(struct fit *f) {
    lk_policy_record r = {0};
    double counts[2][2] = {{0}}; /* [is_genuine][same, different] */
    for (size_t i = 0; i < f->count; i++) {
        const lk_policy_row *row = &f->rows[i];
        if (row->is_held) {
            double p = lk_policy_probability(f->policy, &row->evidence);
            bool may_differ = row->stars >= f->policy->stars_least;
            r.genuine += row->is_genuine;
            r.impostors += !row->is_genuine;
            r.brier += (p - row->is_genuine) * (p - row->is_genuine);
            lk_policy_bin *bin =
                &r.reliability[MIN((int32_t)(p * LK_POLICY_BINS), LK_POLICY_BINS - 1)];
            bin->pairs++;
            bin->genuine += row->is_genuine;
            bin->said += p;
            counts[row->is_genuine][0] += p >= f->policy->same_from;
            counts[row->is_genuine][1] += p < f->policy->different_below && may_differ;
        }
    }
    double genuine = (double)MAX(r.genuine, 1), impostors = (double)MAX(r.impostors, 1);
    r.brier /= (double)MAX(r.genuine + r.impostors, 1);
    r.same_of_genuine = counts[1][0] / genuine;
    r.different_of_genuine = counts[1][1] / genuine;
    r.same_of_impostors = counts[0][0] / impostors;
    r.different_of_impostors = counts[0][1] / impostors;
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        r.reliability[i].said /= (double)MAX(r.reliability[i].pairs, 1);
    }
    f->policy->record = r;
}

lk_status lk_policy_fit(lk_policy *policy, const lk_policy_row *rows, size_t count, double ridge,
                        lk_error *err) {
    struct fit f = {.rows = rows, .count = count, .terms = lk_evidence_count(), .policy = policy};
    size_t genuine = 0, impostors = 0;
    for (size_t i = 0; i < count; i++) {
        genuine += !rows[i].is_held && rows[i].is_genuine;
        impostors += !rows[i].is_held && !rows[i].is_genuine;
    }
    if (genuine == 0 || impostors == 0 || !(ridge >= 0)) {
        return error_set(err, LK_E_USAGE,
                         "%zu genuine pairs and %zu others to fit on: both kinds are needed",
                         genuine, impostors);
    }
    f.margin = mem_calloc(count, sizeof *f.margin);
    if (!f.margin) {
        return error_memory(err, count * sizeof *f.margin);
    }
    policy->intercept = 0;
    memset(policy->weights, 0, sizeof policy->weights);
    standardise(&f);
    learn(&f, ridge);
    record(&f);
    mem_free(f.margin);
    return LK_OK;
}
