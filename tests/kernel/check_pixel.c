/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

/* Random rows and the two extremes, at lengths around every vector width. */
static void test_sums_u8(void **state) {
    (void)state;
    enum { LENGTH = 4200 };
    static uint8_t a[LENGTH], b[LENGTH];
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        struct rng rng;
        kernels_init(&k, (enum cpu_level)level);
        rng_init(&rng, 1);
        for (size_t n = 0; n < LENGTH; n += n < 200 ? 1 : 997) {
            for (size_t i = 0; i < n; i++) {
                a[i] = (uint8_t)(n % 3 == 0 ? 255 : rng_below(&rng, 256));
                b[i] = (uint8_t)(n % 3 == 0 ? 0 : rng_below(&rng, 256));
            }
            struct pixel_sums want = {.largest = 3}, got = {.largest = 3};
            c.pixel.sums_u8(&want, a, b, n);
            k.pixel.sums_u8(&got, a, b, n);
            assert_memory_equal(&got, &want, sizeof want);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums_u8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
