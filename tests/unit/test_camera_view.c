/* SPDX-License-Identifier: Apache-2.0 */
/* Reference views of a drawn scene: what each trouble is called, offsets that are known, bytes and broken bytes. */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/buf.h"
#include "base/mem.h"
#include "image/warp.h"
#include "tests/unit/drawn_scene.h"
#include "watch/camera_view.h"

struct world {
    lk_engine *engine;
    struct camera_eye *eye;
    lk_image scene; /* larger than what the camera shows of it */
    lk_image frame;
    struct camera_view *view;
};

enum { WIDTH = 400, HEIGHT = 300, LEFT = 50, TOP = 50 };

/* What a camera shows of the scene that has turned by these. */
static lk_image shown(struct world *w, double right, double down, double turn_deg, double zoom) {
    lk_error err;
    lk_image out;
    double c = zoom * cos(turn_deg * M_PI / 180), s = zoom * sin(turn_deg * M_PI / 180);
    double x = LEFT + WIDTH / 2.0, y = TOP + HEIGHT / 2.0;
    /* The scene's (x, y) comes to the middle, shifted. */
    const double h[9] = {c, -s, WIDTH / 2.0 + right - c * x + s * y,
                         s, c,  HEIGHT / 2.0 + down - s * x - c * y,
                         0, 0,  1};
    assert_ok(image_warp(&out, NULL, w->engine, &w->scene, h, WIDTH, HEIGHT, &err));
    return out;
}

static int set_up(void **state) {
    lk_error err;
    struct world *w = mem_calloc(1, sizeof *w);
    assert_non_null(w);
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    assert_ok(camera_eye_new(&w->eye, w->engine, &err));
    w->scene = scene_make(7, 0);
    w->frame = shown(w, 0, 0, 0, 1);
    assert_ok(camera_view_new(&w->view, w->eye, &w->frame, NULL, &err));
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    camera_view_free(w->view);
    lk_image_release(&w->frame);
    lk_image_release(&w->scene);
    camera_eye_free(w->eye);
    lk_engine_free(w->engine);
    mem_free(w);
    return 0;
}

static lk_sighting look(struct world *w, const lk_image *frame, enum look_method method) {
    lk_error err;
    lk_sighting s;
    const struct camera_view *const views[1] = {w->view};
    assert_ok(camera_view_look(&s, w->eye, views, 1, frame, method, 0.8, &err));
    return s;
}

static void test_same_frame(void **state) {
    struct world *w = *state;
    lk_sighting s = look(w, &w->frame, LOOK_ALL);
    assert_int_equal(s.state, LK_VIEW_OK);
    assert_true(s.sure);
    assert_true(s.score > 0.9 && s.structure > 0.95 && s.covered < 0.05);
    assert_true(fabs(s.sharpness - 1) < 0.02 && s.cosine > 0.999);
    assert_true(fabs(s.offset.pan_px) < 0.1 && fabs(s.offset.roll_deg) < 0.05);
    s = look(w, &w->frame, LOOK_EMBEDDING);
    assert_int_equal(s.state, LK_VIEW_OK);
}

static void test_offsets(void **state) {
    struct world *w = *state;
    static const double moves[][4] = {
        {12, 0, 0, 1}, {-30, 20, 0, 1}, {0, 0, 3, 1}, {0, 0, -1, 1}, {0, 0, 0, 1.2}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        const double *m = moves[i];
        lk_image frame = shown(w, m[0], m[1], m[2], m[3]);
        lk_sighting s = look(w, &frame, LOOK_ALL);
        lk_image_release(&frame);
        assert_int_equal(s.state, LK_VIEW_MOVED);
        assert_true(s.sure);
        /* What the reference showed lies `right` further right: the camera looks further left. */
        assert_true(fabs(s.offset.pan_px + m[0]) < 0.5 && fabs(s.offset.tilt_px + m[1]) < 0.5);
        assert_true(fabs(s.offset.roll_deg + m[2]) < 0.1 && fabs(s.offset.zoom - m[3]) < 0.01);
    }
}

static void test_bytes(void **state) {
    struct world *w = *state;
    lk_error err;
    struct buf a, b;
    struct camera_view *read = NULL;
    buf_init(&a, 1 << 24);
    buf_init(&b, 1 << 24);
    assert_ok(camera_view_learn(w->view, w->eye, &w->frame, &err));
    assert_ok(camera_view_write(&a, w->view, &err));
    assert_ok(camera_view_read(&read, a.data, a.size, &err));
    assert_ok(camera_view_write(&b, read, &err));
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    camera_view_free(read);
    for (size_t cut = 0; cut < a.size; cut += 1 + a.size / 50) {
        assert_refused(LK_E_CORRUPT, camera_view_read(&read, a.data, cut, &err));
        assert_null(read);
    }
    a.data[0] ^= 1;
    assert_refused(LK_E_CORRUPT, camera_view_read(&read, a.data, a.size, &err));
    buf_release(&a);
    buf_release(&b);
}

/* Bytes that were changed somewhere are refused, or are a view that can be looked with. */
static void test_changed_bytes(void **state) {
    struct world *w = *state;
    lk_error err;
    struct buf bytes;
    struct rng rng;
    buf_init(&bytes, 1 << 24);
    assert_ok(camera_view_write(&bytes, w->view, &err));
    rng_init(&rng, 11);
    for (int32_t i = 0; i < 60; i++) {
        struct camera_view *read = NULL;
        /* Every other time in the head and the first layer's table. */
        uint32_t at = rng_below(&rng, i % 2 ? 7000 : (uint32_t)bytes.size);
        uint8_t was = bytes.data[at];
        bytes.data[at] ^= (uint8_t)(1 + rng_below(&rng, 255));
        if (camera_view_read(&read, bytes.data, bytes.size, &err) == LK_OK) {
            lk_sighting s;
            const struct camera_view *const views[1] = {read};
            assert_ok(camera_view_look(&s, w->eye, views, 1, &w->frame, LOOK_ALL, 0, &err));
            assert_true(s.score >= 0 && s.score <= 1);
        }
        camera_view_free(read);
        bytes.data[at] = was;
    }
    buf_release(&bytes);
}

/* A frame in which nothing can be seen becomes a view, which makes no frame sure. */
static void test_featureless(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_sighting s;
    lk_image night;
    struct camera_view *view;
    assert_ok(lk_image_new(&night, WIDTH, HEIGHT, 3, 8, &err));
    memset(night.data, 12, night.stride * HEIGHT);
    assert_ok(camera_view_new(&view, w->eye, &night, NULL, &err));
    const struct camera_view *const views[2] = {w->view, view};
    assert_ok(camera_view_look(&s, w->eye, views, 2, &night, LOOK_ALL, 0, &err));
    assert_int_equal(s.state, LK_VIEW_OK);
    assert_int_equal(s.view, 1);
    assert_false(s.sure);
    assert_ok(camera_view_look(&s, w->eye, views, 2, &w->frame, LOOK_ALL, 0, &err));
    assert_int_equal(s.state, LK_VIEW_OK);
    assert_int_equal(s.view, 0);
    assert_true(s.sure);
    s = look(w, &night, LOOK_ALL); /* there is no view of the night */
    assert_int_equal(s.state, LK_VIEW_DARK);
    camera_view_free(view);
    lk_image_release(&night);
}

/* What a mask leaves out may change as it likes. */
static void test_mask(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_sighting s;
    lk_image ignore, changed;
    struct camera_view *view;
    assert_ok(lk_image_new(&ignore, WIDTH, HEIGHT, 1, 8, &err));
    assert_ok(image_clone(&changed, &w->frame, &err));
    for (int32_t y = 0; y < HEIGHT; y++) {
        memset(image_row(&ignore, y), 0, WIDTH / 2);
        memset(image_row(&ignore, y) + WIDTH / 2, 255, WIDTH / 2);
        memset(image_row(&changed, y), 90, 3 * (WIDTH / 2 - 8));
    }
    s = look(w, &changed, LOOK_ALL);
    assert_int_equal(s.state, LK_VIEW_COVERED);
    assert_true(s.covered > 0.4 && s.covered < 0.6);
    assert_ok(camera_view_new(&view, w->eye, &w->frame, &ignore, &err));
    const struct camera_view *const views[1] = {view};
    assert_ok(camera_view_look(&s, w->eye, views, 1, &changed, LOOK_ALL, 0, &err));
    assert_int_equal(s.state, LK_VIEW_OK);
    assert_true(s.sure && s.cosine > 0.98);
    camera_view_free(view);
    lk_image_release(&ignore);
    lk_image_release(&changed);
}

static void test_refused(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_sighting s;
    lk_image tiny;
    struct camera_view *view;
    assert_ok(lk_image_new(&tiny, 20, 20, 3, 8, &err));
    assert_refused(LK_E_USAGE, camera_view_new(&view, w->eye, &tiny, NULL, &err));
    assert_refused(LK_E_USAGE, camera_view_look(&s, w->eye, NULL, 0, &w->frame, LOOK_ALL, 0, &err));
    lk_image_release(&tiny);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_frame, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_offsets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changed_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_featureless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
