/* SPDX-License-Identifier: Apache-2.0 */
/* Recall and rates against numpy and SciPy (tests/oracle/learn), the bootstrap against its definition, ties, threads, and what is
 * refused. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/ranking.h"
#include "learn/roc.h"

/* -- The oracle's vectors -- */

struct oracle_case {
    int32_t queries, references; /* 0: leave one out */
    int32_t dim, classes;
    double weight;
};

static const struct oracle_case cases[] = {{90, 0, 24, 12, 0.55},  {61, 0, 33, 40, 0.9},
                                           {40, 0, 8, 2, 0.1},     {50, 30, 16, 30, 0.6},
                                           {25, 60, 130, 60, 0.3}, {40, 20, 5, 35, 0.8}};

static const struct {
    int32_t number;
    const char *key;
    double value;
} expected[] = {
#include "tests/oracle/learn/evaluate_values.inc"
};

/* As make_evaluate.py's. */
static double noise(uint64_t a, uint64_t b) {
    uint64_t z = (a << 32) + b + 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return ((double)((z ^ z >> 31) & 4095) - 2048) / 4096;
}

static int32_t label_of(const struct oracle_case *c, int32_t i) {
    return (int32_t)((noise(7, (uint64_t)i) + 0.5) * 4096) % c->classes;
}

static float *make_vectors(const struct oracle_case *c, int32_t count, uint64_t first,
                           const int32_t *labels) {
    float *out = mem_alloc((size_t)count * (size_t)c->dim, sizeof *out);
    for (int32_t i = 0; i < count; i++) {
        uint64_t label = 1000000 + (uint64_t)(labels ? labels[i] : i);
        for (int32_t k = 0; k < c->dim; k++) {
            double v = c->weight * noise(label, (uint64_t)k) +
                       (1 - c->weight) * noise(first + (uint64_t)i, (uint64_t)k);
            out[i * c->dim + k] = (float)v;
        }
    }
    return out;
}

static lk_engine *make_engine(int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.threads = threads;
    assert_ok(lk_engine_new(&engine, &options, &err));
    return engine;
}

static void run_case(lk_evaluation *out, const struct oracle_case *c, int32_t threads,
                     int32_t resamples) {
    lk_error err;
    lk_engine *engine = make_engine(threads);
    lk_evaluate_options options = {resamples, 5};
    int32_t labels[100];
    lk_true_pair pairs[100];
    int32_t pair_count = 0;
    for (int32_t i = 0; i < c->queries; i++) {
        labels[i] = label_of(c, i);
        if (labels[i] < c->references) { /* the others have no reference */
            pairs[pair_count++] = (lk_true_pair){i, labels[i]};
        }
    }
    float *q = make_vectors(c, c->queries, 0, labels);
    float *r = c->references > 0 ? make_vectors(c, c->references, 5000, NULL) : NULL;
    lk_vectors queries = {q, c->queries, c->dim}, references = {r, c->references, c->dim};
    if (r) {
        assert_ok(lk_evaluate_pairs(out, engine, &queries, &references, pairs, pair_count, &options,
                                    &err));
    } else {
        assert_ok(lk_evaluate_labels(out, engine, &queries, labels, &options, &err));
    }
    mem_free(q);
    mem_free(r);
    lk_engine_free(engine);
}

static double figure(const lk_evaluation *e, const char *key) {
    const struct {
        const char *key;
        double value;
    } all[] = {{"queries", e->recall.queries},
               {"left_out", e->recall.left_out},
               {"recall1", e->recall.at[0].value},
               {"recall1_low", e->recall.at[0].low},
               {"recall1_high", e->recall.at[0].high},
               {"recall5", e->recall.at[1].value},
               {"recall5_low", e->recall.at[1].low},
               {"recall5_high", e->recall.at[1].high},
               {"recall10", e->recall.at[2].value},
               {"recall10_low", e->recall.at[2].low},
               {"recall10_high", e->recall.at[2].high},
               {"genuine", (double)e->roc.genuine},
               {"impostors", (double)e->roc.impostors},
               {"area", e->roc.area.value},
               {"true_0.01", e->roc.at[0].true_match_rate.value},
               {"threshold_0.01", e->roc.at[0].threshold},
               {"true_0.001", e->roc.at[1].true_match_rate.value},
               {"threshold_0.001", e->roc.at[1].threshold},
               {"point0", e->roc.points[0].true_match_rate.value},
               {"point25", e->roc.points[25].true_match_rate.value},
               {"point30", e->roc.points[30].true_match_rate.value},
               {"point40", e->roc.points[40].true_match_rate.value}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].key, key) == 0) {
            return all[i].value;
        }
    }
    fail_msg("no figure %s", key);
    return 0;
}

/* Shares are exact but for the last bits; a threshold is a cosine in float. */
static void test_oracle(void **state) {
    (void)state;
    lk_evaluation e = {0};
    int32_t number = -1;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (expected[i].number != number) {
            number = expected[i].number;
            run_case(&e, &cases[number], 2, 0);
        }
        double got = figure(&e, expected[i].key);
        double tolerance = strncmp(expected[i].key, "thr", 3) == 0 ? 1e-6 : 1e-12;
        if (fabs(got - expected[i].value) > tolerance) {
            fail_msg("case %d, %s: %.15g, numpy has %.15g", (int)number, expected[i].key, got,
                     expected[i].value);
        }
    }
}

static void test_threads(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lk_evaluation one, two;
        run_case(&one, &cases[i], 1, 50);
        run_case(&two, &cases[i], 2, 50);
        assert_memory_equal(&one, &two, sizeof one);
        assert_true(one.roc.area.low <= one.roc.area.value);
        assert_true(one.roc.area.value <= one.roc.area.high);
    }
}

/* -- The bootstrap by its definition -- */

enum { QUERIES = 12, REFERENCES = 9, RESAMPLES = 101 };

/* Levels of a tenth, so that there are ties. */
static void make_pairs(struct roc_pair *pairs) {
    for (int32_t q = 0; q < QUERIES; q++) {
        for (int32_t r = 0; r < REFERENCES; r++) {
            bool genuine = r == q % REFERENCES && q < 10; /* two queries have none */
            double cosine = noise(90 + (uint64_t)q, (uint64_t)r) + (genuine ? 0.4 : 0);
            pairs[q * REFERENCES + r] = (struct roc_pair){(float)(round(10 * cosine) / 10),
                                                          (uint32_t)q << 1 | (genuine ? 1 : 0)};
        }
    }
}

/* Figures of the pairs of drawn queries, each as often as it was drawn. */
static void naive_figures(double out[3], const struct roc_pair *pairs, const int32_t *drawn) {
    static const double rates[] = {0.01, 0.001};
    float genuine[QUERIES * REFERENCES], impostors[QUERIES * REFERENCES];
    int32_t g = 0, n = 0;
    for (int32_t i = 0; i < QUERIES; i++) {
        for (int32_t r = 0; r < REFERENCES; r++) {
            const struct roc_pair *p = &pairs[drawn[i] * REFERENCES + r];
            if (p->query_kind & 1) {
                genuine[g++] = p->cosine;
            } else {
                impostors[n++] = p->cosine;
            }
        }
    }
    for (int32_t k = 0; k < 2; k++) {
        double least = 2;
        for (int32_t t = 0; t < n; t++) { /* the lowest threshold that so few impostors pass */
            int32_t above = 0;
            for (int32_t i = 0; i < n; i++) {
                above += impostors[i] > impostors[t];
            }
            least = above <= rates[k] * n ? fmin(least, (double)impostors[t]) : least;
        }
        int32_t accepted = 0;
        for (int32_t i = 0; i < g; i++) {
            accepted += (double)genuine[i] > least;
        }
        out[k] = (double)accepted / g;
    }
    double sum = 0;
    for (int32_t i = 0; i < g; i++) {
        for (int32_t k = 0; k < n; k++) {
            sum += genuine[i] > impostors[k] ? 1 : genuine[i] == impostors[k] ? 0.5 : 0;
        }
    }
    out[2] = sum / g / n;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_bootstrap(void **state) {
    (void)state;
    lk_error err;
    lk_roc roc;
    struct roc_pair pairs[QUERIES * REFERENCES], reordered[QUERIES * REFERENCES];
    double values[3], drawn_values[3][RESAMPLES];
    int32_t drawn[QUERIES];
    make_pairs(pairs);
    for (int32_t i = 0; i < QUERIES; i++) {
        drawn[i] = i;
    }
    naive_figures(values, pairs, drawn);
    for (int32_t s = 0; s < RESAMPLES; s++) {
        struct rng r;
        double figures[3];
        rng_init(&r, 70 + (uint64_t)s);
        for (int32_t i = 0; i < QUERIES; i++) {
            drawn[i] = (int32_t)rng_below(&r, QUERIES);
        }
        naive_figures(figures, pairs, drawn);
        for (int32_t k = 0; k < 3; k++) {
            drawn_values[k][s] = figures[k];
        }
    }
    lk_engine *engine = make_engine(2);
    memcpy(reordered, pairs, sizeof pairs);
    lk_evaluate_options options = {RESAMPLES, 70};
    assert_ok(roc_compute(&roc, engine, reordered, QUERIES * REFERENCES, QUERIES, &options, &err));
    const lk_interval *got[] = {&roc.at[0].true_match_rate, &roc.at[1].true_match_rate, &roc.area};
    assert_int_equal(roc.resamples, RESAMPLES);
    for (int32_t k = 0; k < 3; k++) {
        qsort(drawn_values[k], RESAMPLES, sizeof(double), ascending);
        const double *v = drawn_values[k];
        assert_true(fabs(got[k]->value - values[k]) < 1e-12);
        /* The quantiles of 101 values lie at 2.5 and 97.5. */
        double low = (v[2] + v[3]) / 2, high = (v[97] + v[98]) / 2;
        lk_interval least = roc_wilson(values[k], 10); /* ten questions have a right answer */
        assert_true(fabs(got[k]->low - (k < 2 ? fmin(low, least.low) : low)) < 1e-12);
        assert_true(fabs(got[k]->high - (k < 2 ? fmax(high, least.high) : high)) < 1e-12);
        assert_true(got[k]->low < got[k]->high);
    }
    lk_engine_free(engine);
}

/* -- Edges -- */

/* Vectors that are all alike find nothing, and accept nothing without accepting everything. */
static void test_ties(void **state) {
    (void)state;
    lk_error err;
    lk_evaluation e;
    lk_engine *engine = make_engine(1);
    float same[8][3];
    for (int32_t i = 0; i < 24; i++) {
        same[i / 3][i % 3] = 0.3F * (float)(i % 3 + 1);
    }
    const int32_t labels[] = {0, 0, 1, 1, 2, 2, 3, 3};
    assert_ok(lk_evaluate_labels(&e, engine, &(lk_vectors){same[0], 8, 3}, labels, NULL, &err));
    assert_true(e.recall.at[0].value == 0 && e.recall.at[1].value == 0);
    assert_true(e.recall.at[2].value == 1); /* the seventh of seven */
    assert_true(e.roc.area.value == 0.5);
    assert_true(e.roc.at[0].true_match_rate.value == 0);
    assert_true(e.roc.points[LK_ROC_POINTS - 1].true_match_rate.value == 1);
    assert_true(e.roc.points[LK_ROC_POINTS - 1].threshold == -2);
    memset(same, 0, sizeof same); /* vectors of zeros */
    assert_ok(lk_evaluate_labels(&e, engine, &(lk_vectors){same[0], 8, 3}, labels, NULL, &err));
    assert_true(e.roc.area.value == 0.5);
    lk_engine_free(engine);
}

static void test_several_references(void **state) {
    (void)state;
    lk_error err;
    lk_evaluation e;
    lk_engine *engine = make_engine(1);
    const float q[] = {1, 0, 0, 1, 1, 1}, r[] = {1, 0.1F, 0.1F, 1, 1, 0.9F};
    const lk_true_pair pairs[] = {{1, 1}, {0, 2}, {0, 0}, {1, 1}}; /* query 2 has none */
    assert_ok(lk_evaluate_pairs(&e, engine, &(lk_vectors){q, 3, 2}, &(lk_vectors){r, 3, 2}, pairs,
                                4, NULL, &err));
    assert_int_equal(e.recall.queries, 2);
    assert_int_equal(e.recall.left_out, 1);
    assert_true(e.recall.at[0].value == 1);
    assert_int_equal(e.roc.genuine, 3);
    assert_int_equal(e.roc.impostors, 6);
    lk_engine_free(engine);
}

static void test_nearest(void **state) {
    (void)state;
    const float cosines[] = {0.5F, 0.9F, 0.5F, -1, 0.9F, 0.7F};
    int32_t got[6];
    assert_int_equal(ranking_nearest(got, 4, cosines, 6, 1), 4);
    assert_memory_equal(got, ((int32_t[]){4, 5, 0, 2}), 4 * sizeof *got);
    assert_int_equal(ranking_nearest(got, 6, cosines, 6, -1), 6);
    assert_memory_equal(got, ((int32_t[]){1, 4, 5, 0, 2, 3}), sizeof got);
    assert_int_equal(ranking_nearest(got, 6, cosines, 2, 0), 1);
}

static void test_cosines(void **state) {
    (void)state;
    lk_error err;
    struct unit_vectors u;
    float *v = mem_alloc(20 * 1001, sizeof *v), row[20];
    for (int32_t i = 0; i < 20 * 1001; i++) {
        v[i] = (float)noise(3, (uint64_t)i) * (i < 1001 ? 1e18F : 1);
    }
    assert_ok(unit_vectors_new(&u, &(lk_vectors){v, 20, 1001}, &err));
    for (int32_t i = 0; i < 20; i++) {
        ranking_row(row, &u, i, &u);
        for (int32_t k = 0; k < 20; k++) {
            double wanted = lk_embedding_cosine(v + i * 1001, v + k * 1001, 1001);
            assert_true(fabs((double)row[k] - wanted) < (1001 / 32.0 + 5) * 6e-8);
        }
    }
    unit_vectors_release(&u);
    mem_free(v);
}

static void test_refused(void **state) {
    (void)state;
    lk_error err;
    lk_evaluation e;
    lk_engine *engine = make_engine(1);
    float v[] = {1, 2, 3, 4, 5, 6};
    const lk_vectors three = {v, 3, 2}, one = {v, 1, 2}, wide = {v, 2, 3};
    const int32_t apart[] = {0, 1, 2}, labels[] = {0, 0, 1};
    assert_refused(LK_E_USAGE, lk_evaluate_labels(&e, engine, &three, apart, NULL, &err));
    assert_refused(LK_E_USAGE, lk_evaluate_labels(&e, engine, &one, labels, NULL, &err));
    assert_refused(LK_E_USAGE, lk_evaluate_pairs(&e, engine, &three, &three, NULL, 0, NULL, &err));
    assert_refused(LK_E_USAGE, lk_evaluate_pairs(&e, engine, &three, &wide, &(lk_true_pair){0, 0},
                                                 1, NULL, &err));
    assert_refused(LK_E_USAGE, lk_evaluate_pairs(&e, engine, &three, &one, &(lk_true_pair){0, 1}, 1,
                                                 NULL, &err));
    v[3] = NAN;
    assert_refused(LK_E_USAGE, lk_evaluate_labels(&e, engine, &three, labels, NULL, &err));
    assert_non_null(strstr(err.text, "vector 1"));
    v[3] = INFINITY;
    assert_refused(LK_E_USAGE, lk_evaluate_labels(&e, engine, &three, labels, NULL, &err));
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_several_references),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_cosines),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
