/* SPDX-License-Identifier: Apache-2.0 */
/* Each effect of the camera simulator does what it is named for, by as much as its setting says. */
#include "tests/unit/simulate_setting.h"

#include <math.h>

#include "base/compiler.h"

static double mean_of(const lk_image *image, int32_t channel) {
    double sum = 0;
    for (int32_t i = 0; i < image->width * image->height; i++) {
        sum += image->data[3 * i + channel];
    }
    return sum / (image->width * image->height);
}

static double deviation_of(const lk_image *image) {
    double mean = mean_of(image, 1), sum = 0;
    for (int32_t i = 0; i < image->width * image->height; i++) {
        sum += (image->data[3 * i + 1] - mean) * (image->data[3 * i + 1] - mean);
    }
    return sqrt(sum / (image->width * image->height));
}

/* Mean distance of neighbours in a row: what blur takes away. */
static double detail_of(const lk_image *image, int32_t dx, int32_t dy) {
    double sum = 0;
    for (int32_t y = 0; y + dy < image->height; y++) {
        for (int32_t x = 0; x + dx < image->width; x++) {
            sum += abs(image_row(image, y)[3 * x] - image_row(image, y + dy)[3 * (x + dx)]);
        }
    }
    return sum / (image->width * image->height);
}

/* A gray picture that fills the photo, taken with the default camera and one setting. */
static void take_gray(lk_image *out, struct setting *s, const char *set, const char *more) {
    lk_error err;
    lk_image picture;
    double homography[9];
    lk_simulator c = lk_simulator_default(128, 128);
    plain_picture(&picture, 64, 64, 128);
    assert_ok(lk_simulator_set(&c, "cover=1.5", &err));
    assert_ok(lk_simulator_set(&c, set, &err));
    assert_ok(lk_simulator_set(&c, more, &err));
    assert_ok(lk_simulate(out, homography, s->engine, &picture, &c, NULL, &err));
    lk_image_release(&picture);
}

/* What a setting does to a gray photo, as a number, must lie between two bounds. */
static double red(const lk_image *i) {
    return mean_of(i, 0);
}
static double green(const lk_image *i) {
    return mean_of(i, 1);
}
static double blue(const lk_image *i) {
    return mean_of(i, 2);
}
static double middle(const lk_image *i) {
    return image_row(i, 64)[3 * 64];
}
static double corner(const lk_image *i) {
    return image_row(i, 0)[0];
}
static double right_side(const lk_image *i) {
    return image_row(i, 64)[3 * 127];
}
static double left_side(const lk_image *i) {
    return image_row(i, 64)[0];
}

static void test_effects_on_gray(void **state) {
    static const struct {
        const char *set, *more;
        double (*measure)(const lk_image *image);
        double low, high;
    } rows[] = {
        {"gamma=1", "gamma=1", green, 128, 128}, /* nothing: the level comes back */
        {"gamma=1", "gamma=1", deviation_of, 0, 0},
        {"exposure=2", "gamma=1", green, 174.5, 176.5}, /* twice the light of level 128 is 175.6 */
        {"exposure=0.5", "gamma=1", green, 92, 93},     /* 92.2 */
        {"warmth=0.2", "gamma=1", red, 138, 140},       /* 138.9 */
        {"warmth=0.2", "gamma=1", blue, 115, 117},
        {"warmth=0.2", "gamma=1", green, 128, 128},
        {"tint=0.2", "gamma=1", green, 138, 140},
        {"gamma=2", "gamma=2", green, 63.5, 64.5},     /* 255 (128/255)^2 = 64.3 */
        {"contrast=2", "exposure=2", green, 222, 226}, /* 127.5 + 2 (175.6 - 127.5) = 223.7 */
        {"saturation=0", "warmth=0.3", red, 128, 131}, /* gray of its luma */
        {"vignette=0.5", "gamma=1", middle, 127, 128},
        {"vignette=0.5", "gamma=1", corner, 92, 94},
        {"light=0.5", "light_to_deg=0", right_side, 127, 128},
        {"light=0.5", "light_to_deg=0", left_side, 92, 94},
        {"glare=1", "glare_size=0.06", middle, 254, 255},
        {"glare=1", "glare_size=0.06", corner, 128, 129},
        {"shadow=0.5", "shadow_width=0.3", middle, 92, 94},
        {"shadow=0.5", "shadow_width=0.3", left_side, 128, 128},
        {"hidden=0.2", "hidden_reach=0.3", right_side, 0, 230},
        {"hidden=0.2", "hidden_reach=0.3", left_side, 128, 128},
        {"noise=0.02", "gamma=1", green, 127, 129},
        /* of light 0.2159, where the curve of sRGB has a slope of 274 levels: 274 * 0.02 sqrt(0.2159 + 0.002) = 2.56, rounded */
        {"noise=0.02", "gamma=1", deviation_of, 2.45, 2.7},
        {"moire=0.1", "moire_px=8", deviation_of, 4.0,
         4.4}, /* 0.1 * 0.2159 * 274 / sqrt 2 = 4.18 */
        {"moire=0.1", "moire_px=8", green, 127, 129},
        {"quality=5", "gamma=1", deviation_of, 0, 1},
    };
    struct setting *s = *state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        lk_image photo;
        take_gray(&photo, s, rows[i].set, rows[i].more);
        double value = rows[i].measure(&photo);
        if (!(value >= rows[i].low && value <= rows[i].high)) {
            fail_msg("row %d, %s %s: %g is not in %g..%g", (int)i, rows[i].set, rows[i].more, value,
                     rows[i].low, rows[i].high);
        }
        lk_image_release(&photo);
    }
}

static void take(lk_image *out, struct setting *s, const char *set, const char *more) {
    lk_error err;
    lk_image noise;
    double homography[9];
    assert_ok(lk_image_new(&noise, 100, 100, 3, 8, &err));
    pattern_fill(&noise, 5, 256);
    lk_simulator c = lk_simulator_default(160, 160);
    c.cover = 1.6;
    assert_ok(lk_simulator_set(&c, set, &err));
    assert_ok(lk_simulator_set(&c, more, &err));
    assert_ok(lk_simulate(out, homography, s->engine, &noise, &c, NULL, &err));
    lk_image_release(&noise);
}

static void test_blur_takes_detail(void **state) {
    struct setting *s = *state;
    lk_image sharp, blurred, across, small;
    take(&sharp, s, "blur_px=0", "motion_px=0");
    take(&blurred, s, "blur_px=2", "motion_px=0");
    take(&across, s, "motion_px=9", "motion_deg=0");
    take(&small, s, "resolution=0.3", "motion_px=0");
    assert_true(detail_of(&blurred, 1, 0) < 0.6 * detail_of(&sharp, 1, 0));
    assert_true(detail_of(&blurred, 0, 1) < 0.6 * detail_of(&sharp, 0, 1));
    assert_true(detail_of(&small, 1, 0) < 0.6 * detail_of(&sharp, 1, 0));
    /* A level streak takes more along itself than across. */
    assert_true(detail_of(&across, 1, 0) / detail_of(&sharp, 1, 0) <
                0.8 * detail_of(&across, 0, 1) / detail_of(&sharp, 0, 1));
    lk_image_release(&sharp);
    lk_image_release(&blurred);
    lk_image_release(&across);
    lk_image_release(&small);
}

/* What is around the picture is the ground: another kind, another photo; a background is seen there, and only there. */
static void test_ground(void **state) {
    struct setting *s = *state;
    lk_error err;
    lk_image photo, background, gray;
    double homography[9];
    uint64_t seen[6];
    plain_picture(&gray, 64, 64, 128);
    plain_picture(&background, 300, 100, 0);
    for (int32_t x = 0; x < 300 * 100; x++) {
        background.data[3 * x] = 250;
    }
    lk_simulator c = lk_simulator_default(96, 96);
    c.cover = 0.5;
    c.contact = 0;
    for (int32_t i = 0; i < 6; i++) {
        c.ground = i;
        assert_ok(lk_simulate(&photo, homography, s->engine, &gray, &c, NULL, &err));
        seen[i] = digest_of(photo.data, photo.stride * 96);
        assert_int_equal(image_row(&photo, 48)[3 * 48], 128);
        for (int32_t k = 0; k < i; k++) {
            assert_true(seen[k] != seen[i]);
        }
        lk_image_release(&photo);
    }
    assert_ok(lk_simulate(&photo, homography, s->engine, &gray, &c, &background, &err));
    assert_int_equal(image_row(&photo, 48)[3 * 48], 128);
    assert_int_equal(image_row(&photo, 5)[3 * 5], 250);
    assert_int_equal(image_row(&photo, 90)[3 * 5 + 1], 0);
    lk_image_release(&photo);
    c.contact = 1; /* dark at the picture's edge: the picture begins at 24 */
    assert_ok(lk_simulate(&photo, homography, s->engine, &gray, &c, &background, &err));
    assert_true(image_row(&photo, 48)[3 * 22] < 230 && image_row(&photo, 48)[3 * 2] == 250);
    lk_image_release(&photo);
    lk_image_release(&background);
    lk_image_release(&gray);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effects_on_gray),
        cmocka_unit_test(test_blur_takes_detail),
        cmocka_unit_test(test_ground),
    };
    return cmocka_run_group_tests(tests, make_setting, free_setting);
}
