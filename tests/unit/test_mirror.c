/* SPDX-License-Identifier: Apache-2.0 */
/* A mirrored photo is told; a photo of a thing that is its own mirror image is not called one. */
#include "tests/unit/harness.h"

#include <unistd.h>

#include "base/rng.h"
#include "image/colour.h"
#include "image/draw.h"
#include "image/orient.h"
#include "image/warp.h"
#include "tests/unit/drawn_scene.h"
#include "tests/unit/pattern.h"

enum { WIDTH = SCENE_WIDTH, HEIGHT = SCENE_HEIGHT, MIRROR = 2, FLIP = 4 };

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

/* The picture as orientation says, then as a tilted, noisy photo or, without a map, as it is. */
static lk_image take(const lk_image *scene, int32_t orientation, const double *to_photo) {
    lk_error err;
    lk_image turned, photo;
    assert_ok(lk_image_new(&turned, scene->width, scene->height, 3, 8, &err));
    memcpy(turned.data, scene->data, scene->stride * (size_t)scene->height);
    assert_ok(orient_apply(&turned, orientation, &err));
    if (!to_photo) {
        pattern_disturb(&turned, 4);
        return turned;
    }
    assert_ok(image_warp(&photo, NULL, engine, &turned, to_photo, 700, 600, &err));
    pattern_disturb(&photo, 4);
    lk_image_release(&turned);
    return photo;
}

static bool is_called_mirrored(const lk_comparison *c) {
    for (int32_t i = 0; i < c->warning_count; i++) {
        if (strcmp(c->warnings[i].code, "mirrored") == 0) {
            assert_int_equal(c->verdict, LK_DIFFERENT);
            assert_int_equal(c->alignment.model, LK_ALIGN_NONE);
            assert_true(c->score <= 0.3);
            assert_non_null(strstr(c->reasons[0], "mirrored"));
            return true;
        }
    }
    return false;
}

struct answer {
    lk_verdict verdict;
    bool mirrored;
};

static struct answer ask(const lk_image *a, const lk_image *b, lk_align_mode mode) {
    lk_error err;
    lk_comparison c;
    lk_compare_options o = lk_compare_options_default();
    o.align = mode;
    o.measures = "identity";
    assert_ok(lk_compare(&c, engine, a, b, &o, &err));
    struct answer out = {c.verdict, is_called_mirrored(&c)};
    lk_comparison_release(&c);
    return out;
}

static const double tilted[9] = {0.9, 0.1, 60, -0.1, 1, 90, 0.0003, 0.0004, 1};

static void test_mirrored(void **state) {
    (void)state;
    static const int32_t orientations[] = {MIRROR, FLIP, 5, 7};
    lk_image scene = scene_make(1, 0);
    for (size_t i = 0; i < sizeof orientations / sizeof *orientations; i++) {
        lk_image as_is = take(&scene, orientations[i], NULL);
        lk_image photo = take(&scene, orientations[i], tilted);
        assert_true(ask(&scene, &as_is, LK_ALIGN_AUTO).mirrored);
        assert_true(ask(&scene, &photo, LK_ALIGN_AUTO).mirrored);
        lk_image_release(&as_is);
        lk_image_release(&photo);
    }
    lk_image_release(&scene);
}

static void test_not_mirrored(void **state) {
    (void)state;
    static const int32_t orientations[] = {1, 3, 6, 8};
    lk_image scene = scene_make(2, 0), other = scene_make(3, 0);
    for (size_t i = 0; i < sizeof orientations / sizeof *orientations; i++) {
        lk_image photo = take(&scene, orientations[i], tilted);
        struct answer own = ask(&scene, &photo, LK_ALIGN_AUTO);
        struct answer wrong = ask(&other, &photo, LK_ALIGN_AUTO);
        assert_true(own.verdict == LK_SAME && !own.mirrored);
        assert_true(wrong.verdict == LK_DIFFERENT && !wrong.mirrored);
        lk_image_release(&photo);
    }
    lk_image_release(&scene);
    lk_image_release(&other);
}

/* A thing that a mirror does not change: both ways are the same. One that it hardly changes: the mirrored photo can be aligned
 * as it is, and is told all the same. */
static void test_symmetric(void **state) {
    (void)state;
    lk_image whole = scene_make(4, 300), most = scene_make(5, 120);
    for (int32_t orientation = 1; orientation <= MIRROR; orientation++) {
        lk_image photo = take(&whole, orientation, tilted);
        struct answer same = ask(&whole, &photo, LK_ALIGN_AUTO);
        assert_true(same.verdict == LK_SAME && !same.mirrored);
        lk_image_release(&photo);
        photo = take(&most, orientation, tilted);
        assert_int_equal(ask(&most, &photo, LK_ALIGN_AUTO).mirrored, orientation == MIRROR);
        lk_image_release(&photo);
    }
    lk_image_release(&whole);
    lk_image_release(&most);
}

/* Nothing is moved: only the mirror image itself is asked. */
static void test_without_alignment(void **state) {
    (void)state;
    lk_image scene = scene_make(6, 0), mirrored = take(&scene, MIRROR, NULL);
    lk_image noisy = take(&scene, 1, NULL), larger = take(&scene, MIRROR, tilted);
    assert_true(ask(&scene, &mirrored, LK_ALIGN_NONE).mirrored);
    assert_int_equal(ask(&scene, &noisy, LK_ALIGN_NONE).verdict, LK_SAME);
    assert_false(ask(&scene, &larger, LK_ALIGN_NONE).mirrored);
    lk_image_release(&scene);
    lk_image_release(&mirrored);
    lk_image_release(&noisy);
    lk_image_release(&larger);
}

static void test_nothing_to_see(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {2, 5}, {3, 700}, {300, 200}};
    lk_error err;
    lk_image scene = scene_make(7, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lk_image flat;
        assert_ok(lk_image_new(&flat, sizes[i][0], sizes[i][1], 1, 8, &err));
        memset(flat.data, 99, flat.stride * (size_t)flat.height);
        assert_false(ask(&scene, &flat, LK_ALIGN_AUTO).mirrored);
        assert_false(ask(&flat, &scene, LK_ALIGN_AUTO).mirrored);
        lk_image_release(&flat);
    }
    lk_image_release(&scene);
}

/* The first is a brick wall with doors and windows, the last but one a clock without sharp figures: both correlate with
 * their mirror image. */
static void test_photos(void **state) {
    (void)state;
    static const char *const names[] = {"kodak24/01.png", "kodak24/08.png", "kodak24/19.png",
                                        "skimage/clock_motion.png", "skimage/horse.png"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[128], path[512];
        lk_image rgb, photo;
        lk_error err;
        snprintf(name, sizeof name, "data/photos/%s", names[i]);
        if (access(shared_path(path, name), R_OK) != 0) {
            print_message("the shared data is not here\n");
            skip();
        }
        assert_ok(lk_image_load(&photo, NULL, engine, path, NULL, &err));
        assert_ok(colour_to_rgb8(&rgb, &photo, &err));
        lk_image_release(&photo);
        photo = take(&rgb, MIRROR, NULL);
        assert_true(ask(&rgb, &photo, LK_ALIGN_AUTO).mirrored);
        assert_true(ask(&rgb, &photo, LK_ALIGN_NONE).mirrored);
        lk_image_release(&photo);
        lk_image_release(&rgb);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mirrored),       cmocka_unit_test(test_not_mirrored),
        cmocka_unit_test(test_symmetric),      cmocka_unit_test(test_without_alignment),
        cmocka_unit_test(test_nothing_to_see), cmocka_unit_test(test_photos),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
