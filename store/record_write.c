/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/record.h"

void record_areas(struct json *j, const lk_reference *r) {
    json_array_begin(j, "ignore");
    for (size_t i = 0; i < r->ignore_count; i++) {
        json_object_begin(j, NULL);
        json_text(j, "text", r->ignore_text[i]);
        json_numbers(j, "points", r->ignore[i].xy, 2 * (size_t)r->ignore[i].count);
        json_object_end(j);
    }
    json_array_end(j);
}

void record_star(struct json *j, const lk_star *star) {
    if (!star->known) {
        json_null(j, "star");
        return;
    }
    json_object_begin(j, "star");
    json_number(j, "value", star->value);
    json_array_begin(j, "reasons");
    for (int32_t i = 0; i < star->reason_count; i++) {
        json_text(j, NULL, star->reasons[i]);
    }
    json_array_end(j);
    json_object_end(j);
}

void record_tags(struct json *j, const lk_reference *r) {
    json_array_begin(j, "tags");
    for (size_t i = 0; i < r->tag_count; i++) {
        json_text(j, NULL, r->tags[i]);
    }
    json_array_end(j);
}

static void write_members(struct json *j, const lk_reference *r) {
    json_text(j, "id", r->id);
    json_int(j, "version", r->version);
    json_text(j, "sha256", r->sha256);
    json_int(j, "bytes", r->bytes);
    json_int(j, "width", r->width);
    json_int(j, "height", r->height);
    json_text(j, "format", r->format);
    json_text(j, "file_name", r->file_name);
    json_text(j, "name", r->name);
    record_tags(j, r);
    json_text(j, "note", r->note);
    json_text(j, "added", r->added);
    json_text(j, "actor", r->actor);
    record_areas(j, r);
    record_star(j, &r->star);
}

void record_write(struct buf *b, const lk_reference *r) {
    struct json j;
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    write_members(&j, r);
    json_object_end(&j);
}

/* -- The manifest of an exported folder -- */

void manifest_begin(struct buf *b) {
    buf_add_text(b, "{\"schema\":\"likeness/store-export/1\",\"versions\":[");
}

void manifest_add(struct buf *b, const lk_reference *r, bool first) {
    struct json j;
    buf_add_text(b, first ? "\n" : ",\n");
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    write_members(&j, r);
    if (r->purged) {
        json_bool(&j, "purged", true);
    }
    json_object_end(&j);
}

void manifest_end(struct buf *b) {
    buf_add_text(b, "\n]}\n");
}

/* -- What needs no text -- */

static bool same_texts(char *const *a, char *const *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            return false;
        }
    }
    return true;
}

bool record_same(const lk_reference *a, const lk_reference *b) {
    return strcmp(a->sha256, b->sha256) == 0 && strcmp(a->name, b->name) == 0 &&
           a->tag_count == b->tag_count && same_texts(a->tags, b->tags, a->tag_count) &&
           a->ignore_count == b->ignore_count &&
           same_texts(a->ignore_text, b->ignore_text, a->ignore_count);
}

const char *record_extension(const lk_reference *r) {
    return strcmp(r->format, "jpeg") == 0 ? "jpg" : r->format;
}

void lk_reference_release(lk_reference *r) {
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->tag_count; i++) {
        mem_free(r->tags[i]);
    }
    for (size_t i = 0; i < r->ignore_count; i++) {
        mem_free(r->ignore[i].xy);
        mem_free(r->ignore_text[i]);
    }
    mem_free(r->tags);
    mem_free(r->ignore);
    mem_free(r->ignore_text);
    mem_free(r->name);
    mem_free(r->note);
    mem_free(r->file_name);
    *r = (lk_reference){0};
}
