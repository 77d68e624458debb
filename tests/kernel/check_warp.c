/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { WIDTH = 37, HEIGHT = 23, LENGTH = 90 };

static void make_source(struct warp_source *s, uint8_t *pixels, int32_t channels, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    *s = (struct warp_source){.data = pixels,
                              .stride = WIDTH * (size_t)channels,
                              .width = WIDTH,
                              .height = HEIGHT,
                              .channels = channels};
    for (size_t i = 0; i < s->stride * HEIGHT; i++) { /* many extremes: sums go beyond 0..255 */
        uint32_t kind = (uint32_t)rng_below(&rng, 3);
        pixels[i] = kind == 0 ? 0 : kind == 1 ? 255 : (uint8_t)rng_below(&rng, 256);
    }
    for (int i = 0; i < WARP_STEPS;
         i++) { /* the real ones at the ends, and between them some that overshoot more */
        int16_t w[4] = {(int16_t)-rng_below(&rng, 512), 0, (int16_t)rng_below(&rng, 4096),
                        (int16_t)-rng_below(&rng, 512)};
        w[1] = (int16_t)(WARP_ONE - w[0] - w[2] - w[3]);
        memcpy(s->weights[i], w, sizeof w);
    }
}

/* A turn, a tilt, a stretch, and one of which much lies outside or behind. */
static const double maps[][9] = {
    {0.9, 0.2, -3, -0.15, 1.1, 2, 0, 0, 1},
    {0.5, 0, 1, 0.02, 0.6, -1, 0.004, -0.01, 1},
    {0.31, 0.02, 4.5, 0, 0.29, 3.25, 0, 0, 1},
    {1, 0, -40, 0, 1, 0, -0.03, 0.01, 1},
};

static void test_versions_agree(void **state) {
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT * 4], want[LENGTH * 4], got[LENGTH * 4];
    static struct warp_places a, b;
    static struct warp_source s;
    struct kernels c, k;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (int i = 0; i < 3 * 4 * 60; i++) {
            static const int32_t channels[] = {1, 3, 4};
            size_t n = (size_t)(LENGTH - i % 4);
            make_source(&s, pixels, channels[i % 3], (uint64_t)i);
            memset(&a, 0, sizeof a);
            memset(&b, 0, sizeof b);
            c.warp.find(&a, maps[i / 3 % 4], &s, i % 7 - 3, i / 12 - 10, n);
            k.warp.find(&b, maps[i / 3 % 4], &s, i % 7 - 3, i / 12 - 10, n);
            assert_memory_equal(&a, &b, sizeof a);
            c.warp.read(want, &s, &a, n);
            k.warp.read(got, &s, &b, n);
            assert_memory_equal(got, want, n * (size_t)s.channels);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
