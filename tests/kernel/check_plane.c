/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 150, RADIUS = 21, ROWS = 2 * RADIUS + 1 };

struct scene {
    float rows[ROWS][LENGTH + 2 * RADIUS];
    float weights[RADIUS + 1];
};

static float random_float(struct rng *rng) {
    return ((float)rng_below(rng, 1 << 24) / (1 << 12) - 2048) * 0.37f;
}

static void make_scene(struct scene *s, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int i = 0; i < ROWS; i++) {
        for (int x = 0; x < LENGTH + 2 * RADIUS; x++) {
            s->rows[i][x] = random_float(&rng);
        }
    }
    for (int i = 0; i <= RADIUS; i++) {
        s->weights[i] = random_float(&rng) / 2048;
    }
}

/* All four on one row; the versions must agree in every bit, whatever the length and the radius. */
static void filter_all(float out[4][LENGTH], const struct kernel_plane *k, const struct scene *s,
                       int32_t radius, size_t n) {
    const float *rows[ROWS];
    for (int i = 0; i < ROWS; i++) {
        rows[i] = s->rows[i];
    }
    memset(out, 0, 4 * sizeof *out);
    k->across_even(out[0], s->rows[0] + RADIUS, s->weights, radius, n);
    k->across_odd(out[1], s->rows[1] + RADIUS, s->weights, radius, n);
    k->down_even(out[2], rows, s->weights, radius, n);
    k->down_odd(out[3], rows, s->weights, radius, n);
}

static void test_versions_agree(void **state) {
    (void)state;
    static struct scene s;
    static float want[4][LENGTH], got[4][LENGTH];
    struct kernels c, k;
    make_scene(&s, 5);
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH; n++) {
            for (int32_t radius = 0; radius <= RADIUS; radius += radius < 3 ? 1 : 9) {
                filter_all(want, &c.plane, &s, radius, n);
                filter_all(got, &k.plane, &s, radius, n);
                assert_memory_equal(got, want, sizeof want);
            }
        }
    }
}

/* A box and a central difference of a ramp have values known without any of our code. */
static void test_values(void **state) {
    (void)state;
    struct kernels c;
    float ramp[8] = {0, 1, 2, 3, 4, 5, 6, 7}, out[4];
    const float box[2] = {1, 1}, step[2] = {0, 0.5f};
    const float *const rows[3] = {ramp, ramp + 1, ramp + 2};
    kernels_init(&c, CPU_C);
    c.plane.across_even(out, ramp + 1, box, 1, 4);
    assert_true(out[0] == 3 && out[3] == 12);
    c.plane.across_odd(out, ramp + 1, step, 1, 4);
    assert_true(out[0] == 1 && out[3] == 1);
    c.plane.down_even(out, rows, box, 1, 4);
    assert_true(out[0] == 3 && out[3] == 12);
    c.plane.down_odd(out, rows, step, 1, 4);
    assert_true(out[0] == 1 && out[3] == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
