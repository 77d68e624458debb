/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras as JSON. */
#include <math.h>

#include "base/error.h"
#include "report/parts.h"
#include "watch/camera_settings.h"

static const double good_deg = 0.5, good_zoom = 0.01;

static void offset_members(struct json *j, const lk_view_offset *o) {
    json_number(j, "pan_px", o->pan_px);
    json_number(j, "tilt_px", o->tilt_px);
    json_number(j, "roll_deg", o->roll_deg);
    json_number(j, "zoom", o->zoom);
    json_number(j, "reliability", o->reliability);
}

static void standing_members(struct json *j, const lk_camera_standing *s) {
    json_text(j, "state", lk_view_state_name(s->state));
    json_int(j, "since_ms", s->since_ms);
    json_int(j, "looked_ms", s->looked_ms);
    json_bool(j, "latched", s->latched);
    json_number(j, "score", s->score);
    json_int(j, "baselines", s->baselines);
    json_int(j, "frames", s->frames);
}

lk_status lk_report_camera(lk_bytes *out, const lk_camera *c, const lk_camera_standing *s,
                           int parts, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", c->id);
    json_text(&j, "name", c->name);
    if (parts & LK_CAMERA_SOURCE) {
        json_text(&j, "source", c->source);
    }
    json_number(&j, "every_s", c->every_s);
    json_int(&j, "confirm", c->confirm);
    json_number(&j, "hold_s", c->hold_s);
    json_bool(&j, "latch", c->latch);
    json_text(&j, "method", c->threshold > 0 ? "embedding" : "all");
    json_bool(&j, "enabled", c->enabled);
    json_int(&j, "areas_left_out", (int64_t)c->ignore_count);
    standing_members(&j, s);
    if (parts & LK_CAMERA_SETTINGS) {
        json_object_begin(&j, "offset");
        offset_members(&j, &s->offset);
        json_object_end(&j);
        json_object_begin(&j, "settings");
        settings_members(&j, c);
        json_object_end(&j);
    }
    json_object_end(&j);
    return buf_finish(&b, out, err);
}

bool lk_camera_is_aimed(const lk_sighting *s, const double degrees[2]) {
    return s->offset.reliability > 0 && fabs(degrees[0]) <= good_deg &&
           fabs(degrees[1]) <= good_deg && fabs(s->offset.roll_deg) <= good_deg &&
           fabs(s->offset.zoom - 1) <= 2 * good_zoom;
}

lk_status lk_report_camera_aim(lk_bytes *out, const char *id, const lk_sighting *s,
                               const double degrees[2], lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/camera-aim/1");
    json_text(&j, "camera", id);
    json_text(&j, "state", lk_view_state_name(s->state));
    json_number(&j, "pan_deg", degrees[0]);
    json_number(&j, "tilt_deg", degrees[1]);
    offset_members(&j, &s->offset);
    json_bool(&j, "aimed", lk_camera_is_aimed(s, degrees));
    json_object_end(&j);
    return buf_finish(&b, out, err);
}

/* -- Series -- */

enum { SCORE_DIGITS = 10000 }; /* as in events: 0.0001 carries what is known */

static void score_member(struct json *j, const char *key, double score) {
    json_number(j, key, round(score * SCORE_DIGITS) / SCORE_DIGITS);
}

static bool add_point(void *arg, const lk_camera_score *p) {
    struct json *j = arg;
    json_object_begin(j, NULL);
    json_int(j, "at_ms", p->at_ms);
    json_int(j, "frames", p->frames);
    json_int(j, "missed", p->missed);
    score_member(j, "score", p->score);
    score_member(j, "lowest", p->lowest);
    score_member(j, "highest", p->highest);
    json_text(j, "state", lk_view_state_name(p->state));
    if (p->baseline > 0) {
        json_int(j, "baseline", p->baseline);
    } else {
        json_null(j, "baseline");
    }
    json_object_end(j);
    return true;
}

/* Below this a frame says that the camera is not well. */
static lk_status find_limit(double *out, lk_store *store, const char *id, lk_error *err) {
    lk_camera camera;
    lk_status status = lk_camera_get(&camera, store, id, err);
    *out = camera.threshold > 0 ? camera.threshold : 0.5;
    lk_camera_release(&camera);
    return status;
}

lk_status lk_report_camera_series(lk_bytes *out, lk_store *store,
                                  const lk_camera_series_query *query, lk_error *err) {
    lk_camera_series_query q = *query;
    struct buf b;
    struct json j;
    double limit;
    *out = (lk_bytes){0};
    lk_status status = find_limit(&limit, store, q.camera, err);
    if (status != LK_OK) {
        return status;
    }
    q.step_s = lk_camera_series_step(q.from_ms, q.to_ms, q.step_s);
    if ((q.to_ms - q.from_ms) / 1000 / q.step_s > LK_SERIES_STEPS_MAX) {
        return error_set(err, LK_E_LIMIT, "more than %d steps: ask for a shorter time",
                         LK_SERIES_STEPS_MAX);
    }
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/camera-series/1");
    json_text(&j, "camera", q.camera);
    json_int(&j, "from_ms", q.from_ms);
    json_int(&j, "to_ms", q.to_ms);
    json_int(&j, "step_s", q.step_s);
    json_number(&j, "limit", limit);
    json_array_begin(&j, "points");
    status = lk_camera_series(store, &q, add_point, &j, err);
    json_array_end(&j);
    json_object_end(&j);
    if (status != LK_OK) {
        buf_release(&b);
        return status;
    }
    return buf_finish(&b, out, err);
}

lk_status lk_report_watch(lk_bytes *out, const lk_watch_result *r, lk_error *err) {
    const lk_sighting *s = &r->sighting;
    struct buf b;
    struct json j;
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/watch/1");
    json_text(&j, "state", lk_view_state_name(r->worst));
    json_bool(&j, "sure", r->sure);
    json_int(&j, "frames", r->frames);
    json_int(&j, "failures", r->failures);
    json_int(&j, "events", r->events);
    json_number(&j, "score", r->frames > 0 ? s->score : NAN);
    json_object_begin(&j, "offset");
    offset_members(&j, &s->offset);
    json_object_end(&j);
    json_number(&j, "cosine", s->cosine);
    json_number(&j, "structure", s->structure);
    json_number(&j, "sharpness", s->sharpness);
    json_number(&j, "brightness", s->brightness);
    json_number(&j, "covered", s->covered);
    json_object_end(&j);
    return buf_finish(&b, out, err);
}
