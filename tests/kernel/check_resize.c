/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/rng.h"
#include "kernel/kernel.h"

enum { MOST = 300, ROWS = 9 };

/* Weights as a filter gives them: they sum to 1 in 22 bits, with lobes below 0. */
static void fill_weights(int32_t *weights, size_t n, struct rng *rng) {
    for (size_t i = 0; i < n; i++) {
        weights[i] =
            ((int32_t)rng_below(rng, 3 << RESIZE_WEIGHT_BITS) - (1 << RESIZE_WEIGHT_BITS)) /
            (int32_t)n;
    }
}

/* Samples on the heap at their exact length, so that a sanitizer sees a read beyond. */
static uint8_t *random_samples(size_t n, struct rng *rng, bool extreme) {
    uint8_t *p = malloc(n ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(extreme ? 255 * rng_below(rng, 2) : rng_below(rng, 256));
    }
    return p;
}

static void check_across(const struct kernel_resize *c, const struct kernel_resize *k, size_t n,
                         struct rng *rng) {
    int32_t weights[MOST];
    fill_weights(weights, n, rng);
    for (size_t channels = 1; channels <= 4; channels++) {
        uint8_t *in = random_samples(n * channels, rng, n % 3 == 0);
        if (channels == 1) {
            assert_int_equal(k->across(in, weights, n), c->across(in, weights, n));
        } else if (channels >= 3 && n > 0) {
            int32_t want[4], got[4];
            c->across_colour(want, in, channels, weights, n);
            k->across_colour(got, in, channels, weights, n);
            assert_memory_equal(got, want, channels * sizeof *want);
        }
        free(in);
    }
}

static void check_down(const struct kernel_resize *c, const struct kernel_resize *k, size_t n,
                       struct rng *rng) {
    int32_t weights[ROWS];
    uint8_t want[MOST] = {0}, got[MOST] = {0};
    fill_weights(weights, ROWS, rng);
    uint8_t *in = random_samples(n * ROWS, rng, n % 3 == 0);
    c->down(want, in, n, weights, ROWS, n);
    k->down(got, in, n, weights, ROWS, n);
    assert_memory_equal(got, want, sizeof want);
    free(in);
}

/* A row from `n` pixels to a third more or to a fifth, up to the last pixel of both. */
static void check_row(const struct kernel_resize *c, const struct kernel_resize *k, size_t n,
                      size_t channels, struct rng *rng) {
    enum { TAPS = 24 };
    static int32_t weights[MOST * TAPS], first[MOST], count[MOST];
    static int16_t halves[2 * MOST * TAPS];
    static uint8_t want[4 * MOST], got[4 * MOST];
    size_t width = n % 2 ? n / 5 + 1 : n * 3 / 4 + 1, taps = 1 + n % 20;
    struct resize_row r = {.first = first,
                           .count = count,
                           .weights = weights,
                           .halves = halves,
                           .most = (taps + RESIZE_MOST - 1) / RESIZE_MOST * RESIZE_MOST,
                           .width = width,
                           .from_width = n,
                           .channels = channels};
    memset(weights, 0, sizeof weights);
    for (size_t x = 0; x < width; x++) {
        first[x] = (int32_t)(x * n / width);
        count[x] = (int32_t)(taps < n - (size_t)first[x] ? taps : n - (size_t)first[x]);
        fill_weights(weights + x * r.most, (size_t)count[x], rng);
    }
    kernel_resize_split(halves, weights, width, r.most);
    uint8_t *in = random_samples(n * channels, rng, n % 3 == 0);
    memset(want, 0, sizeof want);
    memset(got, 0, sizeof got);
    c->across_row(want, in, &r);
    k->across_row(got, in, &r);
    assert_memory_equal(got, want, sizeof want);
    free(in);
}

static void test_levels_agree(void **state) {
    (void)state;
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        struct rng rng;
        kernels_init(&k, (enum cpu_level)level);
        rng_init(&rng, 3);
        for (size_t n = 1; n < MOST; n++) {
            check_across(&c.resize, &k.resize, n, &rng);
            check_down(&c.resize, &k.resize, n, &rng);
            check_row(&c.resize, &k.resize, n, 1, &rng);
            check_row(&c.resize, &k.resize, n, 3, &rng);
            check_row(&c.resize, &k.resize, n, 4, &rng);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
