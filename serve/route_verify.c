/* SPDX-License-Identifier: Apache-2.0 */
/* A photo held against originals of the store, and recorded: once, however often a client asks under its key. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "serve/finders.h"
#include "serve/server.h"
#include "serve/verdict_files.h"

enum {
    LEASE_MS = 75000, /* longer than a request may compute */
    KEY_MAX = 200
};

struct verifying {
    struct request *r;
    struct bench *b;
    lk_image photo;
    lk_image_info info;
    lk_original original;
    lk_verification result;
    struct shelf_item item; /* of the photo, where evidence is wanted */
    struct verdict_files files;
    bool lasts; /* the record, with its files */
    char key_name[KEY_MAX + 1], digest[65], holder[64];
    lk_answer_key key; /* name NULL: the client chose none */
};

/* -- The verdict -- */

static lk_status verify(struct verifying *v, lk_error *err) {
    const char *reference = request_text(v->r, "reference");
    const lk_photo photo = {&v->photo, &v->info, NULL};
    lk_store *store = v->b->store;
    lk_contest *c;
    lk_status status = finders_contest(&c, v->b, err);
    if (status == LK_OK && reference) {
        status = lk_original_find(&v->original, c, store, reference, err);
        status = status == LK_OK
                     ? lk_contest_verify(&v->result, c, store, &v->original, &photo, err)
                     : status;
    } else if (status == LK_OK) {
        status = lk_contest_identify(&v->result, &v->original, c, store, &photo, err);
    }
    return status;
}

/* -- The record -- */

static lk_status record(struct verifying *v, const lk_hash *mark, lk_bytes *text, lk_error *err) {
    lk_recorded recorded;
    const lk_reference *shown = v->result.reference_id[0] ? &v->original.stored : NULL;
    lk_status status = lk_verification_record(&recorded, v->b->store, &v->result, shown, mark,
                                              request_actor(v->r), request_text(v->r, "note"), err);
    status = status == LK_OK ? lk_report_verify_json(text, &v->result, false, err) : status;
    if (status == LK_OK && v->key.name) {
        lk_answer answer = {.status = 200, .body = *text};
        snprintf(answer.place, sizeof answer.place, "/api/v1/verifications/%lld",
                 (long long)v->result.log_entry);
        status = lk_answer_end(v->b->store, &v->key, &answer, err);
    }
    return status == LK_OK ? verdict_files_finish(&v->files, v->b, text, err) : status;
}

/* The entry of the log, the answer under the client's key and the files beside the verdict, as one. */
static lk_status commit(struct verifying *v, lk_bytes *text, lk_error *err) {
    lk_hash mark;
    v->files = (struct verdict_files){.result = &v->result,
                                      .original = &v->original,
                                      .photo = &v->photo,
                                      .photo_info = &v->info,
                                      .photo_item = &v->item,
                                      .note = request_text(v->r, "note")};
    lk_status status = lk_verification_mark(&mark, v->b->engine, &v->photo, err);
    status = status == LK_OK ? verdict_files_prepare(&v->files, v->r, v->b, err) : status;
    status = status == LK_OK ? lk_store_begin(v->b->store, err) : status;
    if (status == LK_OK) {
        status = lk_store_end(v->b->store, record(v, &mark, text, err), err);
        v->lasts = status == LK_OK;
    }
    return status;
}

/* -- The client's key -- */

/* A structured field's string, "KEY", or the word alone. */
static bool read_key(struct verifying *v) {
    const char *text = request_header(v->r, "Idempotency-Key");
    struct digest d;
    uint8_t sum[DIGEST_BYTES];
    if (!text) {
        return true;
    }
    size_t length = strlen(text);
    bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
    length -= quoted ? 2 : 0;
    bool right = length >= 1 && length <= KEY_MAX;
    for (size_t i = 0; right && i < length; i++) {
        char c = text[i + quoted];
        right = c > ' ' && c < 127 && c != '"' && c != '\\';
    }
    if (!right) {
        answer_problem(v->r, 400, "bad-request",
                       "Idempotency-Key takes 1 to %d printable characters", (int)KEY_MAX);
        return false;
    }
    snprintf(v->key_name, sizeof v->key_name, "%.*s", (int)length, text + quoted);
    digest_begin(&d);
    digest_add(&d, v->r->route->path, strlen(v->r->route->path));
    digest_add(&d, v->r->text.data, v->r->text.size);
    digest_end(sum, &d);
    digest_hex(v->digest, sum);
    snprintf(v->holder, sizeof v->holder, "%ld %p %.6f", (long)getpid(), (void *)v->r, clock_s());
    v->key = (lk_answer_key){.owner = request_owner(v->r),
                             .name = v->key_name,
                             .digest = v->digest,
                             .holder = v->holder,
                             .lease_ms = LEASE_MS};
    return true;
}

/* Whether the key was answered, or cannot be: the answer is there then. */
static bool answer_again(struct verifying *v) {
    struct request *r = v->r;
    lk_answer_state state;
    lk_answer kept;
    lk_error err = {0};
    if (lk_answer_begin(&state, &kept, v->b->store, &v->key, &err) != LK_OK) {
        answer_error(r, &err);
    } else if (state == LK_ANSWER_OTHER) {
        answer_problem(r, 422, "idempotency-mismatch",
                       "this Idempotency-Key came with another request before");
    } else if (state == LK_ANSWER_RUNNING) {
        r->retry_after_s = 2;
        answer_problem(r, 409, "idempotency-in-progress",
                       "a request with this Idempotency-Key is being answered");
    } else if (state == LK_ANSWER_KEPT) {
        snprintf(r->location, sizeof r->location, "%s", kept.place);
        answer_bytes(r, (uint32_t)kept.status, &kept.body);
    }
    return r->is_ready;
}

/* -- All of it -- */

static void answer(struct verifying *v) {
    struct request *r = v->r;
    lk_bytes text = {0};
    lk_error err = {0};
    const char *photo = request_text(r, "photo");
    bool there = (!request_flag(r, "evidence") || picture_find(&v->item, r, v->b, photo)) &&
                 session_picture(&v->photo, &v->info, r, v->b, photo, LK_VERIFY_PHOTO_SIDE);
    lk_status status = there ? verify(v, &err) : LK_OK;
    status = there && status == LK_OK ? commit(v, &text, &err) : status;
    if (there && status == LK_OK) {
        snprintf(r->location, sizeof r->location, "/api/v1/verifications/%lld",
                 (long long)v->result.log_entry);
        verdict_files_shelve(&v->files, r, &text);
        answer_bytes(r, 200, &text);
        return;
    }
    lk_bytes_release(&text);
    if (there) {
        answer_error(r, &err);
    }
    if (v->key.name && lk_answer_drop(v->b->store, &v->key, &err) != LK_OK) {
        return; /* its lease runs out */
    }
}

static void verify_photo(struct request *r, struct bench *bench) {
    struct verifying v;
    memset(&v, 0, sizeof v);
    v.r = r;
    v.b = bench;
    v.item.file = -1;
    if (read_key(&v) && !(v.key.name && answer_again(&v))) {
        answer(&v);
    }
    verdict_files_release(&v.files, v.lasts);
    lk_verification_release(&v.result);
    lk_original_release(&v.original);
    lk_image_release(&v.photo);
    if (v.item.file >= 0) {
        close(v.item.file);
    }
}

static const struct field verify_fields[] = {
    {"photo", "id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"reference", "ID or ID@VERSION of the store; without it the store is searched",
     .kind = FIELD_TEXT},
    {"pictures", "draw pictures too", .kind = FIELD_BOOL},
    {"report", "make report.html too", .kind = FIELD_BOOL},
    {"evidence",
     "make evidence.lkev too, from which likeness evidence check makes the verdict again",
     .kind = FIELD_BOOL},
    ACTOR_FIELD,
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    FIELD_END};

const struct route verify_routes[] = {
    {.method = "POST",
     .path = "/api/v1/verify",
     .summary =
         "verify a photo against originals of the store and record it; as likeness verify --json",
     .body = BODY_JSON,
     .fields = verify_fields,
     .header = "Idempotency-Key",
     .computes = true,
     .scope = SCOPE_VERIFY,
     .places = true,
     .handle = verify_photo,
     .schema = "verify-1"},
    {.method = "POST",
     .path = "/api/v1/verifications",
     .summary = "the same; Location says where the record and what was made beside it are",
     .body = BODY_JSON,
     .fields = verify_fields,
     .header = "Idempotency-Key",
     .computes = true,
     .scope = SCOPE_VERIFY,
     .places = true,
     .handle = verify_photo,
     .schema = "verify-1"},
    ROUTE_END,
};
