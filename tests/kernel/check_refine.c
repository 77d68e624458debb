/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 150, ROWS = 6 };

struct scene {
    float rows[ROWS][LENGTH];
    uint8_t bytes[2][LENGTH], valid[LENGTH];
    int32_t sums[LENGTH], squares[LENGTH];
    double inverse[LENGTH];
};

static void make_scene(struct scene *s, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int x = 0; x < LENGTH; x++) {
        for (int i = 0; i < ROWS; i++) {
            s->rows[i][x] = (float)rng_below(&rng, 1 << 20) / (1 << 18) - 2;
        }
        for (int i = 0; i < 2; i++) {
            s->bytes[i][x] = (uint8_t)rng_below(&rng, 256);
        }
        s->valid[x] = rng_below(&rng, 9) ? 255 : 0;
        s->sums[x] = (int32_t)rng_below(&rng, 625 * 255);
        s->squares[x] = (int32_t)rng_below(&rng, 625 * 65025);
        s->inverse[x] = 1.0 / (double)(1 + rng_below(&rng, 625));
    }
}

static struct refine_row row_of(const struct scene *s) {
    return (struct refine_row){.a = s->rows[0],
                               .a_up = s->rows[1],
                               .a_down = s->rows[2],
                               .b = s->rows[3],
                               .b_up = s->rows[4],
                               .b_down = s->rows[5],
                               .valid = s->valid,
                               .first = -0.93F,
                               .step = 0.013F,
                               .limit = 2.1F};
}

static void run_all(struct scene *out, float sums[REFINE_SUMS][REFINE_LANES],
                    const struct kernel_refine *k, const struct scene *s, size_t n) {
    const struct refine_row row = row_of(s);
    *out = *s;
    memset(sums, 0, sizeof(float) * REFINE_SUMS * REFINE_LANES);
    k->add(sums, &row, n);
    k->normalise(out->rows[0], s->bytes[0], s->sums, s->squares, s->inverse, 4, n);
    k->slide(out->sums, out->squares, s->bytes[0], n % 2 ? s->bytes[1] : NULL, n);
}

static void test_versions_agree(void **state) {
    (void)state;
    static struct scene s, want, got;
    static float want_sums[REFINE_SUMS][REFINE_LANES], got_sums[REFINE_SUMS][REFINE_LANES];
    struct kernels c, k;
    make_scene(&s, 5);
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH; n++) {
            run_all(&want, want_sums, &c.refine, &s, n);
            run_all(&got, got_sums, &k.refine, &s, n);
            assert_memory_equal(&got, &want, sizeof want);
            assert_memory_equal(got_sums, want_sums, sizeof want_sums);
        }
    }
}

/* The sums as the header defines them, one sample after the other, in double. */
static void test_sums(void **state) {
    (void)state;
    static struct scene s;
    struct kernels c;
    float lanes[REFINE_SUMS][REFINE_LANES] = {{0}};
    double want[REFINE_SUMS] = {0};
    make_scene(&s, 6);
    const struct refine_row r = row_of(&s);
    for (int x = 1; x + 1 < LENGTH; x++) {
        double d = (double)r.b[x] - r.a[x], t = d / r.limit, w = (1 - t * t) * (1 - t * t);
        double gx = 0.25 * ((double)r.a[x + 1] - r.a[x - 1] + r.b[x + 1] - r.b[x - 1]);
        double gy = 0.25 * ((double)r.a_down[x] - r.a_up[x] + r.b_down[x] - r.b_up[x]);
        if (fabs(t) >= 1 || !r.valid[x - 1] || !r.valid[x] || !r.valid[x + 1]) {
            continue;
        }
        for (int k = 0; k < REFINE_POWERS; k++) {
            double p = pow(r.first + (x - 1) * (double)r.step, k);
            want[k] += w * gx * gx * p;
            want[REFINE_POWERS + k] += w * gx * gy * p;
            want[2 * REFINE_POWERS + k] += w * gy * gy * p;
            if (k < 3) {
                want[3 * REFINE_POWERS + k] += w * d * gx * p;
                want[3 * REFINE_POWERS + 3 + k] += w * d * gy * p;
            }
        }
    }
    kernels_init(&c, CPU_C);
    c.refine.add(lanes, &r, LENGTH);
    for (int i = 0; i < REFINE_SUMS; i++) {
        double sum = 0;
        for (int k = 0; k < REFINE_LANES; k++) {
            sum += lanes[i][k];
        }
        assert_true(fabs(sum - want[i]) < 1e-4 * (1 + fabs(want[i])));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
