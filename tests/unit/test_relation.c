/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn pictures and what is made of them, each with the class and the map that it must be given; and the copies of
 * $LIKENESS_DATA/data/dups. */
#include "tests/unit/drawn_scene.h"

#include <math.h>

#include "collection/relation.h"
#include "feature/homography.h"
#include "image/orient.h"
#include "image/resize.h"
#include "image/warp.h"
#include "tests/unit/pattern.h"

struct pair {
    lk_engine *engine;
    lk_image a, b; /* b is a clone of a, to be edited */
};

static struct pair pair_new(uint64_t seed) {
    lk_error err;
    struct pair p = {0};
    assert_ok(lk_engine_new(&p.engine, NULL, &err));
    p.a = scene_make(seed, 0);
    assert_ok(image_clone(&p.b, &p.a, &err));
    return p;
}

static void pair_release(struct pair *p) {
    lk_image_release(&p->a);
    lk_image_release(&p->b);
    lk_engine_free(p->engine);
}

static struct facts facts_of(lk_engine *engine, const lk_image *image) {
    lk_error err;
    struct facts f;
    const lk_image_info info = {.width = image->width, .height = image->height, .format = "png"};
    assert_ok(facts_make(&f, engine, image, &info, true, &err));
    return f;
}

static struct relation relate(const struct pair *p) {
    lk_error err;
    struct relation r;
    struct facts a = facts_of(p->engine, &p->a), b = facts_of(p->engine, &p->b);
    assert_ok(relation_find(&r, p->engine, &a, &b, &err));
    facts_release(&a);
    facts_release(&b);
    return r;
}

static void assert_class(const struct relation *r, enum relation_class class) {
    if (r->class != class) {
        fail_msg("%s instead of %s: agree %.3f, quiet %.2f, %d of %d keypoints, also %x",
                 relation_row(r->class)->name, relation_row(class)->name, r->accord.agree,
                 r->accord.quiet, (int)r->inliers, (int)r->keypoints, (unsigned)r->also);
    }
    assert_true(class == RELATION_NONE ? r->also == 0 : r->also & (1u << class));
    assert_true(relation_row(class)->kind ? r->score >= 0.5 : r->score < 0.5);
}

/* A pixel of b must come to where it was in a, to within `off` pixels. */
static void assert_maps(const struct relation *r, double bx, double by, double ax, double ay,
                        double off) {
    double x, y;
    assert_true(homography_apply(&x, &y, r->map, bx, by));
    if (hypot(x - ax, y - ay) > off) {
        fail_msg("%.1f, %.1f comes to %.2f, %.2f, not to %.2f, %.2f", bx, by, x, y, ax, ay);
    }
}

static void replace(lk_image *image, lk_image with) {
    lk_image_release(image);
    *image = with;
}

static void test_resized(void **state) {
    (void)state;
    lk_error err;
    struct pair p = pair_new(1);
    lk_image small;
    assert_ok(image_resize(&small, p.engine, &p.b, 250, 200, RESIZE_BICUBIC, &err));
    replace(&p.b, small);
    struct relation r = relate(&p);
    assert_class(&r, RELATION_RESIZED);
    assert_maps(&r, 0, 0, 0.5, 0.5, 0.01);
    assert_maps(&r, 249, 199, 498.5, 398.5, 0.01);
    assert_true(r.accord.covers_a == 1 && r.accord.covers_b == 1 && r.part == 0);
    assert_ok(image_resize(&small, p.engine, &p.a, 260, 320, RESIZE_BICUBIC, &err));
    replace(&p.b, small);
    r = relate(&p);
    assert_class(&r, RELATION_ASPECT);
    assert_true(fabs(r.stretch - 260.0 / 500 * 400 / 320) < 0.01);
    pair_release(&p);
}

static void test_colour(void **state) {
    (void)state;
    struct pair p = pair_new(2);
    for (int32_t y = 0; y < p.b.height; y++) {
        for (int32_t x = 0; x < p.b.width; x++) {
            uint8_t *c = image_row(&p.b, y) + (size_t)x * 3;
            uint8_t gray = (uint8_t)((299 * c[0] + 587 * c[1] + 114 * c[2]) / 1000);
            c[0] = c[1] = c[2] = (uint8_t)(30 + gray * 3 / 4);
        }
    }
    struct relation r = relate(&p);
    assert_class(&r, RELATION_COLOUR);
    assert_true(r.accord.changed < 0.01);
    pair_release(&p);
}

static void test_edited(void **state) {
    (void)state;
    struct pair p = pair_new(3);
    const struct colour white = {255, 255, 255}, black = {0, 0, 0};
    draw_box(&p.b, 40, 320, 300, 50, black);
    draw_text(&p.b, 50, 328, 5, "WORDS", white);
    struct relation r = relate(&p);
    assert_class(&r, RELATION_EDITED);
    assert_maps(&r, 250, 100, 250, 100, 0.01);
    assert_true(r.accord.changed > 0.03 && r.accord.changed < 0.2);
    pair_release(&p);
}

static void test_cropped(void **state) {
    (void)state;
    lk_error err;
    for (int i = 0; i < 2; i++) {
        struct pair p = pair_new(4);
        lk_image part;
        assert_ok(image_crop(&part, &p.b, 120, 60, 300, 280, &err));
        replace(i == 0 ? &p.b : &p.a, part);
        struct relation r = relate(&p);
        assert_class(&r, RELATION_CROPPED);
        assert_int_equal(r.part, i == 0 ? 1 : -1);
        double covers = i == 0 ? r.accord.covers_a : r.accord.covers_b;
        assert_true(fabs(covers - 300.0 * 280 / (500 * 400)) < 0.03);
        if (i == 0) {
            assert_maps(&r, 10, 20, 130, 80, 1);
            assert_maps(&r, 290, 270, 410, 330, 1);
        } else {
            assert_maps(&r, 130, 80, 10, 20, 1);
        }
        pair_release(&p);
    }
}

static void test_border(void **state) {
    (void)state;
    lk_error err;
    struct pair p = pair_new(5);
    lk_image framed;
    assert_ok(lk_image_new(&framed, 580, 460, 3, 8, &err));
    memset(framed.data, 20, framed.stride * 460);
    draw_image(&framed, 40, 30, &p.b);
    replace(&p.b, framed);
    struct relation r = relate(&p);
    assert_class(&r, RELATION_BORDER);
    assert_maps(&r, 40, 30, 0, 0, 1);
    assert_true(r.part == 0 && r.accord.covers_a > 0.97 && r.accord.covers_b < 0.8);
    pair_release(&p);
}

/* The EXIF orientations are the eight ways: those that mirror, and the quarter turns. */
static void test_turned(void **state) {
    (void)state;
    lk_error err;
    for (int32_t o = 2; o <= 8; o++) {
        struct pair p = pair_new(6);
        assert_ok(orient_apply(&p.b, o, &err));
        struct relation r = relate(&p);
        bool mirrors = o == 2 || o == 4 || o == 5 || o == 7;
        assert_class(&r, mirrors ? RELATION_MIRRORED : RELATION_QUARTER);
        assert_true(r.mirrored == mirrors && r.accord.agree > 0.99);
        assert_true(fabs(remainder(r.angle_deg, 90)) < 0.01);
        if (o == 6) { /* undone by a quarter clockwise: b lies a quarter back */
            assert_true(fabs(r.angle_deg + 90) < 0.01);
            assert_maps(&r, 399, 0, 0, 0, 0.01);
        }
        pair_release(&p);
    }
}

static void test_angle(void **state) {
    (void)state;
    lk_error err;
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        struct pair p = pair_new(7);
        lk_image turned;
        double c = cos(17 * M_PI / 180), s = sin(17 * M_PI / 180);
        const double turn[9] = {c, -s, 250 - 250 * c + 200 * s, s, c, 200 - 250 * s - 200 * c, 0,
                                0, 1};
        assert_ok(image_warp(&turned, NULL, p.engine, &p.b, turn, 500, 400, &err));
        replace(&p.b, turned);
        if (mirrored) {
            assert_ok(orient_apply(&p.b, 2, &err));
        }
        struct relation r = relate(&p);
        assert_class(&r, mirrored ? RELATION_MIRRORED : RELATION_ANGLE);
        assert_true(r.also & (1u << RELATION_ANGLE));
        assert_true(fabs(r.angle_deg + 17) < 0.5);
        assert_maps(&r, mirrored ? 249 : 250, 200, 250, 200, 1);
        pair_release(&p);
    }
}

/* Another scene, and one that shares a quarter of the boxes. */
static void test_others(void **state) {
    (void)state;
    lk_error err;
    struct pair p = pair_new(8);
    replace(&p.b, scene_make(9, 0));
    struct relation r = relate(&p);
    assert_class(&r, RELATION_NONE);
    lk_image part, other = scene_make(10, 0);
    assert_ok(image_crop(&part, &p.a, 0, 0, 500, 100, &err));
    draw_image(&other, 0, 0, &part); /* the same head of a page, and other contents */
    replace(&p.b, other);
    r = relate(&p);
    assert_null(relation_row(r.class)->kind);
    lk_image_release(&part);
    pair_release(&p);
}

/* Frames of one camera: something moved, and all of it has noise of its own. */
static void test_frames(void **state) {
    (void)state;
    struct pair p = pair_new(11);
    const struct colour someone = {200, 60, 60};
    draw_box(&p.b, 210, 120, 60, 150, someone);
    pattern_disturb(&p.a, 1);
    pattern_disturb(&p.b, 2);
    struct relation r = relate(&p);
    print_message("rms %.2f, changed %.3f, noise %.2f\n", r.rms, r.accord.changed_open,
                  r.accord.quiet);
    assert_class(&r, RELATION_SCENE);
    pair_release(&p);
}

/* Neither texture nor keypoints: nothing can be said, and nothing breaks. */
static void test_nothing(void **state) {
    (void)state;
    lk_error err;
    const int32_t sizes[][2] = {{1, 1}, {3, 200}, {64, 64}, {300, 5}};
    for (size_t i = 0; i < 4; i++) {
        for (int level = 0; level < 2; level++) {
            struct pair p = pair_new(12);
            lk_image flat;
            assert_ok(lk_image_new(&flat, sizes[i][0], sizes[i][1], 3, 8, &err));
            memset(flat.data, level * 255, flat.stride * (size_t)flat.height);
            replace(&p.b, flat);
            struct relation r = relate(&p);
            assert_class(&r, RELATION_NONE);
            assert_ok(image_clone(&flat, &p.b, &err));
            replace(&p.a, flat);
            r = relate(&p);
            assert_class(&r, RELATION_NONE);
            pair_release(&p);
        }
    }
}

/* -- The copies of the shared data -- */

static bool load(struct facts *f, lk_engine *engine, const char *name) {
    lk_error err;
    char path[512], relative[256];
    lk_image image;
    lk_image_info info;
    snprintf(relative, sizeof relative, "data/dups/%s", name);
    if (lk_image_load(&image, &info, engine, shared_path(path, relative), NULL, &err) != LK_OK) {
        return false;
    }
    assert_ok(facts_make(f, engine, &image, &info, true, &err));
    lk_image_release(&image);
    return true;
}

static void test_shared(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum relation_class class;
    } copies[] = {
        {"mixed_images/ukbench00120.jpg", RELATION_RESIZED},
        {"mixed_images/ukbench00120_hflip.jpg", RELATION_MIRRORED},
        {"mixed_images/ukbench00120_resize.jpg", RELATION_ASPECT},
        {"mixed_images/ukbench00120_rotation.jpg", RELATION_ANGLE},
        {"ukbench00120_gray.jpg", RELATION_COLOUR},
        {"alpha_channel_image.png", RELATION_RESIZED},
    };
    static const char *const others[] = {"01380", "08976", "08996", "09012", "09040",
                                         "09060", "09268", "09348", "09380"};
    lk_error err;
    lk_engine *engine = NULL;
    struct facts a, b;
    struct relation r;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    if (!load(&a, engine, "base_images/ukbench00120.jpg")) {
        lk_engine_free(engine);
        print_message("no copies ($LIKENESS_DATA or ../shared): not run\n");
        skip();
    }
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        assert_true(load(&b, engine, copies[i].name));
        assert_ok(relation_find(&r, engine, &a, &b, &err));
        print_message("%s: %s\n", copies[i].name, relation_row(r.class)->name);
        assert_class(&r, copies[i].class);
        facts_release(&b);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char name[64];
        snprintf(name, sizeof name, "base_images/ukbench%s.jpg", others[i]);
        assert_true(load(&b, engine, name));
        assert_ok(relation_find(&r, engine, &a, &b, &err));
        assert_null(relation_row(r.class)->kind);
        facts_release(&b);
    }
    facts_release(&a);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resized), cmocka_unit_test(test_colour),
        cmocka_unit_test(test_edited),  cmocka_unit_test(test_cropped),
        cmocka_unit_test(test_border),  cmocka_unit_test(test_turned),
        cmocka_unit_test(test_angle),   cmocka_unit_test(test_others),
        cmocka_unit_test(test_frames),  cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
