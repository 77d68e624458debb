/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "tests/unit/pattern.h"

/* What pixelmatch and odiff count (tests/oracle/diff/make_diff.py). */
static const struct oracle {
    int32_t width, height, channels, share, mask;
    double threshold;
    int32_t skip_antialiased;
    int64_t pixelmatch, odiff;
} oracles[] = {
#include "tests/oracle/diff/diff_values.inc"
};

static lk_image make(const struct oracle *o, uint32_t seed) {
    lk_image image;
    lk_error err;
    assert_ok(lk_image_new(&image, o->width, o->height, o->channels, 8, &err));
    pattern_fill(&image, seed, o->share);
    for (size_t i = 0; i < image.stride * (size_t)image.height; i++) {
        image.data[i] = (uint8_t)(image.data[i] & o->mask);
    }
    return image;
}

static lk_engine *engine_of(const char *cpu, int32_t threads) {
    lk_engine_options options = lk_engine_options_default();
    lk_engine *engine;
    lk_error err;
    options.cpu = cpu;
    options.threads = threads;
    return lk_engine_new(&engine, &options, &err) == LK_OK ? engine : NULL;
}

static int64_t count(lk_engine *engine, const lk_image *a, const lk_image *b,
                     const lk_diff_options *o) {
    lk_diff_result r;
    lk_error err;
    int64_t in_regions = 0;
    assert_ok(lk_diff(&r, engine, a, b, o, &err));
    for (size_t i = 0; i < r.region_count; i++) {
        in_regions += r.regions[i].area_px;
    }
    assert_true(r.region_count == 100 || in_regions == r.diff_pixels);
    int64_t n = r.diff_pixels;
    lk_diff_result_release(&r);
    return n;
}

static void test_counts_are_theirs(void **state) {
    (void)state;
    static const char *const levels[] = {"c", "avx2", "avx512"};
    for (int level = 0; level < 3; level++) {
        lk_engine *engine = engine_of(levels[level], level ? 2 : 1);
        for (size_t i = 0; engine && i < sizeof oracles / sizeof *oracles; i++) {
            const struct oracle *o = &oracles[i];
            lk_image a = make(o, 1), b = make(o, 2);
            lk_diff_options options = lk_diff_options_default();
            options.threshold = o->threshold;
            options.skip_antialiased = o->skip_antialiased;
            assert_int_equal(count(engine, &a, &b, &options), o->pixelmatch);
            options.like = LK_LIKE_ODIFF;
            assert_int_equal(count(engine, &a, &b, &options), o->odiff);
            lk_image_release(&a);
            lk_image_release(&b);
        }
        lk_engine_free(engine);
    }
}

/* Two spots apart are two regions, two near each other one; boxes are those of the pixels. */
static void test_regions(void **state) {
    (void)state;
    const struct oracle plain = {.width = 100, .height = 80, .channels = 3, .share = 0, .mask = 0};
    lk_engine *engine = engine_of(NULL, 1);
    lk_image a = make(&plain, 1), b = make(&plain, 1);
    static const int32_t spots[3][2] = {{3, 4}, {9, 10}, {90, 70}};
    lk_diff_result r;
    lk_error err;
    for (int i = 0; i < 3; i++) {
        memset(image_row(&b, spots[i][1]) + 3 * spots[i][0], 255, 3);
    }
    assert_ok(lk_diff(&r, engine, &a, &b, NULL, &err));
    assert_int_equal(r.diff_pixels, 3);
    assert_int_equal(r.region_count, 2);
    const lk_region *g = &r.regions[0];
    assert_true(g->x == 3 && g->y == 4 && g->width == 7 && g->height == 7 && g->area_px == 2);
    assert_true(r.regions[1].x == 90 && r.regions[1].y == 70 && r.regions[1].area_px == 1);
    assert_int_equal(r.classes[70 * 100 + 90], LK_PIXEL_DIFFERENT);
    lk_diff_result_release(&r);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

static void test_sizes_and_refusals(void **state) {
    (void)state;
    const struct oracle small = {.width = 10, .height = 8, .channels = 3, .mask = 0},
                        wide = {.width = 12, .height = 8, .channels = 3, .mask = 0};
    lk_engine *engine = engine_of(NULL, 1);
    lk_image a = make(&small, 1), b = make(&wide, 1);
    lk_diff_options o = lk_diff_options_default();
    lk_diff_result r;
    lk_error err;
    assert_ok(lk_diff(&r, engine, &a, &b, &o, &err));
    assert_int_equal(r.verdict, LK_DIFFERENT);
    assert_string_equal(r.limit, "size");
    lk_diff_result_release(&r);
    o.common_area = true;
    assert_ok(lk_diff(&r, engine, &a, &b, &o, &err));
    assert_int_equal(r.pixels, 12 * 8);
    lk_diff_result_release(&r);
    o.threshold = 1.5;
    assert_refused(LK_E_USAGE, lk_diff(&r, engine, &a, &b, &o, &err));
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts_are_theirs),
                                       cmocka_unit_test(test_regions),
                                       cmocka_unit_test(test_sizes_and_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
