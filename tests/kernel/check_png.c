/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 260, GUARD = 64 };

static void fill(uint8_t *row, size_t n, struct rng *rng, int kind) {
    for (size_t i = 0; i < n; i++) {
        row[i] = kind == 1   ? 255
                 : kind == 2 ? (uint8_t)(rng_below(rng, 2) * 255)
                             : (uint8_t)rng_below(rng, 256);
    }
}

/* Rows of every length, filter and pixel size, apart and in place with the smallest gap that a PNG has. */
static void check_row(const struct kernels *c, const struct kernels *k, size_t n, size_t filter,
                      size_t bpp, struct rng *rng) {
    uint8_t in[LENGTH + GUARD], above[LENGTH + GUARD], want[LENGTH + GUARD], got[LENGTH + GUARD];
    fill(in, n, rng, (int)(n % 4));
    fill(above, n, rng, (int)(n % 3));
    memset(want, 7, sizeof want);
    memset(got, 7, sizeof got);
    c->png.unfilter[filter](want, in, above, n, bpp);
    k->png.unfilter[filter](got, in, above, n, bpp);
    assert_memory_equal(got, want, sizeof want);
    memset(got, 7, sizeof got);
    memcpy(got + 1, in, n);
    k->png.unfilter[filter](got, got + 1, above, n, bpp);
    assert_memory_equal(got, want, n);
    assert_int_equal(got[n + 1], 7);
}

static void test_levels_agree(void **state) {
    (void)state;
    struct kernels c;
    struct rng rng;
    kernels_init(&c, CPU_C);
    rng_init(&rng, 3);
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        kernels_init(&k, (enum cpu_level)level);
        for (size_t bpp = 1; bpp <= 4; bpp++) {
            for (size_t n = 0; n <= LENGTH; n += bpp) {
                for (size_t filter = 0; filter < PNG_FILTERS; filter++) {
                    check_row(&c, &k, n, filter, bpp, &rng);
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
