/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "image/draw.h"

static const struct colour white = {255, 255, 255};

static lk_image black(int32_t width, int32_t height) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, width, height, 3, 8, &err));
    memset(image.data, 0, image.stride * (size_t)height);
    return image;
}

static int32_t sum(const lk_image *image) {
    int32_t total = 0;
    for (int32_t y = 0; y < image->height; y++) {
        for (size_t i = 0; i < image_row_bytes(image); i += 3) {
            total += image_row(image, y)[i];
        }
    }
    return total;
}

static void test_box_and_frame(void **state) {
    (void)state;
    lk_image image = black(10, 8);
    draw_frame(&image, 1, 1, 6, 5, 1, white);
    assert_int_equal(sum(&image), 255 * (2 * 6 + 2 * 3));
    draw_box(&image, -100, -100, 1000, 1000, white);
    assert_int_equal(sum(&image), 255 * 80);
    lk_image_release(&image);
}

/* A line covers its length times its thickness, whatever its slope. */
static void test_line_covers_its_area(void **state) {
    (void)state;
    static const double ends[][4] = {
        {10, 30, 90, 30}, {30, 90, 30, 10}, {10, 10, 90, 90}, {90, 20, 10, 55}, {20, 15, 37, 88}};
    for (size_t i = 0; i < 5; i++) {
        const double *from = ends[i], *to = ends[i] + 2;
        double dx = to[0] - from[0], dy = to[1] - from[1];
        double length = __builtin_sqrt(dx * dx + dy * dy);
        for (double thickness = 1; thickness <= 3; thickness++) {
            lk_image image = black(100, 100);
            draw_line(&image, from, to, thickness, white, 1);
            double area = sum(&image) / 255.0, expected = length * thickness;
            double caps = 1.5 * thickness + 1; /* both end pixels are whole; levels are rounded */
            assert_true(area > expected - caps && area < expected + caps);
            lk_image_release(&image);
        }
    }
}

static void test_lines_outside_are_clipped(void **state) {
    (void)state;
    static const double ends[][4] = {{-1e6, 5, 1e6, 5}, {5, -1e6, 5, 1e6}, {-50, -50, -1, -1},
                                     {3, 3, 3, 3},      {1e6, 2, 2e6, 3},  {-9, 20, 30, -9}};
    for (size_t i = 0; i < 6; i++) {
        lk_image image = black(10, 10);
        draw_line(&image, ends[i], ends[i] + 2, 1, white, 1);
        assert_true(sum(&image) <= 255 * 20);
        lk_image_release(&image);
    }
    lk_image image = black(10, 10);
    draw_disc(&image, 0, 0, 3, white);
    draw_disc(&image, -50, 50, 3, white);
    assert_true(sum(&image) > 255 * 5 && sum(&image) < 255 * 12);
    lk_image_release(&image);
}

static void test_numbers(void **state) {
    (void)state;
    lk_image image = black(60, 20);
    assert_int_equal(draw_number(&image, 0, 0, 1, 1, white), 5);
    assert_int_equal(draw_number(&image, 10, 0, 2, 208, white), 34);
    for (int32_t x = 45; x < 60; x++) { /* nothing right of the last digit */
        assert_int_equal(image_row(&image, 3)[3 * x], 0);
    }
    draw_number(&image, 57, 16, 3, 99999, white); /* partly outside */
    lk_image_release(&image);
}

static void test_pasted_pictures_are_clipped(void **state) {
    (void)state;
    lk_image image = black(10, 10), patch = black(6, 6);
    draw_box(&patch, 0, 0, 6, 6, white);
    draw_image(&image, -3, -3, &patch);
    draw_image(&image, 8, 9, &patch);
    draw_image(&image, 50, 50, &patch);
    assert_int_equal(sum(&image), 255 * (9 + 2));
    lk_image_release(&patch);
    lk_image_release(&image);
}

/* matplotlib 3.8, cm.viridis(v): the fit stays within 4 levels. */
static void test_viridis(void **state) {
    (void)state;
    static const int expected[5][4] = {{0, 68, 1, 84},
                                       {64, 59, 82, 139},
                                       {128, 33, 145, 140},
                                       {191, 93, 201, 99},
                                       {255, 253, 231, 37}};
    for (size_t i = 0; i < 5; i++) {
        struct colour c = draw_viridis(expected[i][0] / 255.0);
        assert_true(abs(c.r - expected[i][1]) <= 4);
        assert_true(abs(c.g - expected[i][2]) <= 4);
        assert_true(abs(c.b - expected[i][3]) <= 4);
    }
    assert_int_equal(draw_viridis(7).r, draw_viridis(1).r); /* clamped */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box_and_frame),
        cmocka_unit_test(test_line_covers_its_area),
        cmocka_unit_test(test_lines_outside_are_clipped),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_pasted_pictures_are_clipped),
        cmocka_unit_test(test_viridis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
