/* SPDX-License-Identifier: Apache-2.0 */
/* The blur effect beside scikit-image's, and what is said of pictures that are dark, blank, small, blurred or empty. */
#include "tests/unit/harness.h"

#include <likeness/verify.h>
#include <math.h>

#include "tests/unit/pattern.h"
#include "verify/blur.h"

static const struct {
    int32_t width, height, share, taps;
    double effect;
} blurs[] = {
#include "tests/oracle/blur/blur_values.inc"
};

static void test_blur_as_skimage(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < sizeof blurs / sizeof *blurs; i++) {
        lk_image image;
        double effect;
        assert_ok(lk_image_new(&image, blurs[i].width, blurs[i].height, 1, 8, &err));
        pattern_fill(&image, 1, blurs[i].share);
        assert_ok(blur_effect(&effect, engine, &image, blurs[i].taps, &err));
        assert_true(fabs(effect - blurs[i].effect) < 1e-9);
        lk_image_release(&image);
    }
    lk_engine_free(engine);
}

/* Levels are first times a pattern plus second; what is complained of, in part. */
static const struct row {
    int32_t width, height;
    double times, plus;
    int32_t stars;
    const char *complaint;
} rows[] = {
    {300, 260, 1, 0, 5, NULL},
    {300, 199, 1, 0, 4, "199 pixels on the shorter side"},
    {47, 300, 1, 0, 1, "47 pixels"},
    {300, 260, 0.06, 10, 1, "more light"},
    {300, 260, 0, 0, 1, "dark (brightness 0.00)"},
    {300, 260, 0, 255, 1, "burnt out or blank"},
    {300, 260, 0, 128, 1, "hardly any contrast"},
    {1, 1, 1, 0, 1, "1 pixels"},
};

static bool complains(const lk_quality *q, const char *part) {
    for (int32_t i = 0; i < q->reason_count; i++) {
        if (strstr(q->reasons[i], part)) {
            return true;
        }
    }
    return false;
}

static void test_what_is_wrong(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lk_image image;
        lk_quality q;
        assert_ok(lk_image_new(&image, rows[i].width, rows[i].height, 3, 8, &err));
        pattern_fill(&image, 1, 100);
        for (int32_t y = 0; y < image.height; y++) {
            for (int32_t x = 0; x < 3 * image.width; x++) {
                uint8_t *p = image_row(&image, y) + x;
                *p = (uint8_t)lround(*p * rows[i].times + rows[i].plus);
            }
        }
        assert_ok(lk_quality_measure(&q, engine, &image, &err));
        assert_int_equal(q.stars, rows[i].stars);
        assert_true(rows[i].complaint ? complains(&q, rows[i].complaint) : q.reason_count == 0);
        lk_image_release(&image);
    }
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blur_as_skimage),
        cmocka_unit_test(test_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
