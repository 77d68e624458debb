/* SPDX-License-Identifier: Apache-2.0 */
/* The same colours under another light, other colours, none, and only outside of the outline. */
#include "tests/unit/harness.h"

#include "base/compiler.h"
#include "image/image.h"
#include "verify/colour_agreement.h"

enum { SIDE = 96 };

/* Nine fields; each channel times gain, hue k turns the channels of every second field. */
static lk_image fields(const double gain[3], int hue, bool gray) {
    static const int colours[9][3] = {{200, 60, 40},  {60, 180, 50},   {50, 70, 190},
                                      {220, 200, 60}, {90, 90, 90},    {180, 80, 170},
                                      {70, 190, 190}, {240, 240, 240}, {120, 60, 30}};
    lk_image p;
    lk_error err;
    assert_ok(lk_image_new(&p, SIDE, SIDE, 3, 8, &err));
    for (int32_t y = 0; y < SIDE; y++) {
        for (int32_t x = 0; x < SIDE; x++) {
            int f = y * 3 / SIDE * 3 + x * 3 / SIDE;
            for (int i = 0; i < 3; i++) {
                int from = gray ? 1 : f % 2 ? (i + hue) % 3 : i;
                image_row(&p, y)[3 * x + i] = (uint8_t)MIN(255, colours[f][from] * gain[i]);
            }
        }
    }
    return p;
}

static const double white[3] = {1, 1, 1};

/* Of a beside b with inliers at the corners of a square of that margin. */
static double agreement(lk_image a, lk_image b, float margin, bool inliers) {
    lk_match pairs[5] = {{.ax = margin, .ay = margin, .inlier = inliers},
                         {.ax = SIDE - margin, .ay = margin, .inlier = inliers},
                         {.ax = margin, .ay = SIDE - margin, .inlier = inliers},
                         {.ax = SIDE - margin, .ay = SIDE - margin, .inlier = inliers},
                         {.ax = 1, .ay = 1, .inlier = false}};
    lk_image valid;
    lk_error err;
    double found;
    assert_ok(lk_image_new(&valid, SIDE, SIDE, 1, 8, &err));
    memset(valid.data, 255, valid.stride * SIDE);
    assert_ok(colour_agreement(&found, &a, &b, &valid, pairs, ARRAY_COUNT(pairs), &err));
    lk_image_release(&a);
    lk_image_release(&b);
    lk_image_release(&valid);
    return found;
}

static void test_light_does_not_matter(void **state) {
    (void)state;
    const double evening[3] = {0.9, 0.7, 0.45};
    assert_true(agreement(fields(white, 0, false), fields(white, 0, false), 2, true) > 0.9999);
    assert_true(agreement(fields(white, 0, false), fields(evening, 0, false), 2, true) > 0.97);
}

static void test_other_colours(void **state) {
    (void)state;
    assert_true(agreement(fields(white, 0, false), fields(white, 1, false), 2, true) < 0.6);
    assert_true(agreement(fields(white, 0, false), fields(white, 2, false), 2, true) < 0.6);
}

/* A picture without colours says nothing against one with them. */
static void test_gray(void **state) {
    (void)state;
    assert_true(agreement(fields(white, 0, true), fields(white, 0, false), 2, true) > 0.999);
    assert_true(agreement(fields(white, 0, false), fields(white, 0, true), 2, true) > 0.999);
}

/* The field in the middle is the same in both; what lies around it is outside of the outline. */
static void test_only_the_outline(void **state) {
    (void)state;
    assert_true(agreement(fields(white, 0, false), fields(white, 1, false), 34, true) > 0.99);
    assert_true(agreement(fields(white, 0, false), fields(white, 1, false), 2, false) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light_does_not_matter),
        cmocka_unit_test(test_other_colours),
        cmocka_unit_test(test_gray),
        cmocka_unit_test(test_only_the_outline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
