/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors in a database with pgvector (tests/store/pglite_server.py), held against those of the finder: each search asks both, the
 * server's index and the exact scan. */
#include "tests/unit/finder_store.h"

#include <math.h>

#include "store/vectors.h"
#include "verify/finder_search.h"

enum { MADE = 240, ASKED_FOR = 25 };

static const char *address(void) {
    return getenv("LIKENESS_TEST_PGLITE");
}

/* A store in an empty database. */
static int vectors_new(void **state) {
    lk_error err;
    void *place;
    struct world *w = calloc(1, sizeof *w);
    struct database d = {.wait_ms = 5000};
    if (!address() || place_new(&place) != 0) {
        return -1;
    }
    w->place = place;
    assert_ok(postgres_open(&d, address(), &err));
    assert_ok(sql_run(&d, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &err));
    place_clear(d.postgres->blobs);
    postgres_close(&d);
    mem_free(d.path);
    assert_ok(lk_model_open(&w->model, w->place->engine, LK_MODEL_DEFAULT, NULL, &err));
    w->store = open_place(address(), LK_STORE_WRITE);
    *state = w;
    return 0;
}

static int64_t count_of(lk_store *s, const char *text) {
    struct sql q;
    int64_t count;
    lk_error err;
    sql_begin(&q, &s->at, text);
    assert_ok(sql_finish_int(&count, &q, -1, &err));
    return count;
}

static void add_made(struct world *w, int count) {
    lk_error err;
    assert_ok(lk_store_begin(w->store, &err));
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "made-%04d", i);
        made_add(w, id, (uint64_t)i);
    }
    assert_ok(lk_store_end(w->store, LK_OK, &err));
}

static lk_finder *open_finder(struct world *w) {
    lk_error err;
    lk_finder *f;
    assert_ok(lk_finder_open(&f, w->store, w->place->engine, w->model, NULL, &err));
    return f;
}

/* -- What is kept -- */

/* Every number, to the bit: also those that are small, large, negative or nothing. What cannot be a vector is none. */
static void test_numbers(void **state) {
    struct world *w = *state;
    lk_error err;
    static const float odd[] = {0,      -0.0F, 1,       -1,       0.1F,    1e-45F,
                                1e-39F, 3e38F, -2e-38F, 16777216, 1 / 3.F, -123.456F};
    const float bad[] = {1, INFINITY};
    made_add(w, "a", 1);
    lk_derived d = {{"embedding", 7, "other"}, odd, sizeof odd};
    assert_ok(lk_derived_put(w->store, "a", 1, &d, &err));
    char text[600] =
        "SELECT count(*) FROM reference_vector WHERE model = 'other' AND data::real[] = "
        "ARRAY[";
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s'%.9g'::real", i ? "," : "",
                 (double)odd[i]);
    }
    strcat(text, "]");
    assert_int_equal(count_of(w->store, text), 1);
    d = (lk_derived){{"embedding", 8, "other"}, bad, sizeof bad};
    assert_ok(lk_derived_put(w->store, "a", 1, &d, &err));
    d = (lk_derived){{"embedding", 9, "other"}, bad, 5};
    assert_ok(lk_derived_put(w->store, "a", 1, &d, &err));
    d = (lk_derived){{"words", 7, "other"}, odd, sizeof odd};
    assert_ok(lk_derived_put(w->store, "a", 1, &d, &err));
    assert_int_equal(count_of(w->store, "SELECT count(*) FROM reference_vector"), 2);
    d = (lk_derived){{"embedding", 7, "other"}, odd, sizeof *odd * 2}; /* in its place */
    assert_ok(lk_derived_put(w->store, "a", 1, &d, &err));
    assert_int_equal(count_of(w->store, "SELECT sum(vector_dims(data)) FROM reference_vector WHERE "
                                        "model = 'other'"),
                     2);
    assert_ok(store_drop_derived(w->store, &d.key, "a", 1, &err));
    assert_int_equal(count_of(w->store, "SELECT count(*) FROM reference_vector"), 1);
}

/* -- What is found -- */

struct both {
    struct scored items[2][FINDER_NEAREST];
    int32_t count[2];
};

/* The nearest of a photo whose embedding is that of the seed with something added. */
static void ask(struct both *out, struct world *w, lk_finder *f, uint64_t seed) {
    lk_error err;
    float numbers[512], noise[512];
    struct scored voted[FINDER_COUNTED], alike[FINDER_ALIKE];
    lk_features photo = {.width = 500, .height = 500};
    const struct finder_query query = {&photo, NULL, NULL, w->store};
    bool near = f->near;
    assert_true(near);
    made_points(&photo.sift, seed);
    made_numbers(numbers, f->dim, seed);
    made_numbers(noise, f->dim, seed + 100000);
    for (int32_t i = 0; i < f->dim; i++) {
        numbers[i] += 0.5F * noise[i];
    }
    photo.seen = (struct seen){.embedding = numbers, .dim = f->dim};
    for (int k = 0; k < 2; k++) {
        struct top tops[3] = {{.most = FINDER_COUNTED, .items = voted},
                              {.most = FINDER_NEAREST, .items = out->items[k]},
                              {.most = FINDER_ALIKE, .items = alike}};
        f->near = k == 0;
        assert_ok(finder_search(tops, f, w->place->engine, &query, &err));
        out->count[k] = tops[1].count;
    }
    f->near = near;
    made_points_free(&photo.sift);
}

/* Of the exact scan's, how many the index found as well, with the same scores to the bit. */
static int agreeing(const struct both *b) {
    int same = 0;
    for (int32_t i = 0; i < b->count[1]; i++) {
        for (int32_t k = 0; k < b->count[0]; k++) {
            if (b->items[0][k].reference == b->items[1][i].reference) {
                assert_true(b->items[0][k].score == b->items[1][i].score);
                same++;
            }
        }
    }
    return same;
}

static void expect_recall(struct world *w, lk_finder *f, const char *when) {
    struct both b;
    int same = 0, all = 0;
    for (uint64_t i = 0; i < ASKED_FOR; i++) {
        ask(&b, w, f, i * 7);
        assert_int_equal(b.count[0], FINDER_NEAREST);
        same += agreeing(&b);
        all += b.count[1];
    }
    print_message("%s: %d of the %d nearest of %lld are found by the index\n", when, same, all,
                  (long long)lk_finder_count(f));
    assert_true(same >= all * 98 / 100);
}

static bool count_near(void *arg, const char *id, int32_t version) {
    int *count = arg;
    *count += strncmp(id, "made-", 5) == 0 && version >= 1;
    return *count < 5;
}

static void test_near(void **state) {
    struct world *w = *state;
    lk_error err;
    int count = 0;
    float numbers[512];
    add_made(w, MADE);
    lk_finder *f = open_finder(w);
    assert_int_equal(lk_finder_count(f), MADE);
    expect_recall(w, f, "at first");
    made_numbers(numbers, f->dim, 3);
    assert_ok(
        store_visit_near(w->store, &f->vectors, numbers, f->dim, 20, count_near, &count, &err));
    assert_int_equal(count, 5); /* until it is told enough */
    lk_finder_close(f);
    for (int i = 0; i < 40; i++) { /* what is old or gone is in the index, and takes no place */
        char id[32];
        snprintf(id, sizeof id, "made-%04d", 6 * i);
        if (i % 2) {
            assert_ok(lk_reference_remove(w->store, id, NULL, &err));
        } else {
            made_add(w, id, (uint64_t)(20000 + i));
        }
    }
    f = open_finder(w);
    expect_recall(w, f, "after changes");
    lk_finder_close(f);
}

/* That it is the index which is asked. */
static void test_plan(void **state) {
    struct world *w = *state;
    lk_error err;
    add_made(w, 50);
    lk_finder_close(open_finder(w));
    assert_ok(
        sql_run(&w->store->at,
                "DO $$ DECLARE line TEXT; plan TEXT := ''; BEGIN SET LOCAL enable_seqscan = "
                "off; SET LOCAL enable_sort = off; FOR line IN EXECUTE (SELECT format("
                "'EXPLAIN SELECT v.reference FROM reference_vector v WHERE v.algorithm = %s "
                "AND v.model = %L AND vector_dims(v.data) = %s ORDER BY v.data::vector(%s) "
                "<=> %L::vector(%s) LIMIT 5', algorithm, model, vector_dims(data), "
                "vector_dims(data), data, vector_dims(data)) FROM reference_vector LIMIT 1) "
                "LOOP plan := plan || line; END LOOP; IF plan NOT LIKE '%Index Scan using "
                "reference_vector_%' THEN RAISE EXCEPTION 'no index: %', plan; END IF; END $$",
                &err));
}

/* Whatever keeps the server from telling, the answer is that of the scan. */
static void test_without(void **state) {
    struct world *w = *state;
    lk_error err;
    struct both b;
    lk_store_vectors made;
    add_made(w, 60);
    lk_finder *f = open_finder(w);
    assert_ok(sql_run(&w->store->at, "DELETE FROM reference_vector", &err));
    ask(&b, w, f, 7);
    assert_int_equal(b.count[0], FINDER_NEAREST);
    assert_memory_equal(b.items[0], b.items[1], sizeof b.items[0]);
    assert_ok(sql_run(&w->store->at, "DROP FUNCTION likeness_near", &err));
    ask(&b, w, f, 7);
    assert_memory_equal(b.items[0], b.items[1], sizeof b.items[0]);
    lk_finder_close(f);
    lk_error why;
    bool in_passing = true;
    assert_ok(lk_store_begin(w->store, &err)); /* not of many in passing */
    assert_ok(vectors_make(&in_passing, w->store, 59, &why, &err));
    assert_ok(lk_store_end(w->store, LK_OK, &err));
    assert_false(in_passing);
    assert_int_equal(count_of(w->store, "SELECT count(*) FROM reference_vector"), 0);
    assert_ok(lk_store_vectors_make(&made, w->store, &err)); /* what is missing is filled in */
    assert_int_equal(made.rows, 60);
    assert_int_equal(made.indexes, 1);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, vectors_new, world_free)

int main(void) {
    const struct CMUnitTest tests[] = {EACH(test_numbers), EACH(test_near), EACH(test_plan),
                                       EACH(test_without)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
