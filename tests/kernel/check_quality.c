/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 203, ROWS = 6 };

static void test_versions_agree(void **state) {
    (void)state;
    static float rows[ROWS][LENGTH];
    struct kernels c, k;
    struct rng rng;
    rng_init(&rng, 3);
    for (int i = 0; i < ROWS; i++) {
        for (int x = 0; x < LENGTH; x++) {
            rows[i][x] = (float)rng_below(&rng, 1 << 20) / (1 << 20);
        }
    }
    const struct quality_row row = {rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]};
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH; n++) {
            double want[QUALITY_SUMS][QUALITY_LANES] = {{1, 2}}, got[QUALITY_SUMS][QUALITY_LANES];
            memcpy(got, want, sizeof got);
            c.quality.add_row(want, &row, n);
            k.quality.add_row(got, &row, n);
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
