/* SPDX-License-Identifier: Apache-2.0 */
/* Losses where there is little or nothing to learn from, and triplets against their definition. That gradients are the slopes of
 * losses is test_training.c's. */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/compiler.h"
#include "nn/loss.h"

enum { ROWS = 6, DIM = 3, NUMBERS = ROWS * DIM };

static const int32_t pairs[ROWS] = {0, 0, 1, 1, 2, 2}, alike[ROWS] = {7, 7, 7, 7, 7, 7},
                     apart[ROWS] = {0, 1, 2, 3, 4, 5};

/* Rows of length 1. */
static void fill(float x[NUMBERS], uint64_t seed) {
    struct rng r;
    rng_init(&r, seed);
    for (int32_t i = 0; i < ROWS; i++) {
        double square = 0, row[DIM];
        for (int32_t k = 0; k < DIM; k++) {
            row[k] = rng_normal(&r);
            square += row[k] * row[k];
        }
        for (int32_t k = 0; k < DIM; k++) {
            x[DIM * i + k] = (float)(row[k] / sqrt(square));
        }
    }
}

/* Memory as the plan leaves it: what the loss does not write is seen. */
static struct embeddings embeddings_of(const float *x, const int32_t *labels, int32_t rows,
                                       float gradient[NUMBERS]) {
    for (int32_t i = 0; i < NUMBERS; i++) {
        gradient[i] = (float)NAN;
    }
    return (struct embeddings){x, labels, rows, DIM, gradient};
}

static void assert_no_gradient(const float gradient[NUMBERS], int32_t rows) {
    for (int32_t i = 0; i < rows * DIM; i++) {
        assert_true(fabsf(gradient[i]) <= 0);
    }
}

static void assert_finite(const float gradient[NUMBERS], int32_t rows) {
    for (int32_t i = 0; i < rows * DIM; i++) {
        assert_true(isfinite(gradient[i]));
    }
}

static double triplet(double *active, const struct embeddings *e, enum triplet_mining mining,
                      bool squared, double margin) {
    const struct triplet_options o = {margin, squared, mining};
    lk_error err;
    double loss;
    struct rng r;
    rng_init(&r, 1);
    assert_ok(loss_triplet(&loss, active, e, &o, &r, &err));
    return loss;
}

/* One class in the batch, no two of a class, one row, none: no triplet, and no gradient. */
static void test_no_triplets(void **state) {
    (void)state;
    static const struct {
        const int32_t *labels;
        int32_t rows;
    } rows[] = {{alike, ROWS}, {apart, ROWS}, {pairs, 1}, {pairs, 2}, {pairs, 0}};
    float x[NUMBERS], gradient[NUMBERS];
    fill(x, 1);
    for (int mining = 0; mining < MINE_KINDS; mining++) {
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
            const struct embeddings e = embeddings_of(x, rows[i].labels, rows[i].rows, gradient);
            double active;
            double loss = triplet(&active, &e, (enum triplet_mining)mining, i % 2 == 0, 0.2);
            assert_true(loss <= 0 && loss >= 0 && active <= 0 && active >= 0);
            assert_no_gradient(gradient, rows[i].rows);
        }
    }
}

/* Embeddings that are all the same, and all zero: every triplet costs the margin, and there is nowhere to go. */
static void test_collapsed(void **state) {
    (void)state;
    lk_error err;
    for (int zero = 0; zero < 2; zero++) {
        float x[NUMBERS], gradient[NUMBERS];
        for (int32_t i = 0; i < NUMBERS; i++) {
            x[i] = zero || i % DIM != 1 ? 0 : 1;
        }
        const struct embeddings e = embeddings_of(x, pairs, ROWS, gradient);
        for (int mining = 0; mining < MINE_KINDS; mining++) {
            for (int squared = 0; squared < 2; squared++) {
                double active;
                double loss = triplet(&active, &e, (enum triplet_mining)mining, squared, 0.25);
                assert_true(fabs(loss - 0.25) < 1e-12 && fabs(active - 1) < 1e-12);
                assert_no_gradient(gradient, ROWS);
            }
        }
        double loss;
        assert_ok(loss_contrastive(&loss, &e, 0.07, &err)); /* one of five others is right */
        assert_true(fabs(loss - log(5)) < 1e-6);
        assert_finite(gradient, ROWS);
    }
}

/* Distances by their definition. */
static double distance(const float *x, int32_t i, int32_t k, bool squared) {
    double sum = 0;
    for (int32_t c = 0; c < DIM; c++) {
        double d = (double)x[DIM * i + c] - (double)x[DIM * k + c];
        sum += d * d;
    }
    return squared ? sum : sqrt(sum);
}

/* The negative of anchor i and positive p that semi-hard or hard mining takes. */
static double negative_of(const float *x, int32_t i, int32_t p, bool squared, bool hard) {
    double beyond = INFINITY, farthest = 0, nearest = INFINITY;
    for (int32_t k = 0; k < ROWS; k++) {
        double d = distance(x, i, k, squared);
        if (pairs[k] == pairs[i]) {
            continue;
        }
        beyond = d > distance(x, i, p, squared) ? fmin(beyond, d) : beyond;
        farthest = fmax(farthest, d);
        nearest = fmin(nearest, d);
    }
    return hard ? nearest : isfinite(beyond) ? beyond : farthest;
}

/* Each row has one positive, so that hard and semi-hard mining have a triplet a row. */
static void test_mining(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        float x[NUMBERS], gradient[NUMBERS];
        fill(x, seed);
        const struct embeddings e = embeddings_of(x, pairs, ROWS, gradient);
        for (int squared = 0; squared < 2; squared++) {
            for (int hard = 0; hard < 2; hard++) {
                double wanted = 0, wanted_active = 0, active;
                for (int32_t i = 0; i < ROWS; i++) {
                    double value = 0.3 + distance(x, i, i ^ 1, squared) -
                                   negative_of(x, i, i ^ 1, squared, hard);
                    wanted += fmax(value, 0) / ROWS;
                    wanted_active += value > 0 ? 1.0 / ROWS : 0;
                }
                double loss = triplet(&active, &e, hard ? MINE_HARD : MINE_SEMIHARD, squared, 0.3);
                assert_true(fabs(loss - wanted) < 1e-6);
                assert_true(fabs(active - wanted_active) < 1e-9);
            }
        }
    }
}

/* Negatives of random mining are of another class, and each is drawn. */
static void test_random_mining(void **state) {
    (void)state;
    float x[NUMBERS], gradient[NUMBERS];
    bool moved[ROWS] = {false};
    const struct triplet_options o = {10, true, MINE_RANDOM};
    lk_error err;
    struct rng r;
    double loss, active;
    fill(x, 2);
    rng_init(&r, 1);
    for (int32_t run = 0; run < 20; run++) {
        const struct embeddings e = embeddings_of(x, pairs, ROWS, gradient);
        assert_ok(loss_triplet(&loss, &active, &e, &o, &r, &err));
        assert_true(loss > 6 && loss < 14); /* 10 plus and minus a squared distance of 0..4 */
        assert_true(fabs(active - 1) < 1e-12);
        for (int32_t i = 0; i < ROWS; i++) {
            moved[i] = moved[i] || fabsf(gradient[DIM * i]) > 0;
        }
    }
    for (int32_t i = 0; i < ROWS; i++) {
        assert_true(moved[i]);
    }
}

/* Rows without a positive are anchors for nobody, but the others are told apart from them. */
static void test_contrastive(void **state) {
    (void)state;
    lk_error err;
    float x[NUMBERS], gradient[NUMBERS];
    double loss;
    fill(x, 3);
    struct embeddings e = embeddings_of(x, apart, ROWS, gradient);
    assert_ok(loss_contrastive(&loss, &e, 0.07, &err));
    assert_true(loss <= 0 && loss >= 0);
    assert_no_gradient(gradient, ROWS);
    e = embeddings_of(x, pairs, 1, gradient);
    assert_ok(loss_contrastive(&loss, &e, 0.07, &err));
    assert_true(loss <= 0 && loss >= 0);
    assert_no_gradient(gradient, 1);
    e = embeddings_of(x, pairs, 2, gradient); /* one other, and it is right */
    assert_ok(loss_contrastive(&loss, &e, 0.07, &err));
    assert_true(fabs(loss) < 1e-12);
    assert_no_gradient(gradient, 2);
    static const int32_t some[ROWS] = {0, 0, 1, 2, 3, 4};
    e = embeddings_of(x, some, ROWS, gradient);
    assert_ok(loss_contrastive(&loss, &e, 1e-4, &err)); /* products of up to 10,000 */
    assert_true(isfinite(loss) && loss >= 0);
    assert_finite(gradient, ROWS);
    assert_ok(loss_contrastive(&loss, &e, 0.5, &err));
    double wanted = 0;
    for (int32_t i = 0; i < 2; i++) {
        double total = 0, right = 0;
        for (int32_t k = 0; k < ROWS; k++) {
            double v = exp((1 - distance(x, i, k, true) / 2) / 0.5);
            total += k != i ? v : 0;
            right = k == 1 - i ? v : right;
        }
        wanted -= log(right / total) / 2;
    }
    assert_true(fabs(loss - wanted) < 1e-5);
    assert_true(fabsf(gradient[DIM * 3]) > 0);
}

/* The same picture, flat ones, and one too small for a window. */
static void test_ssim(void **state) {
    (void)state;
    enum { SIDE = 9, COUNT = SIDE * SIDE };
    lk_error err;
    float x[COUNT], y[COUNT], gradient[COUNT];
    double loss;
    struct rng r;
    rng_init(&r, 4);
    for (int32_t i = 0; i < COUNT; i++) {
        x[i] = (float)rng_unit(&r);
        y[i] = 0;
        gradient[i] = (float)NAN;
    }
    assert_ok(loss_ssim(&loss, gradient, x, x, 1, SIDE, SIDE, &err));
    assert_true(fabs(loss) < 1e-9);
    for (int32_t i = 0; i < COUNT; i++) {
        assert_true(fabsf(gradient[i]) < 1e-6F);
    }
    assert_ok(loss_ssim(&loss, gradient, y, y, 1, SIDE, SIDE, &err)); /* black on black */
    assert_true(fabs(loss) < 1e-9);
    assert_ok(loss_ssim(&loss, gradient, x, y, 1, SIDE, SIDE, &err));
    assert_true(loss > 0.9 && loss < 2);
    assert_refused(LK_E_SIZE, loss_ssim(&loss, gradient, x, y, 1, SIDE, 6, &err));
    assert_says(&err, "7 x 7 at least, not 6 x 9");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_triplets), cmocka_unit_test(test_collapsed),
        cmocka_unit_test(test_mining),      cmocka_unit_test(test_random_mining),
        cmocka_unit_test(test_contrastive), cmocka_unit_test(test_ssim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
