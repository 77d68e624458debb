/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the document likeness/audit/1 (schema/audit-1.json): names are only ever added. */
#include "report/parts.h"

#include <stdio.h>

static void hash_text(struct json *j, const char *key, const uint8_t *hash) {
    char hex[2 * LK_AUDIT_HASH_BYTES + 1];
    for (size_t i = 0; i < LK_AUDIT_HASH_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }
    json_text(j, key, hex);
}

static void begin(struct buf *b, struct json *j) {
    buf_init(b, REPORT_MAX);
    json_init(j, b, 0);
    json_object_begin(j, NULL);
}

static void head_members(struct json *j, const lk_audit_head *head) {
    json_int(j, "count", head->count);
    hash_text(j, "hash", head->hash);
}

lk_status lk_report_audit_head(lk_bytes *out, const lk_audit_head *head, lk_error *err) {
    struct buf b;
    struct json j;
    begin(&b, &j);
    head_members(&j, head);
    json_object_end(&j);
    return buf_finish(&b, out, err);
}

lk_status lk_report_audit_entry(lk_bytes *out, const lk_audit_entry *e, lk_error *err) {
    struct buf b;
    struct json j;
    begin(&b, &j);
    json_int(&j, "seq", e->seq);
    json_text(&j, "at", e->at);
    json_text(&j, "kind", e->kind);
    json_text(&j, "actor", e->actor);
    json_text(&j, "subject", e->subject);
    json_text(&j, "payload", e->payload);
    hash_text(&j, "prev", e->prev);
    hash_text(&j, "hash", e->hash);
    json_object_end(&j);
    return buf_finish(&b, out, err);
}

lk_status lk_report_audit_check(lk_bytes *out, const lk_audit_check *check, bool against_kept,
                                lk_error *err) {
    struct buf b;
    struct json j;
    begin(&b, &j);
    json_bool(&j, "good", check->good);
    json_int(&j, "count", check->count);
    json_int(&j, "first_bad", check->first_bad);
    json_text(&j, "text", check->text);
    json_object_begin(&j, "head");
    head_members(&j, &check->head);
    json_object_end(&j);
    json_bool(&j, "against_kept_head", against_kept);
    json_object_end(&j);
    return buf_finish(&b, out, err);
}
