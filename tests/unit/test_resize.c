/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "image/resize.h"
#include "tests/unit/pattern.h"

static const struct resized {
    int32_t width, height, channels, new_width, new_height;
    double box[4];
    int filter;
    uint64_t hash; /* FNV-1a over the samples of Pillow's result */
} cases[] = {
#include "tests/oracle/resize/resize_values.inc"
};

static uint64_t hash_of(const lk_image *image) {
    uint64_t h = 0xcbf29ce484222325u;
    for (int32_t y = 0; y < image->height; y++) {
        for (size_t i = 0; i < image_row_bytes(image); i++) {
            h = (h ^ image_row(image, y)[i]) * 0x100000001b3u;
        }
    }
    return h;
}

static void check_cases(const char *cpu, int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = cpu;
    options.threads = threads;
    if (lk_engine_new(&engine, &options, &err) != LK_OK) {
        print_message("this machine has no %s\n", cpu);
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct resized *c = &cases[i];
        lk_image from, got;
        assert_ok(lk_image_new(&from, c->width, c->height, c->channels, 8, &err));
        pattern_fill(&from, 1, 128);
        assert_ok(image_resize_box(&got, engine, &from, c->box, c->new_width, c->new_height,
                                   (enum resize_filter)c->filter, &err));
        if (hash_of(&got) != c->hash) {
            fail_msg("%d x %d x %d to %d x %d with filter %d is not Pillow's", c->width, c->height,
                     c->channels, c->new_width, c->new_height, c->filter);
        }
        lk_image_release(&from);
        lk_image_release(&got);
    }
    lk_engine_free(engine);
}

static void test_as_pillow(void **state) {
    (void)state;
    check_cases("c", 1);
    check_cases("avx2", 2);
    check_cases("avx512", 2);
}

static void test_same_size_copies(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image from, got;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&from, 20, 10, 3, 8, &err));
    pattern_fill(&from, 1, 256);
    assert_ok(image_resize(&got, engine, &from, 20, 10, RESIZE_LANCZOS, &err));
    assert_memory_equal(got.data, from.data, from.stride * 10);
    lk_image_release(&from);
    lk_image_release(&got);
    lk_engine_free(engine);
}

static void test_refusals(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image from, deep, got;
    double outside[4] = {0, 0, 20.5, 10}, empty[4] = {5, 5, 5, 8};
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&from, 20, 10, 1, 8, &err));
    assert_ok(lk_image_new(&deep, 20, 10, 1, 16, &err));
    pattern_fill(&from, 1, 256);
    assert_refused(LK_E_USAGE, image_resize(&got, engine, &from, 0, 5, RESIZE_BOX, &err));
    assert_refused(LK_E_USAGE, image_resize(&got, engine, &deep, 5, 5, RESIZE_BOX, &err));
    assert_refused(LK_E_USAGE,
                   image_resize_box(&got, engine, &from, outside, 5, 5, RESIZE_BOX, &err));
    assert_refused(LK_E_USAGE,
                   image_resize_box(&got, engine, &from, empty, 5, 5, RESIZE_BOX, &err));
    lk_image_release(&from);
    lk_image_release(&deep);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_pillow),
        cmocka_unit_test(test_same_size_copies),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
