/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "serve/jobs.h"

struct json_t *settings_parse(const char *text) {
    json_t *out = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(out)) {
        json_decref(out);
        return NULL;
    }
    return out;
}

void settings_free(struct json_t *settings) {
    json_decref(settings);
}

char *settings_line(const struct json_t *settings, const char *without) {
    json_t *copy = json_copy((json_t *)(uintptr_t)settings);
    if (copy && without) {
        json_object_del(copy, without);
    }
    size_t size = copy ? json_dumpb(copy, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS) : 0;
    char *out = size > 0 ? mem_alloc(size + 1, 1) : NULL;
    if (out) {
        json_dumpb(copy, out, size, JSON_COMPACT | JSON_SORT_KEYS);
        out[size] = 0;
    }
    json_decref(copy);
    return out;
}

const char *settings_text_at(const struct json_t *settings, const char *object, const char *name) {
    const char *text = json_string_value(json_object_get(json_object_get(settings, object), name));
    return text ? text : "";
}
