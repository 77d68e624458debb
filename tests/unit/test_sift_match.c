/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "feature/sift_match.h"

enum { MOST = 77 };

struct set {
    struct sift_point points[MOST];
    uint8_t descriptors[MOST * SIFT_BYTES];
};

static lk_engine *engine;

static int open_engine(void **state) {
    (void)state;
    return lk_engine_new(&engine, NULL, NULL) == LK_OK ? 0 : -1;
}

static int close_engine(void **state) {
    (void)state;
    lk_engine_free(engine);
    return 0;
}

/* Random bytes below `levels`; places on a line, 10 apart. */
static struct sift_points fill(struct set *s, size_t count, uint32_t levels, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t i = 0; i < MOST; i++) {
        s->points[i] = (struct sift_point){.x = (float)(10 * i), .y = (float)(i % 7), .sigma = 2};
    }
    for (size_t i = 0; i < sizeof s->descriptors; i++) {
        s->descriptors[i] = (uint8_t)rng_below(&rng, levels);
    }
    return (struct sift_points){count, s->points, s->descriptors};
}

static int32_t distance(const struct sift_points *a, size_t i, const struct sift_points *b,
                        size_t k) {
    int32_t sum = 0;
    for (size_t c = 0; c < SIFT_BYTES; c++) {
        int32_t d = a->descriptors[i * SIFT_BYTES + c] - b->descriptors[k * SIFT_BYTES + c];
        sum += d * d;
    }
    return sum;
}

/* The nearest of a to keypoint k of b and the second of those that lie elsewhere, by plain loops. */
static size_t naive_nearest(int32_t *second, const struct sift_points *a,
                            const struct sift_points *b, size_t k, double same_place) {
    size_t best = 0;
    for (size_t i = 1; i < a->count; i++) {
        best = distance(a, i, b, k) < distance(a, best, b, k) ? i : best;
    }
    *second = INT32_MAX;
    for (size_t i = 0; i < a->count; i++) {
        double reach = same_place * a->points[best].sigma;
        double apart =
            hypot(a->points[i].x - a->points[best].x, a->points[i].y - a->points[best].y);
        if (apart > reach && distance(a, i, b, k) < *second) {
            *second = distance(a, i, b, k);
        }
    }
    return best;
}

static void check(const struct sift_points *a, const struct sift_points *b,
                  const struct sift_match_options *o) {
    lk_error err;
    struct sift_matches m;
    size_t expected = 0;
    double before = 0;
    assert_ok(sift_match(&m, engine, a, b, o, &err));
    for (size_t k = 0; k < b->count; k++) {
        int32_t second, unused;
        size_t i = naive_nearest(&second, a, b, k, o->same_place);
        bool good = o->ratio >= 1 || distance(a, i, b, k) < o->ratio * o->ratio * second;
        if (good && o->cross_check) {
            good = naive_nearest(&unused, b, a, i, 0) == k;
        }
        size_t at = 0;
        while (at < m.count && m.links[at].b != (int32_t)k) {
            at++;
        }
        assert_true((at < m.count) == good);
        if (good) {
            expected++;
            assert_int_equal(m.links[at].a, i);
            assert_int_equal(m.pairs[at].distance, distance(a, i, b, k));
            assert_true(m.pairs[at].ax == a->points[i].x && m.pairs[at].by == b->points[k].y);
            assert_false(m.pairs[at].inlier);
        }
    }
    assert_int_equal(m.count, expected);
    for (size_t i = 0; i < m.count; i++) { /* sorted */
        int32_t second;
        naive_nearest(&second, a, b, (size_t)m.links[i].b, o->same_place);
        double ratio = second > 0 ? (double)m.pairs[i].distance / second : 1;
        assert_true(ratio >= before || second == INT32_MAX);
        before = ratio;
    }
    sift_matches_release(&m);
}

static void test_as_plain_loops(void **state) {
    (void)state;
    static struct set sa, sb;
    const size_t counts[][2] = {{1, 1}, {2, 5}, {15, 16}, {16, 33}, {64, 65}, {77, 70}, {77, 1}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (int kind = 0; kind < 12; kind++) {
            /* Two levels: many equal distances. */
            struct sift_points a = fill(&sa, counts[i][0], kind % 2 ? 2 : 128, i);
            struct sift_points b = fill(&sb, counts[i][1], kind % 2 ? 2 : 128, i + 100);
            struct sift_match_options o = {.ratio = kind / 2 % 3 == 0   ? 1
                                                    : kind / 2 % 3 == 1 ? 0.97
                                                                        : 0.9,
                                           .same_place = 6,
                                           .cross_check = kind < 6};
            for (size_t k = 0; k < b.count && k < a.count; k += 3) { /* some are near */
                memcpy(b.descriptors + k * SIFT_BYTES, a.descriptors + k * SIFT_BYTES,
                       SIFT_BYTES - k);
            }
            check(&a, &b, &o);
        }
    }
}

/* The same point in two layers: its twin does not make it unclear, an equal one elsewhere does. */
static void test_twins(void **state) {
    (void)state;
    lk_error err;
    static struct set sa, sb;
    struct sift_points a = fill(&sa, 20, 128, 1), b = fill(&sb, 1, 128, 2);
    struct sift_match_options o = sift_match_options_default();
    struct sift_matches m;
    memcpy(b.descriptors, a.descriptors, SIFT_BYTES);
    memcpy(a.descriptors + 9 * SIFT_BYTES, a.descriptors, SIFT_BYTES);
    assert_ok(sift_match(&m, engine, &a, &b, &o, &err));
    assert_int_equal(m.count, 0);
    sift_matches_release(&m);
    a.points[9] = a.points[0];
    a.points[9].sigma = 2.5f;
    assert_ok(sift_match(&m, engine, &a, &b, &o, &err));
    assert_int_equal(m.count, 1);
    assert_int_equal(m.pairs[0].distance, 0);
    sift_matches_release(&m);
}

static void test_empty_sets(void **state) {
    (void)state;
    lk_error err;
    static struct set sa;
    struct sift_points some = fill(&sa, 5, 128, 1), none = {0};
    const struct sift_points *sides[][2] = {{&some, &none}, {&none, &some}, {&none, &none}};
    for (size_t i = 0; i < 3; i++) {
        struct sift_matches m = {.count = 99};
        assert_ok(sift_match(&m, engine, sides[i][0], sides[i][1], NULL, &err));
        assert_int_equal(m.count, 0);
        sift_matches_release(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_plain_loops),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_empty_sets),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
