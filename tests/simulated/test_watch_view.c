/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras whose trouble is known: no frame of a camera that never moved may be called anything but ok, and every trouble made from
 * real frames must be called by its name. What bench_watch prints as a table, at fewer frames; needs the shared data. */
#include "tests/unit/harness.h"
#include "tests/unit/pattern.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/watch_cases.h"
#include "image/colour.h"
#include "watch/camera_view.h"

enum { SKIPPED = 77, FRAMES = 300, LEARNT = 20 };

struct world {
    lk_engine *engine;
    struct camera_eye *eye;
    lk_image other; /* a scene that none of the cameras looks at */
    int32_t cases, unsure;
};

static lk_image load(struct world *w, const char *name) {
    lk_error err;
    char path[512];
    lk_image raw, rgb;
    assert_ok(lk_image_load(&raw, NULL, w->engine, shared_path(path, name), NULL, &err));
    assert_ok(colour_to_rgb8(&rgb, &raw, &err));
    lk_image_release(&raw);
    return rgb;
}

/* Frame i of the fixed camera, 0..299; every second one was kept. */
static lk_image load_fixed(struct world *w, int32_t i) {
    char name[64];
    snprintf(name, sizeof name, "data/camera/fixed/in%06d.jpg", 2 * i + 1);
    return load(w, name);
}

static lk_image load_set(struct world *w, const char *set, int32_t i) {
    char name[64];
    snprintf(name, sizeof name, "data/geometry/%s/img%d.png", set, i);
    return load(w, name);
}

static lk_sighting look(struct world *w, const struct camera_view *view, const lk_image *frame) {
    lk_error err;
    lk_sighting s;
    const struct camera_view *const views[1] = {view};
    assert_ok(camera_view_look(&s, w->eye, views, 1, frame, LOOK_ALL, 0, &err));
    return s;
}

static void expect(const lk_sighting *s, lk_view_state state, const char *what) {
    if (s->state != state) {
        fail_msg("%s is called %s (score %.2f), not %s", what, lk_view_state_name(s->state),
                 s->scores[s->state], lk_view_state_name(state));
    }
}

/* Views of what the windows show of the first `learnt` frames. */
static void make_views(struct camera_view *views[WINDOWS], struct world *w, const lk_image *frames,
                       int32_t learnt) {
    lk_error err;
    for (int32_t k = 0; k < WINDOWS; k++) {
        for (int32_t i = 0; i < learnt; i++) {
            lk_image shown;
            assert_ok(watch_window_make(&shown, w->engine, &frames[i], (enum watch_window)k, &err));
            if (i == 0) {
                assert_ok(camera_view_new(&views[k], w->eye, &shown, NULL, &err));
            } else {
                assert_ok(camera_view_learn(views[k], w->eye, &shown, &err));
            }
            lk_image_release(&shown);
        }
    }
}

static void free_views(struct camera_view *views[WINDOWS]) {
    for (int32_t k = 0; k < WINDOWS; k++) {
        camera_view_free(views[k]);
    }
}

/* -- Troubles that are made -- */

static void try_case(struct world *w, struct camera_view *const views[WINDOWS],
                     const lk_image *frame, const struct watch_case *c) {
    lk_error err;
    lk_image shown;
    lk_view_offset truth;
    char what[96];
    assert_ok(watch_case_make(&shown, &truth, w->engine, frame, &w->other, c, &err));
    lk_sighting s = look(w, views[watch_case_window(c)], &shown);
    snprintf(what, sizeof what, "%s %g (variant %d) of frame %d x %d",
             watch_trouble_name(c->trouble), c->size, (int)c->variant, (int)frame->width,
             (int)frame->height);
    expect(&s, watch_trouble_state(c->trouble), what);
    w->cases++;
    w->unsure += !s.sure;
    if (c->trouble == TROUBLE_SHIFT && c->size <= 15) {
        double error = hypot(s.offset.pan_px - truth.pan_px, s.offset.tilt_px - truth.tilt_px);
        assert_true(error <= fmax(1, 0.005 * shown.width));
    }
    lk_image_release(&shown);
}

static void try_frame(struct world *w, struct camera_view *const views[WINDOWS],
                      const lk_image *frame, int32_t n) {
    for (int32_t t = TROUBLE_NONE; t < TROUBLES; t++) {
        const double *sizes;
        int32_t count = watch_trouble_sizes(&sizes, (enum watch_trouble)t);
        int32_t variants = watch_trouble_variants((enum watch_trouble)t);
        for (int32_t i = 0; i < count; i++) {
            /* One variant of each size a frame, another for the next. */
            struct watch_case c = {(enum watch_trouble)t, sizes[i], (7 * n + 3 * i) % variants,
                                   (uint64_t)(n + 1)};
            try_case(w, views, frame, &c);
        }
    }
}

static void test_fixed_camera(void **state) {
    struct world *w = *state;
    lk_image frames[LEARNT];
    struct camera_view *views[WINDOWS];
    for (int32_t i = 0; i < LEARNT; i++) {
        frames[i] = load_fixed(w, i);
    }
    make_views(views, w, frames, LEARNT);
    for (int32_t i = 0; i < LEARNT; i++) {
        lk_image_release(&frames[i]);
    }
    for (int32_t i = 0; i < FRAMES; i++) {
        char what[32];
        lk_image frame = load_fixed(w, i);
        lk_sighting s = look(w, views[WINDOW_WHOLE], &frame);
        snprintf(what, sizeof what, "frame %d", i);
        expect(&s, LK_VIEW_OK, what);
        assert_true(s.sure);
        if (i >= LEARNT && i % 93 == 0) {
            try_frame(w, views, &frame, i / 93);
        }
        lk_image_release(&frame);
    }
    free_views(views);
}

static void test_drawn_light(void **state) {
    struct world *w = *state;
    static const char *const sets[] = {"leuven", "bikes", "boat"};
    for (int32_t k = 0; k < 3; k++) {
        lk_error err;
        struct camera_view *views[WINDOWS];
        lk_image frame = load_set(w, sets[k], 1), lit;
        make_views(views, w, &frame, 1);
        assert_ok(watch_relight(&lit, &frame, (uint64_t)(k + 10), &err));
        try_frame(w, views, &lit, k);
        lk_image_release(&lit);
        lk_image_release(&frame);
        free_views(views);
    }
}

/* -- Troubles that are real -- */

static void try_set(struct world *w, const char *set, lk_view_state state) {
    lk_error err;
    struct camera_view *view;
    lk_image frame = load_set(w, set, 1);
    assert_ok(camera_view_new(&view, w->eye, &frame, NULL, &err));
    lk_image_release(&frame);
    for (int32_t i = 2; i <= 6; i++) {
        char what[32];
        frame = load_set(w, set, i);
        lk_sighting s = look(w, view, &frame);
        snprintf(what, sizeof what, "%s img%d", set, (int)i);
        expect(&s, state, what);
        lk_image_release(&frame);
    }
    camera_view_free(view);
}

static void test_sets(void **state) {
    struct world *w = *state;
    try_set(w, "leuven", LK_VIEW_OK); /* falling light, and moves of up to 1.6 % of the width */
    try_set(w, "bikes", LK_VIEW_DEFOCUSED);
    try_set(w, "boat", LK_VIEW_MOVED);
}

static int set_up(void **state) {
    lk_error err;
    struct world *w = mem_calloc(1, sizeof *w);
    assert_non_null(w);
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    assert_ok(camera_eye_new(&w->eye, w->engine, &err));
    w->other = load(w, "data/photos/kodak24/20.png");
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    print_message("%d cases, %d of them unsure\n", (int)w->cases, (int)w->unsure);
    lk_image_release(&w->other);
    camera_eye_free(w->eye);
    lk_engine_free(w->engine);
    mem_free(w);
    return 0;
}

int main(void) {
    char path[512];
    if (access(shared_path(path, "data/camera/fixed/in000599.jpg"), R_OK) != 0 ||
        access(shared_path(path, "data/photos/kodak24/20.png"), R_OK) != 0) {
        printf("no frames of cameras ($LIKENESS_DATA or ../shared): not run\n");
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fixed_camera, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drawn_light, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sets, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
