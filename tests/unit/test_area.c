/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

static void expect_area(const char *text, lk_area_kind kind, int32_t count, const double *xy) {
    lk_error err = {0};
    lk_polygon p;
    assert_ok(lk_area_read(&p, text, kind, 200, 100, &err));
    assert_int_equal(p.count, count);
    for (int32_t i = 0; i < 2 * count; i++) {
        assert_true(p.xy[i] == xy[i]);
    }
    lk_polygon_release(&p);
    assert_null(p.xy);
}

static void test_forms(void **state) {
    (void)state;
    expect_area("10,20,30,40", LK_AREA_ANY, 4, (double[]){10, 20, 40, 20, 40, 60, 10, 60});
    expect_area("50%,50%,25%,10%", LK_AREA_RECTANGLE, 4,
                (double[]){100, 50, 150, 50, 150, 60, 100, 60});
    expect_area("1:2-3:4", LK_AREA_ANY, 4, (double[]){1, 2, 4, 2, 4, 5, 1, 5});
    expect_area("0,0 100%,0 0,50%", LK_AREA_ANY, 3, (double[]){0, 0, 200, 0, 0, 50});
}

static void test_no_areas(void **state) {
    static const char *const texts[] = {"",          "x",         "1,2,3",       "1,2,0,4",
                                        "1,2,3,4,5", "nan,0,1,1", "0,0,inf,1",   "1,1 2,2",
                                        "1,1 2,2 3", "1,2 3,4 x", "9:9-1:1",     "1,2,3,4%%",
                                        " ",         "1,1,2,2 ",  "1 1 2 2 3 3", "0x,1,1,1"};
    lk_error err;
    lk_polygon p;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_refused(LK_E_USAGE, lk_area_read(&p, texts[i], LK_AREA_ANY, 200, 100, &err));
        assert_null(p.xy);
    }
    assert_refused(LK_E_USAGE, lk_area_read(&p, "1,1 5,1 1,5", LK_AREA_RECTANGLE, 9, 9, &err));
    assert_refused(LK_E_USAGE, lk_area_read(&p, "1,1,2,2", LK_AREA_POLYGON, 9, 9, &err));
}

/* Two halves cover all of the picture; each alone, or a little less, leaves some. */
static void test_what_is_left(void **state) {
    static const char *const texts[] = {"0,0,50%,100%", "50%,0,50%,100%", "400,400,5,5"};
    lk_polygon p[3];
    lk_error err;
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok(lk_area_read(&p[i], texts[i], LK_AREA_ANY, 64, 48, &err));
    }
    assert_ok(lk_areas_check(p, 0, 64, 48, &err));
    assert_ok(lk_areas_check(p, 1, 64, 48, &err));
    assert_refused(LK_E_USAGE, lk_areas_check(p, 2, 64, 48, &err));
    assert_says(&err, "cover all");
    assert_refused(LK_E_USAGE, lk_areas_check(p + 2, 1, 64, 48, &err));
    assert_says(&err, "outside");
    for (int i = 0; i < 3; i++) {
        lk_polygon_release(&p[i]);
    }
}

static void test_shrink(void **state) {
    lk_image from, to;
    lk_engine *engine;
    lk_error err;
    (void)state;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&from, 300, 7, 1, 16, &err));
    memset(from.data, 0x80, from.stride * 7);
    assert_ok(lk_image_shrink(&to, engine, &from, 100, &err));
    assert_int_equal(to.width, 100);
    assert_int_equal(to.height, 2);
    assert_int_equal(to.channels * 100 + to.bit_depth, 308);
    assert_int_equal(to.data[0], 0x80);
    lk_image_release(&to);
    assert_ok(lk_image_shrink(&to, engine, &from, 1, &err));
    assert_int_equal(to.width * 10 + to.height, 11);
    lk_image_release(&to);
    assert_ok(lk_image_shrink(&to, engine, &from, 301, &err));
    assert_int_equal(to.width, 300);
    lk_image_release(&to);
    lk_image_release(&from);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_no_areas),
        cmocka_unit_test(test_what_is_left),
        cmocka_unit_test(test_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
