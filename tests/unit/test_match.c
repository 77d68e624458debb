/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/mem.h"
#include "base/rng.h"
#include "feature/match.h"

enum { MOST = 60 };

/* Keypoints with room for MOST; descriptors random, places on a grid. */
struct set {
    struct keypoint points[MOST];
    uint8_t descriptors[MOST * DESCRIPTOR_BYTES];
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

static struct keypoints fill(struct set *s, size_t count, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t i = 0; i < MOST; i++) {
        s->points[i] = (struct keypoint){.x = (float)(10 * i), .y = (float)(i % 7), .cos = 1};
    }
    for (size_t i = 0; i < sizeof s->descriptors; i++) {
        s->descriptors[i] = (uint8_t)rng_below(&rng, 256);
    }
    return (struct keypoints){count, s->points, s->descriptors};
}

static void test_finds_itself(void **state) {
    (void)state;
    lk_error err;
    static struct set sa, sb;
    struct keypoints a = fill(&sa, 50, 1), b = fill(&sb, 40, 1);
    struct match_options o = {.cross_check = true, .ratio = 0.8, .max_distance = 80};
    lk_match *pairs;
    size_t count;
    for (size_t i = 0; i < b.count; i++) { /* keypoint i is i bits away from its partner */
        for (size_t bit = 0; bit < i; bit++) {
            b.descriptors[i * DESCRIPTOR_BYTES + bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    assert_ok(match_keypoints(&pairs, &count, engine, &a, &b, &o, &err));
    assert_int_equal(count, 40);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pairs[i].distance, i); /* sorted */
        assert_true(pairs[i].ax == pairs[i].bx && pairs[i].ay == pairs[i].by);
        assert_false(pairs[i].inlier);
    }
    mem_free(pairs);
    o.max_distance = 20;
    assert_ok(match_keypoints(&pairs, &count, engine, &a, &b, &o, &err));
    assert_int_equal(count, 21);
    mem_free(pairs);
}

static void test_ratio_refuses_twins(void **state) {
    (void)state;
    lk_error err;
    static struct set sa, sb;
    struct keypoints a = fill(&sa, 10, 1), b = fill(&sb, 10, 1);
    struct match_options o = {.cross_check = false, .ratio = 0.9, .max_distance = 256};
    lk_match *pairs;
    size_t count;
    memcpy(a.descriptors + 9 * DESCRIPTOR_BYTES, a.descriptors, DESCRIPTOR_BYTES);
    assert_ok(match_keypoints(&pairs, &count, engine, &a, &b, &o, &err));
    for (size_t i = 0; i < count; i++) {
        assert_true(pairs[i].bx != b.points[0].x); /* two of a are equally near */
    }
    mem_free(pairs);
    o.ratio = 1;
    assert_ok(match_keypoints(&pairs, &count, engine, &a, &b, &o, &err));
    assert_int_equal(count, 10);
    mem_free(pairs);
    o.cross_check = true; /* all of b are one: only one of them is the nearest of any */
    for (size_t i = 1; i < b.count; i++) {
        memcpy(b.descriptors + i * DESCRIPTOR_BYTES, b.descriptors, DESCRIPTOR_BYTES);
    }
    assert_ok(match_keypoints(&pairs, &count, engine, &a, &b, &o, &err));
    assert_int_equal(count, 1);
    mem_free(pairs);
}

static void test_empty_sets(void **state) {
    (void)state;
    lk_error err;
    static struct set sa;
    struct keypoints some = fill(&sa, 5, 1), none = {0};
    struct match_options o = {.cross_check = true, .ratio = 1, .max_distance = 256};
    const struct keypoints *sides[][2] = {{&some, &none}, {&none, &some}, {&none, &none}};
    for (size_t i = 0; i < 3; i++) {
        lk_match *pairs;
        size_t count = 99;
        assert_ok(match_keypoints(&pairs, &count, engine, sides[i][0], sides[i][1], &o, &err));
        assert_int_equal(count, 0);
        mem_free(pairs);
    }
}

/* Guided matching finds what stands where the map says, though its twin elsewhere is nearer in descriptor. */
static void test_guided(void **state) {
    (void)state;
    lk_error err;
    static struct set sa, sb;
    const double shift[9] = {1, 0, 3, 0, 1, -2, 0, 0, 1};
    struct keypoints a = fill(&sa, 30, 1), b = fill(&sb, 30, 1);
    for (size_t i = 0; i < b.count; i++) {
        b.points[i].x -= 3;
        b.points[i].y += 2;
    }
    memcpy(a.descriptors + 20 * DESCRIPTOR_BYTES, b.descriptors + 4 * DESCRIPTOR_BYTES,
           DESCRIPTOR_BYTES);
    a.descriptors[4 * DESCRIPTOR_BYTES] ^= 1;
    lk_match *pairs;
    size_t count;
    assert_ok(match_guided(&pairs, &count, &a, &b, shift, 2, 80, &err));
    assert_int_equal(count,
                     29); /* all but 20, which became the twin of 4 and is far from its own */
    for (size_t i = 0; i < count; i++) {
        assert_true(pairs[i].ax == pairs[i].bx + 3 && pairs[i].ay == pairs[i].by - 2);
    }
    mem_free(pairs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_itself),
        cmocka_unit_test(test_ratio_refuses_twins),
        cmocka_unit_test(test_empty_sets),
        cmocka_unit_test(test_guided),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
