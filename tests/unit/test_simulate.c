/* SPDX-License-Identifier: Apache-2.0 */
/* The camera simulator: its photos lie where the homography says, views are like photos, the same settings
 * give the same bytes, and the tables of settings hold. Digests pin the bytes across machines and compilers. */
#include "tests/unit/simulate_setting.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "image/resize.h"
#include "simulate/geometry.h"
#include "simulate/lighting.h"
#include "simulate/portable_math.h"

static void test_portable_math(void **state) {
    (void)state;
    for (int32_t i = -2000; i <= 2000; i++) {
        double x = i / 7.0, sine, cosine, radians = x * 3.14159265358979323846 / 180;
        portable_sin_cos(&sine, &cosine, x);
        assert_true(fabs(sine - sin(radians)) < 2e-15 * fmax(1, fabs(radians)));
        assert_true(fabs(cosine - cos(radians)) < 2e-15 * fmax(1, fabs(radians)));
        assert_true(fabs(portable_exp(x / 10) / exp(x / 10) - 1) < 1e-14);
        if (x > 0) {
            assert_true(fabs(portable_log(x) - log(x)) < 1e-15 * fmax(1, fabs(log(x))));
            assert_true(fabs(portable_pow(x, 1 / 2.4) / pow(x, 1 / 2.4) - 1) < 1e-14);
        }
    }
    portable_sin_cos(&(double){0}, &(double){0}, 1e9);
    assert_true(portable_exp(-1000) == 0);
    assert_true(portable_pow(0, 2) == 0);
}

/* A white disc of radius 5 around (x, y) on black. */
static void draw_disc(lk_image *image, double x, double y) {
    for (int32_t v = (int32_t)y - 6; v <= (int32_t)y + 6; v++) {
        for (int32_t u = (int32_t)x - 6; u <= (int32_t)x + 6; u++) {
            if ((u - x) * (u - x) + (v - y) * (v - y) <= 25) {
                memset(image_row(image, v) + 3 * u, 255, 3);
            }
        }
    }
}

/* The middle of the light within 12 pixels of (x, y). Levels, not light: sharp discs have the same middle in both. */
static void light_middle(double *mx, double *my, const uint8_t *rgb, int32_t width, int32_t height,
                         double x, double y) {
    double sum = 0;
    *mx = *my = 0;
    for (int32_t v = MAX((int32_t)y - 12, 0); v <= MIN((int32_t)y + 12, height - 1); v++) {
        for (int32_t u = MAX((int32_t)x - 12, 0); u <= MIN((int32_t)x + 12, width - 1); u++) {
            double weight = rgb[3 * (v * width + u)] > 60 ? rgb[3 * (v * width + u)] : 0;
            sum += weight;
            *mx += weight * u;
            *my += weight * v;
        }
    }
    assert_true(sum > 0);
    *mx /= sum;
    *my /= sum;
}

/* Discs of the picture lie in the photo where the homography says. A disc's middle is not exactly the middle of its picture in
 * perspective: over 10 pixels of 260 the difference stays below 0.05 pixels at 30 degrees. */
static void test_homography_is_true(void **state) {
    struct setting *s = *state;
    lk_error err;
    lk_image picture, photo, black;
    static const double at[4][2] = {{20, 20}, {180, 25}, {30, 230}, {170, 235}};
    plain_picture(&picture, 200, 260, 0);
    plain_picture(&black, 16, 16, 0);
    for (int32_t i = 0; i < 4; i++) {
        draw_disc(&picture, at[i][0], at[i][1]);
    }
    for (int32_t k = 0; k < 6; k++) {
        double homography[9], x, y, mx, my;
        lk_simulator c = lk_simulator_default(k % 2 ? 400 : 640, 512);
        c.tilt_deg = 6 * k;
        c.tilt_to_deg = 70 * k;
        c.turn_deg = -100 * k;
        c.aspect = k == 4 ? 0.7 : 0;
        c.resolution = k == 5 ? 0.6 : 1;
        c.offset_x = 0.01 * k;
        assert_ok(lk_simulate(&photo, homography, s->engine, &picture, &c, &black, &err));
        for (int32_t i = 0; i < 4; i++) {
            geometry_map(&x, &y, homography, at[i][0], at[i][1]);
            light_middle(&mx, &my, photo.data, photo.width, photo.height, x, y);
            assert_true(hypot(mx - x, my - y) < 0.3);
        }
        lk_image_release(&photo);
    }
    lk_image_release(&picture);
    lk_image_release(&black);
}

/* The corners span the share of the photo that was asked for, in its middle. */
static void test_cover(void **state) {
    (void)state;
    for (int32_t k = 0; k < 40; k++) {
        double h[9], low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};
        lk_simulator c = lk_simulator_default(300, 400);
        c.tilt_deg = 1.5 * k;
        c.tilt_to_deg = 33 * k;
        c.turn_deg = 17 * k;
        c.cover = 0.3 + 0.05 * k;
        geometry_find(h, &c, 200, 260);
        for (int32_t i = 0; i < 4; i++) {
            double p[2];
            geometry_map(&p[0], &p[1], h, (i & 1) * 199.0, (i >> 1) * 259.0);
            for (int32_t a = 0; a < 2; a++) {
                low[a] = fmin(low[a], p[a]);
                high[a] = fmax(high[a], p[a]);
            }
        }
        double share = fmax((high[0] - low[0] + 1) / 300, (high[1] - low[1] + 1) / 400);
        assert_true(fabs(share - c.cover) < 1e-6);
        assert_true(fabs((low[0] + high[0] + 1) / 2 - 150) < 1e-6);
        assert_true(fabs((low[1] + high[1] + 1) / 2 - 200) < 1e-6);
    }
}

/* A view is the photo with fewer rays: nearly the same picture. */
static void test_view_is_like_the_photo(void **state) {
    struct setting *s = *state;
    lk_error err;
    static uint8_t view[128 * 128 * 3];
    lk_image smooth, ground; /* a given one: what is drawn for photos has its own seed */
    assert_ok(lk_image_new(&smooth, 200, 260, 3, 8, &err));
    pattern_fill(&smooth, 1, 0);
    plain_picture(&ground, 16, 16, 150);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        lk_image photo;
        double homography[9], sum = 0;
        lk_simulator c = lk_simulator_draw_view(seed, 0.4, 128, 128, &smooth);
        c.noise = 0;
        c.quality = 0;
        c.blur_px = fmax(c.blur_px, 1);
        assert_ok(lk_simulate_view(view, s->scratch, &smooth, &c, &ground, &err));
        assert_ok(lk_simulate(&photo, homography, s->engine, &smooth, &c, &ground, &err));
        for (int32_t i = 0; i < 128 * 128 * 3; i++) {
            sum += abs(view[i] - photo.data[i]);
        }
        if (sum / sizeof view > 1) {
            fail_msg("seed %d: %g levels apart", (int)seed, sum / sizeof view);
        }
        lk_image_release(&photo);
    }
    lk_image_release(&smooth);
    lk_image_release(&ground);
}

/* The mean distance of what our quantisation and the codec leave of image, and in *loss what the codec takes. */
static double jpeg_apart(double *loss, struct setting *s, const lk_image *image, int32_t quality) {
    lk_error err;
    struct store planes = {0};
    lk_image ours, theirs;
    lk_bytes jpeg;
    double apart = 0, count = 3.0 * image->width * image->height;
    *loss = 0;
    assert_ok(image_clone(&ours, image, &err));
    assert_ok(jpeg_quantise(ours.data, image->width, image->height, quality, &planes, &err));
    assert_ok(lk_image_encode(&jpeg, image, s->engine, "jpeg", quality, &err));
    assert_ok(lk_image_decode(&theirs, NULL, s->engine, jpeg.data, jpeg.size, "jpeg", NULL, &err));
    for (int32_t i = 0; i < 3 * image->width * image->height; i++) {
        apart += abs(ours.data[i] - theirs.data[i]);
        *loss += abs(image->data[i] - theirs.data[i]);
    }
    *loss /= count;
    lk_bytes_release(&jpeg);
    lk_image_release(&theirs);
    lk_image_release(&ours);
    mem_free(planes.data);
    return apart / count;
}

/* The same blocks and steps as the codec's: of a gray picture the same is left but for rounding. Of colours, which are noise
 * here, a decoder's way of bringing halved chroma back makes a difference that is smaller than the loss where there is one. */
static void test_marks_of_jpeg(void **state) {
    struct setting *s = *state;
    lk_error err;
    lk_image colour, gray;
    double homography[9], loss;
    lk_simulator c = lk_simulator_default(120, 104);
    c.cover = 1.6;
    c.blur_px = 1.5;
    assert_ok(lk_simulate(&colour, homography, s->engine, &s->picture, &c, NULL, &err));
    assert_ok(image_clone(&gray, &colour, &err));
    for (int32_t i = 0; i < 120 * 104; i++) {
        memset(gray.data + 3 * i, gray.data[3 * i + 1], 3);
    }
    for (int32_t quality = 10; quality <= 100; quality += 15) {
        double apart = jpeg_apart(&loss, s, &gray, quality);
        if (apart > 0.3) {
            fail_msg("gray, quality %d: %g levels apart", quality, apart);
        }
        apart = jpeg_apart(&loss, s, &colour, quality);
        if (quality <= 70 && apart > 0.8 * loss) {
            fail_msg("quality %d: %g levels apart, the codec loses %g", quality, apart, loss);
        }
    }
    lk_image_release(&colour);
    lk_image_release(&gray);
}

static void test_clean_view(void **state) {
    struct setting *s = *state;
    lk_error err;
    static uint8_t view[300 * 300 * 3];
    static const int32_t sizes[][2] = {{128, 128}, {28, 28}, {224, 224}, {200, 260}, {300, 17}};
    for (size_t k = 0; k < ARRAY_COUNT(sizes); k++) {
        lk_image right;
        int32_t width = sizes[k][0], height = sizes[k][1];
        assert_ok(lk_clean_view(view, width, height, s->scratch, &s->picture, &err));
        assert_ok(
            image_resize(&right, s->engine, &s->picture, width, height, RESIZE_BILINEAR, &err));
        for (int32_t i = 0; i < width * height * 3; i++) {
            assert_true(abs(view[i] - right.data[i]) <= 1);
        }
        lk_image_release(&right);
    }
}

/* The same on every machine, compiler and instruction set: these numbers never change unless the simulator does. */
static void test_bytes_are_pinned(void **state) {
    struct setting *s = *state;
    lk_error err;
    static uint8_t view[128 * 128 * 3], again[128 * 128 * 3];
    lk_image photo;
    double homography[9];
    uint64_t digest = 0;
    lk_view_scratch *other;
    assert_ok(lk_view_scratch_new(&other, &err));
    for (uint64_t seed = 1; seed <= 200; seed++) {
        lk_simulator c = lk_simulator_draw_view(seed, (double)seed / 200, 128, 128, &s->picture);
        const lk_image *background = seed % 5 == 0 ? &s->picture : NULL;
        assert_ok(lk_simulate_view(view, s->scratch, &s->picture, &c, background, &err));
        assert_ok(lk_simulate_view(again, other, &s->picture, &c, background, &err));
        assert_memory_equal(view, again, sizeof view);
        digest = digest * 31 + digest_of(view, sizeof view);
    }
    lk_view_scratch_free(other);
    lk_simulator c = lk_simulator_draw(3, 0.5, 300, 200);
    c.quality = 0; /* the codec's own bytes are its own matter */
    assert_ok(lk_simulate(&photo, homography, s->engine, &s->picture, &c, NULL, &err));
    uint64_t taken = digest_of(photo.data, photo.stride * 200);
    lk_image_release(&photo);
    if (digest != 0xd31e3a203d7322a0u || taken != 0x22b237f56deb52a3u) {
        fail_msg("views 0x%llx, photo 0x%llx", (unsigned long long)digest,
                 (unsigned long long)taken);
    }
}

struct worker {
    const lk_image *picture;
    uint64_t digest;
    bool failed;
};

static void *make_views(void *arg) {
    struct worker *w = arg;
    static _Thread_local uint8_t view[64 * 64 * 3];
    lk_view_scratch *scratch;
    w->failed = lk_view_scratch_new(&scratch, NULL) != LK_OK;
    for (uint64_t seed = 1; seed <= 60 && !w->failed; seed++) {
        lk_simulator c = lk_simulator_draw_view(seed, 0.6, 64, 64, w->picture);
        w->failed = lk_simulate_view(view, scratch, w->picture, &c, w->picture, NULL) != LK_OK;
        w->digest = w->digest * 31 + digest_of(view, sizeof view);
    }
    lk_view_scratch_free(scratch);
    return NULL;
}

static void test_threads_have_own_scratch(void **state) {
    struct setting *s = *state;
    struct worker workers[4];
    pthread_t threads[4];
    for (int32_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){.picture = &s->picture};
        assert_int_equal(pthread_create(&threads[i], NULL, make_views, &workers[i]), 0);
    }
    for (int32_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(workers[i].failed);
        assert_true(workers[i].digest == workers[0].digest);
    }
}

/* Threads of the engine do not change a photo. */
static void test_engine_threads(void **state) {
    struct setting *s = *state;
    lk_error err;
    uint64_t digests[2];
    for (int32_t i = 0; i < 2; i++) {
        lk_engine_options options = lk_engine_options_default();
        lk_engine *engine;
        lk_image photo;
        double homography[9];
        options.threads = i + 1;
        assert_ok(lk_engine_new(&engine, &options, &err));
        lk_simulator c = lk_simulator_draw(11, 0.7, 333, 222);
        assert_ok(lk_simulate(&photo, homography, engine, &s->picture, &c, NULL, &err));
        digests[i] = digest_of(photo.data, photo.stride * 222);
        lk_image_release(&photo);
        lk_engine_free(engine);
    }
    assert_true(digests[0] == digests[1]);
}

/* Every drawn camera is one that can be used, and the least and greatest value of each setting too. */
static void test_all_settings_work(void **state) {
    struct setting *s = *state;
    lk_error err;
    static uint8_t view[96 * 64 * 3];
    for (uint64_t seed = 0; seed < 400; seed++) {
        lk_simulator c = lk_simulator_draw(seed, (double)(seed % 5) / 4, 96, 64);
        assert_ok(lk_simulate_view(view, s->scratch, &s->picture, &c, NULL, &err));
    }
    for (size_t i = 0; i < lk_simulator_setting_count(); i++) {
        const lk_simulator_setting *row = lk_simulator_setting_at(i);
        for (int32_t k = 0; k < 2 && row->kind != LK_CAMERA_CHOICE; k++) {
            char text[64];
            lk_simulator c = lk_simulator_draw(i, 1, 96, 64);
            snprintf(text, sizeof text, "%s=%.17g", row->name, k ? row->max : row->min);
            assert_ok(lk_simulator_set(&c, text, &err));
            assert_true(lk_simulator_get(&c, row) == (k ? row->max : row->min));
            assert_ok(lk_simulate_view(view, s->scratch, &s->picture, &c, &s->picture, &err));
        }
    }
}

static void test_bad_settings(void **state) {
    struct setting *s = *state;
    lk_error err;
    static uint8_t view[64 * 64 * 3];
    static const char *const bad[] = {"tilt_deg=61",
                                      "tilt_deg=-1",
                                      "tilt_deg=nan",
                                      "tilt_deg=",
                                      "tilt_deg=1x",
                                      "tilt_deg",
                                      "tilt=1",
                                      "",
                                      "ground=grass",
                                      "ground=",
                                      "quality=50.5",
                                      "quality=101",
                                      "=3"};
    lk_simulator c = lk_simulator_default(64, 64), broken = c;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_refused(LK_E_USAGE, lk_simulator_set(&c, bad[i], &err));
    }
    assert_ok(lk_simulator_set(&c, "ground=tiles", &err));
    assert_int_equal(c.ground, 3);
    broken.cover = (double)NAN;
    assert_refused(LK_E_USAGE,
                   lk_simulate_view(view, s->scratch, &s->picture, &broken, NULL, &err));
    broken = c;
    broken.ground = 6;
    assert_refused(LK_E_USAGE,
                   lk_simulate_view(view, s->scratch, &s->picture, &broken, NULL, &err));
    broken = c;
    broken.width = 7;
    assert_refused(LK_E_USAGE,
                   lk_simulate_view(view, s->scratch, &s->picture, &broken, NULL, &err));
    lk_image gray, out;
    double homography[9];
    assert_ok(lk_image_new(&gray, 64, 64, 1, 8, &err));
    memset(gray.data, 9, gray.stride * 64);
    assert_refused(LK_E_USAGE, lk_simulate_view(view, s->scratch, &gray, &c, NULL, &err));
    assert_refused(LK_E_USAGE, lk_simulate_view(view, s->scratch, &s->picture, &c, &gray, &err));
    assert_ok(lk_simulate(&out, homography, s->engine, &gray, &c, &gray, &err)); /* converts */
    lk_image_release(&out);
    gray.width = gray.height = 15;
    assert_refused(LK_E_USAGE, lk_simulate(&out, homography, s->engine, &gray, &c, NULL, &err));
    lk_image_release(&gray);
    broken = c;
    broken.width = broken.height = 60000;
    assert_refused(LK_E_LIMIT,
                   lk_simulate(&out, homography, s->engine, &s->picture, &broken, NULL, &err));
    assert_string_equal(err.limit, "pixels");
    broken.width = broken.height = 9000;
    assert_refused(LK_E_LIMIT,
                   lk_simulate(&out, homography, s->engine, &s->picture, &broken, NULL, &err));
    assert_string_equal(err.limit, "memory_bytes");
}

/* The engine's limits and its stop are the photo's. */
static void test_engine_limits(void **state) {
    struct setting *s = *state;
    lk_error err;
    lk_engine *engine;
    lk_image out;
    double homography[9];
    int stop = 0;
    lk_engine_options options = lk_engine_options_default();
    options.limits.memory_bytes = 1 << 20; /* the photo 320,000, the picture 832,000 */
    options.stop = &stop;
    lk_simulator c = lk_simulator_default(100, 100);
    assert_ok(lk_engine_new(&engine, &options, &err));
    assert_refused(LK_E_LIMIT, lk_simulate(&out, homography, engine, &s->picture, &c, NULL, &err));
    assert_string_equal(err.limit, "memory_bytes");
    c.width = c.height = 50;
    assert_ok(lk_simulate(&out, homography, engine, &s->picture, &c, NULL, &err));
    lk_image_release(&out);
    stop = 1;
    assert_refused(LK_E_CANCELLED,
                   lk_simulate(&out, homography, engine, &s->picture, &c, NULL, &err));
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_portable_math),
        cmocka_unit_test(test_homography_is_true),
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_view_is_like_the_photo),
        cmocka_unit_test(test_marks_of_jpeg),
        cmocka_unit_test(test_clean_view),
        cmocka_unit_test(test_bytes_are_pinned),
        cmocka_unit_test(test_threads_have_own_scratch),
        cmocka_unit_test(test_engine_threads),
        cmocka_unit_test(test_all_settings_work),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_engine_limits),
    };
    return cmocka_run_group_tests(tests, make_setting, free_setting);
}
