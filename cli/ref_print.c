/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/ref.h"

void ref_json_begin(struct json *j, const char *folder) {
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/ref/1");
    json_text(j, "store", folder);
}

static void areas_json(struct json *j, const lk_reference *r) {
    json_array_begin(j, "ignore");
    for (size_t i = 0; i < r->ignore_count; i++) {
        json_object_begin(j, NULL);
        json_text(j, "text", r->ignore_text[i]);
        json_numbers(j, "points", r->ignore[i].xy, 2 * (size_t)r->ignore[i].count);
        json_object_end(j);
    }
    json_array_end(j);
}

static void star_json(struct json *j, const lk_star *star) {
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

void ref_json(struct json *j, const lk_reference *r, const bool *written) {
    json_object_begin(j, NULL);
    json_text(j, "id", r->id);
    json_int(j, "version", r->version);
    json_bool(j, "newest", r->newest);
    json_bool(j, "removed", r->removed);
    json_bool(j, "purged", r->purged);
    json_text(j, "name", r->name);
    json_array_begin(j, "tags");
    for (size_t i = 0; i < r->tag_count; i++) {
        json_text(j, NULL, r->tags[i]);
    }
    json_array_end(j);
    json_text(j, "sha256", r->sha256);
    json_int(j, "bytes", r->bytes);
    json_text(j, "format", r->format);
    json_int(j, "width", r->width);
    json_int(j, "height", r->height);
    json_text(j, "file_name", r->file_name);
    json_text(j, "added", r->added);
    json_text(j, "actor", r->actor);
    json_text(j, "note", r->note);
    areas_json(j, r);
    star_json(j, &r->star);
    json_int(j, "log_entry", r->entry);
    if (written) {
        json_bool(j, "written", *written);
    }
    json_object_end(j);
}

static void add_line(struct buf *b, const struct common *common, const char *name,
                     const char *text) {
    if (*text) {
        buf_printf(b, "%-12s ", name);
        add_path(b, common, text);
        buf_add_text(b, "\n");
    }
}

void ref_text(struct buf *b, const struct common *common, const lk_reference *r) {
    buf_printf(b, "%s@%d%s%s%s\n", r->id, r->version, r->newest ? "" : "  (not the newest)",
               r->removed ? "  removed" : "", r->purged ? "  picture erased" : "");
    add_line(b, common, "name", r->name);
    for (size_t i = 0; i < r->tag_count; i++) {
        add_line(b, common, "tag", r->tags[i]);
    }
    buf_printf(b, "%-12s %d x %d px  %s  %lld bytes\n", "picture", r->width, r->height, r->format,
               (long long)r->bytes);
    add_line(b, common, "file", r->file_name);
    add_line(b, common, "sha256", r->sha256);
    buf_printf(b, "%-12s %s", "added", r->added);
    buf_printf(b, "%s%s  log entry %lld\n", *r->actor ? " by " : "", r->actor, (long long)r->entry);
    add_line(b, common, "note", r->note);
    for (size_t i = 0; i < r->ignore_count; i++) {
        add_line(b, common, "ignore", r->ignore_text[i]);
    }
    if (r->star.known) {
        buf_printf(b, "%-12s %.0f of 5\n", "quality", 5 * r->star.value);
        for (int32_t i = 0; i < r->star.reason_count; i++) {
            add_line(b, common, "", r->star.reasons[i]);
        }
    }
}
