/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "base/json.h"
#include "base/stream.h"
#include "store/audit_log.h"

struct export {
    struct stream file;
    struct buf line;
};

static void write_hash(struct json *j, const char *key, const uint8_t *hash) {
    char hex[65];
    digest_hex(hex, hash);
    json_text(j, key, hex);
}

/* A line of one object, whose members are written between the two. */
static void line_begin(struct json *j, struct export *x) {
    x->line.size = 0;
    json_init(j, &x->line, 0);
    json_object_begin(j, NULL);
}

static void line_end(struct json *j, struct export *x) {
    json_object_end(j);
    buf_add_text(&x->line, "\n");
    if (x->line.status == LK_OK) {
        stream_add(&x->file, x->line.data, x->line.size);
    }
}

static bool write_entry(void *arg, const lk_audit_entry *e) {
    struct export *x = arg;
    struct json j;
    line_begin(&j, x);
    json_int(&j, "seq", e->seq);
    json_text(&j, "at", e->at);
    json_text(&j, "kind", e->kind);
    json_text(&j, "actor", e->actor);
    json_text(&j, "subject", e->subject);
    json_text(&j, "payload", e->payload);
    write_hash(&j, "prev", e->prev);
    write_hash(&j, "hash", e->hash);
    line_end(&j, x);
    return x->line.status == LK_OK && x->file.status == LK_OK;
}

static lk_status write_lines(lk_audit_head *head, struct export *x, lk_store *s, lk_error *err) {
    struct json j;
    lk_status status = lk_audit_head_get(head, s, err);
    if (status != LK_OK) {
        return status;
    }
    line_begin(&j, x);
    json_text(&j, "schema", "likeness/audit-export/1");
    json_int(&j, "count", head->count);
    write_hash(&j, "hash", head->hash);
    line_end(&j, x);
    status = lk_audit_list(s, NULL, write_entry, x, err);
    return status == LK_OK ? buf_status(&x->line, err) : status;
}

lk_status lk_audit_export(lk_audit_head *head, lk_store *store, const char *path, lk_error *err) {
    enum { LINE_MAX_BYTES = 8 << 20 };
    struct export x;
    lk_audit_head found;
    lk_status status = stream_open(&x.file, path, err);
    if (status != LK_OK) {
        return status;
    }
    buf_init(&x.line, LINE_MAX_BYTES);
    status = store_read_begin(store, err);
    if (status == LK_OK) {
        status = write_lines(&found, &x, store, err);
        store_read_end(store);
    }
    buf_release(&x.line);
    status = stream_close(&x.file, status);
    if (status == LK_OK && head) {
        *head = found;
    }
    return status;
}
