/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { WIDTH = 300, ROWS = 11 };

/* Two pictures of WIDTH x ROWS: random, both extremes, or nearly equal. */
static void fill(uint8_t a[ROWS][WIDTH], uint8_t b[ROWS][WIDTH], struct rng *rng, int kind) {
    for (int y = 0; y < ROWS; y++) {
        for (int x = 0; x < WIDTH; x++) {
            a[y][x] = (uint8_t)(kind == 1 ? 255 : rng_below(rng, 256));
            b[y][x] = (uint8_t)(kind == 1   ? 0
                                : kind == 2 ? 255
                                            : (kind == 3 ? a[y][x] : rng_below(rng, 256)));
        }
        if (kind == 2) {
            memset(a[y], 255, WIDTH);
        }
    }
}

struct uniform_result {
    uint32_t means[WIDTH];
    int32_t squares[WIDTH], products[WIDTH];
    float s[WIDTH];
};

static void run_uniform(struct uniform_result *r, const struct kernel_ssim *k,
                        uint8_t a[ROWS][WIDTH], uint8_t b[ROWS][WIDTH], size_t n) {
    memset(r, 0, sizeof *r);
    struct ssim_columns c = {r->means, r->squares, r->products};
    for (int y = 0; y < SSIM_UNIFORM_TAPS; y++) {
        k->columns_add(&c, a[y], b[y], n);
    }
    k->columns_slide(&c, a[8], b[8], a[0], b[0], n);
    k->columns_slide(&c, a[9], b[9], a[1], b[1], n);
    k->uniform_row(r->s, &c, n - SSIM_UNIFORM_TAPS + 1);
}

struct gaussian_result {
    double moments[4][WIDTH];
    float s[WIDTH], contrast[WIDTH];
};

static void run_gaussian(struct gaussian_result *r, const struct kernel_ssim *k,
                         uint8_t a[ROWS][WIDTH], uint8_t b[ROWS][WIDTH], size_t n) {
    static const double weights[] = {0.26601172, 0.21300554, 0.10936069,
                                     0.03600077, 0.00759876, 0.00102838};
    static float fa[ROWS][WIDTH], fb[ROWS][WIDTH];
    const float *rows_a[ROWS], *rows_b[ROWS];
    memset(r, 0, sizeof *r);
    for (int y = 0; y < ROWS; y++) {
        for (int x = 0; x < WIDTH; x++) {
            fa[y][x] = a[y][x] / 4.0f;
            fb[y][x] = b[y][x] / 4.0f;
        }
        rows_a[y] = fa[y];
        rows_b[y] = fb[y];
    }
    struct ssim_moments m = {r->moments[0], r->moments[1], r->moments[2], r->moments[3]};
    k->gaussian_down(&m, rows_a, rows_b, weights, n);
    k->gaussian_row(r->s, n % 2 ? r->contrast : NULL, &m, weights, n - SSIM_GAUSSIAN_TAPS + 1);
}

static void check_ends(const struct kernel_ssim *c, const struct kernel_ssim *k, const float *s,
                       size_t n) {
    float want[WIDTH] = {0}, got[WIDTH] = {0};
    assert_true(c->sum(s, n) == k->sum(s, n));
    c->distance(want, s, n);
    k->distance(got, s, n);
    assert_memory_equal(got, want, sizeof want);
}

static void test_levels_agree(void **state) {
    (void)state;
    static uint8_t a[ROWS][WIDTH], b[ROWS][WIDTH];
    static struct uniform_result uniform_want, uniform_got;
    static struct gaussian_result gaussian_want, gaussian_got;
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        struct rng rng;
        kernels_init(&k, (enum cpu_level)level);
        rng_init(&rng, 2);
        for (size_t n = SSIM_GAUSSIAN_TAPS; n < WIDTH; n += n < 80 ? 1 : 17) {
            fill(a, b, &rng, (int)(n % 4));
            run_uniform(&uniform_want, &c.ssim, a, b, n);
            run_uniform(&uniform_got, &k.ssim, a, b, n);
            assert_memory_equal(&uniform_got, &uniform_want, sizeof uniform_want);
            run_gaussian(&gaussian_want, &c.ssim, a, b, n);
            run_gaussian(&gaussian_got, &k.ssim, a, b, n);
            assert_memory_equal(&gaussian_got, &gaussian_want, sizeof gaussian_want);
            check_ends(&c.ssim, &k.ssim, uniform_want.s, n);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
