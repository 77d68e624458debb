/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle makes its verdict again; one with any byte changed does not, or is none. */
#include "tests/unit/harness.h"

#include <likeness/evidence.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/rng.h"
#include "base/tar.h"
#include "tests/unit/drawn_scene.h"
#include "tests/unit/pattern.h"

static lk_engine *engine;
static lk_bytes bundle;

static int make_bundle(void **state) {
    lk_error err;
    lk_bytes picture, photo;
    static double polygon[] = {1.0 / 3, 10, 60.7, 10.1, 60, 55.5};
    const lk_polygon ignore = {3, polygon};
    (void)state;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    lk_image scene = scene_make(1, 0), other;
    assert_ok(lk_image_new(&other, 300, 200, 3, 8, &err));
    pattern_fill(&other, 3, 128);
    assert_ok(lk_image_encode(&picture, &scene, engine, "png", 0, &err));
    assert_ok(lk_image_encode(&photo, &other, engine, "jpeg", 80, &err));
    const lk_bundle b = {.photo = photo.data,
                         .photo_bytes = photo.size,
                         .photo_name = "some/where/photo.jpg",
                         .reference = picture.data,
                         .reference_bytes = picture.size,
                         .reference_name = "scene.png",
                         .ignore = &ignore,
                         .ignore_count = 1,
                         .reference_id = "scene-1",
                         .reference_version = 3,
                         .entry = 12};
    lk_bundle other_verdict = b;
    const lk_verification decided = {.verdict = LK_SAME, .intact = LK_INTACT};
    other_verdict.decided = &decided; /* that of other bytes: nothing is written */
    assert_refused(LK_E_CORRUPT, lk_bundle_write(&bundle, engine, &other_verdict, &err));
    assert_null(bundle.data);
    assert_ok(lk_bundle_write(&bundle, engine, &b, &err));
    lk_bytes_release(&picture);
    lk_bytes_release(&photo);
    lk_image_release(&scene);
    lk_image_release(&other);
    return 0;
}

static int release_bundle(void **state) {
    (void)state;
    lk_bytes_release(&bundle);
    lk_engine_free(engine);
    return 0;
}

static void test_made_again(void **state) {
    (void)state;
    lk_error err;
    lk_bundle_check check;
    assert_ok(lk_bundle_open(&check, engine, bundle.data, bundle.size, &err));
    assert_true(check.inputs_unchanged && check.reproduced);
    assert_string_equal(check.problem, "");
    assert_string_equal(check.likeness, lk_version());
    assert_string_equal(check.verdict, "different");
    assert_string_equal(check.reference_id, "scene-1");
    assert_int_equal(check.reference_version, 3);
    assert_int_equal(check.entry, 12);
}

/* One byte after the other, at random places: never good. */
static void test_changed(void **state) {
    (void)state;
    lk_error err;
    struct rng r;
    rng_init(&r, 5);
    uint8_t *copy = malloc(bundle.size);
    for (int i = 0; i < 300; i++) {
        lk_bundle_check check = {0};
        memcpy(copy, bundle.data, bundle.size);
        copy[rng_below(&r, (uint32_t)bundle.size)] ^= (uint8_t)(1 + rng_below(&r, 255));
        lk_status status = lk_bundle_open(&check, engine, copy, bundle.size, &err);
        assert_false(status == LK_OK && check.inputs_unchanged && check.reproduced);
    }
    free(copy);
}

static void test_cut(void **state) {
    (void)state;
    lk_error err;
    lk_bundle_check check;
    for (size_t size = 0; size < bundle.size; size += bundle.size / 37) {
        assert_refused(LK_E_CORRUPT, lk_bundle_open(&check, engine, bundle.data, size, &err));
    }
}

/* A result that was changed together with its sum: every file is what it says, and the verdict is another one. */
static void test_result_is_made_again(void **state) {
    (void)state;
    lk_error err;
    lk_bundle_check check;
    struct tar_member m[6];
    size_t count;
    char hex[65];
    assert_ok(tar_read(m, 6, &count, bundle.data, bundle.size, &err));
    assert_int_equal(count, 6);
    uint8_t *result = (uint8_t *)strstr((const char *)m[4].data, "\"different\"");
    uint8_t *line = (uint8_t *)strstr((const char *)m[5].data, "  result.json") - 64;
    assert_non_null(result);
    memcpy(result, "\"same\"     ", 11);
    assert_ok(lk_bundle_open(&check, engine, bundle.data, bundle.size, &err));
    assert_false(check.inputs_unchanged || check.reproduced);
    assert_non_null(strstr(check.problem, "result.json"));
    digest_sha256_hex(hex, m[4].data, m[4].size);
    memcpy(line, hex, 64);
    assert_ok(lk_bundle_open(&check, engine, bundle.data, bundle.size, &err));
    assert_true(check.inputs_unchanged && !check.reproduced);
    assert_string_equal(check.problem, "verified again, the result is another one");
    assert_string_equal(check.verdict, "different");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_again),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_result_is_made_again),
    };
    return cmocka_run_group_tests(tests, make_bundle, release_bundle);
}
