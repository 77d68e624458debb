/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 80, ROWS = 80 };

static uint8_t a[ROWS][LENGTH], b[ROWS][LENGTH];

/* Random bytes, or the extremes that make sums overflow when they can. */
static void fill(int extreme) {
    struct rng rng;
    rng_init(&rng, 8);
    for (int y = 0; y < ROWS; y++) {
        for (int x = 0; x < LENGTH; x++) {
            a[y][x] =
                (uint8_t)(extreme ? (y % 6 == 2 || y % 6 == 3 ? 255 : 0) : rng_below(&rng, 256));
            b[y][x] =
                (uint8_t)(extreme ? (y % 6 == 1 || y % 6 == 4 ? 255 : 0) : rng_below(&rng, 256));
        }
    }
}

static void test_versions_agree(void **state) {
    (void)state;
    struct kernels c, k;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (int extreme = 0; extreme < 2; extreme++) {
            fill(extreme);
            for (int32_t n = 0; n <= 64; n++) {
                uint8_t want[LENGTH] = {0}, got[LENGTH] = {0};
                assert_int_equal(k.block.sad(a[0], LENGTH, b[0], LENGTH, n, n),
                                 c.block.sad(a[0], LENGTH, b[0], LENGTH, n, n));
                c.block.average(want, a[1], b[1], (size_t)n);
                k.block.average(got, a[1], b[1], (size_t)n);
                assert_memory_equal(got, want, LENGTH);
                const uint8_t *const up[6] = {a[0], a[1], a[2], a[3], a[4], a[5]};
                const uint8_t *const down[6] = {b[0], b[1], b[2], b[3], b[4], b[5]};
                c.block.six_tap(want, n % 2 ? up : down, (size_t)n);
                k.block.six_tap(got, n % 2 ? up : down, (size_t)n);
                assert_memory_equal(got, want, LENGTH);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
