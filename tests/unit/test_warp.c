/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "image/warp.h"
#include "tests/unit/pattern.h"

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

static lk_image make_picture(int32_t width, int32_t height, int32_t channels) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, width, height, channels, 8, &err));
    pattern_fill(&image, 1, 128);
    return image;
}

/* A coordinate so little below 0 that its distance from its floor rounds to 1. */
static void test_just_below_zero(void **state) {
    (void)state;
    lk_error err;
    const double h[9] = {1, 0, 1e-17, 0, 1, 1e-17, 0, 0, 1};
    lk_image from = make_picture(50, 40, 1), to, valid;
    assert_ok(image_warp(&to, &valid, engine, &from, h, 50, 40, &err));
    for (int32_t i = 0; i < 50 * 40; i++) {
        assert_in_range(to.data[i] + 4, from.data[i], from.data[i] + 8);
        assert_int_equal(valid.data[i], 255);
    }
    lk_image_release(&from);
    lk_image_release(&to);
    lk_image_release(&valid);
}

/* Whole shifts copy pixels to the bit and mark what came from outside. */
static void test_shift(void **state) {
    (void)state;
    lk_error err;
    for (int32_t channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
        for (int32_t shift = 0; shift <= 13; shift += 13) {
            const double h[9] = {1, 0, shift, 0, 1, -shift, 0, 0, 1};
            lk_image from = make_picture(50, 40, channels), to, valid;
            assert_ok(image_warp(&to, &valid, engine, &from, h, 50, 40, &err));
            for (int32_t y = 0; y < 40; y++) {
                for (int32_t x = 0; x < 50; x++) {
                    bool inside = x >= shift && y < 40 - shift;
                    assert_int_equal(image_row(&valid, y)[x], inside ? 255 : 0);
                    for (int32_t c = 0; inside && c < channels; c++) {
                        assert_int_equal(image_row(&to, y)[x * channels + c],
                                         image_row(&from, y + shift)[(x - shift) * channels + c]);
                    }
                }
            }
            lk_image_release(&from);
            lk_image_release(&to);
            lk_image_release(&valid);
        }
    }
}

/* One level in, one level out, however far it is reduced, turned or tilted. */
static void test_flat_stays_flat(void **state) {
    (void)state;
    static const double maps[][9] = {{0.1, 0, 0, 0, 0.1, 0, 0, 0, 1},
                                     {7.3, 0.4, -30, 0.2, 6.9, -20, 0, 0, 1},
                                     {0.3, 0.2, 10, -0.2, 0.3, 20, 0.001, 0.0005, 1}};
    lk_error err;
    for (size_t i = 0; i < 3; i++) {
        lk_image from, to, valid;
        assert_ok(lk_image_new(&from, 300, 200, 1, 8, &err));
        memset(from.data, 141, from.stride * 200);
        assert_ok(image_warp(&to, &valid, engine, &from, maps[i], 60, 50, &err));
        for (int32_t y = 0; y < 50; y++) {
            for (int32_t x = 0; x < 60; x++) {
                assert_int_equal(image_row(&to, y)[x], image_row(&valid, y)[x] ? 141 : 0);
            }
        }
        lk_image_release(&from);
        lk_image_release(&to);
        lk_image_release(&valid);
    }
}

/* A checkerboard of single pixels, much reduced, is gray rather than aliased to stripes. */
static void test_reduces_first(void **state) {
    (void)state;
    lk_error err;
    const double h[9] = {0.11, 0, 0, 0, 0.11, 0, 0, 0, 1};
    lk_image from, to;
    assert_ok(lk_image_new(&from, 500, 500, 1, 8, &err));
    for (int32_t y = 0; y < 500; y++) {
        for (int32_t x = 0; x < 500; x++) {
            image_row(&from, y)[x] = (x + y) % 2 ? 255 : 0;
        }
    }
    assert_ok(image_warp(&to, NULL, engine, &from, h, 50, 50, &err));
    for (int32_t y = 2; y < 48; y++) {
        for (int32_t x = 2; x < 48; x++) {
            assert_in_range(image_row(&to, y)[x], 117, 138);
        }
    }
    lk_image_release(&from);
    lk_image_release(&to);
}

/* Behind the horizon there is nothing. */
static void test_horizon(void **state) {
    (void)state;
    lk_error err;
    const double h[9] = {1, 0, 0, 0, 1, 0, 0.05, 0, 1}; /* the inverse crosses it at x = 20 */
    lk_image from = make_picture(200, 40, 1), to, valid;
    assert_ok(image_warp(&to, &valid, engine, &from, h, 30, 40, &err));
    for (int32_t x = 20; x < 30; x++) {
        assert_int_equal(image_row(&valid, 10)[x], 0);
    }
    lk_image_release(&from);
    lk_image_release(&to);
    lk_image_release(&valid);
}

static void test_refusals(void **state) {
    (void)state;
    lk_error err;
    const double singular[9] = {1, 2, 3, 2, 4, 6, 0, 0, 1};
    const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const double nan_map[9] = {1, 0, 0, 0, 1, 0, 0, 0, 0.0 / 0.0};
    lk_image from = make_picture(20, 20, 1), deep, to, valid;
    assert_ok(lk_image_new(&deep, 20, 20, 1, 16, &err));
    assert_refused(LK_E_USAGE, image_warp(&to, &valid, engine, &from, singular, 20, 20, &err));
    assert_refused(LK_E_USAGE, image_warp(&to, &valid, engine, &from, nan_map, 20, 20, &err));
    assert_refused(LK_E_USAGE, image_warp(&to, &valid, engine, &deep, identity, 20, 20, &err));
    lk_image_release(&from);
    lk_image_release(&deep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_just_below_zero), cmocka_unit_test(test_shift),
        cmocka_unit_test(test_flat_stays_flat), cmocka_unit_test(test_reduces_first),
        cmocka_unit_test(test_horizon),         cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
