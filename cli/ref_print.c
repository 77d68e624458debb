/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/ref.h"

void ref_json_begin(struct json *j, const char *folder) {
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/ref/1");
    json_text(j, "store", folder);
}

void ref_json(struct json *j, const lk_reference *r, const bool *written) {
    lk_bytes text = {0};
    lk_status status = lk_report_reference(&text, r, written, NULL);
    json_document(j, NULL, status, &text);
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
