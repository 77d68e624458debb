/* SPDX-License-Identifier: Apache-2.0 */
/* The searches of index/hamming against a plain loop, on every instruction set. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "index/hamming.h"

enum { MANY = 5000, FEW = 70, WORDS_MOST = HAMMING_BITS_MOST / 64 };

static uint64_t hashes[MANY * WORDS_MOST], absent[MANY / 64 + 1];
static struct neighbour want[MANY], got[64 * MANY];

/* Hashes in swarms around few centres, as those of pictures are, so that there are many at every distance and many ties. */
static struct hamming make(uint32_t count, int32_t words, uint64_t seed) {
    uint64_t centres[8 * WORDS_MOST];
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t i = 0; i < ARRAY_COUNT(centres); i++) {
        centres[i] = rng_next(&rng);
    }
    memset(absent, 0, sizeof absent);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t *h = hashes + (size_t)i * (size_t)words;
        memcpy(h, centres + (size_t)rng_below(&rng, 8) * WORDS_MOST, (size_t)words * 8);
        for (uint32_t flips = rng_below(&rng, 20); flips > 0; flips--) {
            uint32_t bit = rng_below(&rng, 64 * (uint32_t)words);
            h[bit / 64] ^= (uint64_t)1 << bit % 64;
        }
        absent[i / 64] |= (uint64_t)(i % 7 == 6) << i % 64;
    }
    return (struct hamming){(const uint8_t *)hashes, absent, count, 64 * words};
}

static int by_nearness(const void *x, const void *y) {
    const struct neighbour *a = x, *b = y;
    return a->distance != b->distance ? (a->distance > b->distance) - (a->distance < b->distance)
                                      : (a->item > b->item) - (a->item < b->item);
}

static size_t plain(const struct hamming *h, const uint8_t *query, int32_t radius) {
    const size_t bytes = (size_t)h->bits / 8;
    size_t found = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        int32_t distance = 0;
        for (size_t k = 0; k < bytes; k++) {
            distance += __builtin_popcount(h->hashes[i * bytes + k] ^ query[k]);
        }
        if (i % 7 != 6 && distance <= radius) {
            want[found++] = (struct neighbour){distance, i};
        }
    }
    qsort(want, found, sizeof *want, by_nearness);
    return found;
}

static void check_row(const struct neighbour *row, size_t k, size_t found) {
    for (size_t i = 0; i < k; i++) {
        assert_int_equal(row[i].item, i < found ? want[i].item : INDEX_NONE);
        assert_int_equal(row[i].distance, i < found ? want[i].distance : INT32_MAX);
    }
}

static lk_engine *engine_of(enum cpu_level level, int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = cpu_level_name(level);
    options.threads = threads;
    assert_ok(lk_engine_new(&engine, &options, &err));
    return engine;
}

/* Queries are items, and one that is none. */
static const uint8_t *query_of(const struct hamming *h, uint32_t q) {
    static uint8_t other[HAMMING_BITS_MOST / 8];
    memset(other, 0x5a, sizeof other);
    return q > 0 && h->count > 0 ? h->hashes + q * 31 % h->count * ((size_t)h->bits / 8) : other;
}

static void check_set(const lk_engine *engine, const struct hamming *h) {
    enum { QUERIES = 18, K = 23 };
    lk_error err;
    static uint8_t queries[QUERIES * HAMMING_BITS_MOST / 8];
    const size_t bytes = (size_t)h->bits / 8;
    for (uint32_t q = 0; q < QUERIES; q++) {
        memcpy(queries + q * bytes, query_of(h, q), bytes);
    }
    assert_ok(hamming_search_many(got, K, h, engine, queries, QUERIES, &err));
    for (uint32_t q = 0; q < QUERIES; q++) {
        size_t found = plain(h, queries + q * bytes, h->bits);
        check_row(got + (size_t)q * K, K, found);
        assert_int_equal(hamming_search(got, K, h, engine, queries + q * bytes),
                         MIN(found, (size_t)K));
        check_row(got, K, found);
    }
}

static void check_within(const lk_engine *engine, const struct hamming *h,
                         const struct hamming_tables *t) {
    lk_error err;
    const int32_t radii[] = {-1, 0, 1, 3, 4, 8, 15, 16, 31, 33, 48, 64, 128, 1024, INT32_MAX};
    struct neighbour_list list = {0};
    for (uint32_t q = 0; q < 5; q++) {
        for (size_t r = 0; r < ARRAY_COUNT(radii); r++) {
            size_t found = plain(h, query_of(h, q), radii[r]);
            assert_ok(hamming_within(&list, h, engine, query_of(h, q), radii[r], &err));
            assert_int_equal(list.count, found);
            check_row(list.items, found, found);
            assert_ok(hamming_tables_within(&list, h, t, engine, query_of(h, q), radii[r], &err));
            assert_int_equal(list.count, found);
            check_row(list.items, found, found);
        }
    }
    neighbour_list_release(&list);
}

static void check_tables(const lk_engine *engine, struct hamming *h, uint32_t at_first) {
    const uint32_t count = h->count;
    uint32_t *starts = mem_alloc(1, hamming_starts_size(h->bits));
    uint32_t *items = mem_alloc(1, hamming_items_size(count, h->bits));
    assert_true(starts && items);
    h->count = at_first;
    absent[0] ^= 64; /* item 6 goes after the tables are made */
    hamming_tables_make(starts, items, h, engine);
    h->count = count;
    const struct hamming_tables t = {starts, items, at_first};
    absent[0] ^= 64;
    check_within(engine, h, &t);
    mem_free(starts);
    mem_free(items);
}

static void test_as_a_plain_loop(void **state) {
    (void)state;
    const int32_t words[] = {1, 2, 4, 5, 16};
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        lk_engine *engine = engine_of((enum cpu_level)level, 1 + level % 2);
        for (size_t w = 0; w < ARRAY_COUNT(words); w++) {
            struct hamming h = make(MANY, words[w], w);
            check_set(engine, &h);
            check_tables(engine, &h, MANY - 100);
            h = make(FEW, words[w], w);
            check_set(engine, &h);
            check_tables(engine, &h, FEW);
            h.count = 0;
            check_set(engine, &h);
        }
        lk_engine_free(engine);
    }
}

static void test_tables_are_the_same(void **state) {
    (void)state;
    struct hamming h = make(MANY, 4, 1);
    const size_t sizes[2] = {hamming_starts_size(256), hamming_items_size(MANY, 256)};
    uint32_t *arrays[2][2];
    for (int n = 0; n < 2; n++) {
        lk_engine *engine = engine_of(n ? cpu_level_best() : CPU_C, 1 + n);
        arrays[n][0] = mem_alloc(1, sizes[0]);
        arrays[n][1] = mem_alloc(1, sizes[1]);
        hamming_tables_make(arrays[n][0], arrays[n][1], &h, engine);
        lk_engine_free(engine);
    }
    for (int i = 0; i < 2; i++) {
        assert_memory_equal(arrays[0][i], arrays[1][i], sizes[i]);
        mem_free(arrays[0][i]);
        mem_free(arrays[1][i]);
    }
}

/* Numbers that point nowhere are passed over. */
static void test_damaged_tables(void **state) {
    (void)state;
    lk_error err;
    struct hamming h = make(MANY, 4, 1);
    lk_engine *engine = engine_of(cpu_level_best(), 1);
    uint32_t *starts = mem_alloc(1, hamming_starts_size(256));
    uint32_t *items = mem_alloc(1, hamming_items_size(MANY, 256));
    struct neighbour_list list = {0};
    const struct hamming_tables t = {starts, items, MANY};
    struct rng rng;
    rng_init(&rng, 1);
    for (int wild = 0; wild < 2; wild++) {
        hamming_tables_make(starts, items, &h, engine);
        for (size_t i = 0; i < 300; i++) {
            items[rng_below(&rng, 16 * MANY)] = (uint32_t)rng_next(&rng);
        }
        for (size_t i = 0; wild && i < hamming_starts_size(256) / 4; i++) {
            starts[i] = (uint32_t)rng_next(&rng);
        }
        assert_ok(hamming_tables_within(&list, &h, &t, engine, h.hashes, 8, &err));
        assert_true(list.count <= plain(&h, h.hashes, 8));
    }
    neighbour_list_release(&list);
    mem_free(starts);
    mem_free(items);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_plain_loop),
        cmocka_unit_test(test_tables_are_the_same),
        cmocka_unit_test(test_damaged_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
