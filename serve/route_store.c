/* SPDX-License-Identifier: Apache-2.0 */
/* What needs the store: verify, references, cameras. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "serve/server.h"

/* -- Verify -- */

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

void route_verify(struct request *r, struct bench *bench) {
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

/* -- References -- */

static void reference_json(struct json *j, const lk_reference *x, const bool *written) {
    lk_bytes text = {0};
    lk_status status = lk_report_reference(&text, x, written, NULL);
    json_document(j, NULL, status, &text);
}

static bool list_reference(void *arg, const lk_reference *x) {
    reference_json(arg, x, NULL);
    return true;
}

void route_references_list(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "references");
    lk_status status = lk_reference_list(bench->store, NULL, list_reference, &j, &err);
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    if (status == LK_OK) {
        answer_written(r, 200);
    } else {
        answer_error(r, &err);
    }
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

void route_references_post(struct request *r, struct bench *bench) {
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

/* -- Cameras: without sources, which may hold addresses that are nobody else's business -- */

static bool list_camera(void *arg, const lk_camera *camera, const lk_camera_standing *standing) {
    struct json *j = arg;
    json_object_begin(j, NULL);
    json_text(j, "id", camera->id);
    json_text(j, "name", camera->name);
    json_bool(j, "enabled", camera->enabled);
    json_text(j, "state", lk_view_state_name(standing->state));
    json_int(j, "since_ms", standing->since_ms);
    json_int(j, "looked_ms", standing->looked_ms);
    json_bool(j, "latched", standing->latched);
    json_number(j, "score", standing->score);
    json_int(j, "baselines", standing->baselines);
    json_int(j, "frames", standing->frames);
    json_object_end(j);
    return true;
}

static void end_list(struct request *r, struct json *j, lk_status status, const lk_error *err) {
    json_array_end(j);
    json_object_end(j);
    buf_add_text(&r->out, "\n");
    if (status == LK_OK) {
        answer_written(r, 200);
    } else {
        answer_error(r, err);
    }
}

void route_cameras(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "cameras");
    end_list(r, &j, lk_camera_list(bench->store, list_camera, &j, &err), &err);
}

static bool list_event(void *arg, const lk_camera_event *event) {
    struct json *j = arg;
    json_object_begin(j, NULL);
    json_int(j, "id", event->id);
    json_text(j, "camera", event->camera);
    json_text(j, "state", event->state);
    json_int(j, "time_ms", event->time_ms);
    json_int(j, "acknowledged_ms", event->acknowledged_ms);
    json_raw(j, "document", event->document, strlen(event->document));
    json_object_end(j);
    return true;
}

void route_camera_events(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    lk_camera camera;
    memset(&camera, 0, sizeof camera);
    if (lk_camera_get(&camera, bench->store, r->parameters[0], &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    lk_camera_release(&camera);
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "events");
    end_list(r, &j, lk_camera_events(bench->store, r->parameters[0], 100, list_event, &j, &err),
             &err);
}
