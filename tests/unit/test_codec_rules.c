/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for all formats: limits, facts, options, warnings, and the writers. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "tests/unit/codec_files.h"
#include "tests/unit/pattern.h"

static lk_engine *engine;

static lk_engine *engine_with(const char *limit, double value) {
    lk_engine *e;
    lk_error err;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    assert_ok(lk_limits_set(&options.limits, limit, value, &err));
    assert_ok(lk_engine_new(&e, &options, &err));
    return e;
}

/* The bytes must be refused by this limit. */
static void assert_limit(lk_engine *e, const char *limit, const void *bytes, size_t size,
                         const char *name) {
    lk_image image;
    lk_error err;
    assert_refused(LK_E_LIMIT, lk_image_decode(&image, NULL, e, bytes, size, name, NULL, &err));
    assert_string_equal(err.limit, limit);
    assert_string_equal(err.input, name);
    assert_null(image.data);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* 69 bytes: a whole IHDR of 30,000 x 30,000, an IDAT of a few bytes, IEND. */
static const uint8_t bomb[69] = {
    0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,   'I',  'H',
    'D',  'R',  0,    0,    0x75, 0x30, 0,    0,    0x75, 0x30, 8,    2,    0,    0,
    0,    0x6c, 0x5b, 0x3c, 0x2c, 0,    0,    0,    12,   'I',  'D',  'A',  'T',  0x78,
    0x9c, 0x63, 0,    1,    0,    0,    5,    0,    1,    0x0d, 0x0a, 0x2d, 0xb4, 0,
    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82, 0,    0,
};

static void test_bomb(void **state) {
    (void)state;
    lk_image image;
    lk_error err;
    double start = now_ms();
    assert_refused(LK_E_LIMIT, lk_image_decode(&image, NULL, engine, bomb, sizeof bomb, "bomb.png",
                                               NULL, &err));
    assert_true(now_ms() - start < 10);
    assert_string_equal(err.limit, "pixels");
    assert_string_equal(err.input, "bomb.png");
    assert_string_equal(err.text, "claims 30000 x 30000 = 900 MP, limit is 100 MP");
}

static void test_claims(void **state) {
    (void)state;
    static const char huge_pnm[] = "P6 100000 100000 255\n", wide_pnm[] = "P5 20000 2 255\n";
    static const char negative[] = "P5 0 2 255\n";
    lk_image image;
    lk_error err;
    assert_limit(engine, "pixels", huge_pnm, sizeof huge_pnm - 1, "huge.ppm");
    assert_limit(engine, "side", wide_pnm, sizeof wide_pnm - 1, "wide.pgm");
    assert_refused(LK_E_CORRUPT, lk_image_decode(&image, NULL, engine, (const uint8_t *)negative,
                                                 sizeof negative - 1, "none.pgm", NULL, &err));
}

/* Every picture is refused by a limit below its need, by name. */
static void test_each_limit(void **state) {
    (void)state;
    static const struct {
        const char *limit;
        double value;
        const char *name; /* NULL: all */
    } cases[] = {
        {"pixels", 100, NULL},
        {"side", 16, NULL},
        {"file_bytes", 100, NULL},
        {"memory_bytes", 100, NULL},
        {"metadata_bytes", 64, "p3.jpg"},
        {"metadata_bytes", 64, "rgb_8_p3.png"},
        {"metadata_bytes", 64, "p3.webp"},
        {"metadata_bytes", 64, "adobe_rgb.tiff"},
        {"cpu_s", 1e-9, "progressive.jpg"},
        {"cpu_s", 1e-9, "rgb_8.png"},
        {"cpu_s", 1e-9, "rgba_16_interlaced.png"},
        {"cpu_s", 1e-9, "rgb_raw.tiff"},
        {"cpu_s", 1e-9, "palette.tiff"},
        {"cpu_s", 1e-9, "P6_3_255.pnm"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lk_engine *e = engine_with(cases[i].limit, cases[i].value);
        for (size_t k = 0; k < PICTURES; k++) {
            if (cases[i].name && strcmp(cases[i].name, pictures[k].name) != 0) {
                continue;
            }
            lk_bytes bytes = picture_bytes(pictures[k].name);
            if (bytes.size > 100) { /* the smallest file passes file_bytes */
                assert_limit(e, cases[i].limit, bytes.data, bytes.size, pictures[k].name);
            }
            lk_bytes_release(&bytes);
        }
        lk_engine_free(e);
    }
}

static void assert_format_text(const char *bytes, size_t size, const char *part) {
    lk_image image;
    lk_error err;
    assert_refused(LK_E_FORMAT, lk_image_decode(&image, NULL, engine, (const uint8_t *)bytes, size,
                                                "x", NULL, &err));
    assert_non_null(strstr(err.text, part));
}

static void test_unknown(void **state) {
    (void)state;
    lk_image image;
    lk_image_info info;
    lk_error err;
    assert_format_text("", 0, "empty");
    assert_format_text("GIF89a\1\0\1\0", 10, "GIF");
    assert_format_text("BM1234567890", 12, "BMP");
    assert_format_text("%PDF-1.4", 8, "PDF");
    assert_format_text("hello, world", 12, "no picture format");
    assert_refused(LK_E_IO, lk_image_load(&image, NULL, engine, "/no/such.png", NULL, &err));
    assert_refused(LK_E_IO, lk_image_probe(&info, engine, "/no/such.png", &err));
    assert_string_equal(err.input, "/no/such.png");
}

static void test_cut_off_says_where(void **state) {
    (void)state;
    lk_image image;
    lk_error err;
    char expected[100];
    lk_bytes png = picture_bytes("gray_8.png"), jpeg = picture_bytes("rgb_444.jpg");
    assert_refused(LK_E_CORRUPT,
                   lk_image_decode(&image, NULL, engine, png.data, png.size - 12, "a", NULL, &err));
    snprintf(expected, sizeof expected, "PNG is cut off after %zu of at least %zu bytes",
             png.size - 12, png.size - 11);
    assert_string_equal(err.text, expected);
    assert_refused(LK_E_CORRUPT,
                   lk_image_decode(&image, NULL, engine, png.data, 100, "a", NULL, &err));
    assert_non_null(strstr(err.text, "PNG is cut off after 100 of at least "));
    assert_refused(LK_E_CORRUPT, lk_image_decode(&image, NULL, engine, jpeg.data, jpeg.size / 2,
                                                 "a", NULL, &err));
    snprintf(expected, sizeof expected, "JPEG is cut off after %zu bytes", jpeg.size / 2);
    assert_non_null(strstr(err.text, expected));
    lk_bytes_release(&png);
    lk_bytes_release(&jpeg);
}

static void test_trailing_bytes(void **state) {
    (void)state;
    static const char *const names[] = {"rgb_444.jpg", "progressive.jpg", "rgb_8.png",
                                        "rgb_16.png",  "lossy.webp",      "P6_3_255.pnm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        lk_error err;
        lk_image image;
        lk_image_info info;
        lk_bytes bytes = picture_bytes(names[i]);
        uint8_t *longer = calloc(bytes.size + 5, 1);
        assert_non_null(longer);
        memcpy(longer, bytes.data, bytes.size);
        assert_ok(
            lk_image_decode(&image, &info, engine, longer, bytes.size + 5, names[i], NULL, &err));
        if (info.trailing_bytes != 5) {
            fail_msg("%s: %d trailing bytes", names[i], (int)info.trailing_bytes);
        }
        lk_image_release(&image);
        lk_bytes_release(&bytes);
        free(longer);
    }
}

static void test_info(void **state) {
    (void)state;
    lk_error err;
    lk_image image;
    lk_image_info info;
    lk_bytes bytes = picture_bytes("adobe_rgb.jpg");
    char digest[65];
    digest_sha256_hex(digest, bytes.data, bytes.size);
    assert_ok(
        lk_image_decode(&image, &info, engine, bytes.data, bytes.size, "photo.png", NULL, &err));
    assert_string_equal(info.format, "jpeg");
    assert_string_equal(info.warning, "named .png but the content is jpeg");
    assert_string_equal(info.sha256, digest);
    assert_string_equal(info.icc_name, "Adobe RGB (test)");
    assert_true(info.has_icc && !info.is_cmyk && !info.has_alpha);
    assert_in_range(info.jpeg_quality, 89, 91);
    lk_image_release(&image);
    lk_load_options options = {.no_digest = true};
    assert_ok(lk_image_decode(&image, &info, engine, bytes.data, bytes.size, "-", &options, &err));
    assert_string_equal(info.sha256, "");
    assert_string_equal(info.warning, "");
    lk_image_release(&image);
    lk_bytes_release(&bytes);
    assert_ok(lk_image_probe(&info, engine, picture_path("cmyk.jpg"), &err));
    assert_true(info.is_cmyk && info.channels == 4);
    assert_ok(lk_image_probe(&info, engine, picture_path("gray_alpha_16.png"), &err));
    assert_true(info.has_alpha && info.channels == 2 && info.bit_depth == 16);
}

static void test_options(void **state) {
    (void)state;
    lk_error err;
    lk_image image, gray, luma;
    lk_image_info info;
    lk_load_options options = {.ignore_orientation = true};
    assert_ok(
        lk_image_load(&image, &info, engine, picture_path("orientation_6.jpg"), &options, &err));
    assert_int_equal(image.width, 23); /* as stored; info still tells of the upright picture */
    assert_int_equal(info.width, 17);
    lk_image_release(&image);

    options = (lk_load_options){.keep_profile = true};
    assert_ok(lk_image_load(&image, &info, engine, picture_path("adobe_rgb.tiff"), &options, &err));
    assert_ok(lk_image_load(&gray, NULL, engine, picture_path("rgb_raw.tiff"), NULL, &err));
    assert_int_equal(picture_hash(&image), picture_hash(&gray)); /* the same numbers without it */
    lk_image_release(&image);
    lk_image_release(&gray);

    options = (lk_load_options){.gray = true};
    assert_ok(lk_image_load(&luma, &info, engine, picture_path("rgb_444.jpg"), &options, &err));
    assert_ok(lk_image_load(&image, NULL, engine, picture_path("rgb_444.jpg"), NULL, &err));
    assert_ok(lk_image_to_gray(&gray, &image, &err));
    assert_int_equal(luma.channels, 1);
    for (int32_t y = 0; y < gray.height; y++) {
        for (int32_t x = 0; x < gray.width;
             x++) { /* clipping to RGB and rounding twice cost a bit */
            assert_true(abs(image_row(&gray, y)[x] - image_row(&luma, y)[x]) <= 3);
        }
    }
    lk_image_release(&luma);
    lk_image_release(&gray);
    lk_image_release(&image);
    assert_ok(lk_image_load(&luma, &info, engine, picture_path("p3.jpg"), &options, &err));
    assert_true(info.has_icc && luma.channels == 1 && info.warning[0] == '\0');
    lk_image_release(&luma);
}

/* Reduced decoding keeps the longer side at max_side or above. */
static void test_max_side(void **state) {
    (void)state;
    static const int32_t sides[][2] = {{0, 800},   {800, 800}, {401, 800}, {400, 400},
                                       {399, 400}, {100, 100}, {1, 100}};
    lk_error err;
    lk_image big, image;
    lk_bytes jpeg;
    assert_ok(lk_image_new(&big, 800, 500, 3, 8, &err));
    pattern_fill(&big, 1, 20);
    assert_ok(lk_image_encode(&jpeg, &big, engine, "jpeg", 80, &err));
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        lk_load_options options = {.max_side = sides[i][0]};
        lk_image_info info;
        assert_ok(
            lk_image_decode(&image, &info, engine, jpeg.data, jpeg.size, "a.jpg", &options, &err));
        assert_int_equal(image.width, sides[i][1]);
        assert_int_equal(info.width, 800);
        lk_image_release(&image);
    }
    lk_bytes_release(&jpeg);
    lk_image_release(&big);
}

static void assert_round_trip(int32_t channels, int32_t depth, const char *format) {
    lk_error err;
    lk_image image, again;
    lk_bytes bytes;
    assert_ok(lk_image_new(&image, 37, 21, channels, 8, &err));
    pattern_fill(&image, 3, 200);
    if (depth == 16) {
        lk_image deep;
        assert_ok(lk_image_new(&deep, 37, 21, channels, 16, &err));
        for (size_t i = 0; i < deep.stride / 2 * 21; i++) {
            ((uint16_t *)(void *)deep.data)[i] = (uint16_t)(image.data[i] * 257 ^ (i & 255));
        }
        lk_image_release(&image);
        image = deep;
    }
    assert_ok(lk_image_encode(&bytes, &image, engine, format, 100, &err));
    assert_ok(lk_image_decode(&again, NULL, engine, bytes.data, bytes.size, "a", NULL, &err));
    assert_int_equal(again.channels, channels);
    assert_int_equal(again.bit_depth, depth);
    if (strcmp(format, "jpeg") != 0) {
        assert_int_equal(picture_hash(&again), picture_hash(&image));
    }
    lk_image_release(&again);
    lk_image_release(&image);
    lk_bytes_release(&bytes);
}

static void test_writers(void **state) {
    (void)state;
    static const int32_t channels[] = {1, 3, 4};
    for (size_t i = 0; i < 3; i++) {
        for (int32_t depth = 8; depth <= 16; depth += 8) {
            assert_round_trip(channels[i], depth, "png");
            assert_round_trip(channels[i], depth, "pnm");
        }
    }
    assert_round_trip(1, 8, "jpeg");
    assert_round_trip(3, 8, "jpeg");
    lk_error err;
    lk_image image, again;
    lk_bytes bytes;
    assert_ok(lk_image_new(&image, 5, 4, 4, 8, &err));
    pattern_fill(&image, 3, 200);
    assert_refused(LK_E_USAGE, lk_image_encode(&bytes, &image, engine, "jpeg", 90, &err));
    assert_refused(LK_E_USAGE, lk_image_encode(&bytes, &image, engine, "gif", 90, &err));
    assert_refused(LK_E_USAGE, lk_image_save(&image, engine, "picture.gif", &err));
    assert_refused(LK_E_WRITE, lk_image_save(&image, engine, "/no/such/folder/a.png", &err));
    char path[] = "/tmp/likeness-codec-XXXXXX.png";
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    close(fd);
    assert_ok(lk_image_save(&image, engine, path, &err));
    assert_ok(lk_image_load(&again, NULL, engine, path, NULL, &err));
    assert_int_equal(picture_hash(&again), picture_hash(&image));
    unlink(path);
    lk_image_release(&again);
    lk_image_release(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_each_limit),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_cut_off_says_where),
        cmocka_unit_test(test_trailing_bytes),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_max_side),
        cmocka_unit_test(test_writers),
    };
    if (lk_engine_new(&engine, NULL, NULL) != LK_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_engine_free(engine);
    return failed;
}
