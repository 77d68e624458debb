/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 4099 };

static float values[LENGTH], exponents[LENGTH];

/* From 1e-12 to 1e4, evenly in the exponent, and the ends. */
static void fill(void) {
    struct rng rng;
    rng_init(&rng, 11);
    for (int i = 0; i < LENGTH; i++) {
        values[i] = (float)pow(10, (double)rng_below(&rng, 1 << 24) / (1 << 20) - 12);
        exponents[i] = (float)rng_below(&rng, 1 << 20) / (1 << 19);
    }
    values[0] = 0;
    values[1] = 1;
    values[2] = 1e-30f;
    values[3] = 1e30f;
    exponents[0] = exponents[5] = 0;
    values[6] = 0;
}

static void test_versions_agree(void **state) {
    (void)state;
    static float want[4][LENGTH], got[4][LENGTH];
    struct kernels c, k;
    fill();
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = LENGTH; n > 0; n = n > 40 ? n / 2 : n - 1) {
            const struct kernel_math *versions[2] = {&c.math, &k.math};
            for (int i = 0; i < 2; i++) {
                float(*to)[LENGTH] = i ? got : want;
                versions[i]->cbrt(to[0], values, n);
                versions[i]->pow(to[1], values, exponents, n);
                versions[i]->pow_by(to[2], values, 0.7f, n);
                versions[i]->log2(to[3], values, n);
            }
            for (int i = 0; i < 4; i++) {
                assert_memory_equal(got[i], want[i], n * sizeof(float));
            }
        }
    }
}

static void test_against_libm(void **state) {
    (void)state;
    static float cube[LENGTH], power[LENGTH], log[LENGTH];
    struct kernels k;
    double worst_cube = 0, worst_power = 0, worst_log = 0;
    fill();
    kernels_init(&k, cpu_level_best());
    k.math.cbrt(cube, values, LENGTH);
    k.math.pow(power, values, exponents, LENGTH);
    k.math.log2(log, values, LENGTH);
    for (int i = 0; i < LENGTH; i++) {
        double want = cbrt((double)values[i]),
               raised = pow((double)values[i], (double)exponents[i]);
        worst_cube = fmax(worst_cube, want > 0 ? fabs(cube[i] / want - 1) : cube[i]);
        if (values[i] > 0) {
            worst_log = fmax(worst_log, fabs(log[i] - log2((double)values[i])));
        }
        if (raised > 1e-4 && raised < 1e4) {
            worst_power = fmax(worst_power, fabs(power[i] / raised - 1));
        }
    }
    print_message("relative errors: cbrt %.2g, pow %.2g; log2 is off by %.2g\n", worst_cube,
                  worst_power, worst_log);
    assert_true(worst_cube < 4e-7);
    assert_true(worst_power < 2e-6);
    assert_true(worst_log < 6e-6); /* half a step of a float near 100 */
    assert_true(power[0] == 1 && power[5] == 1 && power[6] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
        cmocka_unit_test(test_against_libm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
