/* SPDX-License-Identifier: Apache-2.0 */
/* The edges of ssim and ms-ssim; their values are held in test_measure_oracles.c. */
#include "tests/unit/harness.h"

#include <math.h>

#include "tests/unit/pattern.h"

static lk_image picture(int32_t width, int32_t height, uint32_t seed) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, width, height, 1, 8, &err));
    pattern_fill(&image, seed, 100);
    return image;
}

/* The status of a measure on two pictures of this size, its result in *r. */
static lk_status run(lk_measure_result *r, const char *name, int32_t width, int32_t height,
                     lk_error *err) {
    lk_engine *engine;
    lk_image a = picture(width, height, 1), b = picture(width, height, 2);
    lk_status status = lk_engine_new(&engine, NULL, err);
    status = status == LK_OK ? lk_measure_run(r, engine, name, &a, &b, NULL, err) : status;
    lk_engine_free(engine);
    lk_image_release(&a);
    lk_image_release(&b);
    return status;
}

static void test_least_sizes(void **state) {
    (void)state;
    lk_error err;
    lk_measure_result r;
    assert_refused(LK_E_SIZE, run(&r, "ssim", 6, 100, &err));
    assert_refused(LK_E_SIZE, run(&r, "ssim", 100, 6, &err));
    assert_ok(run(&r, "ssim", 7, 7, &err));
    assert_true(isnan(r.details[1].number) != 0); /* gaussian: no window of 11 fits */
    assert_ok(run(&r, "ssim", 11, 11, &err));
    assert_true(isnan(r.details[1].number) == 0);
    assert_refused(LK_E_SIZE, run(&r, "ms-ssim", 160, 400, &err));
    assert_ok(run(&r, "ms-ssim", 161, 161, &err));
}

static void test_sizes_differ(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_measure_result r;
    lk_image a = picture(20, 20, 1), b = picture(20, 21, 1);
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_refused(LK_E_SIZE, lk_measure_run(&r, engine, "ssim", &a, &b, NULL, &err));
    assert_null(r.map.data);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

/* A negative picture: S is below 0, the score is not, and the map is full but not above 1. */
static void test_negative(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_measure_result r;
    lk_measure_options options = lk_measure_options_default();
    lk_image a = picture(200, 180, 1), b = picture(200, 180, 1);
    for (size_t i = 0; i < 200 * 180; i++) {
        b.data[i] = (uint8_t)(255 - a.data[i]);
    }
    options.want_maps = true;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_measure_run(&r, engine, "ssim", &a, &b, &options, &err));
    assert_true(r.value < -0.2 && r.score == 0);
    assert_true(r.map.data[90 * 200 + 100] == 1);
    lk_measure_result_release(&r);
    assert_ok(lk_measure_run(&r, engine, "ms-ssim", &a, &b, &options, &err));
    assert_true(r.value == 0 && r.score == 0);
    assert_null(r.map.data);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_sizes),
        cmocka_unit_test(test_sizes_differ),
        cmocka_unit_test(test_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
