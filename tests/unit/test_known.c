/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons that find things once, and comparisons by measures alone. */
#include "tests/unit/harness.h"

#include <math.h>
#include <pthread.h>

#include "base/rng.h"
#include "image/draw.h"

enum { THREADS = 4, TURNS = 3 };

struct pair {
    lk_image a, b;
    lk_known *known[2];
    lk_bytes expected;
};

static void boxes(lk_image *image, uint64_t seed, int32_t count) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int32_t i = 0; i < count; i++) {
        struct colour c = {(uint8_t)rng_below(&rng, 256), (uint8_t)rng_below(&rng, 256),
                           (uint8_t)rng_below(&rng, 256)};
        draw_box(image, (int32_t)rng_below(&rng, 460), (int32_t)rng_below(&rng, 340),
                 5 + (int32_t)rng_below(&rng, 50), 5 + (int32_t)rng_below(&rng, 50), c);
    }
}

static lk_bytes document(const lk_comparison *c) {
    lk_error err;
    lk_bytes text;
    assert_ok(lk_report_json(&text, c, false, &err));
    return text;
}

/* Two posters of which the second has five boxes more. */
static int open_pair(void **state) {
    static struct pair p;
    lk_error err;
    lk_engine *engine;
    lk_comparison c;
    p = (struct pair){0};
    assert_ok(lk_image_new(&p.a, 480, 360, 3, 8, &err));
    assert_ok(lk_image_new(&p.b, 480, 360, 3, 8, &err));
    memset(p.a.data, 235, p.a.stride * 360);
    boxes(&p.a, 7, 200);
    memcpy(p.b.data, p.a.data, p.a.stride * 360);
    boxes(&p.b, 8, 5);
    assert_ok(lk_known_new(&p.known[0], &p.a, &err));
    assert_ok(lk_known_new(&p.known[1], &p.b, &err));
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_compare(&c, engine, &p.a, &p.b, NULL, &err));
    p.expected = document(&c);
    lk_comparison_release(&c);
    lk_engine_free(engine);
    *state = &p;
    return 0;
}

static int close_pair(void **state) {
    struct pair *p = *state;
    lk_known_free(p->known[0]);
    lk_known_free(p->known[1]);
    lk_image_release(&p->a);
    lk_image_release(&p->b);
    lk_bytes_release(&p->expected);
    return 0;
}

static void *compare_often(void *arg) {
    struct pair *p = arg;
    lk_error err;
    lk_engine *engine = NULL;
    lk_compare_options o = lk_compare_options_default();
    o.known[0] = p->known[0];
    o.known[1] = p->known[1];
    bool same = lk_engine_new(&engine, NULL, &err) == LK_OK;
    for (int i = 0; same && i < TURNS; i++) {
        lk_comparison c;
        same = lk_compare(&c, engine, &p->a, &p->b, &o, &err) == LK_OK;
        if (same) {
            lk_bytes text = document(&c);
            same = text.size == p->expected.size &&
                   memcmp(text.data, p->expected.data, text.size) == 0;
            lk_bytes_release(&text);
            lk_comparison_release(&c);
        }
    }
    lk_engine_free(engine);
    return same ? p : NULL;
}

static void test_what_is_known_changes_nothing(void **state) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, compare_often, *state), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *same;
        pthread_join(threads[i], &same);
        assert_non_null(same);
    }
}

/* The pictures are changed under what is known, which shows that it is used, and that a copy of the picture does not use it. */
static void test_it_is_used_for_that_picture_alone(void **state) {
    struct pair *p = *state;
    lk_error err;
    lk_engine *engine;
    lk_comparison c;
    lk_image copy = p->b;
    lk_compare_options o = lk_compare_options_default();
    o.measures = "orb";
    o.align = LK_ALIGN_NONE;
    o.known[1] = p->known[1];
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_compare(&c, engine, &p->a, &p->b, &o, &err));
    double before = c.measures[0].value;
    lk_comparison_release(&c);
    memset(p->b.data, 128, p->b.stride * 360);
    assert_ok(lk_compare(&c, engine, &p->a, &p->b, &o, &err));
    assert_true(before > 0 && c.measures[0].value == before);
    lk_comparison_release(&c);
    assert_ok(lk_compare(&c, engine, &p->a, &copy, &o, &err));
    assert_true(c.measures[0].value == 0);
    lk_comparison_release(&c);
    lk_engine_free(engine);
}

static void test_measures_alone(void **state) {
    const struct pair *p = *state;
    static const lk_align_mode modes[] = {LK_ALIGN_NONE, LK_ALIGN_AUTO};
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (int i = 0; i < 2; i++) {
        lk_comparison all, alone;
        lk_compare_options o = lk_compare_options_default();
        o.measures = "pixel,ssim,orb,edge";
        o.align = modes[i];
        assert_ok(lk_compare(&all, engine, &p->a, &p->b, &o, &err));
        o.measures_only = true;
        assert_ok(lk_compare(&alone, engine, &p->a, &p->b, &o, &err));
        assert_int_equal(alone.measure_count, 4);
        for (size_t m = 0; m < alone.measure_count; m++) {
            assert_true(alone.measures[m].value == all.measures[m].value);
            assert_int_equal(alone.measures[m].detail_count, all.measures[m].detail_count);
        }
        assert_true(isnan(alone.score) && alone.verdict == LK_CANNOT_TELL);
        assert_true(alone.region_count == 0 && all.region_count > 0 && alone.aspect_count == 0);
        lk_comparison_release(&all);
        lk_comparison_release(&alone);
    }
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_known_changes_nothing, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_it_is_used_for_that_picture_alone, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(test_measures_alone, open_pair, close_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
