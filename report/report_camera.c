/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras as JSON. */
#include <math.h>

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
