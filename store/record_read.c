/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/record.h"
#include "store/store.h"

/* Where texts of a bounded length go. */
struct text_key {
    const char *key;
    size_t offset, size; /* in lk_reference; size 0: a char * of its own */
    size_t max;
    bool lines;
};

static const struct text_key text_keys[] = {
    {"id", offsetof(lk_reference, id), sizeof(((lk_reference *)0)->id), LK_REFERENCE_ID_MAX, false},
    {"sha256", offsetof(lk_reference, sha256), 65, 64, false},
    {"format", offsetof(lk_reference, format), 16, 15, false},
    {"file_name", offsetof(lk_reference, file_name), 0, 1024, false},
    {"name", offsetof(lk_reference, name), 0, LK_NAME_MAX, false},
    {"note", offsetof(lk_reference, note), 0, LK_NOTE_MAX, true},
    {"added", offsetof(lk_reference, added), 32, MOMENT_LENGTH, false},
    {"actor", offsetof(lk_reference, actor), LK_ACTOR_MAX + 1, LK_ACTOR_MAX, false},
};

struct int_key {
    const char *key;
    size_t offset, size;
    int64_t least, most;
};

static const struct int_key int_keys[] = {
    {"version", offsetof(lk_reference, version), 4, 1, 1000000000},
    {"bytes", offsetof(lk_reference, bytes), 8, 1, (int64_t)1 << 40},
    {"width", offsetof(lk_reference, width), 4, 1, 1 << 24},
    {"height", offsetof(lk_reference, height), 4, 1, 1 << 24},
};

static lk_status bad(lk_error *err, const char *key, const char *what) {
    return error_set(err, LK_E_CORRUPT, "the record's \"%s\" is %s", key, what);
}

/* A copy of a text of at most max bytes. */
static lk_status copy_text(char **out, const json_t *value, const char *key, size_t max, bool lines,
                           lk_error *err) {
    const char *text = json_string_value(value);
    if (!text || store_check_text("text", text, max, lines, NULL) != LK_OK) {
        return bad(err, key, "no text, too long or holds a control character");
    }
    *out = mem_strdup(text);
    return *out ? LK_OK : error_memory(err, strlen(text));
}

static lk_status read_texts(lk_reference *r, const json_t *root, lk_error *err) {
    for (size_t i = 0; i < ARRAY_COUNT(text_keys); i++) {
        const struct text_key *k = &text_keys[i];
        char *text;
        lk_status status =
            copy_text(&text, json_object_get(root, k->key), k->key, k->max, k->lines, err);
        if (status != LK_OK) {
            return status;
        }
        char *at = (char *)r + k->offset;
        if (k->size > 0) {
            memcpy(at, text, strlen(text) + 1);
            mem_free(text);
        } else {
            memcpy(at, &text, sizeof text);
        }
    }
    return LK_OK;
}

static lk_status read_ints(lk_reference *r, const json_t *root, lk_error *err) {
    for (size_t i = 0; i < ARRAY_COUNT(int_keys); i++) {
        const struct int_key *k = &int_keys[i];
        const json_t *value = json_object_get(root, k->key);
        int64_t number = json_integer_value(value);
        int32_t narrow = (int32_t)number;
        if (!json_is_integer(value) || number < k->least || number > k->most) {
            return bad(err, k->key, "no whole number in its range");
        }
        memcpy((char *)r + k->offset, k->size == 8 ? (void *)&number : (void *)&narrow, k->size);
    }
    return LK_OK;
}

static lk_status read_tags(lk_reference *r, const json_t *list, lk_error *err) {
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > LK_TAGS_MAX) {
        return bad(err, "tags", "no list, or too long");
    }
    r->tags = mem_calloc(count + 1, sizeof *r->tags);
    if (!r->tags) {
        return error_memory(err, count * sizeof *r->tags);
    }
    for (size_t i = 0; i < count; i++) {
        lk_status status =
            copy_text(&r->tags[i], json_array_get(list, i), "tags", LK_TAG_MAX, false, err);
        if (status != LK_OK) {
            return status;
        }
        r->tag_count++;
        if (!r->tags[i][0] || (i > 0 && strcmp(r->tags[i - 1], r->tags[i]) >= 0)) {
            return bad(err, "tags", "not in byte order, or holds an empty one");
        }
    }
    return LK_OK;
}

static lk_status read_points(lk_polygon *p, const json_t *list, lk_error *err) {
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count % 2 || count < 6 || count > 2 * AREA_POINTS_MAX) {
        return bad(err, "ignore", "no list of three or more points");
    }
    p->xy = mem_alloc(count, sizeof *p->xy);
    if (!p->xy) {
        return error_memory(err, count * sizeof *p->xy);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        p->xy[i] = json_number_value(value);
        if (!json_is_number(value) || !(fabs(p->xy[i]) <= 1e7)) {
            return bad(err, "ignore", "no list of points");
        }
    }
    p->count = (int32_t)(count / 2);
    return LK_OK;
}

static lk_status read_areas(lk_reference *r, const json_t *list, lk_error *err) {
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > LK_IGNORE_MAX) {
        return bad(err, "ignore", "no list, or too long");
    }
    r->ignore = mem_calloc(count + 1, sizeof *r->ignore);
    r->ignore_text = mem_calloc(count + 1, sizeof *r->ignore_text);
    if (!r->ignore || !r->ignore_text) {
        return error_memory(err, count * sizeof *r->ignore);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *area = json_array_get(list, i);
        r->ignore_count++; /* so that what is half read is released */
        lk_status status = copy_text(&r->ignore_text[i], json_object_get(area, "text"), "ignore",
                                     AREA_TEXT_MAX, false, err);
        if (status == LK_OK) {
            status = read_points(&r->ignore[i], json_object_get(area, "points"), err);
        }
        if (status == LK_OK && json_object_size(area) != 2) {
            status = bad(err, "ignore", "more than text and points");
        }
        if (status != LK_OK) {
            return status;
        }
    }
    return LK_OK;
}

static lk_status read_star(lk_star *star, const json_t *value, lk_error *err) {
    if (json_is_null(value)) {
        return LK_OK;
    }
    const json_t *number = json_object_get(value, "value");
    const json_t *reasons = json_object_get(value, "reasons");
    star->value = json_number_value(number);
    if (!json_is_number(number) || !(star->value >= 0 && star->value <= 1) ||
        !json_is_array(reasons) || json_array_size(reasons) > LK_STAR_REASONS_MAX ||
        json_object_size(value) != 2) {
        return bad(err, "star", "no number of 0..1 with its reasons");
    }
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const char *text = json_string_value(json_array_get(reasons, i));
        if (!text ||
            store_check_text("reason", text, sizeof star->reasons[0] - 1, false, NULL) != LK_OK) {
            return bad(err, "star", "without a reason that is a short text");
        }
        snprintf(star->reasons[i], sizeof star->reasons[0], "%s", text);
        star->reason_count++;
    }
    star->known = true;
    return LK_OK;
}

static bool is_known(const char *key) {
    static const char *const others[] = {"tags", "ignore", "star", "purged"};
    bool found = false;
    for (size_t i = 0; i < ARRAY_COUNT(text_keys); i++) {
        found = found || strcmp(key, text_keys[i].key) == 0;
    }
    for (size_t i = 0; i < ARRAY_COUNT(int_keys); i++) {
        found = found || strcmp(key, int_keys[i].key) == 0;
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        found = found || strcmp(key, others[i]) == 0;
    }
    return found;
}

/* What the keys must be beside their types. */
static lk_status check_members(const lk_reference *r, lk_error *err) {
    uint8_t sum[DIGEST_BYTES];
    int64_t at_ms;
    if (!lk_reference_id_is_valid(r->id)) {
        return bad(err, "id", "none: 1 to 128 letters, digits and ._- without a dot in front");
    }
    if (!digest_from_hex(sum, r->sha256)) {
        return bad(err, "sha256", "not 64 small hex digits");
    }
    if (!store_is_name(r->format, sizeof r->format - 1) || strchr(r->format, '.')) {
        return bad(err, "format", "no word");
    }
    return moment_parse(&at_ms, r->added) ? LK_OK : bad(err, "added", "no moment");
}

static lk_status read_record(lk_reference *r, json_t *root, bool listed, lk_error *err) {
    const char *key;
    json_t *value;
    if (!json_is_object(root)) {
        return error_set(err, LK_E_CORRUPT, "the record is no JSON object");
    }
    json_object_foreach(root, key, value) {
        if (!is_known(key)) {
            return error_set(err, LK_E_CORRUPT, "the record has an unknown key \"%.64s\"", key);
        }
    }
    value = json_object_get(root, "purged");
    if (value && !(listed && json_is_boolean(value))) {
        return bad(err, "purged", "not true or false");
    }
    r->purged = json_is_true(value);
    lk_status status = read_texts(r, root, err);
    if (status == LK_OK) {
        status = read_ints(r, root, err);
    }
    if (status == LK_OK) {
        status = read_tags(r, json_object_get(root, "tags"), err);
    }
    if (status == LK_OK) {
        status = read_areas(r, json_object_get(root, "ignore"), err);
    }
    if (status == LK_OK) {
        status = read_star(&r->star, json_object_get(root, "star"), err);
    }
    return status == LK_OK ? check_members(r, err) : status;
}

/* LK_E_MEMORY where jansson says so, else `otherwise`. */
static lk_status load(json_t **out, const char *what, const char *text, size_t size,
                      lk_status otherwise, lk_error *err) {
    json_error_t problem;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (*out) {
        return LK_OK;
    }
    if (json_error_code(&problem) == json_error_out_of_memory) {
        return error_memory(err, size);
    }
    return error_set(err, otherwise, "%s is not JSON: %.200s in line %d", what, problem.text,
                     problem.line);
}

lk_status record_read(lk_reference *out, const char *text, size_t size, lk_error *err) {
    json_t *root;
    *out = (lk_reference){0};
    lk_status status = load(&root, "the record", text, size, LK_E_CORRUPT, err);
    if (status == LK_OK) {
        status = read_record(out, root, false, err);
        json_decref(root);
    }
    if (status != LK_OK) {
        lk_reference_release(out);
    }
    return status;
}

lk_status record_check_object(const char *what, const char *text, lk_error *err) {
    json_t *root;
    lk_status status = load(&root, what, text, strlen(text), LK_E_USAGE, err);
    if (status == LK_OK && !json_is_object(root)) {
        status = error_set(err, LK_E_USAGE, "%s is no JSON object", what);
    }
    json_decref(root);
    return status;
}

/* -- The manifest -- */

static lk_status read_versions(struct manifest *m, const json_t *list, lk_error *err) {
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > MANIFEST_VERSIONS_MAX) {
        return error_set(err, LK_E_CORRUPT, "the manifest's \"versions\" is no list, or too long");
    }
    m->versions = mem_calloc(count + 1, sizeof *m->versions);
    if (!m->versions) {
        return error_memory(err, count * sizeof *m->versions);
    }
    for (size_t i = 0; i < count; i++) {
        lk_reference *r = &m->versions[m->count++];
        lk_status status = read_record(r, json_array_get(list, i), true, err);
        if (status != LK_OK) {
            return status;
        }
        const lk_reference *before = i > 0 ? r - 1 : NULL;
        int order = before ? strcmp(before->id, r->id) : -1;
        if (order > 0 || (order == 0 ? r->version != before->version + 1 : r->version != 1)) {
            return error_set(err, LK_E_CORRUPT,
                             "the manifest's versions are not in order at %.128s version %d", r->id,
                             r->version);
        }
    }
    return LK_OK;
}

lk_status manifest_read(struct manifest *out, const char *text, size_t size, lk_error *err) {
    json_t *root;
    *out = (struct manifest){0};
    lk_status status = load(&root, "the manifest", text, size, LK_E_CORRUPT, err);
    if (status != LK_OK) {
        return status;
    }
    const char *schema = json_string_value(json_object_get(root, "schema"));
    status = schema && strcmp(schema, "likeness/store-export/1") == 0 && json_object_size(root) == 2
                 ? read_versions(out, json_object_get(root, "versions"), err)
                 : error_set(err, LK_E_CORRUPT,
                             "no manifest: its \"schema\" is not likeness/store-export/1");
    json_decref(root);
    if (status != LK_OK) {
        manifest_release(out);
    }
    return status;
}

void manifest_release(struct manifest *m) {
    for (size_t i = 0; i < m->count; i++) {
        lk_reference_release(&m->versions[i]);
    }
    mem_free(m->versions);
    *m = (struct manifest){0};
}
