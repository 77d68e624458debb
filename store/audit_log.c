/* SPDX-License-Identifier: Apache-2.0 */
/* Appending to the log, and reading what is there. */
#include "store/audit_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "store/record.h"

/* -- The hash -- */

static void add_number(struct digest *d, uint64_t number, size_t bytes) {
    uint8_t big[8];
    for (size_t i = 0; i < bytes; i++) {
        big[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    }
    digest_add(d, big, bytes);
}

static void add_text(struct digest *d, const char *text, size_t size) {
    add_number(d, size, 4);
    digest_add(d, text, size);
}

void audit_hash(uint8_t out[LK_AUDIT_HASH_BYTES], const uint8_t prev[LK_AUDIT_HASH_BYTES],
                int64_t seq, const lk_audit_entry *e) {
    static const char domain[] = "likeness audit entry 1\n";
    struct digest d;
    digest_begin(&d);
    digest_add(&d, domain, sizeof domain - 1);
    digest_add(&d, prev, LK_AUDIT_HASH_BYTES);
    add_number(&d, (uint64_t)seq, 8);
    add_text(&d, e->at, strlen(e->at));
    add_text(&d, e->kind, strlen(e->kind));
    add_text(&d, e->actor, strlen(e->actor));
    add_text(&d, e->subject, strlen(e->subject));
    add_text(&d, e->payload, e->payload_size);
    digest_end(out, &d);
}

/* -- Heads -- */

void lk_audit_head_text(char *out, size_t size, const lk_audit_head *head) {
    char hex[65];
    digest_hex(hex, head->hash);
    snprintf(out, size, "%lld:%s", (long long)head->count, hex);
}

lk_status lk_audit_head_parse(lk_audit_head *out, const char *text, lk_error *err) {
    const char *hash = text;
    size_t digits = strspn(text, "0123456789");
    bool right = true;
    *out = (lk_audit_head){0};
    if (text[digits] == ':') {
        out->count = digits <= 18 ? strtoll(text, NULL, 10) : 0;
        right = out->count > 0;
        hash = text + digits + 1;
    }
    right = right && digest_from_hex(out->hash, hash) && hash[64] == '\0';
    return right ? LK_OK
                 : error_set(err, LK_E_USAGE, "a head is COUNT:HASH or HASH, 64 small hex digits");
}

static lk_status head_row(lk_audit_head *out, lk_store *s, const char *text, bool *there,
                          lk_error *err) {
    struct sql q;
    size_t size = 0;
    *out = (lk_audit_head){0};
    sql_begin(&q, &s->at, text);
    lk_status status = sql_step(&q, there, err);
    if (status == LK_OK && *there) {
        out->count = sql_int(&q, 0);
        const void *hash = sql_blob(&q, 1, &size);
        if (size == sizeof out->hash) {
            memcpy(out->hash, hash, size);
        }
    }
    sql_end(&q);
    return status;
}

lk_status lk_audit_head_get(lk_audit_head *out, lk_store *store, lk_error *err) {
    bool there;
    return head_row(out, store, "SELECT count, hash FROM audit_head", &there, err);
}

/* -- Appending -- */

static lk_status check_record(const lk_audit_record *r, lk_error *err) {
    if (!store_is_name(r->kind, LK_AUDIT_KIND_MAX)) {
        return error_set(err, LK_E_USAGE, "an entry's kind has 1 to %d letters, digits and ._-",
                         LK_AUDIT_KIND_MAX);
    }
    lk_status status = store_check_text("actor", r->actor, LK_ACTOR_MAX, false, err);
    if (status == LK_OK) {
        status = store_check_text("subject", r->subject, LK_REFERENCE_ID_MAX, false, err);
    }
    if (status == LK_OK && strlen(r->payload) > LK_AUDIT_PAYLOAD_MAX) {
        status = error_set(err, LK_E_USAGE, "an entry's payload has at most %d bytes",
                           LK_AUDIT_PAYLOAD_MAX);
    }
    return status == LK_OK ? record_check_object("an entry's payload", r->payload, err) : status;
}

static lk_status insert(lk_store *s, const lk_audit_entry *e, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at, "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, e->seq);
    sql_bind_text(&q, e->at);
    sql_bind_text(&q, e->kind);
    sql_bind_text(&q, e->actor);
    sql_bind_text(&q, e->subject);
    sql_bind_text(&q, e->payload);
    sql_bind_blob(&q, e->prev, sizeof e->prev);
    sql_bind_blob(&q, e->hash, sizeof e->hash);
    lk_status status = sql_finish(&q, err);
    if (status != LK_OK) {
        return status;
    }
    sql_begin(
        &q, &s->at,
        "INSERT INTO audit_head (one, count, hash) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE "
        "SET count = excluded.count, hash = excluded.hash");
    sql_bind_int(&q, e->seq);
    sql_bind_blob(&q, e->hash, sizeof e->hash);
    return sql_finish(&q, err);
}

/* The entry after `last`, at that moment. */
static lk_status chain(lk_audit_head *last, lk_store *s, const lk_audit_record *r, const char *at,
                       lk_error *err) {
    lk_audit_entry e = {.seq = last->count + 1,
                        .at = at,
                        .kind = r->kind,
                        .actor = r->actor ? r->actor : "",
                        .subject = r->subject ? r->subject : "",
                        .payload = r->payload,
                        .payload_size = strlen(r->payload)};
    memcpy(e.prev, last->hash, sizeof e.prev);
    audit_hash(e.hash, e.prev, e.seq, &e);
    lk_status status = insert(s, &e, err);
    if (status == LK_OK) {
        last->count = e.seq;
        memcpy(last->hash, e.hash, sizeof e.hash);
    }
    return status;
}

/* The log's last entry, which must be the one its head names; at gets its moment. */
static lk_status find_end(lk_audit_head *out, char at[32], lk_store *s, lk_error *err) {
    lk_audit_head head;
    struct sql q;
    bool row;
    size_t size = 0;
    lk_status status = lk_audit_head_get(&head, s, err);
    if (status != LK_OK) {
        return status;
    }
    *out = (lk_audit_head){0};
    at[0] = '\0';
    sql_begin(&q, &s->at, "SELECT seq, hash, at FROM audit ORDER BY seq DESC LIMIT 1");
    status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        out->count = sql_int(&q, 0);
        const void *hash = sql_blob(&q, 1, &size);
        if (size == sizeof out->hash) {
            memcpy(out->hash, hash, size);
        }
        snprintf(at, 32, "%.31s", sql_text(&q, 2));
    }
    sql_end(&q);
    if (status == LK_OK &&
        (out->count != head.count || memcmp(out->hash, head.hash, sizeof head.hash) != 0)) {
        status = error_set(err, LK_E_CORRUPT,
                           "the audit log does not end as its last entry left it: likeness audit "
                           "verify says more");
        error_input(err, status, s->at.path);
    }
    return status;
}

/* Entries never lie before those they follow, but behind one that says that the clock was put back. */
static lk_status note_clock(lk_audit_head *end, lk_store *s, const char *last, const char *now,
                            lk_error *err) {
    char payload[128];
    snprintf(payload, sizeof payload, "{\"last\":\"%s\",\"now\":\"%s\"}", last, now);
    const lk_audit_record r = {.kind = "log.clock", .payload = payload};
    return chain(end, s, &r, now, err);
}

static lk_status append(lk_audit_head *end, lk_store *s, const lk_audit_record *r, int64_t at_ms,
                        lk_error *err) {
    enum { JITTER_MS = 1000 }; /* two processors' clocks, or a clock that is being slewed */
    char at[32], last[32];
    int64_t last_ms;
    lk_status status = find_end(end, last, s, err);
    if (status != LK_OK) {
        return status;
    }
    moment_text(at, at_ms);
    if (moment_parse(&last_ms, last) && last_ms > at_ms) {
        if (last_ms - at_ms <= JITTER_MS) {
            moment_text(at, last_ms);
        } else {
            status = note_clock(end, s, last, at, err);
        }
    }
    if (status == LK_OK) {
        status = chain(end, s, r, at, err);
    }
    if (status == LK_OK && r->submission) {
        status = submission_insert(s, end->count, r->submission, err);
    }
    return status;
}

lk_status audit_append_at(lk_audit_head *head, lk_store *s, const lk_audit_record *record,
                          int64_t at_ms, lk_error *err) {
    lk_audit_head end;
    lk_status status = check_record(record, err);
    if (status == LK_OK) {
        status = lk_store_begin(s, err);
    }
    if (status != LK_OK) {
        return status;
    }
    status = lk_store_end(s, append(&end, s, record, at_ms, err), err);
    if (status == LK_OK && head) {
        *head = end;
    }
    return status;
}

lk_status lk_audit_append(lk_audit_head *head, lk_store *store, const lk_audit_record *record,
                          lk_error *err) {
    return audit_append_at(head, store, record, moment_now_ms(), err);
}

lk_status audit_begin(lk_store *s, lk_error *err) {
    uint8_t random[16];
    char payload[80];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return error_set(err, LK_E_IO, "no random numbers: %s", strerror(errno));
    }
    size_t n = (size_t)snprintf(payload, sizeof payload, "{\"store\":\"");
    for (size_t i = 0; i < sizeof random; i++) {
        n += (size_t)snprintf(payload + n, sizeof payload - n, "%02x", random[i]);
    }
    snprintf(payload + n, sizeof payload - n, "\"}");
    lk_audit_head none = {0};
    char at[32];
    moment_text(at, moment_now_ms());
    const lk_audit_record r = {.kind = "log.begin", .payload = payload};
    return chain(&none, s, &r, at, err);
}

/* -- Reading -- */

static bool hash_column(uint8_t out[LK_AUDIT_HASH_BYTES], struct sql *q, int column) {
    size_t size;
    const void *data = sql_blob(q, column, &size);
    if (size != LK_AUDIT_HASH_BYTES || sql_type(q, column) != SQL_BLOB) {
        return false;
    }
    memcpy(out, data, size);
    return true;
}

bool audit_row(lk_audit_entry *out, struct sql *q) {
    *out = (lk_audit_entry){.seq = sql_int(q, 0)};
    const char **const texts[] = {&out->at, &out->kind, &out->actor, &out->subject, &out->payload};
    bool right = sql_type(q, 0) == SQL_INT;
    for (int i = 0; i < (int)ARRAY_COUNT(texts); i++) {
        *texts[i] = sql_text(q, i + 1);
        right = right && sql_type(q, i + 1) == SQL_TEXT;
    }
    out->payload_size = strlen(out->payload);
    return hash_column(out->prev, q, 6) && hash_column(out->hash, q, 7) && right;
}

static bool begins_with(const char *text, const char *start) {
    return !start || strncmp(text, start, strlen(start)) == 0;
}

/* Entries from the first to the last number, of the subject. `newest` alone decides the direction: then they come last first. */
static void query_begin(struct sql *q, const lk_store *s, const lk_audit_query *a, int64_t first) {
    sql_begin(q, &s->at,
              a->subject ? "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq >= ? AND seq <= ? AND "
                           "subject = ? AND subject <> '' ORDER BY seq"
                         : "SELECT " AUDIT_COLUMNS
                           " FROM audit WHERE seq >= ? AND seq <= ? ORDER BY seq");
    sql_bind_int(q, first);
    sql_bind_int(q, a->last > 0 ? a->last : INT64_MAX);
    if (a->subject) {
        sql_bind_text(q, a->subject);
    }
}

/* The number from which on `newest` entries fit. */
static lk_status first_of_newest(int64_t *out, lk_store *s, const lk_audit_query *a,
                                 lk_error *err) {
    struct sql q;
    const char *kind = a->kind ? a->kind : "";
    char behind[LK_AUDIT_KIND_MAX + 2]; /* all kinds that begin so */
    snprintf(behind, sizeof behind, "%.*s\x7f", LK_AUDIT_KIND_MAX, kind);
    sql_begin(&q, &s->at,
              a->subject
                  ? "SELECT min(seq) FROM (SELECT seq FROM audit WHERE seq >= ? AND seq <= ? AND "
                    "kind >= ? AND kind < ? AND subject = ? AND subject <> '' ORDER BY seq DESC "
                    "LIMIT ?) AS e"
                  : "SELECT min(seq) FROM (SELECT seq FROM audit WHERE seq >= ? AND seq <= ? AND "
                    "kind >= ? AND kind < ? ORDER BY seq DESC LIMIT ?) AS e");
    sql_bind_int(&q, *out);
    sql_bind_int(&q, a->last > 0 ? a->last : INT64_MAX);
    sql_bind_text(&q, kind);
    sql_bind_text(&q, behind);
    if (a->subject) {
        sql_bind_text(&q, a->subject);
    }
    sql_bind_int(&q, a->newest);
    return sql_finish_int(out, &q, *out, err);
}

lk_status lk_audit_list(lk_store *store, const lk_audit_query *query,
                        bool (*visit)(void *arg, const lk_audit_entry *e), void *arg,
                        lk_error *err) {
    static const lk_audit_query all = {0};
    const lk_audit_query *a = query ? query : &all;
    int64_t first = MAX(a->first, 0);
    struct sql q;
    bool row;
    lk_status status = a->newest > 0 ? first_of_newest(&first, store, a, err) : LK_OK;
    if (status != LK_OK) {
        return status;
    }
    query_begin(&q, store, a, first);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        lk_audit_entry e;
        if (!audit_row(&e, &q)) {
            status = error_set(
                err, LK_E_CORRUPT,
                "entry %lld of the audit log cannot be read: likeness audit verify says more",
                (long long)e.seq);
            error_input(err, status, store->at.path);
            break;
        }
        if (begins_with(e.kind, a->kind) && !visit(arg, &e)) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

lk_status audit_note(lk_store *s, const char *kind, const char *id, const char *actor,
                     const char *note, lk_error *err) {
    struct buf b;
    struct json j;
    lk_bytes payload;
    buf_init(&b, LK_AUDIT_PAYLOAD_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", id);
    json_text(&j, "note", note ? note : "");
    json_object_end(&j);
    lk_status status = buf_finish(&b, &payload, err);
    if (status == LK_OK) {
        const lk_audit_record entry = {
            .kind = kind, .actor = actor, .subject = id, .payload = (const char *)payload.data};
        status = lk_audit_append(NULL, s, &entry, err);
        lk_bytes_release(&payload);
    }
    return status;
}
