/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "feature/homography.h"
#include "tests/unit/pattern.h"

enum { PAIRS = 200, WIDTH = 640, HEIGHT = 480 };

static const double tilted[9] = {0.9, 0.2, 30, -0.15, 1.1, 20, 0.0003, -0.0002, 1};

/* Points of b at random, those of a by h with noise; the first `outliers` of them anywhere. */
static void make_pairs(lk_match *pairs, const double h[9], size_t outliers, double noise_px,
                       uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t i = 0; i < PAIRS; i++) {
        double bx = rng_unit(&rng) * WIDTH, by = rng_unit(&rng) * HEIGHT, ax = 0, ay = 0;
        assert_true(homography_apply(&ax, &ay, h, bx, by));
        ax += noise_px * rng_normal(&rng);
        ay += noise_px * rng_normal(&rng);
        if (i < outliers) {
            ax = rng_unit(&rng) * WIDTH;
            ay = rng_unit(&rng) * HEIGHT;
        }
        pairs[i] = (lk_match){
            .ax = (float)ax, .ay = (float)ay, .bx = (float)bx, .by = (float)by, .distance = 30};
    }
}

static double corner_error(const double h[9], const double truth[9]) {
    double worst = 0;
    for (int i = 0; i < 4; i++) {
        double x = i % 2 ? WIDTH : 0, y = i / 2 ? HEIGHT : 0, ax = 1e9, ay = 1e9, tx, ty;
        homography_apply(&ax, &ay, h, x, y);
        assert_true(homography_apply(&tx, &ty, truth, x, y));
        worst = fmax(worst, hypot(ax - tx, ay - ty));
    }
    return worst;
}

static struct homography_fit fit(lk_match *pairs, size_t count, enum map_model model,
                                 uint64_t seed) {
    int32_t scratch[PAIRS];
    struct homography_fit f;
    struct homography_options o = homography_options_default();
    o.model = model;
    o.seed = seed;
    homography_estimate(&f, pairs, count, scratch, &o);
    return f;
}

static const struct fitted {
    double truth[9];
    uint32_t seed;
    uint32_t outliers;
    double h[9]; /* OpenCV's */
} fitted[] = {
#include "tests/oracle/homography/homography_values.inc"
};

/* The least-squares optimum is one: 1e-4 px measured. Robust fits choose their inliers. */
static void test_as_opencv(void **state) {
    (void)state;
    enum { COUNT = 100 };
    for (size_t i = 0; i < sizeof fitted / sizeof *fitted; i++) {
        const struct fitted *c = &fitted[i];
        lk_match pairs[COUNT];
        for (uint32_t k = 0; k < COUNT; k++) {
            double u[8], ax, ay;
            for (uint32_t row = 0; row < 8; row++) {
                u[row] = pattern_noise(k, row, 0, c->seed) / 255.0;
            }
            pairs[k].bx = (float)((u[0] + u[1]) / 2 * 640);
            pairs[k].by = (float)((u[2] + u[3]) / 2 * 480);
            assert_true(homography_apply(&ax, &ay, c->truth, pairs[k].bx, pairs[k].by));
            bool outlier = k >= COUNT - c->outliers;
            pairs[k].ax = (float)(outlier ? u[6] * 640 : ax + u[4] - 0.5);
            pairs[k].ay = (float)(outlier ? u[7] * 480 : ay + u[5] - 0.5);
        }
        struct homography_fit f = fit(pairs, COUNT, MAP_PERSPECTIVE, 1);
        double off = corner_error(f.h, c->h);
        print_message("%u outliers: %.4f px from OpenCV's\n", c->outliers, off);
        assert_true(off < (c->outliers ? 0.1 : 0.001));
    }
}

/* Outliers of three quarters, noise of half a pixel: a corner is then known to about a third of a pixel. */
static void test_recovers(void **state) {
    (void)state;
    lk_match pairs[PAIRS];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t outliers = seed % 4 * 50;
        make_pairs(pairs, tilted, outliers, 0.5, seed);
        struct homography_fit f = fit(pairs, PAIRS, MAP_PERSPECTIVE, seed);
        assert_true(f.inliers >= PAIRS - outliers - 2);
        assert_true(f.inliers <= PAIRS - outliers + 4);
        assert_true(corner_error(f.h, tilted) < 1.5);
        assert_true(f.rms_px > 0.3 && f.rms_px < 1.2);
        size_t flagged = 0;
        for (size_t i = 0; i < PAIRS; i++) {
            flagged += pairs[i].inlier;
        }
        assert_int_equal(flagged, f.inliers);
    }
    make_pairs(pairs, tilted, 0, 0, 1);
    assert_true(corner_error(fit(pairs, PAIRS, MAP_PERSPECTIVE, 1).h, tilted) < 1e-3);
}

static void test_simpler_models(void **state) {
    (void)state;
    const double affine[9] = {1.2, 0.3, -20, -0.1, 0.8, 40, 0, 0, 1};
    const double shift[9] = {1, 0, 12.5, 0, 1, -7.25, 0, 0, 1};
    lk_match pairs[PAIRS];
    make_pairs(pairs, affine, 100, 0.3, 1);
    struct homography_fit f = fit(pairs, PAIRS, MAP_AFFINE, 1);
    assert_true(corner_error(f.h, affine) < 0.5 && f.h[6] == 0 && f.h[7] == 0 && f.h[8] == 1);
    make_pairs(pairs, shift, 100, 0.3, 2);
    f = fit(pairs, PAIRS, MAP_SHIFT, 1);
    assert_true(corner_error(f.h, shift) < 0.2);
    assert_true(f.h[0] == 1 && f.h[1] == 0 && f.h[3] == 0 && f.h[4] == 1);
}

static void test_same_for_a_seed(void **state) {
    (void)state;
    lk_match pairs[PAIRS];
    make_pairs(pairs, tilted, 120, 0.5, 3);
    struct homography_fit a = fit(pairs, PAIRS, MAP_PERSPECTIVE, 7);
    struct homography_fit b = fit(pairs, PAIRS, MAP_PERSPECTIVE, 7);
    assert_memory_equal(a.h, b.h, sizeof a.h);
}

/* Chance agreement of random pairs stays far below what an alignment asks for. */
static void test_all_outliers(void **state) {
    (void)state;
    lk_match pairs[PAIRS];
    for (uint64_t seed = 1; seed <= 10; seed++) {
        make_pairs(pairs, tilted, PAIRS, 0, seed);
        assert_true(fit(pairs, PAIRS, MAP_PERSPECTIVE, seed).inliers < 9);
    }
}

static void test_degenerate(void **state) {
    (void)state;
    lk_match pairs[PAIRS];
    for (size_t count = 0; count < 4; count++) {
        make_pairs(pairs, tilted, 0, 0, 1);
        assert_int_equal(fit(pairs, count, MAP_PERSPECTIVE, 1).inliers, 0);
    }
    for (size_t i = 0; i < PAIRS; i++) { /* one point, again and again */
        pairs[i] = (lk_match){.ax = 10, .ay = 20, .bx = 30, .by = 40};
    }
    assert_int_equal(fit(pairs, PAIRS, MAP_PERSPECTIVE, 1).inliers, 0);
    assert_int_equal(fit(pairs, PAIRS, MAP_AFFINE, 1).inliers, 0);
    for (size_t i = 0; i < PAIRS; i++) { /* one line */
        pairs[i] = (lk_match){.ax = (float)i, .ay = 2 * (float)i, .bx = (float)i, .by = 5};
    }
    assert_int_equal(fit(pairs, PAIRS, MAP_PERSPECTIVE, 1).inliers, 0);
    for (size_t i = 0; i < PAIRS; i++) {
        pairs[i].ax = NAN;
    }
    assert_int_equal(fit(pairs, PAIRS, MAP_PERSPECTIVE, 1).inliers, 0);
}

/* A mirrored picture is no view of the plane from its front. */
static void test_mirrored(void **state) {
    (void)state;
    const double mirror[9] = {-1, 0, WIDTH, 0, 1, 0, 0, 0, 1};
    lk_match pairs[PAIRS];
    make_pairs(pairs, mirror, 0, 0, 1);
    assert_true(fit(pairs, PAIRS, MAP_PERSPECTIVE, 1).inliers < 20);
    assert_false(homography_is_sane(mirror, WIDTH, HEIGHT));
}

static void test_sanity(void **state) {
    (void)state;
    const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const double horizon[9] = {1, 0, 0, 0, 1, 0, -0.01, 0, 1};
    const double speck[9] = {0.001, 0, 0, 0, 0.001, 0, 0, 0, 1};
    const double sliver[9] = {1, 0, 0, 0, 0.05, 0, 0, 0, 1};
    assert_true(homography_is_sane(identity, WIDTH, HEIGHT));
    assert_true(homography_is_sane(tilted, WIDTH, HEIGHT));
    assert_false(homography_is_sane(horizon, WIDTH, HEIGHT));
    assert_false(homography_is_sane(speck, WIDTH, HEIGHT));
    assert_false(homography_is_sane(sliver, WIDTH, HEIGHT));
}

static void test_algebra(void **state) {
    (void)state;
    const double singular[9] = {1, 2, 3, 2, 4, 6, 0, 0, 1};
    double inverse[9], product[9], x, y;
    assert_true(homography_invert(inverse, tilted));
    homography_multiply(product, inverse, tilted);
    for (int i = 0; i < 9; i++) {
        assert_true(fabs(product[i] / product[8] - (i % 4 == 0)) < 1e-12);
    }
    assert_false(homography_invert(inverse, singular));
    assert_false(homography_apply(&x, &y, (const double[9]){1, 0, 0, 0, 1, 0, 1, 0, 0}, -1, 0));
    double a[4] = {4, 2, 2, 3}, b[2] = {10, 9}, indefinite[4] = {1, 2, 2, 1};
    assert_true(solve_positive(a, b, 2));
    assert_true(fabs(b[0] - 1.5) < 1e-12 && fabs(b[1] - 2) < 1e-12);
    assert_false(solve_positive(indefinite, b, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_opencv),      cmocka_unit_test(test_recovers),
        cmocka_unit_test(test_simpler_models), cmocka_unit_test(test_same_for_a_seed),
        cmocka_unit_test(test_all_outliers),   cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_mirrored),       cmocka_unit_test(test_sanity),
        cmocka_unit_test(test_algebra),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
