/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks are taken against the one who ranks: a wrong reference of equal cosine stands before the right one, so that vectors which
 * are all alike find nothing. tests/oracle/learn holds the figures against numpy. */
#include <likeness/evaluate.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "learn/ranking.h"
#include "learn/roc.h"

/* Pairs that rates are taken from; above it, evenly spread queries give theirs. Twice 128 MiB. */
enum { SCORES_MAX = 1 << 24 };

static const int32_t recall_k[LK_RECALL_COUNT] = {1, 5, 10};

lk_evaluate_options lk_evaluate_options_default(void) {
    return (lk_evaluate_options){.resamples = 1000, .seed = 1};
}

lk_interval lk_interval_of_share(int64_t hits, int64_t count) {
    return roc_wilson(count > 0 ? (double)hits / (double)count : 0, (double)count);
}

enum kind { IMPOSTOR, GENUINE, ITSELF };

/* All queries on their way through the references. */
struct asking {
    lk_engine *engine;
    const struct unit_vectors *queries, *references;
    const int32_t *labels;     /* of both; NULL where pairs say what is right */
    const lk_true_pair *pairs; /* by query */
    int32_t pair_count;
    int32_t *ranks; /* a query each, of the first right reference, from 1; 0 where there is none */
    struct roc_pair *scores;
    int32_t scored; /* queries whose cosines are kept */
    int32_t each;   /* of them a query */
    _Atomic bool short_of_memory;
};

static int by_query(const void *a, const void *b) {
    const lk_true_pair *p = a, *q = b;
    return p->query != q->query ? (p->query > q->query) - (p->query < q->query)
                                : (p->reference > q->reference) - (p->reference < q->reference);
}

/* The first pair of the query, or of a later one. */
static int32_t first_pair(const struct asking *a, int32_t query) {
    int32_t low = 0, high = a->pair_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (a->pairs[middle].query < query) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void mark_kinds(uint8_t *kinds, const struct asking *a, int32_t query) {
    for (int32_t i = 0; i < a->references->count; i++) {
        kinds[i] = a->labels && a->labels[i] == a->labels[query] ? GENUINE : IMPOSTOR;
    }
    if (a->labels) {
        kinds[query] = ITSELF;
        return;
    }
    for (int32_t i = first_pair(a, query); i < a->pair_count && a->pairs[i].query == query; i++) {
        kinds[a->pairs[i].reference] = GENUINE;
    }
}

/* Of the best right reference; 0 where there is none. */
static int32_t rank_of(const float *cosines, const uint8_t *kinds, int32_t count) {
    float best = -2;
    int32_t rank = 1;
    for (int32_t i = 0; i < count; i++) {
        best = kinds[i] == GENUINE ? fmaxf(best, cosines[i]) : best;
    }
    for (int32_t i = 0; i < count; i++) {
        rank += kinds[i] == IMPOSTOR && cosines[i] >= best;
    }
    return best > -2 ? rank : 0;
}

/* Which of the scored queries this is, -1 for none: they are those at s * count / scored, rounded up. */
static int32_t score_place(const struct asking *a, int32_t query) {
    int64_t place = ((int64_t)query * a->scored) / a->queries->count;
    int64_t first = (place * a->queries->count + a->scored - 1) / a->scored;
    return first == query ? (int32_t)place : -1;
}

static void keep_scores(struct asking *a, int32_t query, const float *cosines,
                        const uint8_t *kinds) {
    int32_t place = score_place(a, query);
    struct roc_pair *to = a->scores + (int64_t)MAX(place, 0) * a->each;
    for (int32_t i = 0; place >= 0 && i < a->references->count; i++) {
        if (kinds[i] != ITSELF) {
            *to++ =
                (struct roc_pair){cosines[i], (uint32_t)place << 1 | (kinds[i] == GENUINE ? 1 : 0)};
        }
    }
}

static void ask(void *arg, int32_t query) {
    struct asking *a = arg;
    size_t count = (size_t)a->references->count;
    lk_error ignored;
    if (engine_check_stop(a->engine, &ignored) != LK_OK) {
        return;
    }
    float *cosines = mem_alloc(count, sizeof *cosines);
    uint8_t *kinds = mem_alloc(count, sizeof *kinds);
    if (cosines && kinds) {
        ranking_row(cosines, a->queries, query, a->references);
        mark_kinds(kinds, a, query);
        a->ranks[query] = rank_of(cosines, kinds, a->references->count);
        keep_scores(a, query, cosines, kinds);
    } else {
        a->short_of_memory = true;
    }
    mem_free(cosines);
    mem_free(kinds);
}

static void set_recall(lk_recall *out, const struct asking *a) {
    *out = (lk_recall){0};
    for (int32_t i = 0; i < a->queries->count; i++) {
        out->left_out += a->ranks[i] == 0;
    }
    out->queries = a->queries->count - out->left_out;
    for (int32_t k = 0; k < LK_RECALL_COUNT; k++) {
        int32_t hits = 0;
        for (int32_t i = 0; i < a->queries->count; i++) {
            hits += a->ranks[i] > 0 && a->ranks[i] <= recall_k[k];
        }
        out->k[k] = recall_k[k];
        out->at[k] = lk_interval_of_share(hits, out->queries);
    }
}

static lk_status evaluate(lk_evaluation *out, struct asking *a, const lk_evaluate_options *options,
                          lk_error *err) {
    int32_t queries = a->queries->count;
    lk_evaluate_options usual = lk_evaluate_options_default();
    a->each = a->references->count - (a->labels ? 1 : 0);
    a->scored = MAX(MIN(queries, SCORES_MAX / a->each), 1);
    int64_t scores = (int64_t)a->scored * a->each;
    a->ranks = mem_calloc((size_t)queries, sizeof *a->ranks);
    a->scores = mem_alloc((size_t)scores, sizeof *a->scores);
    lk_status status =
        a->ranks && a->scores ? LK_OK : error_memory(err, (size_t)scores * sizeof *a->scores);
    if (status == LK_OK) {
        lk_engine_for(a->engine, queries, ask, a);
        status = engine_check_stop(a->engine, err);
    }
    if (status == LK_OK && a->short_of_memory) {
        status = error_memory(err, (size_t)a->references->count * sizeof(float));
    }
    if (status == LK_OK) {
        set_recall(&out->recall, a);
        status =
            out->recall.queries > 0
                ? roc_compute(&out->roc, a->engine, a->scores, scores, a->scored,
                              options ? options : &usual, err)
                : error_set(err, LK_E_USAGE, "none of %d pictures has a partner", (int)queries);
    }
    mem_free(a->ranks);
    mem_free(a->scores);
    return status;
}

lk_status lk_evaluate_labels(lk_evaluation *out, lk_engine *engine, const lk_vectors *vectors,
                             const int32_t *labels, const lk_evaluate_options *options,
                             lk_error *err) {
    struct unit_vectors v;
    *out = (lk_evaluation){0};
    if (vectors->count < 2) {
        return error_set(err, LK_E_USAGE, "%d pictures; two or more can be compared",
                         (int)vectors->count);
    }
    lk_status status = unit_vectors_new(&v, vectors, err);
    if (status == LK_OK) {
        struct asking a = {.engine = engine, .queries = &v, .references = &v, .labels = labels};
        status = evaluate(out, &a, options, err);
        unit_vectors_release(&v);
    }
    return status;
}

/* A sorted copy. */
static lk_status sort_true_pairs(lk_true_pair **out, const lk_true_pair *pairs, int32_t count,
                                 int32_t queries, int32_t references, lk_error *err) {
    for (int32_t i = 0; i < count; i++) {
        const lk_true_pair *p = &pairs[i];
        if (p->query < 0 || p->query >= queries || p->reference < 0 || p->reference >= references) {
            return error_set(err, LK_E_USAGE, "pair %d is of query %d and reference %d", (int)i,
                             (int)p->query, (int)p->reference);
        }
    }
    *out = mem_alloc((size_t)count, sizeof **out);
    if (!*out) {
        return error_memory(err, (size_t)count * sizeof **out);
    }
    if (count > 0) {
        memcpy(*out, pairs, (size_t)count * sizeof **out);
        qsort(*out, (size_t)count, sizeof **out, by_query);
    }
    return LK_OK;
}

lk_status lk_evaluate_pairs(lk_evaluation *out, lk_engine *engine, const lk_vectors *queries,
                            const lk_vectors *references, const lk_true_pair *pairs,
                            int32_t pair_count, const lk_evaluate_options *options, lk_error *err) {
    struct unit_vectors q = {0}, r = {0};
    lk_true_pair *sorted = NULL;
    *out = (lk_evaluation){0};
    if (queries->dim != references->dim) {
        return error_set(err, LK_E_USAGE, "queries of %d numbers, references of %d",
                         (int)queries->dim, (int)references->dim);
    }
    lk_status status =
        sort_true_pairs(&sorted, pairs, pair_count, queries->count, references->count, err);
    status = status == LK_OK ? unit_vectors_new(&q, queries, err) : status;
    status = status == LK_OK ? unit_vectors_new(&r, references, err) : status;
    if (status == LK_OK) {
        struct asking a = {.engine = engine,
                           .queries = &q,
                           .references = &r,
                           .pairs = sorted,
                           .pair_count = pair_count};
        status = evaluate(out, &a, options, err);
    }
    mem_free(sorted);
    unit_vectors_release(&q);
    unit_vectors_release(&r);
    return status;
}
