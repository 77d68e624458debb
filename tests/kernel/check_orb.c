/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "kernel/kernel.h"

enum { WIDTH = 200, SIDE = 2 * ORB_REACH + 1, STRIDE = 64 };

static void fill(uint8_t *p, size_t n, struct rng *rng, size_t kind) {
    for (size_t i = 0; i < n; i++) {
        uint32_t v = rng_below(rng, 256);
        p[i] = (uint8_t)(kind == 0 ? v : kind == 1 ? (v & 1) * 255 : 255);
    }
}

static void check_smoothing(const struct kernel_orb *c, const struct kernel_orb *k) {
    static uint8_t in[GAUSS7_TAPS][WIDTH + 6], want[WIDTH], got[WIDTH];
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t n = 0; n <= WIDTH; n++) {
        fill(in[0], sizeof in, &rng, n % 3);
        const uint8_t *const rows[GAUSS7_TAPS] = {in[0], in[1], in[2], in[3], in[4], in[5], in[6]};
        c->gauss7_down(want, rows, n);
        k->gauss7_down(got, rows, n);
        assert_memory_equal(got, want, n);
        c->gauss7_across(want, in[0] + 3, n);
        k->gauss7_across(got, in[0] + 3, n);
        assert_memory_equal(got, want, n);
    }
}

/* Reductions from none to far beyond what the fast path takes. */
static void check_shrinking(const struct kernel_orb *c, const struct kernel_orb *k) {
    static const double factors[] = {1, 1.2, 1.9, 2.1, 5};
    static uint8_t in[2][WIDTH], want[WIDTH], got[WIDTH];
    static int16_t across[2][2][WIDTH];
    static int32_t left[WIDTH];
    static uint32_t weights[WIDTH];
    struct rng rng;
    rng_init(&rng, 2);
    for (size_t i = 0; i < 5 * WIDTH; i++) {
        double factor = factors[i % 5];
        size_t in_width = 2 + i / 5 * (WIDTH - 2) / WIDTH, n = (size_t)((double)in_width / factor);
        for (size_t x = 0; x < n; x++) {
            left[x] = (int32_t)fmin((double)x * factor, (double)in_width - 2);
            uint32_t right = rng_below(&rng, 2049);
            weights[x] = (2048 - right) | right << 16;
        }
        const struct interpolation t = {left, weights};
        fill(in[0], sizeof in, &rng, i % 3);
        for (size_t row = 0; row < 2; row++) {
            c->shrink_across(across[0][row], in[row], in_width, &t, n);
            k->shrink_across(across[1][row], in[row], in_width, &t, n);
        }
        assert_memory_equal(across[1], across[0], sizeof across[0]);
        c->shrink_down(want, across[0][0], across[0][1], weights[0], n);
        k->shrink_down(got, across[0][0], across[0][1], weights[0], n);
        assert_memory_equal(got, want, n);
    }
}

static void check_patch(const struct kernel_orb *c, const struct kernel_orb *k) {
    static const int32_t half[ORB_DISC_RADIUS + 1] = {15, 15, 15, 15, 14, 14, 14, 13,
                                                      13, 12, 11, 10, 9,  8,  6,  3};
    static uint8_t patch[SIDE * STRIDE];
    struct orb_tests tests;
    struct rng rng;
    rng_init(&rng, 3);
    for (size_t i = 0; i < 1000; i++) {
        fill(patch, sizeof patch, &rng, i % 3);
        for (size_t t = 0; t < ORB_TESTS; t++) {
            for (size_t end = 0; end < 2; end++) {
                tests.x[end][t] = (float)rng_below(&rng, 26) - 13;
                tests.y[end][t] = (float)rng_below(&rng, 26) - 13;
            }
        }
        const uint8_t *centre = patch + ORB_REACH * STRIDE + ORB_REACH;
        int32_t want[3] = {0}, got[3] = {0};
        c->harris_sums(want, centre, STRIDE);
        k->harris_sums(got, centre, STRIDE);
        assert_memory_equal(got, want, sizeof want);
        c->disc_moments(want, centre, STRIDE, half);
        k->disc_moments(got, centre, STRIDE, half);
        assert_memory_equal(got, want, sizeof want);
        uint8_t want_bits[ORB_TESTS / 8], got_bits[ORB_TESTS / 8];
        double angle = i < 8 ? (double)i * M_PI / 4 : 2 * M_PI * rng_unit(&rng);
        c->describe(want_bits, centre, STRIDE, &tests, (float)cos(angle), (float)sin(angle));
        k->describe(got_bits, centre, STRIDE, &tests, (float)cos(angle), (float)sin(angle));
        assert_memory_equal(got_bits, want_bits, sizeof want_bits);
    }
}

static void test_levels_agree(void **state) {
    (void)state;
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        kernels_init(&k, (enum cpu_level)level);
        check_smoothing(&c.orb, &k.orb);
        check_shrinking(&c.orb, &k.orb);
        check_patch(&c.orb, &k.orb);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
