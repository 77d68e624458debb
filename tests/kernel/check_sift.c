/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 90, SIDE = 61, BLOCKS = 9 };

/* Noise; few different values, so that many are equal; or nothing. */
static void fill(float *p, size_t n, struct rng *rng, size_t kind) {
    for (size_t i = 0; i < n; i++) {
        float v = ((float)rng_below(rng, 1 << 20) / (1 << 19) - 1) * 9.7f;
        p[i] = kind == 0 ? v : kind == 1 ? (float)rng_below(rng, 3) - 1 : 0;
    }
}

static void check_rows(const struct kernels *c, const struct kernels *k) {
    static float data[9][LENGTH + 2], want[LENGTH], got[LENGTH];
    static int32_t want_at[LENGTH], got_at[LENGTH];
    const float *rows[9];
    struct rng rng;
    rng_init(&rng, 1);
    size_t found = 0;
    for (size_t n = 0; n <= LENGTH; n++) {
        fill(data[0], sizeof data / sizeof(float), &rng, n % 3);
        for (int i = 0; i < 9; i++) {
            rows[i] = data[i] + 1;
        }
        memset(want, 0, sizeof want);
        memset(got, 0, sizeof got);
        c->sift.subtract(want, rows[0], rows[1], n);
        k->sift.subtract(got, rows[0], rows[1], n);
        assert_memory_equal(got, want, sizeof want);
        for (float threshold = 0; threshold < 2; threshold += 0.5f) {
            size_t count = c->sift.extrema(want_at, rows, n, threshold);
            assert_int_equal(k->sift.extrema(got_at, rows, n, threshold), count);
            assert_memory_equal(got_at, want_at, count * sizeof *want_at);
            found += count;
        }
    }
    assert_true(found > 100);
}

static void check_patches(const struct kernels *c, const struct kernels *k) {
    static float picture[SIDE * SIDE];
    static struct sift_gradients want, got;
    struct sift_weights weights;
    float cells_want[SIFT_BYTES], cells_got[SIFT_BYTES];
    struct rng rng;
    rng_init(&rng, 2);
    fill(weights.before, SIFT_PATCH, &rng, 0);
    fill(weights.after, SIFT_PATCH, &rng, 0);
    for (size_t i = 0; i < 600; i++) {
        fill(picture, SIDE * SIDE, &rng, i % 3);
        int32_t width = i % 5 == 0 ? 2 : SIDE, height = i % 7 == 0 ? 2 : SIDE;
        double angle = 6.3 * rng_unit(&rng), step = 0.2 + 9 * rng_unit(&rng);
        struct sift_window w = {.picture = picture,
                                .width = width,
                                .height = height,
                                .x = (float)(width * rng_unit(&rng)),
                                .y = (float)(height * rng_unit(&rng)),
                                .step_x = (float)(step * cos(angle)),
                                .step_y = (float)(step * sin(angle))};
        c->sift.gradients(&want, &w);
        k->sift.gradients(&got, &w);
        for (int j = 0; j < SIFT_PATCH; j++) {
            size_t at = (size_t)j * SIFT_PATCH_ROW;
            assert_memory_equal(got.magnitude + at, want.magnitude + at,
                                SIFT_PATCH * sizeof(float));
            assert_memory_equal(got.turn + at, want.turn + at, SIFT_PATCH * sizeof(float));
        }
        c->sift.cells(cells_want, &want, &weights);
        k->sift.cells(cells_got, &want, &weights);
        assert_memory_equal(cells_got, cells_want, sizeof cells_want);
    }
}

static void check_products(const struct kernels *c, const struct kernels *k) {
    enum { QUERIES = 5, STRIDE = BLOCKS * SIFT_BLOCK + 3 };
    static uint8_t list[BLOCKS * SIFT_BLOCK * SIFT_BYTES], queries[QUERIES][SIFT_BYTES];
    static int32_t offsets[BLOCKS * SIFT_BLOCK], want[QUERIES * STRIDE], got[QUERIES * STRIDE];
    const uint8_t *pointers[QUERIES];
    struct rng rng;
    rng_init(&rng, 3);
    for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
        for (int extreme = 0; extreme < 2; extreme++) {
            for (size_t i = 0; i < sizeof list; i++) {
                list[i] = (uint8_t)(extreme ? 127 : rng_below(&rng, 128));
                queries[i % QUERIES][i % SIFT_BYTES] =
                    (uint8_t)(extreme ? 127 : rng_below(&rng, 128));
                offsets[i / SIFT_BYTES] = (int32_t)rng_below(&rng, 1 << 22);
            }
            for (size_t q = 0; q < QUERIES; q++) {
                pointers[q] = queries[q];
            }
            memset(want, 0, sizeof want);
            memset(got, 0, sizeof got);
            c->sift.products(want, STRIDE, pointers, QUERIES, list, offsets, blocks);
            k->sift.products(got, STRIDE, pointers, QUERIES, list, offsets, blocks);
            assert_memory_equal(got, want, sizeof want);
            for (size_t n = 1; n <= blocks * SIFT_BLOCK; n++) {
                assert_int_equal(k->sift.least(want, n), c->sift.least(want, n));
                assert_int_equal(k->sift.least(want + n - 1, 1), want[n - 1]);
            }
        }
    }
}

static void test_levels_agree(void **state) {
    (void)state;
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        kernels_init(&k, (enum cpu_level)level);
        check_rows(&c, &k);
        check_patches(&c, &k);
        check_products(&c, &k);
    }
}

/* The direction of a slope and its size, by the patch's own axes. */
static void test_direction_of_a_slope(void **state) {
    (void)state;
    static float picture[SIDE * SIDE];
    static struct sift_gradients g;
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int i = 0; i < 48; i++) {
        double slope = i * M_PI / 24, turned = i * 0.7;
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                picture[y * SIDE + x] = (float)(3 * (cos(slope) * x + sin(slope) * y));
            }
        }
        struct sift_window w = {.picture = picture,
                                .width = SIDE,
                                .height = SIDE,
                                .x = 30,
                                .y = 30,
                                .step_x = (float)cos(turned),
                                .step_y = (float)sin(turned)};
        c.sift.gradients(&g, &w);
        for (int j = 0; j < SIFT_PATCH; j++) {
            double want = (slope - turned) / (2 * M_PI);
            assert_true(fabs(remainder(g.turn[j * SIFT_PATCH_ROW + j] - want, 1)) < 2e-5);
            assert_true(fabs(g.magnitude[j * SIFT_PATCH_ROW + j] - 6) < 1e-3);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree),
                                       cmocka_unit_test(test_direction_of_a_slope)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
