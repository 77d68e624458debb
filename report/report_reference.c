/* SPDX-License-Identifier: Apache-2.0 */
#include "report/parts.h"
#include "store/record.h"

static void reference_members(struct json *j, const lk_reference *r) {
    json_text(j, "id", r->id);
    json_int(j, "version", r->version);
    json_bool(j, "newest", r->newest);
    json_bool(j, "removed", r->removed);
    json_bool(j, "purged", r->purged);
    json_text(j, "name", r->name);
    record_tags(j, r);
    json_text(j, "sha256", r->sha256);
    json_int(j, "bytes", r->bytes);
    json_text(j, "format", r->format);
    json_int(j, "width", r->width);
    json_int(j, "height", r->height);
    json_text(j, "file_name", r->file_name);
    json_text(j, "added", r->added);
    json_text(j, "actor", r->actor);
    json_text(j, "note", r->note);
    record_areas(j, r);
    record_star(j, &r->star);
    json_int(j, "log_entry", r->entry);
}

lk_status lk_report_reference(lk_bytes *out, const lk_reference *r, const bool *written,
                              lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    reference_members(&j, r);
    if (written) {
        json_bool(&j, "written", *written);
    }
    json_object_end(&j);
    return buf_finish(&b, out, err);
}
