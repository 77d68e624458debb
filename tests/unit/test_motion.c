/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <likeness/motion.h>

#include "base/mem.h"
#include "base/rng.h"
#include "image/draw.h"
#include "image/image.h"
#include "image/warp.h"
#include "motion/compensate.h"
#include "tests/unit/pattern.h"

enum { WIDTH = 400, HEIGHT = 300 };

static const struct block_options usual = {
    .side = 16, .range = 40, .search = BLOCK_HEXAGON, .subpel = 4, .lambda = 5.9};

static lk_engine *new_engine(void) {
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    return engine;
}

/* Discs of many sizes and levels on a slope: texture everywhere, at every scale. */
static lk_image discs(void) {
    lk_error err;
    lk_image rgb, gray;
    struct rng rng;
    rng_init(&rng, 31);
    assert_ok(lk_image_new(&rgb, WIDTH, HEIGHT, 3, 8, &err));
    pattern_fill(&rgb, 2, 10);
    for (int i = 0; i < 900; i++) {
        uint8_t v = (uint8_t)rng_below(&rng, 256);
        draw_disc(&rgb, rng_below(&rng, WIDTH), rng_below(&rng, HEIGHT), 2 + rng_below(&rng, 12),
                  (struct colour){v, v, v});
    }
    assert_ok(lk_image_to_gray(&gray, &rgb, &err));
    lk_image_release(&rgb);
    return gray;
}

struct pair {
    struct block_reference reference;
    struct block_field field;
};

static void match(struct pair *p, lk_engine *engine, const lk_image *a, const lk_image *b,
                  const struct block_options *o) {
    lk_error err;
    assert_ok(
        block_reference_new(&p->reference, engine, b, o->range + o->side + BLOCK_QUARTERS, &err));
    assert_ok(block_match(&p->field, engine, a, &p->reference, o, &err));
}

static void pair_release(struct pair *p) {
    block_reference_release(&p->reference);
    block_field_release(&p->field);
}

static void test_bits(void **state) {
    (void)state;
    static const int32_t bits[][2] = {{0, 1}, {1, 3}, {-1, 3}, {2, 5}, {3, 5}, {4, 7}, {-8, 9}};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        assert_int_equal(block_vector_bits(bits[i][0]), bits[i][1]);
    }
}

/* Whole and parts of pixels, both searches, both metrics: blocks that stay inside find the shift. */
static void test_known_shift(void **state) {
    (void)state;
    static const double shifts[][2] = {{0, 0}, {5, -3}, {-31, 22}, {0.5, 0}, {-7.25, 3.5}};
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image a = discs();
    for (size_t i = 0; i < 4 * sizeof shifts / sizeof *shifts; i++) {
        const double *s = shifts[i / 4];
        const double h[9] = {1, 0, s[0], 0, 1, s[1], 0, 0, 1};
        struct block_options o = usual;
        struct pair p;
        lk_image b;
        int32_t right = 0, inner = 0;
        o.search = i & 1 ? BLOCK_FULL : BLOCK_HEXAGON;
        o.metric = i & 2 ? BLOCK_SATD : BLOCK_SAD;
        assert_ok(image_warp(&b, NULL, engine, &a, h, WIDTH, HEIGHT, &err));
        match(&p, engine, &a, &b, &o);
        for (int32_t row = 3; row < p.field.rows - 3; row++) {
            for (int32_t column = 3; column < p.field.columns - 3; column++, inner++) {
                const struct block_vector *v = &p.field.vectors[row * p.field.columns + column];
                right += fabs(v->x / 4.0 - s[0]) <= 0.26 && fabs(v->y / 4.0 - s[1]) <= 0.26;
            }
        }
        if (right * 100 < inner * 97) {
            fail_msg("case %zu: %d of %d blocks", i, right, inner);
        }
        pair_release(&p);
        lk_image_release(&b);
    }
    lk_image_release(&a);
    lk_engine_free(engine);
}

static void frame_corner(double out[2], int i) {
    out[0] = i % 2 ? WIDTH - 1 : 0;
    out[1] = i / 2 ? HEIGHT - 1 : 0;
}

/* Zoom, turn, stretch and shear are found to a tenth of a pixel over the whole frame, in other light and with noise too. */
static void test_known_affine(void **state) {
    (void)state;
    static const double motions[][6] = {
        {1, 0, 3.3, 0, 1, -7.6},
        {1.03, 0, -6, 0, 1.03, -4},
        {0.9976, -0.0698, 9, 0.0698, 0.9976, -12},
        {1.04, 0, -8, 0, 0.97, 4},
        {1, 0.03, -2, -0.01, 1, 5},
        {0.93, 0.02, 11, -0.03, 0.95, 14},
    };
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image a = discs();
    double worst = 0;
    for (size_t i = 0; i < 2 * sizeof motions / sizeof *motions; i++) {
        const double *m = motions[i / 2];
        const double h[9] = {m[0], m[1], m[2], m[3], m[4], m[5], 0, 0, 1};
        struct affine_motion found;
        struct pair p;
        lk_image b;
        assert_ok(image_warp(&b, NULL, engine, &a, h, WIDTH, HEIGHT, &err));
        for (size_t k = 0; i % 2 && k < b.stride * HEIGHT; k++) {
            b.data[k] = (uint8_t)(b.data[k] * 85 / 100 + 10);
        }
        if (i % 2) {
            pattern_disturb(&b, 4);
        }
        match(&p, engine, &a, &b, &usual);
        assert_ok(affine_motion_find(&found, engine, &a, &b, &p.field, &err));
        for (int k = 0; k < 4; k++) {
            double c[2];
            frame_corner(c, k);
            double dx = (found.m[0] - m[0]) * c[0] + (found.m[1] - m[1]) * c[1] + found.m[2] - m[2];
            double dy = (found.m[3] - m[3]) * c[0] + (found.m[4] - m[4]) * c[1] + found.m[5] - m[5];
            worst = fmax(worst, hypot(dx, dy));
        }
        if (!(worst < 0.1)) {
            fail_msg("motion %zu: %g px at a corner", i, worst);
        }
        pair_release(&p);
        lk_image_release(&b);
    }
    print_message("worst corner error %.3f px\n", worst);
    lk_image_release(&a);
    lk_engine_free(engine);
}

/* Each way of taking a turn and a zoom back leaves less than the one before it. */
static void test_compensation(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image a = discs(), b;
    const double h[9] = {1.03, -0.05, 4, 0.05, 1.03, -14, 0, 0, 1};
    struct affine_motion affine;
    struct residuals r;
    struct pair p;
    assert_ok(image_warp(&b, NULL, engine, &a, h, WIDTH, HEIGHT, &err));
    match(&p, engine, &a, &b, &usual);
    assert_ok(affine_motion_find(&affine, engine, &a, &b, &p.field, &err));
    assert_ok(compensate(&r, engine, &a, &p.reference, &p.field, &affine, usual.lambda, &err));
    print_message("before %.2f, blocks %.2f, overlapped %.2f, affine blocks %.2f, affine %.2f\n",
                  r.before, r.block, r.overlapped, r.block_affine, r.affine);
    assert_true(r.block < r.before / 2);
    assert_true(r.overlapped < r.block);
    assert_true(r.block_affine < r.block && r.affine_blocks > 0.2);
    assert_true(r.affine < r.block_affine * 3 / 4);
    pair_release(&p);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

static void load_gray(lk_image *out, lk_engine *engine, const char *path) {
    lk_error err;
    lk_image any;
    assert_ok(lk_image_load(&any, NULL, engine, path, NULL, &err));
    assert_ok(lk_image_to_gray(out, &any, &err));
    lk_image_release(&any);
}

/* Mean end-point error of block vectors on the sequences with known motion: reported, and held to what blocks can do. */
static void test_known_motion(void **state) {
    (void)state;
    static const char *const names[] = {"Dimetrodon", "RubberWhale", "Venus", "Grove2"};
    lk_error err;
    lk_engine *engine = new_engine();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512], name[64];
        lk_image a, b;
        lk_flow truth, flow;
        struct pair p;
        double error;
        snprintf(name, sizeof name, "data/flow/%s/frame10.png", names[i]);
        if (access(shared_path(path, name), R_OK) != 0) {
            print_message("skipped: no %s\n", path);
            lk_engine_free(engine);
            skip();
        }
        load_gray(&a, engine, path);
        snprintf(name, sizeof name, "data/flow/%s/frame11.png", names[i]);
        load_gray(&b, engine, shared_path(path, name));
        snprintf(name, sizeof name, "data/flow/%s/flow10.flo", names[i]);
        assert_ok(lk_flow_load(&truth, engine, shared_path(path, name), &err));
        match(&p, engine, &a, &b, &usual);
        flow = (lk_flow){.width = a.width,
                         .height = a.height,
                         .data = mem_alloc((size_t)a.width * (size_t)a.height, 8)};
        for (int32_t y = 0; y < a.height; y++) {
            for (int32_t x = 0; x < a.width; x++) {
                const struct block_vector *v =
                    &p.field.vectors[y / usual.side * p.field.columns + x / usual.side];
                float *to = flow.data + 2 * ((size_t)y * (size_t)a.width + (size_t)x);
                to[0] = (float)v->x / 4;
                to[1] = (float)v->y / 4;
            }
        }
        assert_ok(lk_flow_error(&error, &flow, &truth, &err));
        print_message("%s: end-point error %.3f px\n", names[i], error);
        assert_true(error < 1);
        lk_flow_release(&flow);
        lk_flow_release(&truth);
        pair_release(&p);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    lk_engine_free(engine);
}

static void test_bad_options(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image a = discs();
    lk_measure_result r;
    lk_measure_options o = lk_measure_options_default();
    o.motion_block = 3;
    assert_refused(LK_E_USAGE, lk_measure_run(&r, engine, "motion", &a, &a, &o, &err));
    assert_refused(LK_E_USAGE, lk_measure_options_set(&o, "motion.search=spiral", &err));
    assert_ok(lk_measure_options_set(&o, "motion.search=full", &err));
    assert_int_equal(o.motion_search, 1);
    lk_image_release(&a);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),         cmocka_unit_test(test_known_shift),
        cmocka_unit_test(test_known_affine), cmocka_unit_test(test_compensation),
        cmocka_unit_test(test_known_motion), cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
