/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of cameras over time against a plain loop over the frames, and that years of them take no more room than a month. */
#include "tests/unit/store_files.h"

#include <likeness/watch.h>
#include <math.h>

#include "store/score_rows.h"

enum { FRAMES = 700, EVERY_MS = 7300 };
static const int64_t begin_ms = INT64_C(1700000000123);

static lk_store *open_with_camera(const struct place *p, const char *id) {
    lk_error err;
    lk_store *s;
    lk_camera c = lk_camera_default();
    assert_ok(lk_store_open(&s, p->store, NULL, &err));
    snprintf(c.id, sizeof c.id, "%s", id);
    snprintf(c.source, sizeof c.source, "http://192.0.2.1/frame.jpg");
    assert_ok(lk_camera_put(s, &c, "anna", &err));
    return s;
}

/* The i-th frame: now and then none comes, and the camera moves at times. */
static struct score_row frame_at(int32_t i) {
    int64_t score = (int64_t)i * 7919 * 104729 % SCORE_UNIT;
    bool seen = i % 11 != 3 && !(i > 300 && i < 400);
    return (struct score_row){.at_ms = begin_ms + (int64_t)i * EVERY_MS,
                              .frames = seen,
                              .missed = !seen,
                              .total = seen ? score : 0,
                              .lowest = seen ? score : 0,
                              .highest = seen ? score : 0,
                              .baseline = seen ? 1 + i / 200 : 0,
                              .state = i / 100 % 3 == 2 ? "moved" : "ok"};
}

struct check {
    int64_t step_ms;
    int32_t next, points;
};

/* All frames of the step, one by one. */
static bool check_point(void *arg, const lk_camera_score *p) {
    struct check *c = arg;
    int64_t frames = 0, missed = 0;
    double sum = 0, lowest = 2, highest = -1;
    lk_view_state state = LK_VIEW_OK;
    int32_t baseline = 0;
    for (; c->next < FRAMES; c->next++) {
        const struct score_row f = frame_at(c->next);
        if (f.at_ms >= p->at_ms + c->step_ms) {
            break;
        }
        assert_true(f.at_ms >= p->at_ms);
        frames += f.frames;
        missed += f.missed;
        if (f.frames) {
            double score = (double)f.total / SCORE_UNIT;
            sum += score;
            lowest = fmin(lowest, score);
            highest = fmax(highest, score);
            baseline = (int32_t)f.baseline;
        }
        state = strcmp(f.state, "moved") == 0 ? LK_VIEW_MOVED : LK_VIEW_OK;
    }
    assert_int_equal(p->at_ms % c->step_ms, 0);
    assert_int_equal(p->frames, frames);
    assert_int_equal(p->missed, missed);
    assert_int_equal(p->state, state);
    assert_int_equal(p->baseline, baseline);
    if (frames > 0) {
        assert_true(fabs(p->score - sum / (double)frames) < 1e-9);
        assert_true(p->lowest == lowest && p->highest == highest);
    } else {
        assert_true(isnan(p->score) && isnan(p->lowest) && isnan(p->highest));
    }
    c->points++;
    return true;
}

static void check_step(lk_store *s, int32_t step_s) {
    lk_error err;
    struct check c = {.step_ms = INT64_C(1000) * step_s};
    const lk_camera_series_query query = {"gate", begin_ms, begin_ms + (int64_t)FRAMES * EVERY_MS,
                                          step_s};
    assert_ok(lk_camera_series(s, &query, check_point, &c, &err));
    assert_int_equal(c.next, FRAMES);
    assert_true(c.points > 0);
}

static void test_steps(void **state) {
    lk_store *s = open_with_camera(*state, "gate");
    lk_error err;
    assert_ok(lk_store_begin(s, &err));
    for (int32_t i = 0; i < FRAMES; i++) {
        const struct score_row f = frame_at(i);
        assert_ok(score_add(s, "gate", &f, &err));
    }
    assert_ok(lk_store_end(s, LK_OK, &err));
    check_step(s, 10);
    check_step(s, 60);
    check_step(s, 600);
    check_step(s, 1800);
    lk_store_close(s);
}

struct span {
    int64_t count, first_ms, last_ms;
};

static bool count_span(void *arg, const struct score_row *row) {
    struct span *c = arg;
    c->first_ms = c->count++ == 0 ? row->at_ms : c->first_ms;
    c->last_ms = row->at_ms;
    return true;
}

static struct span look_at(lk_store *s, int64_t span_s) {
    lk_error err;
    struct span c = {0};
    assert_ok(score_visit(s, "gate", span_s, 0, INT64_MAX, count_span, &c, &err));
    return c;
}

static void add_at(lk_store *s, int64_t at_ms) {
    lk_error err;
    const struct score_row row = {.at_ms = at_ms,
                                  .frames = 1,
                                  .total = 900000,
                                  .lowest = 900000,
                                  .highest = 900000,
                                  .state = "ok"};
    assert_ok(score_add(s, "gate", &row, &err));
}

static void test_bounds(void **state) {
    const int64_t days = 80, each_ms = 7200000;
    lk_store *s = open_with_camera(*state, "gate");
    lk_error err;
    int64_t end_ms = begin_ms + days * 86400000;
    assert_ok(lk_store_begin(s, &err));
    for (int64_t at_ms = begin_ms; at_ms < end_ms; at_ms += each_ms) {
        add_at(s, at_ms);
    }
    assert_ok(lk_store_end(s, LK_OK, &err));
    struct span fine = look_at(s, SCORE_FINE_S), coarse = look_at(s, SCORE_COARSE_S);
    assert_in_range(fine.count, 12, 14); /* one in two hours, for 25 hours */
    assert_in_range(coarse.count, 31 * 12, 31 * 12 + 2);
    assert_true(coarse.first_ms >= end_ms - INT64_C(31) * 86400000 - 2 * each_ms);
    /* A clock that was wrong, and is right again. */
    add_at(s, end_ms + INT64_C(4000) * 86400000);
    assert_int_equal(look_at(s, SCORE_COARSE_S).count, 1);
    for (int32_t i = 0; i < 10; i++) {
        add_at(s, end_ms + i * each_ms);
    }
    assert_true(look_at(s, SCORE_COARSE_S).last_ms < end_ms + 86400000);
    assert_int_equal(look_at(s, SCORE_FINE_S).count, 10);
    assert_ok(lk_camera_remove(s, "gate", "anna", NULL, &err));
    assert_int_equal(look_at(s, SCORE_FINE_S).count + look_at(s, SCORE_COARSE_S).count, 0);
    lk_store_close(s);
}

static bool ignore_point(void *arg, const lk_camera_score *p) {
    (void)arg;
    (void)p;
    return true;
}

static void test_step_of_a_time(void **state) {
    lk_store *s = open_with_camera(*state, "gate");
    lk_error err;
    int64_t now = moment_now_ms(), day = 86400000;
    assert_int_equal(lk_camera_series_step(now - day, now, 0), 180);
    assert_int_equal(lk_camera_series_step(now - day, now, 1), 10);
    assert_int_equal(lk_camera_series_step(now - day, now, 61), 70);
    assert_int_equal(lk_camera_series_step(now - 7 * day, now, 0), 1800);
    assert_int_equal(lk_camera_series_step(now - 30 * day, now, 10),
                     600); /* seconds are not kept */
    assert_int_equal(lk_camera_series_step(now - day, now, 601), 1200);
    for (int32_t step_s = -1; step_s < 1000; step_s += 333) {
        const lk_camera_series_query query = {"gate", 0, 1000, step_s};
        assert_refused(LK_E_USAGE, lk_camera_series(s, &query, ignore_point, NULL, &err));
    }
    lk_store_close(s);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void) {
    const struct CMUnitTest tests[] = {WITH_PLACE(test_steps), WITH_PLACE(test_bounds),
                                       WITH_PLACE(test_step_of_a_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
