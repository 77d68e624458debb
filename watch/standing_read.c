/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "watch/event.h"
#include "watch/standing.h"

/* No count comes near, and sums of a few stay within int32_t; moments end with the year 9999. */
static const int64_t COUNT_MOST = 100000000, MOMENT_MOST = INT64_C(253402300799999);

/* From 0; what lies outside becomes the nearest inside. */
static int64_t whole(const json_t *value, int64_t most) {
    json_int_t v = json_integer_value(value);
    return v < 0 ? 0 : v > most ? most : v;
}

static void read_field(struct standing *s, const struct standing_field *f, const json_t *root) {
    const json_t *value = json_object_get(root, f->key);
    void *at = (char *)s + f->offset;
    switch (f->kind) {
    case STANDING_INT32: *(int32_t *)at = (int32_t)whole(value, COUNT_MOST); break;
    case STANDING_INT64: *(int64_t *)at = whole(value, MOMENT_MOST); break;
    case STANDING_FLAG: *(bool *)at = json_is_true(value); break;
    default: *(double *)at = json_is_number(value) ? json_number_value(value) : NAN;
    }
}

static void read_text(char *out, size_t size, const json_t *root, const char *key) {
    const char *text = json_string_value(json_object_get(root, key));
    snprintf(out, size, "%s", text ? text : "");
}

lk_status standing_read(struct standing *out, const char *text, lk_error *err) {
    *out = standing_new();
    if (!text[0]) {
        return LK_OK;
    }
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(root, "state"));
    lk_view_state state = name ? view_state_find(name) : LK_VIEW_STATES;
    if (state == LK_VIEW_STATES) {
        json_decref(root);
        return error_set(err, LK_E_CORRUPT, "where the camera stands cannot be read");
    }
    out->state = state;
    for (size_t i = 0; i < standing_field_count; i++) {
        read_field(out, &standing_fields[i], root);
    }
    for (int i = 0; i < LK_VIEW_STATES; i++) {
        const json_t *others = json_object_get(root, "others");
        out->others[i] = (int32_t)whole(
            json_object_get(others, lk_view_state_name((lk_view_state)i)), COUNT_MOST);
    }
    name = json_string_value(json_object_get(root, "told"));
    out->told = name && view_state_find(name) != LK_VIEW_STATES ? view_state_find(name) : state;
    read_text(out->digest, sizeof out->digest, root, "digest");
    read_text(out->position, sizeof out->position, root, "position");
    json_decref(root);
    return LK_OK;
}
