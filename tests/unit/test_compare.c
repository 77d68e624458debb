/* SPDX-License-Identifier: Apache-2.0 */
/* lk_compare from end to end on made pictures: what it says of equal, moved, edited, masked and unlike pairs. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "image/draw.h"
#include "image/warp.h"

static lk_engine *engine;

static int open_engine(void **state) {
    lk_error err;
    (void)state;
    return lk_engine_new(&engine, NULL, &err) == LK_OK ? 0 : -1;
}

static int close_engine(void **state) {
    (void)state;
    lk_engine_free(engine);
    return 0;
}

/* A poster: boxes of random place, size and colour. Two seeds share nothing. */
static lk_image make_poster(uint64_t seed, int32_t width, int32_t height) {
    lk_error err;
    lk_image image;
    struct rng rng;
    rng_init(&rng, seed);
    assert_ok(lk_image_new(&image, width, height, 3, 8, &err));
    memset(image.data, 235, image.stride * (size_t)height);
    for (int i = 0; i < 260; i++) {
        int32_t w = 6 + (int32_t)rng_below(&rng, 60), h = 6 + (int32_t)rng_below(&rng, 60);
        struct colour c = {(uint8_t)rng_below(&rng, 256), (uint8_t)rng_below(&rng, 256),
                           (uint8_t)rng_below(&rng, 256)};
        draw_box(&image, (int32_t)rng_below(&rng, (uint32_t)width),
                 (int32_t)rng_below(&rng, (uint32_t)height), w, h, c);
    }
    return image;
}

/* The poster as a tilted photo of 900 x 700, darker, with noise. true_map brings the photo onto the poster. */
static lk_image make_photo(const lk_image *poster, double true_map[9]) {
    lk_error err;
    lk_image photo;
    struct rng rng;
    const double to_photo[9] = {0.95, 0.12, 90, -0.08, 0.98, 80, 0.00008, 0.00012, 1};
    const double *h = to_photo;
    rng_init(&rng, 4);
    assert_ok(image_warp(&photo, NULL, engine, poster, to_photo, 900, 700, &err));
    for (size_t i = 0; i < photo.stride * (size_t)photo.height; i++) {
        double v = photo.data[i] * 0.8 + 10 + 2 * rng_normal(&rng);
        photo.data[i] = (uint8_t)fmin(fmax(v, 0), 255);
    }
    const double inverse[9] = {
        h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4],
        h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5],
        h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3],
    };
    for (int i = 0; i < 9; i++) {
        true_map[i] = inverse[i] / inverse[8];
    }
    return photo;
}

static double map_distance(const double p[9], const double q[9], double x, double y) {
    double pw = p[6] * x + p[7] * y + p[8], qw = q[6] * x + q[7] * y + q[8];
    return hypot((p[0] * x + p[1] * y + p[2]) / pw - (q[0] * x + q[1] * y + q[2]) / qw,
                 (p[3] * x + p[4] * y + p[5]) / pw - (q[3] * x + q[4] * y + q[5]) / qw);
}

static void test_identical(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    lk_image a = make_poster(1, 400, 300);
    assert_ok(lk_compare(&c, engine, &a, &a, NULL, &err));
    assert_int_equal(c.verdict, LK_SAME);
    assert_true(c.score == 1 && c.region_count == 0 && c.alignment.model == LK_ALIGN_NONE);
    assert_null(c.reference.data);
    lk_comparison_release(&c);
    lk_image_release(&a);
}

static void test_photo_is_aligned(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    double truth[9];
    lk_image poster = make_poster(2, 600, 480), photo = make_photo(&poster, truth);
    lk_compare_options o = lk_compare_options_default();
    o.want_evidence = true;
    assert_ok(lk_compare(&c, engine, &poster, &photo, &o, &err));
    assert_int_equal(c.verdict, LK_SAME);
    assert_int_equal(c.alignment.model, LK_ALIGN_PERSPECTIVE);
    assert_true(map_distance(c.alignment.homography, truth, 200, 200) < 0.5);
    assert_true(map_distance(c.alignment.homography, truth, 600, 500) < 0.5);
    assert_int_equal(c.region_count, 0);
    assert_int_equal(c.aligned.width, 600);
    assert_non_null(c.alignment.pairs);
    lk_comparison_release(&c);
    lk_image_release(&poster);
    lk_image_release(&photo);
}

/* A page on plain ground, 12 pixels lower: most samples are equal, and yet it is the shift that tells. */
static void test_shifted_page(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    lk_image page, shifted;
    struct rng rng;
    rng_init(&rng, 9);
    assert_ok(lk_image_new(&page, 640, 480, 3, 8, &err));
    assert_ok(lk_image_new(&shifted, 640, 480, 3, 8, &err));
    memset(page.data, 250, page.stride * 480);
    memset(shifted.data, 250, shifted.stride * 480);
    for (int i = 0; i < 160; i++) {
        int32_t x = (int32_t)rng_below(&rng, 560), y = 20 + (int32_t)rng_below(&rng, 420);
        int32_t w = 4 + (int32_t)rng_below(&rng, 40), h = 4 + (int32_t)rng_below(&rng, 8);
        uint32_t v = (uint32_t)rng_next(&rng);
        struct colour colour = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16)};
        draw_box(&page, x, y, w, h, colour);
        draw_box(&shifted, x, y + 12, w, h, colour);
    }
    assert_ok(lk_compare(&c, engine, &page, &shifted, NULL, &err));
    assert_int_equal(c.verdict, LK_SAME);
    assert_int_equal(c.region_count, 0);
    assert_true(fabs(c.alignment.shift_y - 12) < 0.1 && fabs(c.alignment.shift_x) < 0.1);
    assert_non_null(strstr(c.reasons[0], "agree on one view: moved 12 px down"));
    lk_comparison_release(&c);
    lk_image_release(&page);
    lk_image_release(&shifted);
}

/* A painted edit comes back as the one region, and a mask over it makes it go. */
static void test_edit_is_a_region(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    double truth[9];
    lk_image poster = make_poster(3, 600, 480), edited = make_poster(3, 600, 480);
    draw_box(&edited, 250, 200, 70, 50, (struct colour){250, 240, 20});
    draw_box(&edited, 262, 212, 40, 20, (struct colour){20, 20, 120});
    lk_image photo = make_photo(&edited, truth);
    assert_ok(lk_compare(&c, engine, &poster, &photo, NULL, &err));
    assert_int_equal(c.verdict, LK_SAME);
    assert_int_equal(c.region_count, 1);
    const lk_region *r = &c.regions[0];
    assert_true(abs(r->x - 250) < 12 && abs(r->y - 200) < 12 && abs(r->width - 70) < 20 &&
                abs(r->height - 50) < 20);
    lk_comparison_release(&c);
    double corners[8] = {240, 190, 330, 190, 330, 260, 240, 260};
    lk_polygon ignore = {.count = 4, .xy = corners};
    lk_compare_options o = lk_compare_options_default();
    o.ignore = &ignore;
    o.ignore_count = 1;
    assert_ok(lk_compare(&c, engine, &poster, &photo, &o, &err));
    assert_int_equal(c.region_count, 0);
    lk_comparison_release(&c);
    lk_image_release(&poster);
    lk_image_release(&edited);
    lk_image_release(&photo);
}

static void test_unlike_pictures_differ(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    lk_image a = make_poster(5, 640, 480), b = make_poster(6, 700, 500);
    assert_ok(lk_compare(&c, engine, &a, &b, NULL, &err));
    assert_int_equal(c.verdict, LK_DIFFERENT);
    assert_int_equal(c.alignment.model, LK_ALIGN_NONE);
    assert_true(c.warning_count == 1 && strcmp(c.warnings[0].code, "size-differs") == 0);
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

static void test_flat_photo_cannot_tell(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    lk_image a = make_poster(7, 640, 480), b;
    assert_ok(lk_image_new(&b, 500, 400, 3, 8, &err));
    memset(b.data, 90, b.stride * 400);
    assert_ok(lk_compare(&c, engine, &a, &b, NULL, &err));
    assert_int_equal(c.verdict, LK_CANNOT_TELL);
    assert_non_null(strstr(c.reasons[0], "keypoints"));
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

/* One rendered pixel that changed is found, and nothing else. */
static void test_single_pixel_in_place(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    lk_image a = make_poster(8, 320, 240), b = make_poster(8, 320, 240);
    uint8_t *p = b.data + 100 * b.stride + 3 * 50;
    p[1] = (uint8_t)(p[1] ^ 0x80);
    assert_ok(lk_compare(&c, engine, &a, &b, NULL, &err));
    assert_int_equal(c.verdict, LK_SAME);
    assert_int_equal(c.region_count, 1);
    assert_true(c.regions[0].x == 50 && c.regions[0].y == 100 && c.regions[0].area_px == 1);
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

static void test_options_are_checked(void **state) {
    (void)state;
    lk_error err;
    lk_comparison c;
    lk_image a = make_poster(9, 200, 150), b = make_poster(9, 190, 150), mask;
    lk_compare_options o = lk_compare_options_default();
    o.measures = "ssim,nonsense";
    assert_refused(LK_E_USAGE, lk_compare(&c, engine, &a, &b, &o, &err));
    o = lk_compare_options_default();
    o.align = LK_ALIGN_NONE;
    o.fit = LK_FIT_FAIL;
    assert_refused(LK_E_SIZE, lk_compare(&c, engine, &a, &b, &o, &err));
    assert_ok(lk_image_new(&mask, 10, 10, 1, 8, &err));
    o = lk_compare_options_default();
    o.mask = &mask;
    assert_refused(LK_E_SIZE, lk_compare(&c, engine, &a, &a, &o, &err));
    assert_null(c.measures);
    o = lk_compare_options_default();
    o.min_score = 1.5;
    o.measures = "identity";
    assert_ok(lk_compare(&c, engine, &a, &a, &o, &err));
    assert_int_equal(c.verdict, LK_DIFFERENT);
    assert_int_equal(c.measure_count, 1);
    lk_comparison_release(&c);
    lk_image_release(&mask);
    lk_image_release(&a);
    lk_image_release(&b);
}

/* Every way of bringing another size onto the reference without an alignment. */
static void test_fit(void **state) {
    (void)state;
    static const lk_fit_mode modes[] = {LK_FIT_SCALE, LK_FIT_PAD, LK_FIT_CROP};
    for (size_t i = 0; i < 3; i++) {
        lk_error err;
        lk_comparison c;
        lk_image a = make_poster(10, 200, 150), b = make_poster(10, 180, 170);
        lk_compare_options o = lk_compare_options_default();
        o.align = LK_ALIGN_NONE;
        o.fit = modes[i];
        o.measures = "pixel";
        o.want_evidence = true;
        assert_ok(lk_compare(&c, engine, &a, &b, &o, &err));
        assert_int_equal(c.aligned.width, 200);
        assert_int_equal(c.aligned.height, 150);
        assert_int_equal(c.warning_count, 1);
        lk_comparison_release(&c);
        lk_image_release(&a);
        lk_image_release(&b);
    }
}

/* Verdict, map, regions and measures are the same to the bit on every instruction set and number of threads. */
static void test_same_for_every_engine(void **state) {
    (void)state;
    static const char *const cpus[] = {"c", "avx2", "avx512"};
    lk_error err;
    lk_bytes first = {0};
    double truth[9];
    lk_image poster = make_poster(11, 400, 320), photo = make_photo(&poster, truth);
    for (int i = 0; i < 6; i++) {
        lk_engine_options options = lk_engine_options_default();
        lk_engine *other;
        lk_comparison c;
        lk_bytes text;
        options.cpu = cpus[i % 3];
        options.threads = 1 + i / 3;
        if (lk_engine_new(&other, &options, &err) != LK_OK) {
            print_message("%s skipped: %s\n", cpus[i % 3], err.text);
            continue;
        }
        assert_ok(lk_compare(&c, other, &poster, &photo, NULL, &err));
        assert_ok(lk_report_json(&text, &c, false, &err));
        if (!first.data) {
            first = text;
        } else {
            assert_string_equal((const char *)text.data, (const char *)first.data);
            lk_bytes_release(&text);
        }
        lk_comparison_release(&c);
        lk_engine_free(other);
    }
    lk_bytes_release(&first);
    lk_image_release(&poster);
    lk_image_release(&photo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identical),
        cmocka_unit_test(test_photo_is_aligned),
        cmocka_unit_test(test_edit_is_a_region),
        cmocka_unit_test(test_shifted_page),
        cmocka_unit_test(test_unlike_pictures_differ),
        cmocka_unit_test(test_flat_photo_cannot_tell),
        cmocka_unit_test(test_single_pixel_in_place),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_same_for_every_engine),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
