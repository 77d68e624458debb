/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a camera: to JSON and back, quiet times, and what a database may hold that nobody wrote. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "watch/camera_settings.h"

static void test_round_trip(void **state) {
    (void)state;
    double xy[] = {0, 0, 0.25, 0, 0.125, 0.5};
    lk_camera c = lk_camera_default(), back;
    lk_error err;
    struct buf b, again;
    snprintf(c.id, sizeof c.id, "gate");
    snprintf(c.source, sizeof c.source, "dir:/a \"b\"/\xc3\xa9");
    snprintf(c.name, sizeof c.name, "The gate");
    c.every_s = 0.25;
    c.confirm = 7;
    c.latch = false;
    c.learn_frames = 20;
    c.threshold = 0.9;
    assert_ok(lk_quiet_parse(&c.quiet[0], "mon,tue,wed,thu,fri,sat 22:00-06:30", &err));
    assert_ok(lk_quiet_parse(&c.quiet[1], "00:00-24:00", &err));
    c.quiet_count = 2;
    c.ignore[0] = (lk_polygon){3, xy};
    c.ignore_count = 1;
    assert_ok(settings_check(&c, &err));
    buf_init(&b, 1 << 16);
    buf_init(&again, 1 << 16);
    settings_write(&b, &c);
    assert_ok(buf_status(&b, &err));
    assert_ok(settings_read(&back, "gate", (const char *)b.data, &err));
    settings_write(&again, &back);
    assert_string_equal((const char *)b.data, (const char *)again.data);
    assert_string_equal(back.source, c.source);
    assert_int_equal(back.quiet[0].days, 63);
    assert_int_equal(back.quiet[0].from_min, 22 * 60);
    assert_int_equal(back.quiet[1].to_min, 24 * 60);
    assert_int_equal(back.ignore[0].count, 3);
    lk_camera_release(&back);
    buf_release(&b);
    buf_release(&again);
}

static void test_bad_json(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",
        "7",
        "{\"source\":7}",
        "{\"source\":\"\"}",
        "{\"source\":\"x\",\"confirm\":0}",
        "{\"source\":\"x\",\"confirm\":1e300}",
        "{\"source\":\"x\",\"confirm\":-9223372036854775808}",
        "{\"source\":\"x\",\"every_s\":0}",
        "{\"source\":\"x\",\"every_s\":\"1\"}",
        "{\"source\":\"x\",\"latch\":1}",
        "{\"source\":\"x\",\"quiet\":[1]}",
        "{\"source\":\"x\",\"quiet\":[\"25:00-26:00\"]}",
        "{\"source\":\"x\",\"ignore\":[[0,0,1,1]]}",
        "{\"source\":\"x\",\"ignore\":[[0,0,1,1,0]]}",
        "{\"source\":\"x\",\"ignore\":[[0,0,1,1,0,1e300]]}",
        "{\"source\":\"x\",\"ignore\":[[0,0,1,0,1,1],[0,0,1,0,1,-1e9]]}",
        "{\"source\":\"x\",\"source\":\"y\"}",
        "{\"source\":\"a\\u0000b\"}"};
    lk_error err;
    lk_camera c;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_refused(LK_E_CORRUPT, settings_read(&c, "gate", refused[i], &err));
        assert_string_equal(err.input, "gate");
    }
    char longer[LK_CAMERA_TEXT + 64] = "{\"source\":\"";
    size_t n = strlen(longer);
    memset(longer + n, 'x', LK_CAMERA_TEXT);
    memcpy(longer + n + LK_CAMERA_TEXT, "\"}", 3);
    assert_refused(LK_E_CORRUPT, settings_read(&c, "gate", longer, &err));
    assert_ok(settings_read(&c, "gate", "{\"source\":\"x\",\"of tomorrow\":1}", &err));
    assert_int_equal(c.confirm, 3);
}

static void test_ranges(void **state) {
    (void)state;
    lk_error err;
    lk_camera c = lk_camera_default();
    assert_refused(LK_E_USAGE, settings_check(&c, &err)); /* no source */
    c.source[0] = 'x';
    assert_ok(settings_check(&c, &err));
    c.every_s = NAN;
    assert_refused(LK_E_USAGE, settings_check(&c, &err));
    assert_says(&err, "every_s");
}

/* 2025-11-20 is a Thursday. */
static bool covers(const char *text, int day, int hour, int minute) {
    lk_quiet q;
    lk_error err;
    assert_ok(lk_quiet_parse(&q, text, &err));
    return lk_quiet_covers(
        &q, 1, INT64_C(1763596800000) + (((day - 20) * 24 + hour) * INT64_C(60) + minute) * 60000);
}

static void test_quiet(void **state) {
    (void)state;
    static const char *const refused[] = {"",
                                          "x",
                                          "22:00",
                                          "24:00-01:00",
                                          "10:60-11:00",
                                          "1:00-2:00x",
                                          "monday 1:00-2:00",
                                          "mon, tue 1:00-2:00",
                                          "0:00-24:01",
                                          "-1:00-2:00"};
    lk_quiet q;
    lk_error err;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_refused(LK_E_USAGE, lk_quiet_parse(&q, refused[i], &err));
    }
    assert_true(covers("22:00-06:00", 20, 22, 0) && covers("22:00-06:00", 21, 5, 59));
    assert_false(covers("22:00-06:00", 20, 21, 59) || covers("22:00-06:00", 21, 6, 0));
    assert_true(covers("thu 22:00-06:00", 20, 23, 0) && covers("thu 22:00-06:00", 21, 3, 0));
    assert_false(covers("thu 22:00-06:00", 20, 3, 0)); /* that night began on Wednesday */
    assert_false(covers("thu 22:00-06:00", 21, 23, 0));
    assert_true(covers("sun 22:00-06:00", 24, 3, 0)); /* over the end of the week */
    assert_true(covers("sat,sun 00:00-24:00", 22, 12, 0));
    assert_false(covers("sat,sun 00:00-24:00", 24, 0, 0));
}

int main(void) {
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bad_json),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
