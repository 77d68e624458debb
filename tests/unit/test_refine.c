/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "feature/homography.h"
#include "feature/refine.h"
#include "image/resize.h"
#include "image/warp.h"

enum { WIDTH = 420, HEIGHT = 300 };

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

/* Clouds with detail at about 7 pixels. */
static lk_image make_clouds(uint64_t seed) {
    lk_error err;
    lk_image coarse, gray;
    struct rng rng;
    rng_init(&rng, seed);
    assert_ok(lk_image_new(&coarse, WIDTH / 7, HEIGHT / 7, 1, 8, &err));
    for (size_t i = 0; i < coarse.stride * (size_t)coarse.height; i++) {
        coarse.data[i] = (uint8_t)rng_below(&rng, 256);
    }
    assert_ok(image_resize(&gray, engine, &coarse, WIDTH, HEIGHT, RESIZE_BICUBIC, &err));
    lk_image_release(&coarse);
    return gray;
}

/* The clouds as a photo, under light that falls off to the right, with noise. to_a brings it back. */
static lk_image make_photo(const lk_image *a, double to_a[9]) {
    static const double to_photo[9] = {1.1, 0.1, 20, -0.05, 1.05, 30, 0.0001, 0.0002, 1};
    lk_error err;
    lk_image photo;
    struct rng rng;
    rng_init(&rng, 9);
    assert_ok(image_warp(&photo, NULL, engine, a, to_photo, 560, 420, &err));
    for (int32_t y = 0; y < photo.height; y++) {
        for (int32_t x = 0; x < photo.width; x++) {
            uint8_t *p = image_row(&photo, y) + x;
            double v = *p * (0.9 - 0.4 * x / photo.width) + 15 + 2 * rng_normal(&rng);
            *p = (uint8_t)fmin(fmax(v, 0), 255);
        }
    }
    assert_true(homography_invert(to_a, to_photo));
    return photo;
}

static double corner_error(const double h[9], const double truth[9]) {
    double worst = 0;
    const double corners[4][2] = {{40, 50}, {480, 50}, {480, 360}, {40, 360}}; /* of the photo */
    for (int i = 0; i < 4; i++) {
        double x, y, tx, ty;
        assert_true(homography_apply(&x, &y, h, corners[i][0], corners[i][1]));
        assert_true(homography_apply(&tx, &ty, truth, corners[i][0], corners[i][1]));
        worst = fmax(worst, hypot(x - tx, y - ty));
    }
    return worst;
}

/* From several pixels off to a small fraction of one, though the light is uneven. */
static void test_to_a_fraction_of_a_pixel(void **state) {
    (void)state;
    static const double off[][9] = {{1, 0, 1.5, 0, 1, -1, 0, 0, 1},
                                    {1.005, 0.004, -1, -0.006, 0.996, 2, 0, 0, 1},
                                    {1, 0, -3, 0, 1, 2.5, 0.00001, -0.00002, 1}};
    lk_error err;
    double truth[9], h[9];
    lk_image a = make_clouds(1), photo = make_photo(&a, truth);
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct agreement g;
        homography_multiply(h, off[i], truth);
        assert_true(corner_error(h, truth) > 1.5);
        assert_ok(refine_homography(h, &g, engine, &a, &photo, true, &err));
        assert_true(corner_error(h, truth) < 0.1);
        assert_true(g.mean > 0.9 && g.share > 0.95 && g.blocks > 100);
    }
    lk_image_release(&a);
    lk_image_release(&photo);
}

/* A third of the picture shows something else: the rest decides. */
static void test_changed_part(void **state) {
    (void)state;
    static const double off[9] = {1, 0, 1.5, 0, 1, -1, 0, 0, 1};
    lk_error err;
    double truth[9], h[9];
    lk_image a = make_clouds(1), photo = make_photo(&a, truth), other = make_clouds(2);
    for (int32_t y = 80; y < 250; y++) {
        memcpy(image_row(&photo, y) + 60, image_row(&other, y), 230);
    }
    struct agreement g;
    homography_multiply(h, off, truth);
    assert_ok(refine_homography(h, &g, engine, &a, &photo, true, &err));
    assert_true(corner_error(h, truth) < 0.3);
    lk_image_release(&a);
    lk_image_release(&photo);
    lk_image_release(&other);
}

/* What it cannot better it leaves alone: unlike pictures, flat ones, and a map it was told to keep. */
static void test_never_worse(void **state) {
    (void)state;
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    lk_error err;
    double truth[9], h[9];
    lk_image a = make_clouds(1), photo = make_photo(&a, truth), other = make_clouds(3), flat;
    struct agreement before, after;
    assert_ok(lk_image_new(&flat, WIDTH, HEIGHT, 1, 8, &err));
    memset(flat.data, 90, flat.stride * HEIGHT);
    memcpy(h, identity, sizeof h);
    assert_ok(refine_homography(h, &before, engine, &a, &other, false, &err));
    assert_memory_equal(h, identity, sizeof h);
    assert_ok(refine_homography(h, &after, engine, &a, &other, true, &err));
    assert_true(after.mean >= before.mean && after.share < 0.5);
    memcpy(h, identity, sizeof h);
    assert_ok(refine_homography(h, &after, engine, &flat, &a, true, &err));
    assert_memory_equal(h, identity, sizeof h);
    assert_int_equal(after.blocks, 0);
    assert_ok(refine_homography(h, &after, engine, &a, &flat, true, &err));
    assert_memory_equal(h, identity, sizeof h);
    lk_image_release(&a);
    lk_image_release(&photo);
    lk_image_release(&other);
    lk_image_release(&flat);
}

static void test_tiny(void **state) {
    (void)state;
    lk_error err;
    const int32_t sides[] = {1, 2, 10, 17};
    for (size_t i = 0; i < 4; i++) {
        double h[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        lk_image a;
        struct agreement g;
        assert_ok(lk_image_new(&a, sides[i], sides[i], 1, 8, &err));
        memset(a.data, 5, a.stride * (size_t)a.height);
        assert_ok(refine_homography(h, &g, engine, &a, &a, true, &err));
        assert_true(g.covered == 1 && g.blocks == 0);
        lk_image_release(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_a_fraction_of_a_pixel),
        cmocka_unit_test(test_changed_part),
        cmocka_unit_test(test_never_worse),
        cmocka_unit_test(test_tiny),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
