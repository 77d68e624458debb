/* SPDX-License-Identifier: Apache-2.0 */
/* The inverted file against index/flat: the same where all cells are looked at, nearly the same where few are. */
#include "tests/unit/harness.h"

#include "base/mem.h"
#include "base/rng.h"
#include "index/inverted.h"

enum { COUNT = 12000, DIM = 20, SWARMS = 150, K = 10, QUERIES = 200 };

/* A set, and what it is made of. */
struct set {
    struct flat flat;
    uint8_t *vectors;
    int32_t *norms;
};

/* Swarms of vectors around random ones; every ninth item is absent. The queries come from the same swarms. */
static struct set make(uint8_t *queries) {
    static float swarms[SWARMS][DIM];
    float v[DIM];
    uint8_t row[DIM];
    struct set s = {.flat = {.count = COUNT, .dim = DIM}};
    struct rng rng;
    rng_init(&rng, 5);
    s.vectors = mem_alloc_aligned(flat_vectors_size(COUNT, DIM), 1);
    s.norms = mem_alloc_aligned(flat_norms_size(COUNT), 1);
    assert_true(s.vectors && s.norms);
    flat_clear(s.vectors, s.norms, DIM, 0, COUNT);
    for (int i = 0; i < SWARMS * DIM; i++) {
        swarms[i / DIM][i % DIM] = (float)rng_normal(&rng);
    }
    for (uint32_t i = 0; i < COUNT + QUERIES; i++) {
        uint32_t swarm = rng_below(&rng, SWARMS);
        for (int k = 0; k < DIM; k++) {
            v[k] = swarms[swarm][k] + 0.7F * (float)rng_normal(&rng);
        }
        flat_quantise(i < COUNT ? row : queries + (size_t)(i - COUNT) * DIM, v, DIM);
        if (i < COUNT && i % 9 != 8) {
            flat_put(s.vectors, s.norms, DIM, i, row);
        }
    }
    s.flat.vectors = s.vectors;
    s.flat.norms = s.norms;
    return s;
}

static void release(struct set *s) {
    mem_free(s->vectors);
    mem_free(s->norms);
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

static uint8_t queries[QUERIES * DIM];

static size_t common(const struct neighbour *a, const struct neighbour *b) {
    size_t n = 0;
    for (size_t i = 0; i < K * K; i++) {
        n += a[i / K].item == b[i % K].item && a[i / K].item != INDEX_NONE;
    }
    return n;
}

/* How many of the K nearest of each query are found. */
static double recall(const struct inverted *v, const struct flat *f, const lk_engine *engine,
                     uint32_t probes) {
    lk_error err;
    struct neighbour want[K], got[K];
    size_t found = 0;
    for (size_t q = 0; q < QUERIES; q++) {
        flat_search(want, K, f, engine, queries + q * DIM);
        assert_ok(inverted_search(got, K, v, f, engine, queries + q * DIM, probes, &err));
        found += common(want, got);
    }
    return (double)found / (QUERIES * K);
}

static int32_t distance(const struct flat *a, uint32_t i, const struct flat *b, uint32_t k) {
    uint8_t x[DIM], y[DIM];
    int32_t sum = 0;
    flat_get(x, a, i);
    flat_get(y, b, k);
    for (int n = 0; n < DIM; n++) {
        sum += (x[n] - y[n]) * (x[n] - y[n]);
    }
    return sum;
}

static void test_each_item_is_in_the_nearest_cell(void **state) {
    (void)state;
    lk_error err;
    static uint8_t seen[COUNT];
    struct inverted_made made;
    struct set s = make(queries);
    lk_engine *engine = engine_of(cpu_level_best(), 2);
    assert_ok(inverted_make(&made, &s.flat, engine, 0, &err));
    const struct inverted *v = &made.view;
    const struct flat centres = {v->centres, v->centre_norms, v->cells, DIM},
                      within = {v->vectors, v->norms, v->blocks * FLAT_BLOCK, DIM};
    assert_int_equal(v->cells, 4 * 109); /* 109^2 < COUNT */
    assert_int_equal(v->starts[v->cells], v->blocks);
    memset(seen, 0, sizeof seen);
    for (uint32_t c = 0; c < v->cells; c++) {
        for (uint32_t at = v->starts[c] * FLAT_BLOCK; at < v->starts[c + 1] * FLAT_BLOCK; at++) {
            assert_true(flat_has(&within, at) == (v->items[at] != INDEX_NONE));
            if (v->items[at] != INDEX_NONE) {
                uint8_t row[DIM];
                struct neighbour nearest;
                assert_int_equal(distance(&s.flat, v->items[at], &within, at), 0);
                flat_get(row, &within, at);
                flat_search(&nearest, 1, &centres, engine, row);
                assert_int_equal(nearest.item, c);
                seen[v->items[at]]++;
            }
        }
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(seen[i], i % 9 != 8);
    }
    inverted_release(&made);
    release(&s);
    lk_engine_free(engine);
}

static void test_finds_what_flat_finds(void **state) {
    (void)state;
    lk_error err;
    struct inverted_made made;
    struct set s = make(queries);
    struct neighbour want[2 * K], got[2 * K];
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        lk_engine *engine = engine_of((enum cpu_level)level, 1);
        assert_ok(inverted_make(&made, &s.flat, engine, 100, &err));
        for (size_t q = 0; q < QUERIES; q += 20) { /* all cells: the same, ties included */
            const uint8_t *query = queries + q * DIM;
            flat_search(want, 2 * K, &s.flat, engine, query);
            assert_ok(inverted_search(got, 2 * K, &made.view, &s.flat, engine, query, 100, &err));
            assert_memory_equal(got, want, sizeof want);
        }
        assert_true(recall(&made.view, &s.flat, engine, 0) >= 0.98);
        assert_true(recall(&made.view, &s.flat, engine, 1) < 0.98);
        inverted_release(&made);
        lk_engine_free(engine);
    }
    release(&s);
}

static void test_the_same_bytes(void **state) {
    (void)state;
    lk_error err;
    struct inverted_made a, b;
    struct set s = make(queries);
    lk_engine *one = engine_of(CPU_C, 1), *two = engine_of(cpu_level_best(), 2);
    assert_ok(inverted_make(&a, &s.flat, one, 77, &err));
    assert_ok(inverted_make(&b, &s.flat, two, 77, &err));
    for (size_t i = 0; i < ARRAY_COUNT(a.memory); i++) {
        assert_int_equal(a.sizes[i], b.sizes[i]);
        assert_memory_equal(a.memory[i], b.memory[i], a.sizes[i]);
    }
    inverted_release(&a);
    inverted_release(&b);
    release(&s);
    lk_engine_free(one);
    lk_engine_free(two);
}

/* Made of the first 9,000 items: the others are found as well, and none that went since. */
static void test_grows(void **state) {
    (void)state;
    lk_error err;
    struct inverted_made made;
    struct neighbour want[K], got[K];
    struct set s = make(queries);
    lk_engine *engine = engine_of(cpu_level_best(), 1);
    struct flat early = s.flat;
    early.count = 9001;
    int32_t *norms = s.norms; /* those behind the last item of a block are not of the set then */
    int32_t behind[FLAT_BLOCK];
    memcpy(behind, norms + 9001, sizeof behind);
    for (int i = 0; i < FLAT_BLOCK; i++) {
        norms[9001 + i] = FLAT_FAR;
    }
    assert_ok(inverted_make(&made, &early, engine, 64, &err));
    memcpy(norms + 9001, behind, sizeof behind);
    for (uint32_t i = 0; i < COUNT; i += 5) {
        flat_remove(norms, i);
    }
    for (size_t q = 0; q < QUERIES; q += 10) {
        const uint8_t *query = queries + q * DIM;
        flat_search(want, K, &s.flat, engine, query);
        assert_ok(inverted_search(got, K, &made.view, &s.flat, engine, query, 64, &err));
        assert_memory_equal(got, want, sizeof want);
    }
    inverted_release(&made);
    release(&s);
    lk_engine_free(engine);
}

static void test_few_items(void **state) {
    (void)state;
    lk_error err;
    struct inverted_made made;
    struct neighbour got[K];
    struct set s = make(queries);
    lk_engine *engine = engine_of(cpu_level_best(), 2);
    const uint32_t counts[] = {0, 1, 3, 16};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        flat_clear(s.vectors, s.norms, DIM, counts[i], COUNT);
        s.flat.count = counts[i];
        assert_ok(inverted_make(&made, &s.flat, engine, 0, &err));
        assert_ok(inverted_search(got, K, &made.view, &s.flat, engine, queries, 0, &err));
        assert_int_equal(got[0].item == INDEX_NONE, counts[i] == 0);
        assert_int_equal(got[K - 1].item == INDEX_NONE, counts[i] < K);
        inverted_release(&made);
        if (i + 1 < ARRAY_COUNT(counts)) {
            release(&s);
            s = make(queries);
        }
    }
    release(&s);
    lk_engine_free(engine);
}

static void test_refuses(void **state) {
    (void)state;
    lk_error err;
    int stop = 1;
    struct inverted_made made;
    struct neighbour got[K];
    struct set s = make(queries);
    lk_engine *engine = engine_of(cpu_level_best(), 2);
    assert_ok(inverted_make(&made, &s.flat, engine, 50, &err));
    struct flat other = s.flat;
    other.dim = DIM - 4;
    assert_refused(LK_E_USAGE,
                   inverted_search(got, K, &made.view, &other, engine, queries, 0, &err));
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t i = 0; i < made.sizes[5] / 4; i += 3) { /* damaged: nothing outside is touched */
        ((uint32_t *)made.memory[5])[i] = (uint32_t)rng_next(&rng);
    }
    for (size_t i = 0; i < made.sizes[2] / 4; i++) {
        ((uint32_t *)made.memory[2])[i] = rng_below(&rng, 3 * made.view.blocks);
    }
    for (size_t q = 0; q < QUERIES; q++) {
        assert_ok(inverted_search(got, K, &made.view, &s.flat, engine, queries + q * DIM, 0, &err));
        for (int i = 0; i < K; i++) {
            assert_true(got[i].item < COUNT || got[i].item == INDEX_NONE);
        }
    }
    inverted_release(&made);
    engine->stop = &stop;
    assert_refused(LK_E_CANCELLED, inverted_make(&made, &s.flat, engine, 50, &err));
    assert_null(made.memory[0]);
    release(&s);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_item_is_in_the_nearest_cell),
        cmocka_unit_test(test_finds_what_flat_finds),
        cmocka_unit_test(test_the_same_bytes),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_few_items),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
