/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 150, ROWS = 8, OUTPUTS = 6 + PAIR_MOMENTS };

struct scene {
    float rows[ROWS][LENGTH];
    uint8_t valid[LENGTH];
};

static void make_scene(struct scene *s, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int x = 0; x < LENGTH; x++) {
        for (int i = 0; i < ROWS; i++) {
            s->rows[i][x] = (float)rng_below(&rng, 1 << 20) / 4099 - (rng_below(&rng, 9) ? 0 : 99);
        }
        s->valid[x] = rng_below(&rng, 4) ? 255 : (uint8_t)rng_below(&rng, 256);
    }
}

/* Everything on one length; the versions must agree in every bit. */
static void run_all(float out[OUTPUTS][LENGTH], const struct kernel_pair *k, const struct scene *s,
                    size_t n) {
    float scratch[4 * LENGTH];
    struct pair_sums sums;
    const float *const a[3] = {s->rows[0], s->rows[1], s->rows[2]}, *const b[3] = {s->rows[3],
                                                                                   s->rows[4],
                                                                                   s->rows[5]};
    const float gain[2] = {0.93F, 0.11F}, offset[2] = {-3.7F, 5.1F};
    memset(out, 0, OUTPUTS * sizeof *out);
    for (int i = 0; i < PAIR_MOMENTS; i++) {
        sums.of[i] = out[6 + i];
    }
    k->add_moments(&sums, a, b, s->rows[6], n);
    k->add_moments(&sums, b, a, s->rows[7], n);
    k->light(out[0], s->rows[0], s->rows[1], gain, offset, n);
    k->distance(out[1], a, b, n);
    k->beyond(out[2], a, b, scratch, n);
    k->slope(out[3], a, n);
    k->add_excess(out[4], s->rows[2], out[3], offset, n);
    k->level(out[5], out[3], s->valid, 0.05F, n);
}

static void test_versions_agree(void **state) {
    (void)state;
    static struct scene s;
    static float want[OUTPUTS][LENGTH], got[OUTPUTS][LENGTH];
    struct kernels c, k;
    make_scene(&s, 5);
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH; n++) {
            run_all(want, &c.pair, &s, n);
            run_all(got, &k.pair, &s, n);
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

/* A ramp, and a spot on it, have values known without any of our code. */
static void test_values(void **state) {
    (void)state;
    struct kernels c;
    float scratch[20], out[5];
    const float ramp[5] = {0, 2, 4, 6, 8}, spot[5] = {0, 2, 40, 6, 8}, one[5] = {1, 1, 1, 1, 1};
    const float *const flat[3] = {ramp, ramp, ramp}, *const lit[3] = {ramp, spot, ramp};
    const uint8_t valid[5] = {255, 255, 254, 255, 255};
    kernels_init(&c, CPU_C);
    c.pair.slope(out, flat, 5);
    assert_true(out[0] == 2 && out[2] == 4 && out[4] == 2); /* the end repeats outside */
    c.pair.beyond(out, flat, lit, scratch, 5);
    assert_true(out[0] == 0 && out[1] == 0 && out[2] == 34); /* 40 beyond the 6 beside it */
    c.pair.distance(out, flat, lit, 5);
    assert_true(out[1] == 0 && out[2] == 36);
    const float line[2] = {1, 2}, ninth = 1.0F / 9;
    memset(out, 0, sizeof out);
    c.pair.add_excess(out, spot, one, line, 5);
    assert_true(fabsf(out[1] - 4 * ninth) < 1e-6F);
    c.pair.level(out, spot, valid, 0.25F, 5);
    assert_true(out[2] == 0 && fabsf(out[3] - sqrtf(6) / 4) < 1e-6F && out[0] == 0);
    const float gain[2] = {2, 1}, offset[2] = {1, 0};
    c.pair.light(out, ramp, one, gain, offset, 5);
    assert_true(out[0] == 1 && out[4] == 25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
