/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "kernel/kernel.h"

enum { BLOCKS = 9, LONGEST = 260, LONG = 2048, QUERIES = 6, STRIDE = BLOCKS * SCAN_BLOCK + 3 };

static uint8_t list[BLOCKS * SCAN_BLOCK * LONGEST], queries[QUERIES][LONGEST];

static void check_products(const struct kernels *c, const struct kernels *k) {
    static int32_t offsets[BLOCKS * SCAN_BLOCK], want[QUERIES * STRIDE], got[QUERIES * STRIDE];
    const uint8_t *const pointers[QUERIES] = {queries[0], queries[1], queries[2],
                                              queries[3], queries[4], queries[5]};
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t bytes = 4; bytes <= LONGEST; bytes += 4 * (1 + bytes / 40)) {
        for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
            const bool extreme = blocks % 3 == 2;
            for (size_t i = 0; i < sizeof list; i++) {
                list[i] = (uint8_t)(extreme ? 127 : rng_next(&rng) & 127);
            }
            for (size_t i = 0; i < sizeof queries; i++) {
                queries[i % QUERIES][i / QUERIES] = (uint8_t)(extreme ? 127 : rng_next(&rng) & 127);
            }
            for (size_t i = 0; i < BLOCKS * SCAN_BLOCK; i++) {
                offsets[i] = (int32_t)rng_below(&rng, 1 << 30);
            }
            memset(want, 0, sizeof want);
            memset(got, 0, sizeof got);
            c->scan.products(want, STRIDE, pointers, QUERIES, list, offsets, blocks, bytes);
            k->scan.products(got, STRIDE, pointers, QUERIES, list, offsets, blocks, bytes);
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

/* The longest vectors of the greatest bytes: no sum overflows. */
static void check_longest(const struct kernels *k) {
    static uint8_t longest[SCAN_BLOCK * SCAN_BYTES_MOST];
    const uint8_t *const query = longest;
    const int32_t norm = SCAN_BYTES_MOST * 127 * 127;
    int32_t offsets[SCAN_BLOCK], got[SCAN_BLOCK];
    memset(longest, 127, sizeof longest);
    for (size_t i = 0; i < SCAN_BLOCK; i++) {
        offsets[i] = i % 2 ? norm : 1 << 30;
    }
    k->scan.products(got, 0, &query, 1, longest, offsets, 1, SCAN_BYTES_MOST);
    for (size_t i = 0; i < SCAN_BLOCK; i++) {
        assert_int_equal(got[i], offsets[i] - 2 * norm);
    }
}

static void check_below(const struct kernels *c, const struct kernels *k) {
    static int32_t values[LONG];
    static uint32_t want[LONG], got[LONG];
    const int32_t limits[] = {INT32_MIN, -1, 0, 1, 5, INT32_MAX};
    struct rng rng;
    rng_init(&rng, 2);
    for (size_t n = 0; n <= LONG; n += n < 80 ? 1 : 233) {
        for (size_t i = 0; i < n; i++) {
            uint32_t v = rng_below(&rng, 9);
            values[i] = v == 8 ? INT32_MAX : v == 7 ? INT32_MIN : (int32_t)v - 2;
        }
        for (size_t l = 0; l < sizeof limits / sizeof *limits; l++) {
            size_t count = c->scan.below(want, values, n, limits[l]);
            assert_int_equal(k->scan.below(got, values, n, limits[l]), count);
            assert_memory_equal(got, want, count * sizeof *want);
        }
    }
}

static void check_halves(const struct kernels *c, const struct kernels *k) {
    static int32_t offsets[BLOCKS * SCAN_BLOCK], want[BLOCKS * SCAN_BLOCK],
        got[BLOCKS * SCAN_BLOCK];
    struct rng rng;
    rng_init(&rng, 4);
    for (size_t numbers = 8; numbers <= LONGEST; numbers += 8) {
        for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
            const bool extreme = blocks % 3 == 2;
            for (size_t i = 0; i < sizeof list; i++) {
                list[i] = (uint8_t)(extreme ? 255 : rng_next(&rng));
                queries[0][i % LONGEST] = (uint8_t)(extreme ? 127 : rng_next(&rng) & 127);
                offsets[i % (BLOCKS * SCAN_BLOCK)] = (int32_t)rng_below(&rng, 1 << 30);
            }
            memset(want, 0, sizeof want);
            memset(got, 0, sizeof got);
            c->scan.halves(want, queries[0], list, offsets, blocks, numbers);
            k->scan.halves(got, queries[0], list, offsets, blocks, numbers);
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

static void check_hamming(const struct kernels *c, const struct kernels *k) {
    enum { MOST = 41, WORDS = 17 };
    static uint64_t hashes[MOST * WORDS], query[WORDS];
    int32_t want[MOST], got[MOST];
    struct rng rng;
    rng_init(&rng, 3);
    for (size_t words = 1; words <= WORDS; words++) {
        for (size_t n = 0; n <= MOST; n++) {
            for (size_t i = 0; i < ARRAY_COUNT(hashes); i++) {
                hashes[i] = n % 3 == 0 ? 0 : rng_next(&rng);
                query[i % WORDS] = n % 5 == 0 ? UINT64_MAX : rng_next(&rng);
            }
            c->scan.hamming(want, (const uint8_t *)query, (const uint8_t *)hashes, words, n);
            k->scan.hamming(got, (const uint8_t *)query, (const uint8_t *)hashes, words, n);
            assert_memory_equal(got, want, n * sizeof *want);
        }
    }
}

static void test_levels_agree(void **state) {
    (void)state;
    struct kernels c;
    kernels_init(&c, CPU_C);
    check_longest(&c);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        struct kernels k;
        kernels_init(&k, (enum cpu_level)level);
        check_products(&c, &k);
        check_longest(&k);
        check_below(&c, &k);
        check_halves(&c, &k);
        check_hamming(&c, &k);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
