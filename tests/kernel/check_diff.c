/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 300 };

static size_t naive(const uint8_t *a, const uint8_t *b, size_t from, size_t n, uint8_t tolerance) {
    size_t i = from;
    while (i < n && abs(a[i] - b[i]) <= tolerance) {
        i++;
    }
    return i;
}

/* Walks all hits of one pair at every level, C included. */
static void check_pair(const struct kernels *k, const uint8_t *a, const uint8_t *b, size_t n,
                       uint8_t tolerance) {
    for (size_t i = 0; i < n; i++) {
        size_t want = naive(a, b, i, n, tolerance);
        assert_int_equal(k->diff.first_beyond(a, b, i, n, tolerance), want);
        i = want;
    }
    assert_int_equal(k->diff.first_beyond(a, b, n, n, tolerance), n);
}

static void test_levels_agree(void **state) {
    (void)state;
    static const uint8_t tolerances[] = {0, 1, 17, 128, 254, 255};
    uint8_t a[LENGTH], b[LENGTH];
    struct kernels k;
    struct rng rng;
    rng_init(&rng, 4);
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n < LENGTH; n++) {
            uint8_t tolerance = tolerances[n % ARRAY_COUNT(tolerances)];
            for (size_t i = 0; i < n; i++) {
                int step = rng_below(&rng, 9) ? 0 : (int)rng_below(&rng, 5) - 2 + tolerance;
                a[i] = (uint8_t)rng_below(&rng, 256);
                b[i] = (uint8_t)(n % 7 == 0 ? 255 - a[i] : MAX(MIN(a[i] + step, 255), 0));
            }
            check_pair(&k, a, b, n, tolerance);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
