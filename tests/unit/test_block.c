/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "tests/unit/pattern.h"

static double detail(const lk_measure_result *r, const char *key) {
    for (int32_t i = 0; i < r->detail_count; i++) {
        if (strcmp(r->details[i].key, key) == 0) {
            return r->details[i].number;
        }
    }
    fail_msg("no detail %s", key);
    return 0;
}

struct pair {
    lk_engine *engine;
    lk_image a, b;
};

/* Two gray pictures of 64 x 48 that differ in the right half by 20 levels. */
static void setup(struct pair *p) {
    lk_error err;
    assert_ok(lk_engine_new(&p->engine, NULL, &err));
    assert_ok(lk_image_new(&p->a, 64, 48, 1, 8, &err));
    assert_ok(lk_image_new(&p->b, 64, 48, 1, 8, &err));
    for (int32_t y = 0; y < 48; y++) {
        memset(image_row(&p->a, y), 100, 64);
        memset(image_row(&p->b, y), 100, 32);
        memset(image_row(&p->b, y) + 32, 120, 32);
    }
}

static void teardown(struct pair *p) {
    lk_image_release(&p->a);
    lk_image_release(&p->b);
    lk_engine_free(p->engine);
}

static void test_half_differs(void **state) {
    (void)state;
    lk_error err;
    struct pair p;
    lk_measure_result r;
    setup(&p);
    assert_ok(lk_measure_run(&r, p.engine, "block", &p.a, &p.b, NULL, &err));
    assert_true(r.value == 0.5 && r.score == 0.5);
    assert_true(detail(&r, "blocks_read") == 256 && detail(&r, "blocks_total") == 256);
    assert_true(detail(&r, "blocks_differ") == 128);
    teardown(&p);
}

/* 8 x 8 cells, row by row, 4 of each row differ: more than 10 of 64 do after the third cell that differs in the third row. */
static void test_early_exit(void **state) {
    (void)state;
    lk_error err;
    struct pair p;
    lk_measure_result r;
    lk_measure_options options = lk_measure_options_default();
    setup(&p);
    options.block_grid = 8;
    options.block_limit = 10.0 / 64;
    assert_ok(lk_measure_run(&r, p.engine, "block", &p.a, &p.b, &options, &err));
    assert_true(detail(&r, "blocks_differ") == 11);
    assert_true(detail(&r, "blocks_read") == 2 * 8 + 4 + 3);
    teardown(&p);
}

static void test_other_size(void **state) {
    (void)state;
    lk_error err;
    struct pair p;
    lk_image small;
    lk_measure_result r;
    setup(&p);
    assert_ok(lk_image_new(&small, 3, 5, 1, 8, &err));
    memset(small.data, 100, 15);
    assert_ok(lk_measure_run(&r, p.engine, "block", &p.a, &small, NULL, &err));
    assert_true(r.value == 0 && detail(&r, "blocks_total") == 9);
    lk_image_release(&small);
    teardown(&p);
}

static void test_refusals(void **state) {
    (void)state;
    lk_error err;
    struct pair p;
    lk_measure_result r;
    lk_measure_options options = lk_measure_options_default();
    setup(&p);
    options.block_grid = 0;
    assert_refused(LK_E_USAGE, lk_measure_run(&r, p.engine, "block", &p.a, &p.b, &options, &err));
    options.block_grid = 4;
    options.block_limit = 1.5;
    assert_refused(LK_E_USAGE, lk_measure_run(&r, p.engine, "block", &p.a, &p.b, &options, &err));
    teardown(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_differs),
        cmocka_unit_test(test_early_exit),
        cmocka_unit_test(test_other_size),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
