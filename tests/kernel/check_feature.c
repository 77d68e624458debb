/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { STRIDE = 300, ROWS = 7, EDGE = 3, SHORTEST = 0, LONGEST = 290 };

static const int32_t thresholds[] = {1, 7, 20, 100, 254};

/* Noise; black and white; or levels that differ by little, so that many are equal. */
static void fill(uint8_t *p, size_t n, struct rng *rng, size_t kind) {
    for (size_t i = 0; i < n; i++) {
        uint32_t v = rng_below(rng, 256);
        p[i] = (uint8_t)(kind == 0 ? v : kind == 1 ? (v & 1) * 255 : 100 + (v & 3));
    }
}

static void check_fast(const struct kernels *c, const struct kernels *k) {
    static uint8_t picture[ROWS * STRIDE], want[STRIDE], got[STRIDE];
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t n = SHORTEST; n < LONGEST; n += n < 140 ? 1 : 37) {
        fill(picture, sizeof picture, &rng, n % 3);
        for (size_t t = 0; t < sizeof thresholds / sizeof *thresholds; t++) {
            memset(want, 99, sizeof want);
            memset(got, 99, sizeof got);
            const uint8_t *row = picture + 3 * STRIDE + EDGE;
            c->feature.fast_row(want, row, STRIDE, n, thresholds[t]);
            k->feature.fast_row(got, row, STRIDE, n, thresholds[t]);
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

static void check_maxima(const struct kernels *c, const struct kernels *k) {
    static uint8_t scores[3][STRIDE];
    static int32_t want[STRIDE], got[STRIDE];
    struct rng rng;
    rng_init(&rng, 2);
    for (size_t n = SHORTEST; n < LONGEST; n += n < 140 ? 1 : 37) {
        fill(scores[0], sizeof scores, &rng, n % 3);
        const uint8_t *const rows[3] = {scores[0] + 1, scores[1] + 1, scores[2] + 1};
        size_t count = c->feature.fast_maxima(want, rows, n);
        assert_int_equal(k->feature.fast_maxima(got, rows, n), count);
        assert_memory_equal(got, want, count * sizeof *want);
    }
}

static void check_nearest(const struct kernels *c, const struct kernels *k) {
    enum { MOST = 70 };
    static uint8_t list[MOST * DESCRIPTOR_BYTES], query[DESCRIPTOR_BYTES];
    struct rng rng;
    rng_init(&rng, 3);
    for (size_t n = 0; n <= MOST; n++) {
        fill(list, sizeof list, &rng, n % 3);
        fill(query, sizeof query, &rng, n % 3);
        if (n > 5) { /* two that are equally near: the first wins */
            memcpy(list + 3 * DESCRIPTOR_BYTES, query, DESCRIPTOR_BYTES);
            memcpy(list + 5 * DESCRIPTOR_BYTES, query, DESCRIPTOR_BYTES);
        }
        struct nearest_two want, got;
        c->feature.nearest(&want, query, list, n);
        k->feature.nearest(&got, query, list, n);
        assert_memory_equal(&got, &want, sizeof want);
    }
}

static void check_near(const struct kernels *c, const struct kernels *k) {
    enum { MOST = 70 };
    static uint64_t list[MOST];
    int32_t want[MOST], got[MOST];
    struct rng rng;
    rng_init(&rng, 4);
    for (size_t n = 0; n <= MOST; n++) {
        fill((uint8_t *)list, sizeof list, &rng, n % 3);
        for (int32_t limit = -1; limit <= 64; limit += 13) {
            uint64_t query = list[n / 2] ^ (limit > 20 ? rng_next(&rng) : 1);
            size_t count = c->feature.near_64(want, list, n, query, limit);
            assert_int_equal(k->feature.near_64(got, list, n, query, limit), count);
            assert_memory_equal(got, want, count * sizeof *want);
        }
    }
}

static void test_levels_agree(void **state) {
    (void)state;
    struct kernels c;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        kernels_init(&k, (enum cpu_level)level);
        check_fast(&c, &k);
        check_maxima(&c, &k);
        check_nearest(&c, &k);
        check_near(&c, &k);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
