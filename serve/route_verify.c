/* SPDX-License-Identifier: Apache-2.0 */
/* A photo held against originals of the store, and recorded. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/server.h"

enum {
    CONTEST_S = 60
}; /* after which changes that others made to the store are seen for certain */

/* The contest of this bench, opened anew when references have changed. */
static lk_status contest_get(lk_contest **out, struct bench *b, lk_error *err) {
    uint64_t now = __atomic_load_n(&b->server->references_changed, __ATOMIC_RELAXED);
    if (b->contest && (b->contest_of != now || clock_s() - b->contest_since_s > CONTEST_S)) {
        lk_contest_close(b->contest);
        b->contest = NULL;
    }
    lk_status status = LK_OK;
    if (!b->contest) {
        lk_contest_options o = lk_contest_options_default();
        o.model = b->model;
        o.keeps = true;
        status = lk_contest_open(&b->contest, b->engine, &o, err);
        b->contest_of = now;
        b->contest_since_s = clock_s();
    }
    *out = b->contest;
    return status;
}

static lk_status record(lk_verification *v, struct request *r, struct bench *b,
                        const lk_image *photo, const lk_original *original, lk_error *err) {
    lk_hash mark;
    lk_recorded recorded;
    const char *actor = request_text(r, "actor");
    lk_status status = lk_verification_mark(&mark, b->engine, photo, err);
    return status == LK_OK
               ? lk_verification_record(&recorded, b->store, v,
                                        v->reference_id[0] ? &original->stored : NULL, &mark,
                                        actor ? actor : "web", request_text(r, "note"), err)
               : status;
}

static lk_status verify(lk_verification *v, lk_original *original, struct request *r,
                        struct bench *b, const lk_photo *photo, lk_error *err) {
    const char *reference = request_text(r, "reference");
    lk_contest *c;
    lk_status status = contest_get(&c, b, err);
    if (status == LK_OK && reference) {
        status = lk_original_find(original, c, b->store, reference, err);
        status = status == LK_OK ? lk_contest_verify(v, c, b->store, original, photo, err) : status;
    } else if (status == LK_OK) {
        status = lk_contest_identify(v, original, c, b->store, photo, err);
    }
    return status;
}

static void verify_photo(struct request *r, struct bench *bench) {
    lk_image picture;
    lk_image_info info;
    lk_verification v;
    lk_original original;
    lk_bytes text = {0};
    lk_error err = {0};
    memset(&v, 0, sizeof v);
    memset(&original, 0, sizeof original);
    if (!session_picture(&picture, &info, r, bench, request_text(r, "photo"),
                         LK_VERIFY_PHOTO_SIDE)) {
        return;
    }
    const lk_photo photo = {&picture, &info, NULL};
    lk_status status = verify(&v, &original, r, bench, &photo, &err);
    status = status == LK_OK ? record(&v, r, bench, &picture, &original, &err) : status;
    status = status == LK_OK ? lk_report_verify_json(&text, &v, false, &err) : status;
    if (status == LK_OK) {
        answer_bytes(r, 200, &text);
    } else {
        answer_error(r, &err);
    }
    lk_verification_release(&v);
    lk_original_release(&original);
    lk_image_release(&picture);
}

static const struct field verify_fields[] = {
    {"photo", "id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"reference", "ID or ID@VERSION of the store; without it the store is searched",
     .kind = FIELD_TEXT},
    {"actor", "who verifies, for the record", .kind = FIELD_TEXT},
    {"note", "why, for the record", .kind = FIELD_TEXT},
    FIELD_END};

const struct route verify_routes[] = {
    {.method = "POST",
     .path = "/api/v1/verify",
     .summary =
         "verify a photo against originals of the store and record it; as likeness verify --json",
     .body = BODY_JSON,
     .fields = verify_fields,
     .computes = true,
     .handle = verify_photo,
     .schema = "verify-1"},
    ROUTE_END,
};
