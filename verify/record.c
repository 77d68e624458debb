/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/hash.h>
#include <likeness/record.h>

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "signature/pdq.h"
#include "store/news.h"
#include "store/store.h"
#include "verify/alarms.h"
#include "verify/features.h"

enum { PDQ_NEAR = 16, PDQ_QUALITY = 50, PAYLOAD_MAX = 1 << 18 };

/* -- Whether it was there before -- */

_Static_assert((int)PDQ_BYTES == (int)STORE_FINGERPRINT_BYTES, "what the store keeps of a photo");

struct earlier {
    const lk_hash *hash; /* NULL where it says nothing */
    size_t looked_at;    /* of the store's fingerprints */
    int64_t near;        /* the first entry that hardly differs; 0 for none */
};

/* Of two that are not near the first part differs in more bits than that already, nearly always: that is all that is looked at. */
static bool is_near(const uint64_t *a, const uint64_t *b) {
    int32_t bits = 0;
    for (int i = 0; i < PDQ_BYTES / 8 && bits <= PDQ_NEAR; i++) {
        bits += __builtin_popcountll(a[i] ^ b[i]);
    }
    return bits <= PDQ_NEAR;
}

/* Looks on behind those that were looked at. A damaged row is none: audit verify tells of it. */
static lk_status look_on(struct earlier *e, lk_store *store, lk_error *err) {
    const struct fingerprints *f;
    uint64_t own[PDQ_BYTES / 8];
    memcpy(own, e->hash->data, PDQ_BYTES);
    lk_status status = store_fingerprints(&f, store, err);
    while (status == LK_OK && e->near == 0 && e->looked_at < f->count) {
        const struct fingerprint *p = &f->items[e->looked_at++];
        bool sound = false;
        if (is_near(own, p->bits)) {
            status = submission_is_sound(&sound, store, p->entry, err);
        }
        e->near = sound ? p->entry : 0;
    }
    return status;
}

/* Where the photo was before: the same file, by the index; else the first that hardly differs. */
static lk_status find_earlier(lk_recorded *out, struct earlier *e, lk_store *store,
                              const char *sha256, lk_error *err) {
    lk_status status = submission_find(&out->seen_in, store, sha256, err);
    out->seen_exactly = out->seen_in > 0;
    if (status == LK_OK && !out->seen_exactly && e->hash) {
        status = e->near == 0 ? look_on(e, store, err) : LK_OK;
        out->seen_in = e->near;
    }
    return status;
}

static void warn_seen(lk_comparison *c, const lk_recorded *r) {
    char text[sizeof c->warnings[0].text];
    snprintf(text, sizeof text, "%s was submitted before: entry %lld of the log",
             r->seen_exactly ? "this photo" : "a photo that hardly differs", (long long)r->seen_in);
    warn(c, "submitted-before", text);
}

/* -- What is written -- */

static void add_input(struct json *j, const char *key, const lk_image_info *info) {
    json_object_begin(j, key);
    json_text(j, "sha256", info->sha256);
    json_int(j, "bytes", info->file_bytes);
    json_int(j, "width", info->width);
    json_int(j, "height", info->height);
    json_object_end(j);
}

static void add_references(struct json *j, const lk_verification *v,
                           const lk_reference *reference) {
    const lk_image_info *original = &v->comparison.inputs[0];
    if (reference) {
        add_input(j, "original", original);
        json_text(j, "reference", reference->id);
        json_int(j, "version", reference->version);
    } else if (v->nearest_id[0]) {
        json_null(j, "reference");
        json_object_begin(j, "nearest");
        json_text(j, "id", v->nearest_id);
        json_int(j, "version", v->nearest_version);
        json_text(j, "sha256", original->sha256);
        json_object_end(j);
    }
}

static void add_versions(struct json *j, const lk_verification *v) {
    char text[128];
    json_text(j, "likeness", lk_version());
    snprintf(text, sizeof text, "%s@%d", v->policy.name, (int)v->policy.version);
    json_text(j, "policy", text);
    json_array_begin(j, "measures");
    for (size_t i = 0; i < v->comparison.measure_count; i++) {
        const lk_measure_info *m = v->comparison.measures[i].info;
        snprintf(text, sizeof text, "%s@%d", m->name, m->version);
        json_text(j, NULL, text);
    }
    json_array_end(j);
}

static lk_status make_payload(lk_bytes *out, const lk_verification *v,
                              const lk_reference *reference, const char *note, lk_error *err) {
    const lk_comparison *c = &v->comparison;
    lk_bytes policy;
    char policy_sha256[65];
    struct buf b;
    struct json j;
    lk_status status = lk_policy_write(&policy, &v->policy, err);
    if (status != LK_OK) {
        return status;
    }
    digest_sha256_hex(policy_sha256, policy.data, policy.size);
    lk_bytes_release(&policy);
    buf_init(&b, PAYLOAD_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/verdict/1");
    json_text(&j, "verdict", lk_verdict_name(v->verdict));
    json_text(&j, "intact", lk_intactness_name(v->intact));
    json_number(&j, "probability", v->probability);
    json_number(&j, "alone", v->alone);
    json_array_begin(&j, "rivals");
    for (int32_t i = 0; i < v->rival_count; i++) {
        char text[160];
        snprintf(text, sizeof text, "%s@%d", v->rivals[i].id, (int)v->rivals[i].version);
        json_text(&j, NULL, text);
    }
    json_array_end(&j);
    json_int(&j, "changes", v->changes);
    add_input(&j, "photo", &c->inputs[1]);
    add_references(&j, v, reference);
    add_versions(&j, v);
    json_text(&j, "policy_sha256", policy_sha256);
    json_array_begin(&j, "warnings");
    for (int32_t i = 0; i < c->warning_count; i++) {
        json_text(&j, NULL, c->warnings[i].code);
    }
    json_array_end(&j);
    json_text(&j, "note", note ? note : "");
    json_object_end(&j);
    return buf_finish(&b, out, err);
}

_Static_assert((int)LK_VERIFY_ACTOR_MAX == (int)LK_ACTOR_MAX &&
                   (int)LK_VERIFY_NOTE_MAX == (int)LK_NOTE_MAX,
               "what the store keeps of who and why");

static lk_status check_texts(const char *actor, const char *note, lk_error *err) {
    if (note && strlen(note) > LK_NOTE_MAX) {
        return error_set(err, LK_E_USAGE, "the note has %zu bytes, the limit is %d", strlen(note),
                         LK_NOTE_MAX);
    }
    return actor && strlen(actor) > LK_ACTOR_MAX
               ? error_set(err, LK_E_USAGE, "the actor's name has %zu bytes, the limit is %d",
                           strlen(actor), LK_ACTOR_MAX)
               : LK_OK;
}

static bool take_moment(void *arg, const lk_audit_entry *e) {
    snprintf(arg, sizeof((lk_verification *)NULL)->at, "%s", e->at);
    return false;
}

/* What the log says of the entry, into the verification. */
static lk_status take_record(lk_verification *v, lk_store *store, const lk_audit_head *head,
                             const char *actor, const char *note, lk_error *err) {
    const lk_audit_query query = {.first = head->count, .last = head->count};
    v->log_entry = head->count;
    for (size_t i = 0; i < LK_AUDIT_HASH_BYTES; i++) {
        snprintf(v->log_hash + 2 * i, 3, "%02x", head->hash[i]);
    }
    snprintf(v->actor, sizeof v->actor, "%s", actor ? actor : "");
    snprintf(v->note, sizeof v->note, "%s", note ? note : "");
    return lk_audit_list(store, &query, take_moment, v->at, err);
}

static lk_status append(lk_recorded *out, lk_store *store, const lk_verification *v,
                        const lk_reference *reference, const lk_hash *hash, const char *actor,
                        const char *note, lk_error *err) {
    lk_bytes payload;
    lk_submission submission = {.fingerprint = hash->data,
                                .fingerprint_size = PDQ_BYTES,
                                .version = reference ? reference->version : 0};
    snprintf(submission.photo_sha256, sizeof submission.photo_sha256, "%s",
             v->comparison.inputs[1].sha256);
    snprintf(submission.reference, sizeof submission.reference, "%s",
             reference ? reference->id : "");
    snprintf(submission.verdict, sizeof submission.verdict, "%s", lk_verdict_name(v->verdict));
    lk_status status = make_payload(&payload, v, reference, note, err);
    if (status != LK_OK) {
        return status;
    }
    const lk_audit_record record = {.kind = "verify",
                                    .actor = actor,
                                    .subject = reference ? reference->id : NULL,
                                    .payload = (const char *)payload.data,
                                    .submission = &submission};
    status = lk_audit_append(&out->head, store, &record, err);
    lk_bytes_release(&payload);
    return status;
}

/* For those who listen: what a list of verdicts shows of it. */
static lk_status tell(lk_store *store, const lk_verification *v, const lk_reference *reference,
                      int64_t entry, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, 4096);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_int(&j, "entry", entry);
    json_text(&j, "verdict", lk_verdict_name(v->verdict));
    json_text(&j, "intact", lk_intactness_name(v->intact));
    if (reference) {
        json_text(&j, "reference", reference->id);
        json_int(&j, "version", reference->version);
    } else {
        json_null(&j, "reference");
    }
    json_object_end(&j);
    lk_status status = buf_status(&b, err);
    status = status == LK_OK ? news_add(store, "verification.done", 0, (const char *)b.data, err)
                             : status;
    buf_release(&b);
    return status;
}

lk_status lk_verification_mark(lk_hash *out, lk_engine *engine, const lk_image *photo,
                               lk_error *err) {
    return lk_hash_compute(out, engine, photo, lk_hash_find("pdq"), 0, err);
}

lk_status lk_verification_record(lk_recorded *out, lk_store *store, lk_verification *v,
                                 const lk_reference *reference, const lk_hash *mark,
                                 const char *actor, const char *note, lk_error *err) {
    *out = (lk_recorded){0};
    const char *sha256 = v->comparison.inputs[1].sha256;
    struct earlier e = {.hash = mark->quality >= PDQ_QUALITY ? mark : NULL};
    lk_status status = check_texts(actor, note, err);
    /* All but what others record meanwhile is looked through before they are kept waiting. */
    status = status == LK_OK ? find_earlier(out, &e, store, sha256, err) : status;
    status = status == LK_OK ? lk_store_begin(store, err) : status;
    if (status != LK_OK) {
        return status;
    }
    if (!out->seen_exactly) {
        status = find_earlier(out, &e, store, sha256, err);
    }
    int32_t warnings = v->comparison.warning_count;
    if (status == LK_OK) {
        if (out->seen_in > 0) {
            warn_seen(&v->comparison, out);
        }
        status = append(out, store, v, reference, mark, actor, note, err);
        status = status == LK_OK ? tell(store, v, reference, out->head.count, err) : status;
    }
    status = lk_store_end(store, status, err);
    if (status != LK_OK) {
        v->comparison.warning_count = warnings; /* whoever tries again is not warned twice */
        return status;
    }
    return take_record(v, store, &out->head, actor, note, err);
}
