/* SPDX-License-Identifier: Apache-2.0 */
/* Both answers on simulated photos of drawn pictures: the thing, the thing changed, another thing, a poor photo, a mirrored one,
 * and what was never photographed at all. */
#include "tests/unit/harness.h"

#include <likeness/verify.h>
#include <math.h>

#include <likeness/simulate.h>

#include "base/compiler.h"
#include "feature/homography.h"
#include "image/image.h"
#include "image/orient.h"
#include "image/resize.h"
#include "simulate/edit.h"
#include "tests/unit/drawn_scene.h"

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

static lk_image photograph(const lk_image *picture, const char *const *settings) {
    lk_image photo;
    lk_error err;
    double homography[9];
    lk_simulator camera = lk_simulator_draw(3, 0.3, 800, 600);
    camera.hidden = 0;
    for (; settings && *settings; settings++) {
        assert_ok(lk_simulator_set(&camera, *settings, &err));
    }
    assert_ok(lk_simulate(&photo, homography, engine, picture, &camera, NULL, &err));
    return photo;
}

static lk_verification verify(const lk_image *reference, lk_image *photo) {
    lk_verification v;
    lk_error err;
    assert_ok(lk_verify(&v, engine, reference, photo, NULL, &err));
    lk_image_release(photo);
    assert_true(v.reason_count > 0);
    assert_true(v.probability >= 0 && v.probability <= 1);
    return v;
}

static bool warns(const lk_verification *v, const char *code) {
    for (int32_t i = 0; i < v->comparison.warning_count; i++) {
        if (strcmp(v->comparison.warnings[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static void test_same(void **state) {
    (void)state;
    lk_image scene = scene_make(1, 0), photo = photograph(&scene, NULL);
    lk_verification v = verify(&scene, &photo);
    assert_int_equal(v.verdict, LK_SAME);
    assert_int_equal(v.intact, LK_INTACT);
    assert_true(v.probability >= v.policy.same_from);
    assert_int_equal(v.changes, 0);
    assert_string_equal(v.advice, "");
    lk_verification_release(&v);
    lk_image_release(&scene);
}

static void test_altered(void **state) {
    (void)state;
    lk_image scene = scene_make(1, 0), edited;
    lk_error err;
    const struct camera_edit edit = {200, 150, 60, 40, EDIT_STAMP, 7};
    assert_ok(image_clone(&edited, &scene, &err));
    camera_edit_paint(&edited, &edit);
    lk_image photo = photograph(&edited, NULL);
    lk_verification v = verify(&scene, &photo);
    assert_int_equal(v.verdict, LK_SAME);
    assert_int_equal(v.intact, LK_ALTERED);
    assert_int_equal(v.changes, v.comparison.region_count);
    const lk_region *r = &v.comparison.regions[0];
    assert_in_range(r->x + r->width / 2, edit.x, edit.x + edit.width);
    assert_in_range(r->y + r->height / 2, edit.y, edit.y + edit.height);
    /* A policy that asks for more than there is does not count it. */
    lk_verify_options o = lk_verify_options_default();
    lk_policy policy = v.policy;
    policy.area_least = 0.5;
    o.policy = &policy;
    lk_verification_release(&v);
    photo = photograph(&edited, NULL);
    assert_ok(lk_verify(&v, engine, &scene, &photo, &o, &err));
    assert_int_equal(v.changes, 0);
    assert_int_equal(v.intact, LK_INTACT);
    assert_true(v.comparison.region_count > 0);
    lk_verification_release(&v);
    lk_image_release(&photo);
    lk_image_release(&edited);
    lk_image_release(&scene);
}

/* How far the map puts the corners of the reference from where the simulator did, in pixels of the reference. */
static double map_error(const lk_verification *v, const double truth[9], const lk_image *a) {
    double error = 0;
    for (int i = 0; i < 4; i++) {
        double x = i % 2 ? a->width : 0, y = i / 2 ? a->height : 0, tx, ty, u, w;
        assert_true(homography_apply(&tx, &ty, truth, x, y));
        assert_true(homography_apply(&u, &w, v->comparison.alignment.homography, tx, ty));
        error = fmax(error, hypot(u - x, w - y));
    }
    return error;
}

/* Large pictures are looked at reduced; what is told, and shown, is of the whole ones. */
static void test_large(void **state) {
    (void)state;
    lk_error err;
    lk_image small = scene_make(1, 0), scene, edited, photo;
    double truth[9];
    const struct camera_edit edit = {800, 600, 240, 160, EDIT_STAMP, 7};
    assert_ok(image_resize(&scene, engine, &small, 2000, 1600, RESIZE_BICUBIC, &err));
    assert_ok(image_clone(&edited, &scene, &err));
    camera_edit_paint(&edited, &edit);
    lk_simulator camera = lk_simulator_draw(3, 0.3, 3200, 2400);
    camera.hidden = 0;
    assert_ok(lk_simulate(&photo, truth, engine, &edited, &camera, NULL, &err));
    lk_verify_options o = lk_verify_options_default();
    o.compare.want_evidence = true;
    lk_verification v;
    assert_ok(lk_verify(&v, engine, &scene, &photo, &o, &err));
    assert_int_equal(v.verdict, LK_SAME);
    assert_int_equal(v.intact, LK_ALTERED);
    assert_int_equal(v.quality.width, 3200);
    const lk_comparison *c = &v.comparison;
    const lk_region *r = &c->regions[0];
    assert_in_range(r->x, edit.x - 40, edit.x + 40);
    assert_in_range(r->y, edit.y - 40, edit.y + 40);
    assert_in_range(r->x + r->width, edit.x + edit.width - 40, edit.x + edit.width + 40);
    assert_in_range(r->y + r->height, edit.y + edit.height - 40, edit.y + edit.height + 40);
    assert_true(map_error(&v, truth, &scene) < 4);
    assert_true(image_same_size(&c->reference, &scene) && image_same_size(&c->aligned, &scene));
    assert_int_equal(c->difference.width, 2000);
    assert_int_equal(c->difference.height, 1600);
    size_t inside = (size_t)(r->y + r->height / 2) * 2000 + (size_t)(r->x + r->width / 2);
    assert_true(c->difference.data[inside] > 0.5F && c->difference.data[0] < 0.5F);
    for (int32_t i = 0; i < c->alignment.matches;
         i++) { /* agreeing points lie where the map says */
        const lk_match *m = &c->alignment.pairs[i];
        double x, y;
        assert_true(homography_apply(&x, &y, c->alignment.homography, m->bx, m->by));
        assert_true(!m->inlier || hypot(x - m->ax, y - m->ay) < 20);
    }
    lk_verification_release(&v);
    /* An area left out is told in full pixels too. */
    double corners[8] = {780, 580, 1060, 580, 1060, 780, 780, 780};
    const lk_polygon ignored = {4, corners};
    o.compare.ignore = &ignored;
    o.compare.ignore_count = 1;
    o.compare.want_evidence = false;
    assert_ok(lk_verify(&v, engine, &scene, &photo, &o, &err));
    assert_int_equal(v.intact, LK_INTACT);
    lk_verification_release(&v);
    lk_image_release(&photo);
    lk_image_release(&edited);
    lk_image_release(&scene);
    lk_image_release(&small);
}

static lk_image resized(const lk_image *image, int32_t width, int32_t height) {
    lk_image out;
    lk_error err;
    assert_ok(image_resize(&out, engine, image, width, height, RESIZE_BICUBIC, &err));
    return out;
}

/* What is asked of a photo does not grow with the pixels of the original, of which no more are looked at. */
static void test_size_of_original(void **state) {
    (void)state;
    lk_image scene = scene_make(1, 0), small = resized(&scene, 1200, 960),
             large = resized(&scene, 4000, 3200);
    lk_simulator camera = lk_simulator_draw(3, 0.3, 900, 720);
    lk_verification of_small, of_large;
    lk_error err;
    lk_image photo;
    double truth[9];
    camera.hidden = 0;
    assert_ok(lk_simulate(&photo, truth, engine, &small, &camera, NULL, &err));
    assert_ok(lk_verify(&of_small, engine, &small, &photo, NULL, &err));
    assert_ok(lk_verify(&of_large, engine, &large, &photo, NULL, &err));
    assert_true(of_large.comparison.alignment.scale < 0.3);
    assert_true(of_large.comparison.alignment.rms_px >
                2 * of_small.comparison.alignment.rms_px); /* in full pixels */
    assert_int_equal(of_small.verdict, LK_SAME);
    assert_int_equal(of_small.intact, LK_INTACT);
    assert_int_equal(of_large.verdict, LK_SAME);
    assert_int_equal(of_large.intact, LK_INTACT);
    for (int32_t i = 0; i < lk_evidence_count(); i++) { /* inliers are powers of 2 */
        assert_true(fabs(of_large.evidence.values[i] - of_small.evidence.values[i]) < 0.15);
    }
    lk_verification_release(&of_small);
    lk_verification_release(&of_large);
    lk_image_release(&photo);
    lk_image_release(&large);
    lk_image_release(&small);
    lk_image_release(&scene);
}

/* What fills little of a large photo is looked at with few pixels, however many the photo has. */
static void test_far_away(void **state) {
    (void)state;
    lk_image scene = scene_make(1, 0), original = resized(&scene, 1200, 960), photo;
    lk_simulator camera = lk_simulator_draw(3, 0.1, 4000, 3000);
    lk_verification v;
    lk_error err;
    double truth[9];
    camera.hidden = 0;
    assert_ok(lk_simulator_set(&camera, "cover=0.19", &err));
    assert_ok(lk_simulate(&photo, truth, engine, &original, &camera, NULL, &err));
    v = verify(&original, &photo);
    assert_int_equal(v.verdict, LK_SAME);
    assert_true(v.comparison.alignment.scale > 0.35);
    assert_true(v.comparison.alignment.looked_scale < 0.35);
    assert_int_equal(v.intact, LK_INTACT_UNKNOWN);
    lk_verification_release(&v);
    lk_image_release(&original);
    lk_image_release(&scene);
}

/* Another thing of another look: what looks alike is not told apart by one photo. */
static lk_image another_thing(void) {
    lk_image other = scene_make(2, 0);
    for (int32_t y = 0; y < other.height; y++) {
        uint8_t *row = image_row(&other, y);
        for (int32_t x = 0; x < other.width; x++) {
            row[3 * x] = row[3 * x] / 4;
            row[3 * x + 2] = (uint8_t)(200 + row[3 * x + 2] / 5);
        }
    }
    return other;
}

static void test_different(void **state) {
    (void)state;
    lk_image scene = scene_make(1, 0), other = another_thing(), photo = photograph(&other, NULL);
    lk_verification v = verify(&scene, &photo);
    assert_int_equal(v.verdict, LK_DIFFERENT);
    assert_int_equal(v.intact, LK_INTACT_UNKNOWN);
    assert_true(v.probability < v.policy.different_below);
    lk_verification_release(&v);
    /* The same photo, black and blurred, is no ground for saying so. */
    static const char *const poor[] = {"exposure=0.05", "blur_px=6", NULL};
    photo = photograph(&other, poor);
    v = verify(&scene, &photo);
    assert_int_equal(v.verdict, LK_CANNOT_TELL);
    assert_true(v.quality.stars < v.policy.stars_least);
    assert_non_null(strstr(v.advice, "take it again"));
    lk_verification_release(&v);
    lk_image_release(&other);
    lk_image_release(&scene);
}

static void test_mirrored(void **state) {
    (void)state;
    lk_error err;
    lk_image scene = scene_make(1, 0), photo = photograph(&scene, NULL);
    assert_ok(orient_apply(&photo, 2, &err));
    lk_verification v = verify(&scene, &photo);
    assert_int_equal(v.verdict, LK_DIFFERENT);
    assert_true(warns(&v, "mirrored"));
    lk_verification_release(&v);
    lk_image_release(&scene);
}

static void test_copies(void **state) {
    (void)state;
    lk_error err;
    lk_image scene = scene_make(1, 0), copy;
    assert_ok(image_clone(&copy, &scene, &err));
    lk_verification v = verify(&scene, &copy);
    assert_int_equal(v.verdict, LK_CANNOT_TELL);
    assert_true(warns(&v, "copy"));
    assert_string_equal(v.advice, "take a photo of the thing itself");
    lk_verification_release(&v);
    assert_ok(image_crop(&copy, &scene, 40, 30, 400, 330, &err));
    v = verify(&scene, &copy);
    assert_int_equal(v.verdict, LK_CANNOT_TELL);
    assert_true(warns(&v, "crop"));
    lk_verification_release(&v);
    static const int32_t turned[] = {3, 6, 8};
    for (size_t i = 0; i < ARRAY_COUNT(turned); i++) { /* as `jpegtran -rotate` makes them */
        assert_ok(image_clone(&copy, &scene, &err));
        assert_ok(orient_apply(&copy, turned[i], &err));
        v = verify(&scene, &copy);
        assert_int_equal(v.verdict, LK_CANNOT_TELL);
        assert_true(warns(&v, "copy"));
        lk_verification_release(&v);
    }
    lk_image_release(&scene);
}

/* Half of it is in the photo: the same, but nobody can say that it is unchanged. */
static void test_cut_off(void **state) {
    (void)state;
    static const char *const beside[] = {"cover=1", "offset_x=0.4", "turn_deg=10", NULL};
    lk_image scene = scene_make(1, 0), photo = photograph(&scene, beside);
    lk_verification v = verify(&scene, &photo);
    assert_int_equal(v.verdict, LK_SAME);
    assert_int_equal(v.intact, LK_INTACT_UNKNOWN);
    assert_non_null(strstr(v.advice, "all of it"));
    lk_verification_release(&v);
    lk_image_release(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),     cmocka_unit_test(test_altered),
        cmocka_unit_test(test_large),    cmocka_unit_test(test_different),
        cmocka_unit_test(test_mirrored), cmocka_unit_test(test_copies),
        cmocka_unit_test(test_cut_off),  cmocka_unit_test(test_size_of_original),
        cmocka_unit_test(test_far_away),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
