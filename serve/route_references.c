/* SPDX-License-Identifier: Apache-2.0 */
/* The originals of the store. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "serve/server.h"

static void reference_json(struct json *j, const lk_reference *x, const bool *written) {
    lk_bytes text = {0};
    lk_status status = lk_report_reference(&text, x, written, NULL);
    json_document(j, NULL, status, &text);
}

static bool list_reference(void *arg, const lk_reference *x) {
    reference_json(arg, x, NULL);
    return true;
}

static void list_references(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "references");
    lk_status status = lk_reference_list(bench->store, NULL, list_reference, &j, &err);
    answer_list(r, &j, status, &err);
}

/* What is stored is the picture encoded again, from pixels: the store's files are decoded without a sandbox later. */
static lk_status add(lk_reference *out, bool *added, struct request *r, struct bench *b,
                     const lk_image *picture, lk_error *err) {
    const char *tags[LK_TAGS_MAX];
    lk_bytes file = {0};
    lk_image_info info;
    lk_image again;
    lk_reference_facts facts;
    const char *actor = request_text(r, "actor");
    int32_t tag_count = request_texts(tags, LK_TAGS_MAX, r, "tags");
    memset(&again, 0, sizeof again);
    memset(&facts, 0, sizeof facts);
    lk_status status = lk_image_encode(&file, picture, b->engine, "png", 0, err);
    status = status == LK_OK ? lk_image_decode(&again, &info, b->engine, file.data, file.size,
                                               "reference.png", NULL, err)
                             : status;
    status = status == LK_OK
                 ? lk_reference_facts_make(&facts, b->engine, b->model, &again, &file, err)
                 : status;
    if (status == LK_OK) {
        const lk_reference_draft draft = {
            .id = request_text(r, "id"),
            .picture = file.data,
            .picture_bytes = file.size,
            .info = &info,
            .name = request_text(r, "name"),
            .tags = tag_count >= 0 ? tags : NULL,
            .tag_count = tag_count > 0 ? (size_t)tag_count : 0,
            .note = request_text(r, "note"),
            .actor = actor ? actor : "web",
            .star = &facts.star,
            .derived = facts.derived,
            .derived_count = (size_t)facts.derived_count,
        };
        status = lk_reference_add(out, added, b->store, &draft, err);
    }
    lk_reference_facts_release(&facts);
    lk_image_release(&again);
    lk_bytes_release(&file);
    return status;
}

static void post_reference(struct request *r, struct bench *bench) {
    const char *tags[LK_TAGS_MAX];
    lk_image picture;
    lk_image_info info;
    lk_reference stored;
    lk_error err = {0};
    bool added = false;
    struct json j;
    memset(&stored, 0, sizeof stored);
    if (!lk_reference_id_is_valid(request_text(r, "id")) ||
        request_texts(tags, LK_TAGS_MAX, r, "tags") > LK_TAGS_MAX) {
        answer_problem(r, 400, "bad-field",
                       "id takes 1 to 128 letters, digits and ._- without a dot in front, tags %d",
                       (int)LK_TAGS_MAX);
        return;
    }
    if (!session_picture(&picture, &info, r, bench, request_text(r, "image"), 0)) {
        return;
    }
    lk_status status = add(&stored, &added, r, bench, &picture, &err);
    lk_image_release(&picture);
    if (status != LK_OK) {
        answer_error(r, &err);
        return;
    }
    __atomic_fetch_add(&r->server->references_changed, 1, __ATOMIC_RELAXED);
    json_init(&j, &r->out, 0);
    reference_json(&j, &stored, &added);
    buf_add_text(&r->out, "\n");
    lk_reference_release(&stored);
    answer_written(r, added ? 201 : 200);
}

static const struct field reference_fields[] = {
    {"id", "letters, digits and ._-", .kind = FIELD_TEXT, .required = true},
    {"image", "id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"name", "for people", .kind = FIELD_TEXT},
    {"note", "why, for the record", .kind = FIELD_TEXT},
    {"actor", "who adds it", .kind = FIELD_TEXT},
    {"tags", "replace those of the version before", .kind = FIELD_TEXTS},
    FIELD_END};

const struct route reference_routes[] = {
    {.method = "GET",
     .path = "/api/v1/references",
     .summary = "the originals of the store",
     .computes = true,
     .handle = list_references},
    {.method = "POST",
     .path = "/api/v1/references",
     .summary = "make an uploaded picture an original of the store",
     .body = BODY_JSON,
     .fields = reference_fields,
     .computes = true,
     .handle = post_reference,
     .success = 201},
    ROUTE_END,
};
