/* SPDX-License-Identifier: Apache-2.0 */
/* Exported logs. The first byte chooses: the bytes as they are, or the lines of a right log with the rest written over it
 * somewhere, since no mutation would find a hash. Nothing but the log itself is found good. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "store/audit_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool holds) {
    if (!holds) {
        abort();
    }
}

static void add_hash(struct json *j, const char *key, const uint8_t *hash) {
    char hex[65];
    digest_hex(hex, hash);
    json_text(j, key, hex);
}

static void add_entry(struct buf *b, const lk_audit_entry *e) {
    struct json j;
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_int(&j, "seq", e->seq);
    json_text(&j, "at", e->at);
    json_text(&j, "kind", e->kind);
    json_text(&j, "actor", e->actor);
    json_text(&j, "subject", e->subject);
    json_text(&j, "payload", e->payload);
    add_hash(&j, "prev", e->prev);
    add_hash(&j, "hash", e->hash);
    json_object_end(&j);
    buf_add_text(b, "\n");
}

/* Five entries behind their head. */
static void right_log(struct buf *b) {
    struct buf lines;
    struct json j;
    lk_audit_entry e = {.at = "2026-11-21T19:20:03.123Z",
                        .kind = "verify",
                        .actor = "a",
                        .subject = "x",
                        .payload = "{\"a\":1}"};
    e.payload_size = strlen(e.payload);
    buf_init(&lines, 1 << 20);
    buf_init(b, 1 << 20);
    for (e.seq = 1; e.seq <= 5; e.seq++) {
        audit_hash(e.hash, e.prev, e.seq, &e);
        add_entry(&lines, &e);
        memcpy(e.prev, e.hash, sizeof e.prev);
    }
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/audit-export/1");
    json_int(&j, "count", 5);
    add_hash(&j, "hash", e.hash);
    json_object_end(&j);
    buf_add_text(b, "\n");
    buf_add(b, lines.data, lines.size);
    buf_release(&lines);
    need(b->status == LK_OK);
}

static void check(const char *text, size_t size, const struct buf *right) {
    lk_audit_check found;
    lk_error err = {0};
    bool same = size == right->size && memcmp(text, right->data, size) == 0;
    lk_status status = audit_lines_check(&found, text, size, NULL, &err);
    if (status != LK_OK) {
        need(err.text[0] && !same);
        return;
    }
    need(found.good ? found.first_bad == 0 && !found.text[0]
                    : found.first_bad > 0 && found.text[0]);
    need(!same || found.good);
    need(!found.good || found.head.count == found.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct buf right;
    if (size < 3) {
        return 0;
    }
    right_log(&right);
    if (bytes[0] & 1) {
        char *text = malloc(right.size);
        size_t at = (size_t)(bytes[1] << 8 | bytes[2]) % right.size,
               length = size - 3 < right.size - at ? size - 3 : right.size - at;
        need(text != NULL);
        memcpy(text, right.data, right.size);
        memcpy(text + at, bytes + 3, length);
        check(text, right.size, &right);
        free(text);
    } else {
        check((const char *)bytes + 1, size - 1, &right);
    }
    buf_release(&right);
    return 0;
}
