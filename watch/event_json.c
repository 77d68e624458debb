/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/event_json.h"

#include <math.h>

#include "base/json.h"
#include "store/store.h"

/* So many digits behind the point carry what is known: shares to 0.0001, pixels and degrees to 0.01. */
enum { SHARE_DIGITS = 4, PLACE_DIGITS = 2 };

static void rounded(struct json *j, const char *key, double value, int digits) {
    double scale = pow(10, digits);
    json_number(j, key, round(value * scale) / scale);
}

static void moment(struct json *j, const char *key, int64_t at_ms) {
    char text[32];
    moment_text(text, at_ms);
    json_text(j, key, text);
}

static void picture(struct json *j, const char *sha256) {
    if (sha256[0]) {
        json_text(j, "picture", sha256);
    } else {
        json_null(j, "picture");
    }
}

static void offset(struct json *j, const lk_view_offset *o) {
    if (!(o->reliability > 0)) {
        json_null(j, "offset");
        return;
    }
    json_object_begin(j, "offset");
    rounded(j, "pan_px", o->pan_px, PLACE_DIGITS);
    rounded(j, "tilt_px", o->tilt_px, PLACE_DIGITS);
    rounded(j, "roll_deg", o->roll_deg, PLACE_DIGITS);
    rounded(j, "zoom", o->zoom, SHARE_DIGITS);
    rounded(j, "reliability", o->reliability, SHARE_DIGITS);
    json_object_end(j);
}

/* What the frame showed; a camera without a picture has nothing of it, and the keys say so. */
static void seen(struct json *j, const struct camera_event *e) {
    static const char *const keys[] = {"cosine", "structure", "sharpness", "brightness", "covered"};
    const lk_sighting *s = &e->sighting;
    const double values[] = {s->cosine, s->structure, s->sharpness, s->brightness, s->covered};
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        rounded(j, keys[i], e->seen ? values[i] : NAN, SHARE_DIGITS);
    }
    if (e->seen) {
        json_int(j, "baseline", s->view);
    } else {
        json_null(j, "baseline");
    }
}

/* Both sides of the change, as those who listen for Frigate's events look for them. */
static void sides(struct json *j, const struct camera_event *e) {
    json_object_begin(j, "before");
    json_text(j, "state", lk_view_state_name(e->previous));
    picture(j, e->before_sha256);
    json_object_end(j);
    json_object_begin(j, "after");
    json_text(j, "state", lk_view_state_name(e->state));
    picture(j, e->after_sha256);
    json_object_end(j);
}

void event_json(struct buf *out, const struct camera_event *e) {
    struct json j;
    json_init(&j, out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/camera-event/1");
    json_int(&j, "id", e->id);
    json_text(&j, "camera", e->camera);
    json_text(&j, "state", lk_view_state_name(e->state));
    json_text(&j, "previous", lk_view_state_name(e->previous));
    moment(&j, "since", e->since_ms);
    moment(&j, "time", e->time_ms);
    rounded(&j, "score", e->seen ? e->sighting.score : NAN, SHARE_DIGITS);
    offset(&j, e->seen ? &e->sighting.offset : &(lk_view_offset){0});
    json_int(&j, "confirmed_frames", e->confirmed_frames);
    json_bool(&j, "latched", e->latched);
    json_bool(&j, "muted", e->muted);
    seen(&j, e);
    sides(&j, e);
    json_object_end(&j);
}
