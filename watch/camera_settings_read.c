/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "watch/camera_settings.h"

static lk_status bad(const char *key, lk_error *err) {
    return error_set(err, LK_E_CORRUPT, "a camera's \"%s\" is not what it should be", key);
}

static lk_status read_setting(lk_camera *c, const struct setting *s, const json_t *value,
                              lk_error *err) {
    void *at = (char *)c + s->offset;
    bool right = s->kind == SETTING_TEXT      ? json_is_string(value)
                 : s->kind == SETTING_BOOLEAN ? json_is_boolean(value)
                                              : json_is_number(value);
    if (!right) {
        return bad(s->key, err);
    }
    switch (s->kind) {
    case SETTING_TEXT:
        if (json_string_length(value) > s->most) {
            return bad(s->key, err);
        }
        memcpy(at, json_string_value(value), json_string_length(value) + 1);
        break;
    case SETTING_BOOLEAN: *(bool *)at = json_is_true(value); break;
    case SETTING_INTEGER:
        *(int32_t *)at = (int32_t)fmin(fmax(json_number_value(value), -1), 2e9);
        break;
    default: *(double *)at = json_number_value(value);
    }
    return LK_OK;
}

static lk_status read_area(lk_camera *c, const json_t *list, lk_error *err) {
    size_t count = json_array_size(list);
    if (count < 6 || count > 2000 || count % 2) {
        return bad("ignore", err);
    }
    lk_polygon p = {(int32_t)(count / 2), mem_alloc(count, sizeof *p.xy)};
    if (!p.xy) {
        return error_memory(err, count * sizeof *p.xy);
    }
    for (size_t i = 0; i < count; i++) {
        p.xy[i] = json_number_value(json_array_get(list, i));
        if (!(p.xy[i] >= -1 && p.xy[i] <= 2)) { /* 0 to 1 but for what was drawn over the edge */
            mem_free(p.xy);
            return bad("ignore", err);
        }
    }
    c->ignore[c->ignore_count++] = p;
    return LK_OK;
}

static lk_status read_lists(lk_camera *c, const json_t *root, lk_error *err) {
    const json_t *quiet = json_object_get(root, "quiet"), *ignore = json_object_get(root, "ignore");
    if (json_array_size(quiet) > LK_QUIET_MAX || json_array_size(ignore) > LK_CAMERA_AREAS_MAX) {
        return bad("quiet or ignore", err);
    }
    lk_status status = LK_OK;
    for (size_t i = 0; i < json_array_size(quiet) && status == LK_OK; i++) {
        const char *text = json_string_value(json_array_get(quiet, i));
        bool right = text && lk_quiet_parse(&c->quiet[c->quiet_count++], text, NULL) == LK_OK;
        status = right ? LK_OK : bad("quiet", err);
    }
    for (size_t i = 0; i < json_array_size(ignore) && status == LK_OK; i++) {
        status = read_area(c, json_array_get(ignore, i), err);
    }
    return status;
}

lk_status settings_read(lk_camera *out, const char *id, const char *text, lk_error *err) {
    json_error_t problem;
    *out = lk_camera_default();
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        return error_input(
            err,
            error_set(err, LK_E_CORRUPT, "the camera's settings are no JSON: %.200s", problem.text),
            id);
    }
    lk_status status = LK_OK;
    snprintf(out->id, sizeof out->id, "%s", id);
    for (size_t i = 0; i < setting_count && status == LK_OK; i++) {
        const json_t *value = json_object_get(root, settings[i].key);
        status = value ? read_setting(out, &settings[i], value, err) : LK_OK;
    }
    status = status == LK_OK ? read_lists(out, root, err) : status;
    status = status == LK_OK && settings_check(out, err) != LK_OK ? bad("settings", err) : status;
    json_decref(root);
    if (status != LK_OK) {
        lk_camera_release(out);
        return error_input(err, status, id);
    }
    return LK_OK;
}
