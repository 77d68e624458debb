/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/camera_settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "image/polygon.h"

const struct setting settings[] = {
    {"source", SETTING_TEXT, offsetof(lk_camera, source), 1, LK_CAMERA_TEXT - 1},
    {"token_file", SETTING_TEXT, offsetof(lk_camera, token_file), 0, LK_CAMERA_TEXT - 1},
    {"name", SETTING_TEXT, offsetof(lk_camera, name), 0, 255},
    {"every_s", SETTING_NUMBER, offsetof(lk_camera, every_s), 0.02, 86400},
    {"confirm", SETTING_INTEGER, offsetof(lk_camera, confirm), 1, 1000},
    {"hold_s", SETTING_NUMBER, offsetof(lk_camera, hold_s), 0, 86400},
    {"latch", SETTING_BOOLEAN, offsetof(lk_camera, latch), 0, 1},
    {"baselines", SETTING_INTEGER, offsetof(lk_camera, baselines), 1, 32},
    {"learn_s", SETTING_NUMBER, offsetof(lk_camera, learn_s), 0, 366 * 86400.0},
    {"learn_frames", SETTING_INTEGER, offsetof(lk_camera, learn_frames), 0, 1000000},
    {"frozen_frames", SETTING_INTEGER, offsetof(lk_camera, frozen_frames), 0, 100000},
    {"threshold", SETTING_NUMBER, offsetof(lk_camera, threshold), 0, 1},
    {"field_of_view_deg", SETTING_NUMBER, offsetof(lk_camera, field_of_view_deg), 0, 180},
    {"enabled", SETTING_BOOLEAN, offsetof(lk_camera, enabled), 0, 1},
};
const size_t setting_count = ARRAY_COUNT(settings);

lk_camera lk_camera_default(void) {
    return (lk_camera){.every_s = 30,
                       .confirm = 3,
                       .hold_s = 60,
                       .latch = true,
                       .baselines = 6,
                       .learn_s = 86400,
                       .frozen_frames = 5,
                       .enabled = true};
}

void lk_camera_release(lk_camera *camera) {
    for (size_t i = 0; camera && i < camera->ignore_count; i++) {
        mem_free(camera->ignore[i].xy);
    }
    if (camera) {
        camera->ignore_count = 0;
    }
}

static double number_of(const lk_camera *camera, const struct setting *s) {
    const void *at = (const char *)camera + s->offset;
    switch (s->kind) {
    case SETTING_NUMBER: return *(const double *)at;
    case SETTING_INTEGER: return *(const int32_t *)at;
    case SETTING_BOOLEAN: return *(const bool *)at;
    default: return (double)strlen(at);
    }
}

lk_status settings_check(const lk_camera *camera, lk_error *err) {
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        double value = number_of(camera, s);
        if (!(value >= s->least && value <= s->most)) { /* also of NaN */
            return s->kind == SETTING_TEXT ? error_set(err, LK_E_USAGE, "%s has %.0f to %.0f bytes",
                                                       s->key, s->least, s->most)
                                           : error_set(err, LK_E_USAGE, "%s is from %g to %g",
                                                       s->key, s->least, s->most);
        }
    }
    return LK_OK;
}

/* -- To JSON -- */

static void write_members(struct json *j, const lk_camera *camera, bool with_texts) {
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *s = &settings[i];
        if (s->kind == SETTING_TEXT && with_texts) {
            json_text(j, s->key, (const char *)camera + s->offset);
        } else if (s->kind == SETTING_BOOLEAN) {
            json_bool(j, s->key, number_of(camera, s) != 0);
        } else if (s->kind != SETTING_TEXT) {
            json_number(j, s->key, number_of(camera, s));
        }
    }
    json_array_begin(j, "quiet");
    for (size_t i = 0; i < camera->quiet_count; i++) {
        char text[48];
        quiet_text(text, sizeof text, &camera->quiet[i]);
        json_text(j, NULL, text);
    }
    json_array_end(j);
    json_array_begin(j, "ignore");
    for (size_t i = 0; i < camera->ignore_count; i++) {
        json_numbers(j, NULL, camera->ignore[i].xy, 2 * (size_t)camera->ignore[i].count);
    }
    json_array_end(j);
}

void settings_members(struct json *j, const lk_camera *camera) {
    write_members(j, camera, false);
}

void settings_write(struct buf *out, const lk_camera *camera) {
    struct json j;
    json_init(&j, out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", camera->id);
    write_members(&j, camera, true);
    json_object_end(&j);
}

/* -- Masks -- */

lk_status settings_mask(lk_image *out, const lk_camera *camera, int32_t width, int32_t height,
                        lk_error *err) {
    lk_status status = lk_image_new(out, width, height, 1, 8, err);
    for (int32_t y = 0; y < height && status == LK_OK; y++) {
        memset(image_row(out, y), 255, (size_t)width);
    }
    for (size_t i = 0; i < camera->ignore_count && status == LK_OK; i++) {
        const lk_polygon *a = &camera->ignore[i];
        lk_polygon p = {a->count, mem_alloc(2 * (size_t)a->count, sizeof *p.xy)};
        if (!p.xy) {
            lk_image_release(out);
            return error_memory(err, 2 * (size_t)a->count * sizeof *p.xy);
        }
        for (int32_t k = 0; k < 2 * a->count; k++) {
            p.xy[k] = a->xy[k] * (k % 2 ? height : width);
        }
        polygon_clear(out, &p);
        mem_free(p.xy);
    }
    return status;
}
