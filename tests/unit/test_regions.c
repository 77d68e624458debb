/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/mem.h"
#include "measure/regions.h"
#include "tests/unit/pattern.h"

static const struct split {
    int32_t width, height, share, shift, keep, threshold;
} splits[] = {
#include "tests/oracle/otsu/otsu_values.inc"
};

static void test_otsu_as_opencv(void **state) {
    (void)state;
    lk_error err;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        const struct split *s = &splits[i];
        int64_t histogram[256] = {0};
        lk_image image;
        assert_ok(lk_image_new(&image, s->width, s->height, 1, 8, &err));
        pattern_fill(&image, 1, s->share);
        for (int32_t y = 0; y < s->height; y++) {
            for (int32_t x = 0; x < s->width; x++) {
                bool kept = pattern_noise((uint32_t)x, (uint32_t)y, 0, 9) < s->keep;
                histogram[kept ? image_row(&image, y)[x] >> s->shift : 0]++;
            }
        }
        assert_int_equal(regions_otsu(histogram), s->threshold);
        lk_image_release(&image);
    }
    const int64_t nothing[256] = {0};
    assert_int_equal(regions_otsu(nothing), 0);
}

enum { WIDTH = 120, HEIGHT = 90 };

static lk_map map_new(float value) {
    lk_map map = {WIDTH, HEIGHT, mem_alloc((size_t)WIDTH * HEIGHT, sizeof(float))};
    assert_non_null(map.data);
    for (int32_t i = 0; i < WIDTH * HEIGHT; i++) {
        map.data[i] = value;
    }
    return map;
}

static void paint(lk_map *map, int32_t x0, int32_t y0, int32_t width, int32_t height, float value) {
    for (int32_t y = y0; y < y0 + height; y++) {
        for (int32_t x = x0; x < x0 + width; x++) {
            map->data[y * WIDTH + x] = value;
        }
    }
}

static void assert_box(const lk_region *r, int32_t x, int32_t y, int32_t width, int32_t height) {
    assert_int_equal(r->x, x);
    assert_int_equal(r->y, y);
    assert_int_equal(r->width, width);
    assert_int_equal(r->height, height);
}

/* Otsu splits whatever it is given; the floor keeps flat maps and faint noise from having regions. */
static void test_nothing_to_find(void **state) {
    (void)state;
    lk_error err;
    struct regions_options o = regions_options_default();
    for (int kind = 0; kind < 2; kind++) {
        lk_region *regions;
        size_t count = 9;
        lk_map map = map_new(0);
        for (int32_t i = 0; kind == 1 && i < WIDTH * HEIGHT; i++) {
            map.data[i] = (float)pattern_noise((uint32_t)i, 0, 0, 1) / 255 * (float)o.floor;
        }
        assert_ok(regions_from_map(&regions, &count, &map, &o, &err));
        assert_int_equal(count, 0);
        mem_free(regions);
        mem_free(map.data);
    }
}

static void test_two_blobs(void **state) {
    (void)state;
    lk_error err;
    lk_region *regions;
    size_t count;
    struct regions_options o = regions_options_default();
    lk_map map = map_new(0.01f);
    paint(&map, 0, 0, 10, 8, 0.75f);   /* in the corner */
    paint(&map, 60, 40, 20, 20, 0.5f); /* a block with */
    paint(&map, 82, 45, 10, 10, 0.5f); /* another, 2 pixels from it: closed into one */
    paint(&map, 30, 70, 2, 2, 1);      /* too small */
    assert_ok(regions_from_map(&regions, &count, &map, &o, &err));
    assert_int_equal(count, 2);
    assert_box(&regions[0], 60, 40, 32, 20);
    assert_int_equal(regions[0].area_px, 500); /* the gap does not count */
    assert_box(&regions[1], 0, 0, 10, 8);
    assert_int_equal(regions[1].area_px, 80);
    assert_true(regions[1].severity == 0.75);
    assert_true(regions[0].id == 1 && regions[1].id == 2);
    mem_free(regions);
    o.max_count = 1;
    assert_ok(regions_from_map(&regions, &count, &map, &o, &err));
    assert_int_equal(count, 1);
    mem_free(regions);
    o.max_count = 100;
    o.close_px = 0;
    o.min_area_px = 1;
    assert_ok(regions_from_map(&regions, &count, &map, &o, &err));
    assert_int_equal(count, 4);
    mem_free(regions);
    mem_free(map.data);
}

/* Corners that touch are one component, and a U meets itself only at its foot. */
static void test_eight_neighbours(void **state) {
    (void)state;
    lk_error err;
    lk_region *regions;
    size_t count;
    struct regions_options o = regions_options_default();
    o.close_px = 0;
    lk_map map = map_new(0);
    paint(&map, 10, 10, 5, 5, 1);
    paint(&map, 15, 15, 5, 5, 1);
    paint(&map, 40, 10, 4, 40, 1);
    paint(&map, 60, 10, 4, 40, 1);
    paint(&map, 40, 50, 24, 3, 1);
    assert_ok(regions_from_map(&regions, &count, &map, &o, &err));
    assert_int_equal(count, 2);
    assert_box(&regions[0], 40, 10, 24, 43);
    assert_box(&regions[1], 10, 10, 10, 10);
    mem_free(regions);
    mem_free(map.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_otsu_as_opencv),
        cmocka_unit_test(test_nothing_to_find),
        cmocka_unit_test(test_two_blobs),
        cmocka_unit_test(test_eight_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
