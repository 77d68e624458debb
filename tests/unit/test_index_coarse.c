/* SPDX-License-Identifier: Apache-2.0 */
/* The search through halves against index/flat, which it must equal. */
#include "tests/unit/harness.h"

#include "base/mem.h"
#include "base/rng.h"
#include "index/coarse.h"

enum { QUERIES = 12, K_MOST = 150 };

static const int32_t dims[] = {1, 7, 8, 20, 128, 131};
static const uint32_t counts[] = {0, 1, 17, 40, 16384, 16385, 40000, 80000};
static const size_t wanted[] = {0, 1, 10, K_MOST};

struct set {
    struct flat flat;
    uint8_t *vectors, *halves;
    int32_t *norms, *half_norms;
};

/* Vectors in swarms, or few levels and so many equal distances, or levels at both ends; every ninth item is absent. */
static struct set make(uint32_t count, int32_t dim, int kind) {
    uint8_t row[FLAT_DIM_MOST] = {0};
    struct set s = {.flat = {.count = count, .dim = dim}};
    struct rng rng;
    rng_init(&rng, count + 1);
    s.vectors = mem_alloc_aligned(flat_vectors_size(count, dim), 1);
    s.norms = mem_alloc_aligned(flat_norms_size(count), 1);
    s.halves = mem_alloc_aligned(coarse_size(count, dim), 1);
    s.half_norms = mem_alloc_aligned(flat_norms_size(count), 1);
    assert_true(s.vectors && s.norms && s.halves && s.half_norms);
    flat_clear(s.vectors, s.norms, dim, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t swarm = rng_below(&rng, 20);
        for (int32_t k = 0; k < dim; k++) {
            const uint32_t noise = rng_below(&rng, 24);
            row[k] = (uint8_t)(kind == 0   ? (swarm * 37 + (uint32_t)k * 11 * swarm) % 100 + noise
                               : kind == 1 ? 62 + noise / 8
                                           : (noise & 1) * 127);
        }
        if (i % 9 != 8) {
            flat_put(s.vectors, s.norms, dim, i, row);
        }
    }
    s.flat.vectors = s.vectors;
    s.flat.norms = s.norms;
    return s;
}

static void release(struct set *s) {
    mem_free(s->vectors);
    mem_free(s->norms);
    mem_free(s->halves);
    mem_free(s->half_norms);
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

static void check(const struct set *s, const struct coarse *c, const lk_engine *engine) {
    uint8_t query[FLAT_DIM_MOST] = {0};
    struct neighbour want[K_MOST], got[K_MOST];
    for (uint32_t q = 0; q < QUERIES; q++) {
        const uint32_t item = q * 97 % MAX(s->flat.count, 1U);
        if (q > 1 && flat_has(&s->flat, item)) {
            flat_get(query, &s->flat, item);
        } else {
            memset(query, q == 0 ? 0 : 127, (size_t)s->flat.dim);
        }
        for (size_t k = 0; k < ARRAY_COUNT(wanted); k++) {
            size_t found = flat_search(want, wanted[k], &s->flat, engine, query);
            assert_int_equal(coarse_search(got, wanted[k], c, &s->flat, engine, query), found);
            assert_memory_equal(got, want, wanted[k] * sizeof *want);
        }
    }
}

static void test_as_flat(void **state) {
    (void)state;
    for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
        lk_engine *engine = engine_of((enum cpu_level)level, 1 + level % 2);
        for (size_t n = 0; n < ARRAY_COUNT(counts) * ARRAY_COUNT(dims); n++) {
            const uint32_t count = counts[n / ARRAY_COUNT(dims)];
            const int32_t dim = dims[n % ARRAY_COUNT(dims)];
            if (count < 100 || level > CPU_C || dim == 7) {
                struct set s = make(count, dim, (int)(n % 3));
                struct coarse c = {s.halves, s.half_norms, 0, count, NULL};
                c.error = coarse_make(s.halves, s.half_norms, &s.flat, engine);
                assert_true(c.error <= 16 * dim);
                check(&s, &c, engine);
                release(&s);
            }
        }
        lk_engine_free(engine);
    }
}

/* Made of the first items: the others are found as well, and none that went since. */
static void test_grows(void **state) {
    (void)state;
    lk_engine *engine = engine_of(cpu_level_best(), 1);
    for (int kind = 0; kind < 3; kind++) {
        struct set s = make(20000, 24, kind);
        struct flat early = s.flat;
        early.count = 16389;
        struct coarse c = {s.halves, s.half_norms, 0, early.count, NULL};
        c.error = coarse_make(s.halves, s.half_norms, &early, engine);
        for (uint32_t i = 0; i < s.flat.count; i += 1 + i % 4) {
            flat_remove(s.norms, i);
        }
        check(&s, &c, engine);
        release(&s);
    }
    lk_engine_free(engine);
}

static void test_the_same_bytes(void **state) {
    (void)state;
    lk_engine *one = engine_of(CPU_C, 1), *two = engine_of(cpu_level_best(), 2);
    struct set s = make(40000, 33, 0), t = make(40000, 33, 0);
    assert_int_equal(coarse_make(s.halves, s.half_norms, &s.flat, one),
                     coarse_make(t.halves, t.half_norms, &t.flat, two));
    assert_memory_equal(s.halves, t.halves, coarse_size(40000, 33));
    assert_memory_equal(s.half_norms, t.half_norms, flat_norms_size(40000));
    release(&s);
    release(&t);
    lk_engine_free(one);
    lk_engine_free(two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_flat),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
