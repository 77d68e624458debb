/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of a camera, by a hand of frames each, and its way through JSON. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "watch/standing.h"

enum { NO_FRAME = -1, NOT_SURE = -2, SAME_FRAME = -3 };

static const int64_t begin_ms = INT64_C(1763640000000); /* 2025-11-20 12:00:00 UTC */

/* A camera and its standing; each step lies `every_ms` behind the one before. */
struct scene {
    lk_camera camera;
    struct standing s;
    int64_t at_ms, every_ms;
    int number;
    double brightness;
};

static struct scene scene_new(void) {
    struct scene c = {.camera = lk_camera_default(),
                      .s = standing_new(),
                      .at_ms = begin_ms,
                      .every_ms = 10000,
                      .brightness = 0.5};
    c.camera.hold_s = 30;
    return c;
}

/* Takes a step; true when it is an event. */
static bool step(struct scene *c, int kind) {
    char digest[65];
    lk_sighting sighting = {.state = kind >= 0 ? (lk_view_state)kind : LK_VIEW_OK,
                            .sure = kind != NOT_SURE,
                            .score = kind == LK_VIEW_OK,
                            .brightness = c->brightness,
                            .offset = {.zoom = 1}};
    c->number += kind != SAME_FRAME;
    snprintf(digest, sizeof digest, "%064x", (unsigned)c->number);
    const struct observation o = {c->at_ms, kind == NO_FRAME ? NULL : &sighting,
                                  kind == NO_FRAME ? NULL : digest};
    bool event = standing_step(&c->s, &c->camera, &o);
    c->at_ms += c->every_ms;
    return event;
}

/* So many steps of one kind; the number of the step that was an event, from 1, or 0. No second one may follow. */
static int steps(struct scene *c, int kind, int count) {
    int event = 0;
    for (int i = 1; i <= count; i++) {
        if (step(c, kind)) {
            assert_int_equal(event, 0);
            event = i;
        }
    }
    return event;
}

static void test_confirmed(void **state) {
    (void)state;
    struct scene c = scene_new();
    assert_int_equal(steps(&c, LK_VIEW_OK, 5), 0);
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 2), 0);
    assert_int_equal(steps(&c, LK_VIEW_OK, 1), 0); /* in a row, or not at all */
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 1), 0);
    assert_int_equal(steps(&c, NOT_SURE, 4), 0); /* what does not tell neither counts nor breaks */
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 5), 2);
    assert_int_equal(c.s.state, LK_VIEW_MOVED);
    assert_int_equal(c.s.previous, LK_VIEW_OK);
    assert_int_equal(c.s.confirmed, 3);
    assert_int_equal(c.s.since_ms, begin_ms + 8 * c.every_ms); /* the first that showed it */
}

static void test_kind_of_most(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    assert_false(step(&c, LK_VIEW_COVERED));
    assert_false(step(&c, LK_VIEW_DARK));
    assert_true(step(&c, LK_VIEW_COVERED));
    assert_int_equal(c.s.state, LK_VIEW_COVERED);
}

static void test_latched(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, LK_VIEW_COVERED, 3), 3);
    assert_true(c.s.latched);
    assert_int_equal(steps(&c, LK_VIEW_OK, 20), 0);
    c.s.latched = false; /* as lk_camera_acknowledge does */
    assert_int_equal(steps(&c, LK_VIEW_OK, 2), 1);
    assert_int_equal(c.s.state, LK_VIEW_OK);
    assert_int_equal(c.s.previous, LK_VIEW_COVERED);
}

static void test_held(void **state) {
    (void)state;
    struct scene c = scene_new();
    c.camera.latch = false;
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, LK_VIEW_COVERED, 3), 3);
    assert_int_equal(steps(&c, LK_VIEW_OK, 3), 0); /* confirmed, not held */
    assert_int_equal(steps(&c, LK_VIEW_COVERED, 1), 0);
    assert_int_equal(steps(&c, LK_VIEW_OK, 5), 4); /* 30 s after the first of them */
}

static void test_alarm_to_alarm(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 4), 3);
    assert_int_equal(steps(&c, LK_VIEW_COVERED, 5), 0);
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 1), 0);
    assert_int_equal(steps(&c, LK_VIEW_COVERED, 7), 6);
    assert_int_equal(c.s.previous, LK_VIEW_MOVED);
}

static void test_lost(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, NO_FRAME, 4), 3);
    assert_int_equal(c.s.state, LK_VIEW_LOST);
    assert_false(c.s.latched);
    assert_int_equal(steps(&c, LK_VIEW_OK, 4), 3); /* neither latched nor held */
    assert_int_equal(steps(&c, NO_FRAME, 4), 3);
    assert_int_equal(steps(&c, NOT_SURE, 4), 3); /* it answers, whatever it shows */
    assert_int_equal(c.s.state, LK_VIEW_OK);
}

static void test_frozen(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, SAME_FRAME, 6), 4); /* five times the same */
    assert_int_equal(c.s.state, LK_VIEW_FROZEN);
    assert_int_equal(c.s.since_ms, begin_ms + c.every_ms);
    assert_int_equal(steps(&c, LK_VIEW_OK, 4), 3);
    c.camera.frozen_frames = 0;
    assert_int_equal(steps(&c, SAME_FRAME, 20), 0);
}

/* Who covers a camera and then cuts its cable is not forgotten when both are undone. */
static void test_latched_over_loss(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, LK_VIEW_COVERED, 3), 3);
    assert_int_equal(steps(&c, NO_FRAME, 7), 6);
    assert_true(c.s.latched);
    assert_int_equal(steps(&c, LK_VIEW_OK, 10), 0);
    c.s.latched = false;
    assert_int_equal(steps(&c, LK_VIEW_OK, 2), 1);
    assert_false(c.s.latched);
}

/* 22:00 to 06:00; the scene begins so many minutes from midnight. */
static struct scene scene_at_night(int32_t minute) {
    struct scene c = scene_new();
    lk_error err;
    assert_ok(lk_quiet_parse(&c.camera.quiet[0], "22:00-06:00", &err));
    c.camera.quiet_count = 1;
    c.at_ms = begin_ms + (12 * 60 + minute) * INT64_C(60000);
    c.every_ms = 60000;
    return c;
}

static void test_quiet_over_midnight(void **state) {
    (void)state;
    struct scene c = scene_at_night(-10);
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 3), 3);
    assert_true(c.s.muted && c.s.untold);
    int quiet_left = 10 + 6 * 60 - 5;
    assert_int_equal(steps(&c, LK_VIEW_MOVED, quiet_left), 0);
    assert_int_equal(steps(&c, LK_VIEW_MOVED, 5), 1); /* told at 06:00, once */
    assert_false(c.s.muted || c.s.untold);
    assert_int_equal(c.s.previous, LK_VIEW_OK);
}

static void test_quiet_and_over(void **state) {
    (void)state;
    struct scene c = scene_at_night(4 * 60);
    c.camera.latch = false;
    steps(&c, LK_VIEW_OK, 2);
    assert_int_equal(steps(&c, LK_VIEW_DARK, 3), 3);
    assert_int_equal(steps(&c, LK_VIEW_OK, 10), 3);
    assert_true(c.s.muted); /* the end of what nobody was told of is not told, now or later */
    assert_int_equal(steps(&c, LK_VIEW_OK, 200), 0);
}

static void test_alarm_ends_in_quiet(void **state) {
    (void)state;
    struct scene c = scene_at_night(-125);
    c.camera.latch = false;
    assert_int_equal(steps(&c, LK_VIEW_DARK, 3), 3);
    assert_false(c.s.muted); /* 21:57 */
    assert_int_equal(steps(&c, LK_VIEW_DARK, 10), 0);
    assert_int_equal(steps(&c, LK_VIEW_OK, 10), 3);
    assert_true(c.s.muted);
    assert_int_equal(steps(&c, LK_VIEW_OK, 500), 463); /* 06:00: whoever knows of it is told */
    assert_int_equal(c.s.previous, LK_VIEW_DARK);
    assert_int_equal(c.s.state, LK_VIEW_OK);
}

static void test_settled(void **state) {
    (void)state;
    struct scene c = scene_new();
    steps(&c, LK_VIEW_OK, 2);
    steps(&c, LK_VIEW_MOVED, 3);
    standing_settle(&c.s, c.at_ms);
    assert_int_equal(c.s.state, LK_VIEW_OK);
    assert_false(c.s.latched);
    assert_int_equal(steps(&c, LK_VIEW_OK, 3),
                     1); /* whoever knows of the alarm is told of its end */
    assert_int_equal(c.s.previous, LK_VIEW_MOVED);
    standing_settle(&c.s, c.at_ms);
    assert_int_equal(steps(&c, LK_VIEW_OK, 3), 0);
}

static void test_learning_ends(void **state) {
    (void)state;
    struct scene c = scene_new();
    c.camera.learn_frames = 3;
    for (int i = 0; i < 3; i++) { /* asked before each step, so of frames 1, 2 and 3 */
        assert_true(standing_learns(&c.s, &c.camera, c.at_ms));
        step(&c, LK_VIEW_OK);
    }
    assert_false(standing_learns(&c.s, &c.camera, c.at_ms));
    c.camera.learn_frames = 0;
    c.camera.learn_s = 40;
    assert_true(standing_learns(&c.s, &c.camera, c.at_ms));
    step(&c, LK_VIEW_OK);
    assert_false(standing_learns(&c.s, &c.camera, c.at_ms));
}

/* Dusk is counted, a hand is not for as long as it lies there. */
static void test_darkening(void **state) {
    (void)state;
    struct scene c = scene_new();
    for (int i = 0; i < 11; i++) {
        step(&c, LK_VIEW_OK);
        c.brightness -= 0.03;
    }
    assert_int_equal(c.s.darkening, 10);
    c = scene_new();
    steps(&c, LK_VIEW_OK, 3);
    c.brightness = 0.05;
    steps(&c, NOT_SURE, 30);
    assert_int_equal(c.s.darkening, 0);
    c.brightness = 0.49;
    steps(&c, LK_VIEW_OK, 4);
    assert_int_equal(c.s.darkening, 4);
}

/* Everything that lasts comes back: the next steps are the same. */
static void test_json(void **state) {
    (void)state;
    struct scene c = scene_at_night(-10);
    struct standing back;
    struct buf b;
    lk_error err;
    steps(&c, LK_VIEW_OK, 2);
    steps(&c, LK_VIEW_MOVED, 4);
    steps(&c, LK_VIEW_COVERED, 2);
    snprintf(c.s.position, sizeof c.s.position, "%s", "a \"b\"/c.jpg");
    buf_init(&b, 1 << 16);
    standing_write(&b, &c.s);
    assert_ok(buf_status(&b, &err));
    assert_ok(standing_read(&back, (const char *)b.data, &err));
    assert_int_equal(back.state, LK_VIEW_MOVED);
    assert_int_equal(back.told, LK_VIEW_OK);
    assert_true(back.latched && back.untold);
    assert_int_equal(back.others[LK_VIEW_COVERED], 2);
    assert_string_equal(back.position, c.s.position);
    assert_string_equal(back.digest, c.s.digest);
    assert_true(isnan(back.fell_from));
    struct scene d = c;
    d.s = back;
    for (int i = 0; i < 500; i++) {
        assert_int_equal(step(&c, i % 7 ? LK_VIEW_COVERED : NOT_SURE),
                         step(&d, i % 7 ? LK_VIEW_COVERED : NOT_SURE));
        assert_int_equal(c.s.state, d.s.state);
    }
    buf_release(&b);
}

/* Nobody wrote these, but a database may hold them. */
static void test_bad_json(void **state) {
    (void)state;
    static const char *const refused[] = {"{",
                                          "[]",
                                          "{}",
                                          "{\"state\":7}",
                                          "{\"state\":\"fine\"}",
                                          "{\"state\":\"ok\",\"state\":\"ok\"}"};
    lk_error err;
    struct standing s;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_refused(LK_E_CORRUPT, standing_read(&s, refused[i], &err));
    }
    assert_ok(standing_read(&s, "", &err));
    assert_int_equal(s.state, LK_VIEW_OK);
    struct scene c = scene_new();
    assert_ok(standing_read(&c.s,
                            "{\"state\":\"moved\",\"told\":4,\"well\":9223372036854775807,\"same\":"
                            "2147483647,\"looked_ms\":9223372036854775807,\"since_ms\":-9,"
                            "\"started_ms\":-9223372036854775808,\"brightness\":\"x\",\"others\":{"
                            "\"covered\":2147483647,\"dark\":2147483647,\"lost\":-5}}",
                            &err));
    assert_true(c.s.looked_ms > 0 && c.s.looked_ms < INT64_MAX / 1000 &&
                c.s.others[LK_VIEW_LOST] == 0);
    assert_true(isnan(c.s.brightness));
    steps(&c, LK_VIEW_DARK, 1); /* under the sanitizers: no sum overflows */
    assert_false(lk_quiet_covers(c.camera.quiet, 0, INT64_MAX));
}

int main(void) {
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confirmed),
        cmocka_unit_test(test_kind_of_most),
        cmocka_unit_test(test_latched),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_alarm_to_alarm),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_latched_over_loss),
        cmocka_unit_test(test_quiet_over_midnight),
        cmocka_unit_test(test_quiet_and_over),
        cmocka_unit_test(test_alarm_ends_in_quiet),
        cmocka_unit_test(test_settled),
        cmocka_unit_test(test_learning_ends),
        cmocka_unit_test(test_darkening),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_bad_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
