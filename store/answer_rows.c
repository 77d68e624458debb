/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that a client may ask for again under its key, and decisions of people on verdicts. */
#include <likeness/service.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/store.h"

/* -- Answers -- */

static lk_status take_kept(lk_answer *out, struct sql *q, lk_error *err) {
    const char *body = sql_text(q, 3);
    size_t size = strlen(body);
    out->status = (int32_t)sql_int(q, 1);
    snprintf(out->place, sizeof out->place, "%s", sql_text(q, 2));
    out->body.data = mem_alloc(size + 1, 1);
    if (!out->body.data) {
        return error_memory(err, size + 1);
    }
    memcpy(out->body.data, body, size + 1);
    out->body.size = size;
    return LK_OK;
}

static lk_status look(lk_answer_state *state, lk_answer *out, lk_store *s, const lk_answer_key *key,
                      int64_t now, lk_error *err) {
    struct sql q;
    bool row;
    sql_begin(&q, &s->at,
              "SELECT digest, status, place, body, at FROM answered WHERE owner = ? AND name = ?");
    sql_bind_text(&q, key->owner);
    sql_bind_text(&q, key->name);
    lk_status status = sql_step(&q, &row, err);
    *state = LK_ANSWER_FRESH;
    if (status == LK_OK && row) {
        bool running = sql_int(&q, 1) == 0;
        if (strcmp(sql_text(&q, 0), key->digest) != 0) {
            *state = LK_ANSWER_OTHER;
        } else if (!running) {
            *state = LK_ANSWER_KEPT;
            status = take_kept(out, &q, err);
        } else if (now - sql_int(&q, 4) < key->lease_ms) {
            *state = LK_ANSWER_RUNNING;
        }
    }
    sql_end(&q);
    return status;
}

static lk_status claim(lk_store *s, const lk_answer_key *key, int64_t now, lk_error *err) {
    struct sql q;
    sql_begin(&q, &s->at,
              "INSERT INTO answered (owner, name, digest, holder, at) VALUES (?, ?, ?, ?, ?) ON "
              "CONFLICT (owner, name) DO UPDATE SET holder = excluded.holder, at = excluded.at");
    sql_bind_text(&q, key->owner);
    sql_bind_text(&q, key->name);
    sql_bind_text(&q, key->digest);
    sql_bind_text(&q, key->holder);
    sql_bind_int(&q, now);
    return sql_finish(&q, err);
}

static lk_status begin(lk_answer_state *state, lk_answer *out, lk_store *s,
                       const lk_answer_key *key, lk_error *err) {
    struct sql q;
    int64_t now = moment_now_ms();
    sql_begin(&q, &s->at, "DELETE FROM answered WHERE at < ?");
    sql_bind_int(&q, now - LK_ANSWER_KEPT_H * INT64_C(3600000));
    lk_status status = sql_finish(&q, err);
    status = status == LK_OK ? look(state, out, s, key, now, err) : status;
    return status == LK_OK && *state == LK_ANSWER_FRESH ? claim(s, key, now, err) : status;
}

lk_status lk_answer_begin(lk_answer_state *state, lk_answer *out, lk_store *store,
                          const lk_answer_key *key, lk_error *err) {
    *out = (lk_answer){0};
    lk_status status = lk_store_begin(store, err);
    if (status == LK_OK) {
        status = lk_store_end(store, begin(state, out, store, key, err), err);
    }
    if (status != LK_OK) {
        lk_bytes_release(&out->body);
    }
    return status;
}

static lk_status end(lk_store *s, const lk_answer_key *key, const lk_answer *answer,
                     lk_error *err) {
    struct sql q;
    int64_t mine;
    sql_begin(&q, &s->at,
              "SELECT 1 FROM answered WHERE owner = ? AND name = ? AND holder = ? AND status = 0");
    sql_bind_text(&q, key->owner);
    sql_bind_text(&q, key->name);
    sql_bind_text(&q, key->holder);
    lk_status status = sql_finish_int(&mine, &q, 0, err);
    if (status == LK_OK && mine == 0) {
        return error_set(err, LK_E_CANCELLED, "it took too long: somebody else answers it");
    }
    if (status == LK_OK) {
        sql_begin(&q, &s->at,
                  "UPDATE answered SET status = ?, place = ?, body = ? WHERE owner = ? AND name = "
                  "?");
        sql_bind_int(&q, answer->status);
        sql_bind_text(&q, answer->place);
        sql_bind_text(&q, (const char *)answer->body.data);
        sql_bind_text(&q, key->owner);
        sql_bind_text(&q, key->name);
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status lk_answer_end(lk_store *store, const lk_answer_key *key, const lk_answer *answer,
                        lk_error *err) {
    if (answer->body.size > LK_ANSWER_BODY_MAX) {
        return error_set(err, LK_E_USAGE, "an answer of %zu bytes is not kept", answer->body.size);
    }
    lk_status status = lk_store_begin(store, err);
    return status == LK_OK ? lk_store_end(store, end(store, key, answer, err), err) : status;
}

lk_status lk_answer_drop(lk_store *store, const lk_answer_key *key, lk_error *err) {
    struct sql q;
    sql_begin(&q, &store->at,
              "DELETE FROM answered WHERE owner = ? AND name = ? AND holder = ? AND status = 0");
    sql_bind_text(&q, key->owner);
    sql_bind_text(&q, key->name);
    sql_bind_text(&q, key->holder);
    return sql_finish(&q, err);
}

/* -- Decisions -- */

struct about {
    bool is_verdict;
    char subject[LK_REFERENCE_ID_MAX + 1];
};

static bool take_subject(void *arg, const lk_audit_entry *e) {
    struct about *a = arg;
    a->is_verdict = strcmp(e->kind, "verify") == 0;
    snprintf(a->subject, sizeof a->subject, "%s", e->subject);
    return false;
}

/* The reference that the verdict is about. */
static lk_status find_verdict(struct about *out, lk_store *s, int64_t verdict, lk_error *err) {
    const lk_audit_query query = {.first = verdict, .last = verdict};
    lk_status status = verdict > 0 ? lk_audit_list(s, &query, take_subject, out, err) : LK_OK;
    if (status == LK_OK && !out->is_verdict) {
        status = error_set(err, LK_E_IO, "entry %lld is no verdict", (long long)verdict);
    }
    return status;
}

static lk_status append(int64_t *entry, lk_store *s, const lk_decision *d, const char *subject,
                        lk_error *err) {
    struct buf b;
    struct json j;
    lk_bytes payload;
    lk_audit_head head;
    buf_init(&b, LK_AUDIT_PAYLOAD_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/decision/1");
    json_int(&j, "entry", d->verdict);
    json_text(&j, "decision", d->word);
    json_text(&j, "reason", d->reason ? d->reason : "");
    json_object_end(&j);
    lk_status status = buf_finish(&b, &payload, err);
    if (status == LK_OK) {
        const lk_audit_record record = {.kind = "decision",
                                        .actor = d->actor,
                                        .subject = *subject ? subject : NULL,
                                        .payload = (const char *)payload.data};
        status = lk_audit_append(&head, s, &record, err);
        *entry = head.count;
        lk_bytes_release(&payload);
    }
    return status;
}

static lk_status decide(int64_t *entry, lk_store *s, const lk_decision *d, lk_error *err) {
    struct sql q;
    struct about about = {0};
    lk_status status = find_verdict(&about, s, d->verdict, err);
    status = status == LK_OK ? append(entry, s, d, about.subject, err) : status;
    if (status == LK_OK) {
        sql_begin(&q, &s->at,
                  "INSERT INTO decision (verdict, entry, word) VALUES (?, ?, ?) ON CONFLICT "
                  "(verdict) DO UPDATE SET entry = excluded.entry, word = excluded.word");
        sql_bind_int(&q, d->verdict);
        sql_bind_int(&q, *entry);
        sql_bind_text(&q, d->word);
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status lk_decision_add(int64_t *entry, lk_store *store, const lk_decision *decision,
                          lk_error *err) {
    *entry = 0;
    lk_status status = store_check_text("reason", decision->reason, LK_NOTE_MAX, true, err);
    status =
        status == LK_OK ? store_check_text("decision", decision->word, 31, false, err) : status;
    status = status == LK_OK ? lk_store_begin(store, err) : status;
    return status == LK_OK ? lk_store_end(store, decide(entry, store, decision, err), err) : status;
}

lk_status lk_decision_visit(lk_store *store, int64_t first, int64_t last,
                            void (*visit)(void *arg, const lk_decision *d, int64_t entry),
                            void *arg, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &store->at,
              "SELECT verdict, entry, word FROM decision WHERE verdict >= ? AND verdict <= ? "
              "ORDER BY verdict");
    sql_bind_int(&q, first);
    sql_bind_int(&q, last);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        const lk_decision d = {.verdict = sql_int(&q, 0), .word = sql_text(&q, 2)};
        visit(arg, &d, sql_int(&q, 1));
    }
    sql_end(&q);
    return status;
}
