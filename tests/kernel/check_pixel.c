/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

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

/* Pixels on the heap at their exact length, so that a sanitizer sees a read beyond. */
static void test_gray(void **state) {
    (void)state;
    enum { LENGTH = 150 };
    uint8_t want[LENGTH], got[LENGTH];
    struct kernels c, k;
    struct rng rng;
    rng_init(&rng, 1);
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH; n++) {
            uint8_t *rgb = malloc(3 * n + 1);
            assert_non_null(rgb);
            for (size_t i = 0; i < 3 * n; i++) {
                rgb[i] = (uint8_t)(n % 3 == 0 ? 255 : rng_below(&rng, 256));
            }
            memset(want, 0, sizeof want);
            memset(got, 0, sizeof got);
            c.pixel.gray(want, rgb, n);
            k.pixel.gray(got, rgb, n);
            assert_memory_equal(got, want, sizeof want);
            free(rgb);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums_u8), cmocka_unit_test(test_gray)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
