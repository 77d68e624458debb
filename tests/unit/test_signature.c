/* SPDX-License-Identifier: Apache-2.0 */
/* Every hash against the values of tests/oracle/hash, bit for bit, and what the hashes refuse. */
#include "tests/unit/harness.h"

#include <unistd.h>

#include "base/rng.h"
#include "tests/unit/pattern.h"

static const struct {
    const char *picture, *hash, *text;
} hash_values[] = {
#include "tests/oracle/hash/hash_values.inc"
};

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

/* false: a photo that is not there. */
static bool make_picture(lk_image *out, const char *picture) {
    lk_error err;
    int width, height, channels, share;
    char name[256], path[512];
    if (sscanf(picture, "pattern %d %d %d %d", &width, &height, &channels, &share) == 4) {
        assert_ok(lk_image_new(out, width, height, channels, 8, &err));
        pattern_fill(out, 1, share);
        return true;
    }
    snprintf(name, sizeof name, "data/%s", picture + strlen("photo "));
    if (access(shared_path(path, name), R_OK) != 0) {
        return false;
    }
    assert_ok(lk_image_load(out, NULL, engine, path, NULL, &err));
    return true;
}

static void check_value(const lk_image *image, size_t i) {
    lk_error err;
    lk_hash hash;
    char text[LK_HASH_TEXT_MAX];
    const char *name = hash_values[i].hash;
    bool quality = strcmp(name, "pdq_quality") == 0;
    assert_ok(lk_hash_compute(&hash, engine, image, lk_hash_find(quality ? "pdq" : name), 0, &err));
    lk_hash_text(text, sizeof text, &hash);
    if (quality) {
        snprintf(text, sizeof text, "%d", hash.quality);
    }
    if (strcmp(text, hash_values[i].text) != 0) {
        fail_msg("%s %s: got %s, want %s", hash_values[i].picture, name, text, hash_values[i].text);
    }
}

static void test_oracle(void **state) {
    (void)state;
    size_t n = sizeof hash_values / sizeof *hash_values, missing = 0;
    for (size_t i = 0; i < n;) {
        lk_image image = {0};
        bool there = make_picture(&image, hash_values[i].picture);
        const char *picture = hash_values[i].picture;
        for (; i < n && strcmp(hash_values[i].picture, picture) == 0; i++) {
            if (there) {
                check_value(&image, i);
            }
            missing += !there;
        }
        lk_image_release(&image);
    }
    if (missing) {
        print_message("%zu of %zu values skipped: no LIKENESS_DATA\n", missing, n);
    }
}

/* Threads and instruction sets change nothing. */
static void test_same_for_every_engine(void **state) {
    (void)state;
    lk_error err;
    lk_image image;
    lk_engine_options options = lk_engine_options_default();
    lk_engine *plain;
    options.cpu = "c";
    options.threads = 1;
    assert_ok(lk_engine_new(&plain, &options, &err));
    assert_ok(lk_image_new(&image, 333, 222, 3, 8, &err));
    pattern_fill(&image, 5, 40);
    for (size_t i = 0; i < lk_hash_count(); i++) {
        lk_hash a, b;
        int32_t distance;
        assert_ok(lk_hash_compute(&a, engine, &image, lk_hash_at(i), 0, &err));
        assert_ok(lk_hash_compute(&b, plain, &image, lk_hash_at(i), 0, &err));
        assert_memory_equal(a.data, b.data, sizeof a.data);
        assert_ok(lk_hash_distance(&distance, &a, &b, &err));
        assert_int_equal(distance, 0);
    }
    lk_image_release(&image);
    lk_engine_free(plain);
}

static void test_sizes(void **state) {
    (void)state;
    lk_error err;
    lk_image image;
    lk_hash small, large;
    char text[LK_HASH_TEXT_MAX];
    int32_t distance;
    assert_ok(lk_image_new(&image, 100, 80, 3, 8, &err));
    pattern_fill(&image, 6, 40);
    assert_ok(lk_hash_compute(&large, engine, &image, lk_hash_find("phash"), 32, &err));
    lk_hash_text(text, sizeof text, &large);
    assert_int_equal(strlen(text), 256);
    assert_ok(lk_hash_compute(&small, engine, &image, lk_hash_find("phash"), 8, &err));
    assert_refused(LK_E_USAGE, lk_hash_distance(&distance, &small, &large, &err));
    assert_refused(LK_E_USAGE,
                   lk_hash_compute(&small, engine, &image, lk_hash_find("phash"), 7, &err));
    assert_refused(LK_E_USAGE,
                   lk_hash_compute(&small, engine, &image, lk_hash_find("pdq"), 8, &err));
    assert_null(lk_hash_find("nonsense"));
    assert_ptr_equal(lk_hash_find("ahash"), lk_hash_find("average"));
    lk_image_release(&image);
}

/* Text and back, for every hash; and text that no hash prints. */
static void test_parse(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "12",
                                        "0123456789abcdeg",
                                        "0123456789ABCDEF",
                                        ",",
                                        "0123456789abcdef,",
                                        "0123456789abcdef0"};
    lk_error err;
    lk_image image;
    lk_hash hash, back;
    char text[LK_HASH_TEXT_MAX];
    assert_ok(lk_image_new(&image, 333, 301, 3, 8, &err));
    pattern_fill(&image, 1, 40);
    for (size_t i = 0; i < lk_hash_count(); i++) {
        const lk_hash_info *info = lk_hash_at(i);
        assert_ok(lk_hash_compute(&hash, engine, &image, info, 0, &err));
        lk_hash_text(text, sizeof text, &hash);
        assert_ok(lk_hash_parse(&back, info, text, &err));
        assert_int_equal(back.bits, hash.bits);
        assert_int_equal(back.segments, hash.segments);
        assert_memory_equal(back.data, hash.data, sizeof hash.data);
        for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
            assert_refused(LK_E_USAGE, lk_hash_parse(&back, info, wrong[w], &err));
        }
    }
    assert_refused(LK_E_USAGE,
                   lk_hash_parse(&back, lk_hash_find("colorhash"), "fffffffffff", &err));
    assert_refused(LK_E_USAGE, lk_hash_parse(&back, NULL, "0123456789abcdef", &err));
    assert_refused(LK_E_USAGE, lk_hash_compute(&hash, engine, &image, NULL, 0, &err));
    lk_image_release(&image);
}

/* Areas are counted, also where there is one alone; one with a partner is enough, as for ImageHash's matches(). */
static void test_segments(void **state) {
    (void)state;
    lk_error err;
    lk_hash one, three;
    int32_t distance;
    const lk_hash_info *info = lk_hash_find("crop_resistant");
    assert_ok(lk_hash_parse(&one, info, "00000000000000ff", &err));
    assert_ok(
        lk_hash_parse(&three, info, "ffffffffffffffff,ffffffffffff0000,000000000000ffff", &err));
    assert_ok(lk_hash_distance(&distance, &one, &three, &err));
    assert_int_equal(distance, 0);
    assert_int_equal(lk_hash_distance_max(&one), 1);
    assert_ok(lk_hash_distance(&distance, &three, &one, &err));
    assert_int_equal(distance, 2);
    assert_true(lk_hash_is_near(&three, distance));
    assert_false(lk_hash_is_near(&three, 3));
    assert_ok(lk_hash_parse(&three, info, "ffffffffffffffff", &err));
    assert_ok(lk_hash_distance(&distance, &three, &one, &err));
    assert_int_equal(distance, 1);
}

/* One pixel, one row, one column, 16 bits: defined for every hash. */
static void test_odd_pictures(void **state) {
    (void)state;
    static const int32_t shapes[][4] = {
        {1, 1, 1, 8}, {1, 90, 3, 8}, {90, 1, 4, 8}, {31, 17, 3, 16}, {6, 6, 4, 16}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        lk_error err;
        lk_image image;
        struct rng rng;
        rng_init(&rng, s);
        assert_ok(
            lk_image_new(&image, shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], &err));
        for (size_t i = 0; i < image.stride * (size_t)image.height; i++) {
            image.data[i] = (uint8_t)rng_below(&rng, 256);
        }
        for (size_t i = 0; i < lk_hash_count(); i++) {
            lk_hash hash;
            assert_ok(lk_hash_compute(&hash, engine, &image, lk_hash_at(i), 0, &err));
            assert_true(hash.bits > 0 && hash.segments >= 1);
        }
        lk_image_release(&image);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),   cmocka_unit_test(test_same_for_every_engine),
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_parse),
        cmocka_unit_test(test_segments), cmocka_unit_test(test_odd_pictures),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
