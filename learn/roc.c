/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs in descending order of their cosines are walked once for each set of weights: 1 each for the figures, and how often its
 * query was drawn for a resample of the bootstrap (Efron 1979), by percentiles. Pairs of one query are drawn together, since they
 * share a photo. Pairs of equal cosine are taken as one step, all or none. docs/algorithms/evaluate.md has the definitions. */
#include "learn/roc.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/engine.h"

enum { RESAMPLES_MAX = 10000, RESAMPLES_LEAST = 200 };

/* Steps of all resamples together: some seconds on a core. */
#define STEPS_MAX 4e9

static const double at_rates[LK_ROC_AT_COUNT] = {0.01, 0.001};

/* -- Sorting -- */

/* Greater cosines have smaller keys: the bits of a float in descending order as an unsigned number. */
static uint32_t key_of(float cosine) {
    uint32_t bits;
    cosine += 0.0F; /* -0 is 0 */
    memcpy(&bits, &cosine, sizeof bits);
    return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

/* By one byte of the key; stable. */
static void sort_byte(struct roc_pair *to, const struct roc_pair *from, size_t count, int shift) {
    size_t starts[257] = {0};
    for (size_t i = 0; i < count; i++) {
        starts[(key_of(from[i].cosine) >> shift & 255) + 1]++;
    }
    for (int32_t i = 0; i < 256; i++) {
        starts[i + 1] += starts[i];
    }
    for (size_t i = 0; i < count; i++) {
        to[starts[key_of(from[i].cosine) >> shift & 255]++] = from[i];
    }
}

static lk_status sort_pairs(struct roc_pair *pairs, size_t count, lk_error *err) {
    struct roc_pair *other = mem_alloc(count, sizeof *other);
    if (!other) {
        return error_memory(err, count * sizeof *other);
    }
    for (int shift = 0; shift < 32; shift += 16) {
        sort_byte(other, pairs, count, shift);
        sort_byte(pairs, other, count, shift + 8);
    }
    mem_free(other);
    return LK_OK;
}

/* -- Walking -- */

struct totals {
    int64_t genuine, impostors;
};

/* What a walk finds: the working points of some rates, and the area. */
struct walk {
    const double *rates; /* descending: the last is passed first */
    int32_t count;
    double *thresholds, *matches; /* count of each; thresholds may be NULL */
    double area;
};

static struct totals weigh_all(const struct totals *of_query, const int32_t *weights,
                               int32_t queries) {
    struct totals t = {0};
    for (int32_t i = 0; i < queries; i++) {
        t.genuine += weights[i] * of_query[i].genuine;
        t.impostors += weights[i] * of_query[i].impostors;
    }
    return t;
}

/* The weights of the pairs from `at` on that have one cosine; *end gets the pair behind them. */
static struct totals weigh_step(int64_t *end, const struct roc_pair *pairs, int64_t at,
                                int64_t count, const int32_t *weights) {
    struct totals t = {0};
    float cosine = pairs[at].cosine;
    for (; at < count && pairs[at].cosine == cosine; at++) {
        uint32_t kind = pairs[at].query_kind;
        int64_t weight = weights[kind >> 1];
        t.genuine += kind & 1 ? weight : 0;
        t.impostors += kind & 1 ? 0 : weight;
    }
    *end = at;
    return t;
}

/* Impostors that may be accepted; a product that should be whole may have been rounded down. */
static int64_t allowed(double rate, int64_t impostors) {
    return (int64_t)(rate * (double)impostors * (1 + 1e-12));
}

/* totals of neither kind is 0. */
static void walk_pairs(struct walk *w, const struct roc_pair *pairs, int64_t count,
                       const int32_t *weights, struct totals totals) {
    struct totals above = {0};
    double area = 0;
    int32_t left = w->count; /* rates[left - 1] is the next to be passed */
    for (int64_t at = 0, end; at < count; at = end) {
        struct totals step = weigh_step(&end, pairs, at, count, weights);
        int64_t impostors = above.impostors + step.impostors;
        while (left > 0 && impostors > allowed(w->rates[left - 1], totals.impostors)) {
            left--;
            w->matches[left] = (double)above.genuine / (double)totals.genuine;
            if (w->thresholds) {
                w->thresholds[left] = (double)pairs[at].cosine;
            }
        }
        area += (double)step.impostors * ((double)above.genuine + (double)step.genuine / 2);
        above.genuine += step.genuine;
        above.impostors = impostors;
    }
    while (left > 0) { /* all may be accepted */
        left--;
        w->matches[left] = 1;
        if (w->thresholds) {
            w->thresholds[left] = -2;
        }
    }
    w->area = area / ((double)totals.genuine * (double)totals.impostors);
}

/* -- The bootstrap -- */

enum { FIGURES = LK_ROC_AT_COUNT + 1 };

struct bootstrap {
    const struct lk_engine *engine;
    const struct roc_pair *pairs;
    int64_t count;
    const struct totals *of_query;
    int32_t queries, resamples;
    uint64_t seed;
    double *figures; /* FIGURES rows of resamples; NaN where a resample has no pairs of one kind */
    _Atomic bool short_of_memory;
};

/* Draws as many queries as there are, with replacement. */
static void draw_weights(int32_t *weights, int32_t queries, uint64_t seed) {
    struct rng r;
    rng_init(&r, seed);
    for (int32_t i = 0; i < queries; i++) {
        weights[rng_below(&r, (uint32_t)queries)]++;
    }
}

static void resample(void *arg, int32_t i) {
    struct bootstrap *b = arg;
    double matches[LK_ROC_AT_COUNT] = {NAN, NAN};
    struct walk w = {.rates = at_rates, .count = LK_ROC_AT_COUNT, .matches = matches, .area = NAN};
    lk_error ignored;
    if (engine_check_stop(b->engine, &ignored) != LK_OK) {
        return;
    }
    int32_t *weights = mem_calloc((size_t)b->queries, sizeof *weights);
    if (!weights) {
        b->short_of_memory = true;
        return;
    }
    draw_weights(weights, b->queries, b->seed + (uint64_t)i);
    struct totals totals = weigh_all(b->of_query, weights, b->queries);
    if (totals.genuine > 0 && totals.impostors > 0) {
        walk_pairs(&w, b->pairs, b->count, weights, totals);
    }
    for (int32_t k = 0; k < LK_ROC_AT_COUNT; k++) {
        b->figures[(size_t)k * (size_t)b->resamples + (size_t)i] = matches[k];
    }
    b->figures[(size_t)LK_ROC_AT_COUNT * (size_t)b->resamples + (size_t)i] = w.area;
    mem_free(weights);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* numpy.quantile of sorted values: linear between neighbours. */
static double quantile(const double *values, int32_t count, double q) {
    double at = q * (count - 1);
    int32_t i = (int32_t)at, next = MIN(i + 1, count - 1);
    return values[i] + (values[next] - values[i]) * (at - i);
}

/* The middle 95 % of a row of figures, which is reordered. */
static void set_interval(lk_interval *out, double *figures, int32_t resamples) {
    int32_t count = 0;
    for (int32_t i = 0; i < resamples; i++) {
        if (!isnan(figures[i])) {
            figures[count++] = figures[i];
        }
    }
    if (count > 0) {
        qsort(figures, (size_t)count, sizeof *figures, ascending);
        out->low = quantile(figures, count, 0.025);
        out->high = quantile(figures, count, 0.975);
    }
}

lk_interval roc_wilson(double p, double n) {
    const double z = 1.959963984540054; /* the normal quantile of 0.975 */
    if (n <= 0) {
        return (lk_interval){0, 0, 1};
    }
    double scale = 1 / (1 + z * z / n), middle = (p + z * z / (2 * n)) * scale;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) * scale;
    /* At the ends the interval touches them exactly; rounding would not. */
    return (lk_interval){p, p <= 0 ? 0 : middle - half, p >= 1 ? 1 : middle + half};
}

/* A resample can only repeat what was seen: of six photos none of which is accepted, all resamples say 0. So the interval of a rate
 * reaches at least as far as Wilson's of that share of the questions, the threshold held. */
static void widen(lk_interval *i, int32_t questions) {
    lk_interval least = roc_wilson(i->value, questions);
    i->low = fmin(i->low, least.low);
    i->high = fmax(i->high, least.high);
}

static int32_t count_questions(const struct totals *of_query, int32_t queries) {
    int32_t count = 0;
    for (int32_t i = 0; i < queries; i++) {
        count += of_query[i].genuine > 0;
    }
    return count;
}

static lk_status bootstrap(lk_roc *out, struct bootstrap *b, lk_engine *engine, lk_error *err) {
    size_t n = (size_t)b->resamples;
    b->figures = mem_calloc(FIGURES * n, sizeof *b->figures);
    if (!b->figures) {
        return error_memory(err, FIGURES * n * sizeof *b->figures);
    }
    lk_engine_for(engine, b->resamples, resample, b);
    lk_status status = engine_check_stop(engine, err);
    if (status == LK_OK && b->short_of_memory) {
        status = error_memory(err, (size_t)b->queries * sizeof(int32_t));
    }
    int32_t questions = count_questions(b->of_query, b->queries);
    for (size_t k = 0; status == LK_OK && k < LK_ROC_AT_COUNT; k++) {
        set_interval(&out->at[k].true_match_rate, b->figures + k * n, b->resamples);
        widen(&out->at[k].true_match_rate, questions);
    }
    if (status == LK_OK) {
        set_interval(&out->area, b->figures + LK_ROC_AT_COUNT * n, b->resamples);
    }
    mem_free(b->figures);
    return status;
}

/* -- All of it -- */

static lk_interval exactly(double value) {
    return (lk_interval){value, value, value};
}

/* The figures themselves, without intervals. */
static void set_values(lk_roc *out, const struct roc_pair *pairs, int64_t count,
                       const int32_t *weights) {
    enum { ALL = LK_ROC_AT_COUNT + LK_ROC_POINTS };
    double rates[LK_ROC_POINTS], thresholds[LK_ROC_POINTS], matches[LK_ROC_POINTS];
    const struct totals totals = {out->genuine, out->impostors};
    struct walk w = {rates, LK_ROC_POINTS, thresholds, matches, 0};
    for (int32_t i = 0; i < LK_ROC_POINTS; i++) { /* the walk wants the largest first */
        rates[LK_ROC_POINTS - 1 - i] = pow(10, (i - (LK_ROC_POINTS - 1)) / 10.0);
    }
    walk_pairs(&w, pairs, count, weights, totals);
    for (int32_t i = 0; i < LK_ROC_POINTS; i++) {
        int32_t k = LK_ROC_POINTS - 1 - i;
        out->points[i] = (lk_roc_point){rates[k], thresholds[k], exactly(matches[k])};
    }
    out->area = exactly(w.area);
    w = (struct walk){at_rates, LK_ROC_AT_COUNT, thresholds, matches, 0};
    walk_pairs(&w, pairs, count, weights, totals);
    for (int32_t i = 0; i < LK_ROC_AT_COUNT; i++) {
        out->at[i] = (lk_roc_point){at_rates[i], thresholds[i], exactly(matches[i])};
    }
}

static lk_status compute_sorted(lk_roc *out, lk_engine *engine, const struct roc_pair *pairs,
                                int64_t count, const struct totals *of_query, int32_t *weights,
                                const lk_evaluate_options *options, lk_error *err) {
    for (int32_t i = 0; i < out->queries; i++) {
        weights[i] = 1;
        out->genuine += of_query[i].genuine;
        out->impostors += of_query[i].impostors;
    }
    if (out->genuine == 0 || out->impostors == 0) {
        return LK_OK;
    }
    set_values(out, pairs, count, weights);
    int32_t most = (int32_t)fmin(fmax(STEPS_MAX / (double)count, RESAMPLES_LEAST), RESAMPLES_MAX);
    out->resamples = MIN(options->resamples, most);
    struct bootstrap b = {.engine = engine,
                          .pairs = pairs,
                          .count = count,
                          .of_query = of_query,
                          .queries = out->queries,
                          .resamples = out->resamples,
                          .seed = options->seed};
    return out->resamples > 0 ? bootstrap(out, &b, engine, err) : LK_OK;
}

lk_status roc_compute(lk_roc *out, lk_engine *engine, struct roc_pair *pairs, int64_t count,
                      int32_t queries, const lk_evaluate_options *options, lk_error *err) {
    *out = (lk_roc){.queries = queries};
    struct totals *of_query = mem_calloc((size_t)queries, sizeof *of_query);
    int32_t *weights = mem_alloc((size_t)queries, sizeof *weights);
    lk_status status = of_query && weights ? sort_pairs(pairs, (size_t)count, err)
                                           : error_memory(err, (size_t)queries * sizeof *of_query);
    for (int64_t i = 0; status == LK_OK && i < count; i++) {
        struct totals *t = &of_query[pairs[i].query_kind >> 1];
        t->genuine += pairs[i].query_kind & 1;
        t->impostors += !(pairs[i].query_kind & 1);
    }
    status = status == LK_OK
                 ? compute_sorted(out, engine, pairs, count, of_query, weights, options, err)
                 : status;
    mem_free(of_query);
    mem_free(weights);
    return status;
}
