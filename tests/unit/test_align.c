/* SPDX-License-Identifier: Apache-2.0 */
/* Alignment on made scenes and, where the shared data is, on real photos. */
#include "tests/unit/harness.h"

#include <math.h>
#include <unistd.h>

#include "base/rng.h"
#include "feature/homography.h"
#include "image/draw.h"
#include "image/warp.h"
#include "tests/unit/pattern.h"
#include "verify/align.h"

static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

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

static lk_image make_scene(uint64_t seed, int32_t width, int32_t height) {
    lk_error err;
    lk_image image;
    struct rng rng;
    rng_init(&rng, seed);
    assert_ok(lk_image_new(&image, width, height, 3, 8, &err));
    memset(image.data, 120, image.stride * (size_t)height);
    for (int i = 0; i < 300; i++) {
        int32_t x = (int32_t)rng_below(&rng, (uint32_t)width);
        int32_t y = (int32_t)rng_below(&rng, (uint32_t)height);
        int32_t w = 5 + (int32_t)rng_below(&rng, 50), h = 5 + (int32_t)rng_below(&rng, 50);
        uint32_t c = (uint32_t)rng_next(&rng);
        draw_box(&image, x, y, w, h,
                 (struct colour){(uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16)});
    }
    return image;
}

static struct align_result align(const lk_image *a, const lk_image *b, lk_align_mode mode) {
    lk_error err;
    struct view va, vb;
    struct align_result r;
    assert_ok(view_init(&va, engine, a, &err));
    assert_ok(view_init(&vb, engine, b, &err));
    assert_ok(align_views(&r, &va, &vb, mode, &err));
    view_release(&va);
    view_release(&vb);
    align_result_release(&r);
    return r;
}

/* Of the corners of a, brought into b by the truth and back by h. */
static double corner_error(const double h[9], const double a_to_b[9], const lk_image *a) {
    double worst = 0;
    for (int i = 0; i < 4; i++) {
        double cx = i % 2 ? a->width : 0, cy = i / 2 ? a->height : 0, x, y;
        if (!homography_apply(&x, &y, a_to_b, cx, cy) || !homography_apply(&x, &y, h, x, y)) {
            return INFINITY;
        }
        worst = fmax(worst, hypot(x - cx, y - cy));
    }
    return worst;
}

static void test_views_of_a_scene(void **state) {
    (void)state;
    static const struct {
        double to_photo[9], turned_deg, scale;
    } views[] = {
        {{0.6, 0.2, 100, -0.2, 0.6, 200, 0, 0, 1}, -18.4, 0.632},
        {{-0.7, 0, 520, 0, -0.7, 470, 0, 0, 1}, 180, 0.7},
        {{0, -1.1, 600, 1.1, 0, 20, 0, 0, 1}, 90, 1.1},
        {{0.9, 0.1, 60, -0.1, 1, 90, 0.0003, 0.0004, 1}, 0, 0},
    };
    lk_error err;
    lk_image a = make_scene(1, 500, 400);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        lk_image photo;
        assert_ok(image_warp(&photo, NULL, engine, &a, views[i].to_photo, 700, 600, &err));
        struct align_result r = align(&a, &photo, LK_ALIGN_AUTO);
        assert_int_equal(r.outcome, ALIGN_FOUND);
        assert_int_equal(r.alignment.model, LK_ALIGN_PERSPECTIVE);
        assert_true(corner_error(r.alignment.homography, views[i].to_photo, &a) < 0.8);
        assert_true(r.alignment.inliers > 100 && r.alignment.spread == 1);
        assert_true(r.alignment.coverage > 0.8);
        if (views[i].scale > 0) {
            double turned = remainder(r.alignment.rotation_deg - views[i].turned_deg, 360);
            assert_true(fabs(turned) < 0.3);
            assert_true(fabs(r.alignment.scale - views[i].scale) < 0.005);
            assert_true(r.alignment.tilt_deg < 6); /* cos is flat at 0: 0.5 % are 6 degrees */
        } else {
            assert_true(r.alignment.tilt_deg > 10);
        }
        lk_image_release(&photo);
    }
    lk_image_release(&a);
}

static void test_modes(void **state) {
    (void)state;
    static const double shift[9] = {1, 0, 40, 0, 1, 25, 0, 0, 1};
    static const double affine[9] = {0.9, 0.1, 40, 0.05, 1.1, 25, 0, 0, 1};
    lk_error err;
    lk_image a = make_scene(2, 500, 400), moved, sheared;
    assert_ok(image_warp(&moved, NULL, engine, &a, shift, 600, 480, &err));
    assert_ok(image_warp(&sheared, NULL, engine, &a, affine, 600, 520, &err));
    struct align_result r = align(&a, &moved, LK_ALIGN_SHIFT);
    assert_int_equal(r.outcome, ALIGN_FOUND);
    assert_int_equal(r.alignment.model, LK_ALIGN_SHIFT);
    assert_true(corner_error(r.alignment.homography, shift, &a) < 0.3);
    r = align(&a, &sheared, LK_ALIGN_AFFINE);
    assert_int_equal(r.outcome, ALIGN_FOUND);
    assert_int_equal(r.alignment.model, LK_ALIGN_AFFINE);
    assert_true(r.alignment.homography[6] == 0 && r.alignment.homography[7] == 0);
    assert_true(corner_error(r.alignment.homography, affine, &a) < 0.5);
    r = align(&a, &sheared, LK_ALIGN_NONE);
    assert_int_equal(r.outcome, ALIGN_NOT_FOUND);
    lk_image_release(&a);
    lk_image_release(&moved);
    lk_image_release(&sheared);
}

static void test_stays_in_place(void **state) {
    (void)state;
    lk_image a = make_scene(3, 500, 400), b = make_scene(3, 500, 400);
    pattern_disturb(&b, 5);
    draw_box(&b, 100, 100, 60, 60, (struct colour){255, 255, 255});
    struct align_result same = align(&a, &a, LK_ALIGN_AUTO), noisy = align(&a, &b, LK_ALIGN_AUTO);
    assert_int_equal(same.outcome, ALIGN_IN_PLACE);
    assert_true(same.mostly_equal);
    assert_int_equal(noisy.outcome, ALIGN_IN_PLACE);
    assert_int_equal(noisy.alignment.model, LK_ALIGN_NONE);
    assert_memory_equal(noisy.alignment.homography, identity, sizeof identity);
    lk_image_release(&a);
    lk_image_release(&b);
}

static void test_unlike(void **state) {
    (void)state;
    lk_error err;
    for (uint64_t seed = 10; seed < 16; seed++) {
        lk_image a = make_scene(seed, 500, 400), b = make_scene(seed + 100, 640, 480);
        assert_int_equal(align(&a, &b, LK_ALIGN_AUTO).outcome, ALIGN_NOT_FOUND);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    const int32_t sizes[][2] = {{1, 1}, {10, 10}, {3, 700}, {300, 200}};
    lk_image scene = make_scene(1, 320, 240);
    for (size_t i = 0; i < 4; i++) { /* flat and tiny */
        lk_image flat;
        assert_ok(lk_image_new(&flat, sizes[i][0], sizes[i][1], 1, 8, &err));
        memset(flat.data, 99, flat.stride * (size_t)flat.height);
        assert_int_equal(align(&scene, &flat, LK_ALIGN_AUTO).outcome, ALIGN_NOT_FOUND);
        assert_int_equal(align(&flat, &scene, LK_ALIGN_AUTO).outcome, ALIGN_NOT_FOUND);
        lk_image_release(&flat);
    }
    lk_image_release(&scene);
}

static bool shared_load(lk_image *out, const char *name) {
    char path[512];
    return access(shared_path(path, name), R_OK) == 0 &&
           lk_image_load(out, NULL, engine, path, NULL, NULL) == LK_OK;
}

/* Each photo with its own book and with the next one. */
static void test_books(void **state) {
    (void)state;
    static const char *const phones[] = {"5800", "Canon", "Droid", "iPhone"};
    for (int book = 1; book <= 5; book++) {
        char name[128];
        lk_image own, next;
        snprintf(name, sizeof name, "data/verify/books/references/smvs_book_covers_%03d.jpg", book);
        if (!shared_load(&own, name)) {
            print_message("the shared data is not here\n");
            skip();
        }
        snprintf(name, sizeof name, "data/verify/books/references/smvs_book_covers_%03d.jpg",
                 book % 5 + 1);
        assert_true(shared_load(&next, name));
        for (size_t i = 0; i < 4; i++) {
            lk_image photo;
            snprintf(name, sizeof name, "data/verify/books/photos/smvs_book_covers_%s_%03d.jpg",
                     phones[i], book);
            assert_true(shared_load(&photo, name));
            assert_int_equal(align(&own, &photo, LK_ALIGN_AUTO).outcome, ALIGN_FOUND);
            assert_int_equal(align(&next, &photo, LK_ALIGN_AUTO).outcome, ALIGN_NOT_FOUND);
            lk_image_release(&photo);
        }
        lk_image_release(&own);
        lk_image_release(&next);
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How far off a 9 x 9 grid of points of a is, the median of those that b shows. */
static double shown_error(const double h[9], const double a_to_b[9], const lk_image *a,
                          const lk_image *b) {
    double errors[81];
    size_t count = 0;
    for (int i = 0; i < 81; i++) {
        double ax = a->width * (i % 9 / 8.0), ay = a->height * (i / 9 / 8.0), x, y;
        if (homography_apply(&x, &y, a_to_b, ax, ay) && x >= 0 && y >= 0 && x <= b->width &&
            y <= b->height) {
            errors[count++] = homography_apply(&x, &y, h, x, y) ? hypot(x - ax, y - ay) : INFINITY;
        }
    }
    assert_true(count > 0);
    qsort(errors, count, sizeof *errors, by_value);
    return errors[count / 2];
}

/* How well blocks of the two correlate under the true map. */
static double true_agreement(const lk_image *a, const lk_image *b, const double a_to_b[9]) {
    lk_error err;
    lk_image ga, gb;
    double h[9];
    struct agreement g;
    assert_true(homography_invert(h, a_to_b));
    assert_ok(lk_image_to_gray(&ga, a, &err));
    assert_ok(lk_image_to_gray(&gb, b, &err));
    assert_ok(refine_homography(h, &g, engine, &ga, &gb, false, &err));
    lk_image_release(&ga);
    lk_image_release(&gb);
    return g.mean;
}

/* Views whose homography is known. They are landscapes with depth: where a map is far from the true one it must explain the
 * photo better (boat 1-6: blocks correlate by 0.60, under the true map by 0.26, and refining that one ends at ours). */
static void test_known_homographies(void **state) {
    (void)state;
    static const char *const folders[] = {"boat", "bikes", "leuven"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char name[128], path[512];
        lk_image first;
        snprintf(name, sizeof name, "data/geometry/%s/img1.png", folders[i]);
        if (!shared_load(&first, name)) {
            print_message("the shared data is not here\n");
            skip();
        }
        for (int k = 2; k <= 6; k++) {
            lk_image other;
            double truth[9];
            snprintf(name, sizeof name, "data/geometry/%s/img%d.png", folders[i], k);
            assert_true(shared_load(&other, name));
            snprintf(name, sizeof name, "data/geometry/%s/H1to%dp", folders[i], k);
            FILE *f = fopen(shared_path(path, name), "r");
            assert_non_null(f);
            for (int j = 0; j < 9; j++) {
                assert_int_equal(fscanf(f, "%lf", &truth[j]), 1);
            }
            fclose(f);
            double scale = truth[8];
            for (int j = 0; j < 9; j++) { /* some are given with a negative scale */
                truth[j] /= scale;
            }
            struct align_result r = align(&first, &other, LK_ALIGN_AUTO);
            double error = shown_error(r.alignment.homography, truth, &first, &other);
            print_message("%s 1-%d: outcome %d, %d inliers, %.2f px off\n", folders[i], k,
                          r.outcome, r.alignment.inliers, error);
            assert_int_not_equal(r.outcome, ALIGN_NOT_FOUND);
            assert_true(error < 2 ||
                        r.agreement.mean > true_agreement(&first, &other, truth) + 0.2);
            lk_image_release(&other);
        }
        lk_image_release(&first);
    }
}

/* A camera that never moved. */
static void test_fixed_camera(void **state) {
    (void)state;
    lk_image first;
    if (!shared_load(&first, "data/camera/fixed/in000001.jpg")) {
        print_message("the shared data is not here\n");
        skip();
    }
    for (int frame = 51; frame < 600; frame += 50) {
        char name[128];
        lk_image other;
        snprintf(name, sizeof name, "data/camera/fixed/in%06d.jpg", frame);
        assert_true(shared_load(&other, name));
        assert_int_equal(align(&first, &other, LK_ALIGN_AUTO).outcome, ALIGN_IN_PLACE);
        lk_image_release(&other);
    }
    lk_image_release(&first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views_of_a_scene),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_stays_in_place),
        cmocka_unit_test(test_unlike),
        cmocka_unit_test(test_books),
        cmocka_unit_test(test_known_homographies),
        cmocka_unit_test(test_fixed_camera),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
