/* SPDX-License-Identifier: Apache-2.0 */
/* Coloured stripes are found at any angle and period, whatever the kind of samples; what is woven, printed, laid, written or
 * noisy is none; and a photo of a thing shown on a screen is warned of, its verdict left as it is. */
#include "tests/unit/harness.h"

#include <likeness/simulate.h>
#include <likeness/verify.h>
#include <math.h>

#include "base/compiler.h"
#include "image/image.h"
#include "tests/unit/drawn_scene.h"
#include "tests/unit/pattern.h"
#include "verify/screen.h"

static lk_engine *engine;

static int open_engine(void **state) {
    (void)state;
    return lk_engine_new(&engine, NULL, NULL) == LK_OK ? 0 : -1;
}

static int close_engine(void **state) {
    (void)state;
    lk_engine_free(engine);
    return 0;
}

/* One drawing: light of colour c (0 red, 1 green, 2 blue) at (u, v), which count waves, -1..1. */
typedef double draw_light(double u, double v, int32_t c);

static double stripes(double u, double v, int32_t c) {
    (void)v;
    return cos(2 * M_PI * (u - c / 3.0));
}

static double gray_stripes(double u, double v, int32_t c) {
    (void)v;
    (void)c;
    return cos(2 * M_PI * u);
}

static double yellow_stripes(double u, double v, int32_t c) {
    return c == 2 ? -0.3 : gray_stripes(u, v, c);
}

/* Dots of one ink, as a printing screen and a coloured weave have them. */
static double blue_dots(double u, double v, int32_t c) {
    return c == 2 ? (cos(2 * M_PI * u) + cos(2 * M_PI * v)) / 2 : 0;
}

static double plain(double u, double v, int32_t c) {
    (void)u;
    (void)v;
    return c * 0.2;
}

static const struct row {
    const char *name;
    draw_light *light;
    double period, deg, strength; /* in pixels; in levels */
    int32_t noise;                /* in levels */
    int32_t width, height, depth, channels;
    int32_t least, most; /* patches that are striped */
} rows[] = {
    {"resolved", stripes, 3.3, 4, 50, 6, 400, 300, 8, 3, 9, 9},
    {"faint", stripes, 3.3, 4, 4, 6, 400, 300, 8, 3, 9, 9},
    {"moire", stripes, 11.7, 33, 12, 12, 400, 300, 8, 3, 9, 9},
    {"almost upright", stripes, 2.7, 88, 30, 6, 256, 256, 8, 3, 9, 9},
    {"16 bits and alpha", stripes, 4.3, 11, 30, 6, 400, 300, 16, 4, 9, 9},
    {"fainter than noise", stripes, 3.3, 4, 0.2, 12, 400, 300, 8, 3, 0, 1},
    {"wide", stripes, 40, 20, 50, 6, 400, 300, 8, 3, 0, 0},
    {"along the rows", stripes, 3.3, 90, 50, 6, 400, 300, 8, 3, 0, 0},
    {"as blocks of JPEG", stripes, 4 * M_SQRT2, 45, 50, 6, 400, 300, 8, 3, 0, 0},
    {"gray stripes", gray_stripes, 3.3, 4, 50, 6, 400, 300, 8, 3, 0, 0},
    {"gray stripes between colours", yellow_stripes, 30, 4, 50, 6, 400, 300, 8, 3, 0, 0},
    {"dots", blue_dots, 4.3, 15, 50, 6, 400, 300, 8, 3, 0, 0},
    {"dots, fine", blue_dots, 2.6, 37, 50, 6, 400, 300, 8, 3, 0, 0},
    {"plain", plain, 3, 0, 50, 0, 400, 300, 8, 3, 0, 0},
    {"noise", plain, 3, 0, 50, 80, 400, 300, 8, 3, 0, 0},
};

static lk_image draw(const struct row *r) {
    lk_image image;
    lk_error err;
    double fx = cos(r->deg * M_PI / 180) / r->period, fy = sin(r->deg * M_PI / 180) / r->period;
    assert_ok(lk_image_new(&image, r->width, r->height, r->channels, r->depth, &err));
    for (int32_t y = 0; y < r->height; y++) {
        for (int32_t x = 0; x < r->width; x++) {
            for (int32_t c = 0; c < r->channels; c++) {
                double light = r->light(x * fx + y * fy, y * fx - x * fy, c);
                int32_t noise = pattern_noise((uint32_t)x, (uint32_t)y, (uint32_t)c, 5) - 128;
                double level = 120 + r->strength * light + noise * r->noise / 128.0;
                size_t at = (size_t)x * (size_t)r->channels + (size_t)c;
                if (r->depth == 16) {
                    uint16_t *row = (uint16_t *)(void *)image_row(&image, y);
                    row[at] = c == 3 ? 65535 : (uint16_t)lround(level * 257);
                } else {
                    image_row(&image, y)[at] = (uint8_t)lround(level);
                }
            }
        }
    }
    return image;
}

static void test_rows(void **state) {
    (void)state;
    lk_error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct screen s;
        lk_image image = draw(&rows[i]);
        assert_ok(screen_measure(&s, engine, &image, &err));
        assert_int_equal(s.patches, SCREEN_PATCHES);
        if (s.striped < rows[i].least || s.striped > rows[i].most) {
            fail_msg("%s: %d patches are striped", rows[i].name, s.striped);
        }
        assert_int_equal(screen_is_shown(&s), rows[i].least > 0);
        lk_image_release(&image);
    }
}

/* Stripes that a thing has in one place are no screen. */
static void test_in_one_place(void **state) {
    (void)state;
    lk_error err;
    struct screen s;
    struct row striped = rows[0], without = rows[0];
    striped.width = without.width = 600;
    striped.height = without.height = 600;
    without.light = plain;
    lk_image image = draw(&striped), rest = draw(&without);
    for (int32_t y = 200; y < 600; y++) { /* but the upper three patches */
        memcpy(image_row(&image, y), image_row(&rest, y), 600 * 3);
    }
    assert_ok(screen_measure(&s, engine, &image, &err));
    assert_int_equal(s.striped, 3);
    assert_false(screen_is_shown(&s));
    lk_image_release(&image);
    lk_image_release(&rest);
}

/* Too small to hold nine patches, or without colour: nothing is asked. */
static void test_not_asked(void **state) {
    (void)state;
    lk_error err;
    struct screen s;
    struct row r = rows[0];
    r.width = 255;
    lk_image image = draw(&r), dot;
    assert_ok(screen_measure(&s, engine, &image, &err));
    assert_int_equal(s.patches, 0);
    lk_image_release(&image);
    r = rows[0];
    r.channels = 1;
    image = draw(&r);
    assert_ok(screen_measure(&s, engine, &image, &err));
    assert_int_equal(s.patches, 0);
    lk_image_release(&image);
    assert_ok(lk_image_new(&dot, 1, 1, 3, 8, &err));
    assert_ok(screen_measure(&s, engine, &dot, &err));
    assert_false(screen_is_shown(&s));
    lk_image_release(&dot);
}

enum { SAMPLES = 3 }; /* of a screen's pixel, a colour each */

static lk_image show_on_screen(const lk_image *picture) {
    lk_image out;
    lk_error err;
    assert_ok(lk_image_new(&out, picture->width * SAMPLES, picture->height * SAMPLES, 3, 8, &err));
    for (int32_t y = 0; y < out.height; y++) {
        for (int32_t x = 0; x < out.width; x++) {
            uint8_t *to = image_row(&out, y) + 3 * x;
            memset(to, 0, 3);
            to[x % SAMPLES] = image_row(picture, y / SAMPLES)[3 * (x / SAMPLES) + x % SAMPLES];
        }
    }
    return out;
}

static lk_verification verify_photo_of(const lk_image *shown, const lk_image *reference,
                                       double exposure) {
    lk_verification v;
    lk_image photo;
    lk_error err;
    double homography[9];
    lk_simulator camera = lk_simulator_draw(3, 0.1, 2300, 1840);
    camera.exposure = exposure;
    camera.glare = camera.hidden = camera.shadow = 0;
    camera.quality = 90;
    assert_ok(lk_simulate(&photo, homography, engine, shown, &camera, NULL, &err));
    assert_ok(lk_verify(&v, engine, reference, &photo, NULL, &err));
    lk_image_release(&photo);
    return v;
}

static bool warns(const lk_verification *v) {
    for (int32_t i = 0; i < v->comparison.warning_count; i++) {
        if (strcmp(v->comparison.warnings[i].code, "screen") == 0) {
            return true;
        }
    }
    return false;
}

static void test_a_verdict_warns(void **state) {
    (void)state;
    lk_image scene = scene_make(1, 0), screen = show_on_screen(&scene);
    lk_verification v = verify_photo_of(&screen, &scene, 3);
    assert_int_equal(v.verdict, LK_SAME);
    assert_true(warns(&v));
    lk_verification_release(&v);
    v = verify_photo_of(&scene, &scene, 1);
    assert_int_equal(v.verdict, LK_SAME);
    assert_false(warns(&v));
    lk_verification_release(&v);
    lk_image_release(&scene);
    lk_image_release(&screen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_in_one_place),
        cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_a_verdict_warns),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
