/* SPDX-License-Identifier: Apache-2.0 */
/* The searches of index/flat against a plain loop over bytes, on every instruction set, with one thread and with two. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "index/flat.h"

static const int32_t dims[] = {1, 3, 4, 31, 128, 130, 513};
static const uint32_t counts[] = {0, 1, 15, 16, 17, 511, 513, 700};

/* A set, and the same as rows. */
struct set {
    struct flat flat;
    uint8_t *vectors, *rows;
    int32_t *norms;
};

/* Few different levels where `coarse`, so that many distances are equal; every seventh item is absent. */
static struct set make(uint32_t count, int32_t dim, bool coarse, uint64_t seed) {
    struct set s = {.flat = {.count = count, .dim = dim}};
    const size_t bytes = flat_bytes(dim);
    struct rng rng;
    rng_init(&rng, seed);
    s.vectors = mem_alloc_aligned(flat_vectors_size(count, dim), 1);
    s.norms = mem_alloc_aligned(flat_norms_size(count), 1);
    s.rows = mem_calloc(count, bytes);
    assert_true(s.vectors && s.norms && s.rows);
    flat_clear(s.vectors, s.norms, dim, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *row = s.rows + i * bytes;
        for (int32_t k = 0; k < dim; k++) {
            row[k] = (uint8_t)(coarse ? 60 + rng_below(&rng, 2) * (k < 3) : rng_below(&rng, 128));
        }
        flat_put(s.vectors, s.norms, dim, i, row);
        if (i % 7 == 6) {
            flat_remove(s.norms, i);
        }
    }
    s.flat.vectors = s.vectors;
    s.flat.norms = s.norms;
    return s;
}

static void release(struct set *s) {
    mem_free(s->vectors);
    mem_free(s->norms);
    mem_free(s->rows);
}

static int by_nearness(const void *x, const void *y) {
    const struct neighbour *a = x, *b = y;
    return a->distance != b->distance ? (a->distance > b->distance) - (a->distance < b->distance)
                                      : (a->item > b->item) - (a->item < b->item);
}

/* All that are there, but `self`, sorted by the C library. */
static size_t plain(struct neighbour *out, const struct set *s, const uint8_t *query,
                    uint32_t self) {
    const size_t bytes = flat_bytes(s->flat.dim);
    size_t found = 0;
    for (uint32_t i = 0; i < s->flat.count; i++) {
        int32_t distance = 0;
        for (size_t k = 0; k < bytes; k++) {
            int32_t d = s->rows[i * bytes + k] - query[k];
            distance += d * d;
        }
        if (i % 7 != 6 && i != self) {
            out[found++] = (struct neighbour){distance, i};
        }
    }
    qsort(out, found, sizeof *out, by_nearness);
    return found;
}

static void check_row(const struct neighbour *got, size_t k, const struct neighbour *want,
                      size_t found) {
    for (size_t i = 0; i < k; i++) {
        assert_int_equal(got[i].item, i < found ? want[i].item : INDEX_NONE);
        assert_int_equal(got[i].distance, i < found ? want[i].distance : INT32_MAX);
    }
}

static void check_set(const lk_engine *engine, const struct set *s, size_t k) {
    lk_error err;
    enum { QUERIES = 37 };
    const size_t bytes = flat_bytes(s->flat.dim), count = s->flat.count;
    struct neighbour *want = mem_calloc(count, sizeof *want);
    struct neighbour *got = mem_calloc(MAX(count, (size_t)QUERIES) * k, sizeof *got);
    uint8_t *queries = mem_calloc(QUERIES, bytes);
    struct rng rng;
    rng_init(&rng, 9);
    for (size_t i = 0; i < QUERIES * bytes; i++) {
        queries[i] = (uint8_t)(i % bytes < (size_t)s->flat.dim ? 60 + rng_below(&rng, 2) : 0);
    }
    for (size_t q = 0; q < QUERIES; q += 12) {
        size_t found = plain(want, s, queries + q * bytes, INDEX_NONE);
        assert_int_equal(flat_search(got, k, &s->flat, engine, queries + q * bytes), MIN(found, k));
        check_row(got, k, want, found);
    }
    assert_ok(flat_search_many(got, k, &s->flat, engine, queries, QUERIES, &err));
    for (size_t q = 0; q < QUERIES; q++) {
        check_row(got + q * k, k, want, plain(want, s, queries + q * bytes, INDEX_NONE));
    }
    assert_ok(flat_graph(got, k, &s->flat, engine, &err));
    for (uint32_t i = 0; i < count; i += 1 + (uint32_t)count / 200) {
        size_t found = i % 7 == 6 ? 0 : plain(want, s, s->rows + i * bytes, i);
        check_row(got + i * k, k, want, i % 7 == 6 ? 0 : found);
    }
    mem_free(want);
    mem_free(got);
    mem_free(queries);
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

static void test_as_a_plain_loop(void **state) {
    (void)state;
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        lk_engine *engine = engine_of((enum cpu_level)level, 1 + level % 2);
        for (size_t d = 0; d < ARRAY_COUNT(dims); d++) {
            for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
                bool large = counts[c] > 600 && dims[d] > 128;
                if (!large || dims[d] == 130) {
                    struct set s = make(counts[c], dims[d], (c + d) % 2, 1 + c);
                    check_set(engine, &s, c % 3 == 0 ? 3 : 20);
                    release(&s);
                }
            }
        }
        lk_engine_free(engine);
    }
}

static void test_none_wanted(void **state) {
    (void)state;
    lk_engine *engine = engine_of(cpu_level_best(), 1);
    struct set s = make(40, 8, false, 1);
    assert_int_equal(flat_search(NULL, 0, &s.flat, engine, s.rows), 0);
    release(&s);
    lk_engine_free(engine);
}

/* Items at the greatest distance there is are found; absent ones never, whatever their bytes are. */
static void test_extremes(void **state) {
    (void)state;
    enum { DIM = FLAT_DIM_MOST, COUNT = 18 };
    static uint8_t low[DIM], high[DIM], got[DIM];
    struct neighbour found[COUNT];
    uint8_t *vectors = mem_alloc_aligned(flat_vectors_size(COUNT, DIM), 1);
    int32_t *norms = mem_alloc_aligned(flat_norms_size(COUNT), 1);
    const struct flat f = {vectors, norms, COUNT, DIM};
    memset(high, 127, DIM);
    flat_clear(vectors, norms, DIM, 0, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        flat_put(vectors, norms, DIM, i, i % 2 ? high : low);
    }
    flat_remove(norms, 3);
    flat_remove(norms, 4);
    assert_false(flat_has(&f, 3) || flat_has(&f, COUNT));
    assert_true(flat_has(&f, 17));
    flat_get(got, &f, 17);
    assert_memory_equal(got, high, DIM);
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        lk_engine *engine = engine_of((enum cpu_level)level, 1);
        assert_int_equal(flat_search(found, COUNT, &f, engine, high), COUNT - 2);
        assert_int_equal(found[0].item, 1);
        assert_int_equal(found[1].item, 5);
        assert_int_equal(found[7].distance, 0);
        assert_int_equal(found[8].item, 0);
        assert_int_equal(found[15].item, 16);
        assert_int_equal(found[15].distance, DIM * 127 * 127);
        lk_engine_free(engine);
    }
    mem_free(vectors);
    mem_free(norms);
}

/* Growing by flat_clear leaves what was there, and is the same as having been that large from the first. */
static void test_grows(void **state) {
    (void)state;
    enum { DIM = 10, FEW = 19, MANY = 40 };
    struct set s = make(MANY, DIM, false, 3), t = make(MANY, DIM, false, 3);
    flat_clear(t.vectors, t.norms, DIM, FEW, MANY);
    for (uint32_t i = FEW; i < MANY; i++) {
        flat_put(t.vectors, t.norms, DIM, i, t.rows + i * flat_bytes(DIM));
        if (i % 7 == 6) {
            flat_remove(t.norms, i);
        }
    }
    assert_memory_equal(s.vectors, t.vectors, flat_vectors_size(MANY, DIM));
    assert_memory_equal(s.norms, t.norms, flat_norms_size(MANY));
    release(&s);
    release(&t);
}

/* Cosines of bytes are those of floats, but for the rounding. That of two vectors at distance D adds about 2 D sqrt(1/6) to D^2,
 * at most 0.0032 of 512 dim where they are square to each other: five times that is allowed. */
static void test_cosines(void **state) {
    (void)state;
    enum { DIM = 128, TIMES = 500 };
    float a[DIM], b[DIM];
    uint8_t x[DIM], y[DIM];
    struct rng rng;
    rng_init(&rng, 4);
    for (int n = 0; n < TIMES; n++) {
        float share = (float)rng_unit(&rng);
        for (int i = 0; i < DIM; i++) {
            a[i] = (float)rng_normal(&rng);
            b[i] = share * a[i] + (1 - share) * (float)rng_normal(&rng);
        }
        flat_quantise(x, a, DIM);
        flat_quantise(y, b, DIM);
        int32_t distance = 0;
        for (int i = 0; i < DIM; i++) {
            distance += (x[i] - y[i]) * (x[i] - y[i]);
        }
        assert_true(fabs(flat_cosine(distance, DIM) - lk_embedding_cosine(a, b, DIM)) < 0.016);
        double cosine = flat_cosine(distance, DIM);
        assert_true(flat_distance(cosine, DIM) >= distance - 1 &&
                    flat_cosine(flat_distance(cosine, DIM), DIM) >= cosine - 1e-12);
    }
    assert_true(flat_cosine(0, DIM) == 1 && flat_score(512 * DIM * 2, DIM) == 0);
    const float zeros[DIM] = {0};
    flat_quantise(x, zeros, DIM);
    assert_int_equal(x[0], x[DIM - 1]);
}

static void test_stops(void **state) {
    (void)state;
    lk_error err;
    int stop = 1;
    lk_engine *engine = engine_of(cpu_level_best(), 2);
    struct set s = make(100, 16, false, 1);
    struct neighbour out[100 * 3];
    engine->stop = &stop;
    assert_refused(LK_E_CANCELLED, flat_graph(out, 3, &s.flat, engine, &err));
    assert_refused(LK_E_CANCELLED, flat_search_many(out, 3, &s.flat, engine, s.rows, 5, &err));
    release(&s);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_plain_loop), cmocka_unit_test(test_none_wanted),
        cmocka_unit_test(test_extremes),        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_cosines),         cmocka_unit_test(test_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
