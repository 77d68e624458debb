/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 100, PAD = 2 };

/* What one version makes of the five rows. */
struct made {
    uint16_t sums[LENGTH];
    uint8_t smooth[LENGTH], kinds[LENGTH];
    int16_t dx[LENGTH], dy[LENGTH];
    int32_t squared[LENGTH];
};

struct scene {
    uint8_t rows[5][LENGTH + 2 * PAD];
    uint16_t sums[LENGTH + 2 * PAD];
    int16_t dx[LENGTH], dy[LENGTH];
    int32_t squared[3][LENGTH + 2 * PAD];
};

/* `levels` gray levels spread over 0..255: 2 gives the extremes, few give ties. */
static void make_scene(struct scene *s, uint64_t seed, uint32_t levels) {
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t x = 0; x < LENGTH + 2 * PAD; x++) {
        for (size_t i = 0; i < 5; i++) {
            s->rows[i][x] = (uint8_t)(rng_below(&rng, levels) * 255 / (levels - 1));
        }
        s->sums[x] = (uint16_t)(rng_below(&rng, levels) * 4080 / (levels - 1));
        for (size_t i = 0; i < 3; i++) {
            s->squared[i][x] = (int32_t)(rng_below(&rng, levels) * 2080800 / (levels - 1));
        }
    }
    for (size_t x = 0; x < LENGTH; x++) {
        s->dx[x] =
            (int16_t)((int32_t)rng_below(&rng, levels) * 2040 / (int32_t)(levels - 1) - 1020);
        s->dy[x] =
            (int16_t)((int32_t)rng_below(&rng, levels) * 2040 / (int32_t)(levels - 1) - 1020);
    }
}

static void make(struct made *out, const struct kernel_edge *k, const struct scene *s, size_t n) {
    const uint8_t *five[5], *three[3];
    const int32_t *squared[3], limits[2] = {400, 600000};
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 5; i++) {
        five[i] = s->rows[i] + PAD;
    }
    for (int i = 0; i < 3; i++) {
        three[i] = five[i];
        squared[i] = s->squared[i] + PAD;
    }
    k->blur_down(out->sums, five, n);
    k->blur_across(out->smooth, s->sums + PAD, n);
    k->gradient(out->dx, out->dy, out->squared, three, n);
    k->thin(out->kinds, s->dx, s->dy, squared, limits, n);
}

static void test_versions_agree(void **state) {
    (void)state;
    static const uint32_t levels[] = {2, 3, 5, 256};
    static struct scene s;
    static struct made want, got;
    struct kernels c, k;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH; n++) {
            make_scene(&s, n, levels[n % 4]);
            make(&want, &c.edge, &s, n);
            make(&got, &k.edge, &s, n);
            assert_memory_equal(&got, &want, sizeof want);
        }
    }
}

/* A step down a column of white, known without any of our code. */
static void test_values(void **state) {
    (void)state;
    struct kernels c;
    const uint8_t row[4] = {0, 0, 255, 255};
    const uint8_t *const rows[5] = {row + 1, row + 1, row + 1, row + 1, row + 1};
    const uint16_t flat[5] = {4080, 4080, 4080, 4080, 4080};
    uint16_t sums[2];
    uint8_t smooth[1];
    int16_t dx[2], dy[2];
    int32_t squared[2];
    kernels_init(&c, CPU_C);
    c.edge.blur_down(sums, rows, 2);
    assert_true(sums[0] == 0 && sums[1] == 4080);
    c.edge.blur_across(smooth, flat + 2, 1);
    assert_int_equal(smooth[0], 255);
    c.edge.gradient(dx, dy, squared, rows, 2);
    assert_true(dx[0] == 1020 && dy[0] == 0 && squared[0] == 1020 * 1020);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
