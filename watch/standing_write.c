/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "watch/standing.h"

#define ROW(key, kind)                                                                             \
    { #key, kind, offsetof(struct standing, key) }
const struct standing_field standing_fields[] = {
    ROW(since_ms, STANDING_INT64),
    ROW(confirmed, STANDING_INT32),
    ROW(latched, STANDING_FLAG),
    ROW(untold, STANDING_FLAG),
    ROW(others_since_ms, STANDING_INT64),
    ROW(well, STANDING_INT32),
    ROW(well_since_ms, STANDING_INT64),
    ROW(same, STANDING_INT32),
    ROW(same_since_ms, STANDING_INT64),
    ROW(started_ms, STANDING_INT64),
    ROW(frames, STANDING_INT64),
    ROW(looked_ms, STANDING_INT64),
    ROW(learnt_ms, STANDING_INT64),
    ROW(brightness, STANDING_REAL),
    ROW(darkening, STANDING_INT32),
    ROW(fell_from, STANDING_REAL),
    ROW(score, STANDING_REAL),
    {"pan_px", STANDING_REAL, offsetof(struct standing, offset.pan_px)},
    {"tilt_px", STANDING_REAL, offsetof(struct standing, offset.tilt_px)},
    {"roll_deg", STANDING_REAL, offsetof(struct standing, offset.roll_deg)},
    {"zoom", STANDING_REAL, offsetof(struct standing, offset.zoom)},
    {"reliability", STANDING_REAL, offsetof(struct standing, offset.reliability)},
};
const size_t standing_field_count = ARRAY_COUNT(standing_fields);

void standing_write(struct buf *out, const struct standing *s) {
    struct json j;
    json_init(&j, out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "state", lk_view_state_name(s->state));
    json_text(&j, "told", lk_view_state_name(s->told));
    for (size_t i = 0; i < standing_field_count; i++) {
        const void *at = (const char *)s + standing_fields[i].offset;
        switch (standing_fields[i].kind) {
        case STANDING_INT32: json_int(&j, standing_fields[i].key, *(const int32_t *)at); break;
        case STANDING_INT64: json_int(&j, standing_fields[i].key, *(const int64_t *)at); break;
        case STANDING_FLAG: json_bool(&j, standing_fields[i].key, *(const bool *)at); break;
        default: json_number(&j, standing_fields[i].key, *(const double *)at);
        }
    }
    json_object_begin(&j, "others");
    for (int i = 0; i < LK_VIEW_STATES; i++) {
        json_int(&j, lk_view_state_name((lk_view_state)i), s->others[i]);
    }
    json_object_end(&j);
    json_text(&j, "digest", s->digest);
    json_text(&j, "position", s->position);
    json_object_end(&j);
}
