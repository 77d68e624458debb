/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH = 150, LONG = 2100, ROWS = 6 };

struct scene {
    uint8_t bytes[2][LONG + BLUR_TAPS_MOST];
    int16_t rows[ROWS][LONG];
};

/* Rows at the ends of what 31 taps give, or anything between. */
static void make_scene(struct scene *s, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int x = 0; x < LONG; x++) {
        for (int i = 0; i < ROWS; i++) {
            s->rows[i][x] = (int16_t)(seed % 2 ? rng_below(&rng, 255 * BLUR_TAPS_MOST + 1)
                                               : 255 * BLUR_TAPS_MOST * rng_below(&rng, 2));
        }
    }
    for (int x = 0; x < LONG + BLUR_TAPS_MOST; x++) {
        s->bytes[0][x] = (uint8_t)rng_below(&rng, 256);
        s->bytes[1][x] = (uint8_t)(255 * rng_below(&rng, 2));
    }
}

struct outcome {
    int16_t scaled[LONG], summed[LONG], slid[LONG];
    int64_t across[2], down[2];
};

static void run_all(struct outcome *out, const struct kernel_blur *k, const struct scene *s,
                    size_t n) {
    const int16_t *const plain[3] = {s->rows[0], s->rows[1], s->rows[2]}, *const summed[3] = {
                                                                              s->rows[3],
                                                                              s->rows[4],
                                                                              s->rows[5]};
    int32_t taps = 1 + (int32_t)n % BLUR_TAPS_MOST;
    memset(out, 0, sizeof *out);
    k->scale(out->scaled, s->bytes[0], taps, n);
    k->sum(out->summed, s->bytes[1], taps, n);
    k->slide(out->slid, s->bytes[0], s->bytes[1], n);
    k->across(out->across, plain, summed, n);
    k->down(out->down, plain, summed, n);
}

static void test_versions_agree(void **state) {
    (void)state;
    static struct scene s;
    static struct outcome want, got;
    struct kernels c, k;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (size_t n = 0; n <= LENGTH + 1; n++) {
            make_scene(&s, n);
            run_all(&want, &c.blur, &s, n > LENGTH ? LONG : n);
            run_all(&got, &k.blur, &s, n > LENGTH ? LONG : n);
            assert_memory_equal(&got, &want, sizeof want);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
