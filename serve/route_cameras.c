/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras: where they stand and what they are set to, without sources, which may hold addresses that are nobody else's
 * business. Who adds one here says a source of those that the operator allowed (serve/camera_sources.h); its credentials only the
 * command can name. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "serve/answer_fields.h"
#include "serve/camera_sources.h"
#include "serve/route_camera.h"

static void entry(struct json *j, const lk_camera *camera, const lk_camera_standing *standing,
                  int parts) {
    lk_bytes text = {0};
    lk_status status = lk_report_camera(&text, camera, standing, parts, NULL);
    json_document(j, NULL, status, &text);
}

static bool list_camera(void *arg, const lk_camera *camera, const lk_camera_standing *standing) {
    entry(arg, camera, standing, 0);
    return true;
}

static void list_cameras(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "cameras");
    answer_list(r, &j, lk_camera_list(bench->store, NULL, list_camera, &j, &err), &err);
}

/* -- One -- */

static bool write_whole(void *arg, const lk_camera *camera, const lk_camera_standing *standing) {
    entry(arg, camera, standing, LK_CAMERA_SETTINGS);
    return false;
}

void answer_camera(struct request *r, struct bench *bench, const char *id) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    if (lk_camera_list(bench->store, id, write_whole, &j, &err) == LK_OK) {
        buf_add_text(&r->out, "\n");
        answer_written(r, 200);
    } else {
        answer_error(r, &err);
    }
}

static void get_camera(struct request *r, struct bench *bench) {
    answer_camera(r, bench, r->parameters[0]);
}

/* -- Changing -- */

/* What PATCH takes; camera_settings.c knows the ranges. */
#define SETTING(key, what, type)                                                                   \
    { #key, what, .kind = FIELD_##type }
#define SETTING_FIELDS                                                                             \
    {"name", "for people", .kind = FIELD_TEXT, .most = 255},                                       \
        SETTING(enabled, "whether it is watched", BOOL),                                           \
        SETTING(latch, "alarms last until they are acknowledged", BOOL),                           \
        SETTING(every_s, "seconds between two frames", NUMBER),                                    \
        SETTING(hold_s, "how long all must be well again before an alarm ends", NUMBER),           \
        SETTING(learn_s, "how long views are learnt", NUMBER),                                     \
        SETTING(threshold, "above 0: only the embedding is looked at", NUMBER),                    \
        SETTING(field_of_view_deg, "horizontal; 0: not known", NUMBER),                            \
        SETTING(confirm, "frames in a row before a change is believed", INT),                      \
        SETTING(baselines, "reference views at most", INT),                                        \
        SETTING(learn_frames, "above 0: so many frames instead of a time", INT),                   \
        SETTING(frozen_frames, "identical pictures that mean a frozen camera; 0: never", INT)
static const struct field patch_fields[] = {SETTING_FIELDS, ACTOR_FIELD, FIELD_END};

#define PLACE(member)                                                                              \
    { #member, offsetof(lk_camera, member) }
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {PLACE(every_s), PLACE(hold_s), PLACE(learn_s), PLACE(threshold),
               PLACE(field_of_view_deg)},
  integers[] = {PLACE(confirm), PLACE(baselines), PLACE(learn_frames), PLACE(frozen_frames)},
  flags[] = {PLACE(enabled), PLACE(latch)};

static bool apply_settings(lk_camera *c, struct request *r) {
    const char *name = request_text(r, "name");
    if (name) {
        memcpy(c->name, name, strlen(name) + 1); /* its bytes are limited by the field */
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double *at = (double *)((char *)c + numbers[i].offset);
        *at = request_number(r, numbers[i].key, *at);
    }
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        int32_t *at = (int32_t *)((char *)c + integers[i].offset);
        int64_t value = request_int(r, integers[i].key, *at);
        *at = value < INT32_MIN || value > INT32_MAX ? -1 : (int32_t)value; /* -1 is no setting's */
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        bool *at = (bool *)((char *)c + flags[i].offset);
        *at = object_flag(r->json, flags[i].key, *at);
    }
    return true;
}

/* All areas are others from here on. They are shares of the picture, whatever its size: per cent. */
static bool apply_areas(lk_camera *c, struct request *r) {
    enum { WHOLE = 10000 };
    const char *texts[LK_CAMERA_AREAS_MAX];
    int32_t count = request_texts(texts, LK_CAMERA_AREAS_MAX, r, "ignore");
    lk_error err = {0};
    lk_status status = LK_OK;
    lk_camera_release(c);
    for (int32_t i = 0; i < count && status == LK_OK; i++) {
        lk_polygon *p = &c->ignore[i];
        if (!strchr(texts[i], '%')) {
            answer_problem(r, 400, "bad-field", "ignore: areas of a camera are in %%");
            return false;
        }
        status = lk_area_read(p, texts[i], LK_AREA_ANY, WHOLE, WHOLE, &err);
        c->ignore_count += status == LK_OK;
    }
    status =
        status == LK_OK ? lk_areas_check(c->ignore, c->ignore_count, WHOLE, WHOLE, &err) : status;
    if (status != LK_OK) {
        answer_problem(r, 400, "bad-field", "ignore: %.400s", err.text);
        return false;
    }
    for (size_t i = 0; i < c->ignore_count; i++) {
        for (int32_t k = 0; k < 2 * c->ignore[i].count; k++) {
            c->ignore[i].xy[k] /= WHOLE;
        }
    }
    return true;
}

/* Read, changed and written as one; apply answers itself where it refuses. */
static void change(struct request *r, struct bench *b,
                   bool (*apply)(lk_camera *c, struct request *r)) {
    const char *id = r->parameters[0];
    lk_camera *c = mem_calloc(1, sizeof *c);
    lk_error err = {0};
    lk_status status = c ? lk_store_begin(b->store, &err) : LK_E_MEMORY;
    if (status == LK_OK) {
        status = lk_camera_get(c, b->store, id, &err);
        if (status == LK_OK && apply(c, r)) {
            status = lk_camera_put(b->store, c, request_actor(r), &err);
        }
        status = lk_store_end(b->store, status, &err);
        lk_camera_release(c);
    }
    mem_free(c);
    if (status != LK_OK) {
        err.status = status;
        answer_error(r, &err);
    } else if (!r->is_ready) {
        answer_camera(r, b, id);
    }
}

static void patch_camera(struct request *r, struct bench *bench) {
    change(r, bench, apply_settings);
}

static void post_mask(struct request *r, struct bench *bench) {
    change(r, bench, apply_areas);
}

/* -- Adding and removing -- */

/* False with a problem as the answer. */
static bool read_source(lk_camera *c, struct request *r) {
    char why[200];
    const char *source = request_text(r, "source");
    if (source && !camera_sources_allow(r->server->camera_sources, source, why, sizeof why)) {
        answer_problem(r, 403, "source-not-allowed", "source: %s", why);
        return false;
    }
    snprintf(c->source, sizeof c->source, "%s", source ? source : "push:");
    return true;
}

/* Its first view is the picture, as with likeness camera add --baseline: nothing is fetched here. */
static lk_status add_camera(struct request *r, struct bench *b, const lk_camera *c,
                            const lk_image *picture, lk_error *err) {
    lk_camera old;
    memset(&old, 0, sizeof old);
    if (lk_camera_get(&old, b->store, c->id, NULL) == LK_OK) {
        lk_camera_release(&old);
        answer_problem(r, 409, "already-there", "there is a camera of that id: %s", c->id);
        return LK_OK;
    }
    return lk_camera_add_of(b->store, b->engine, c, picture, request_actor(r),
                            request_text(r, "note"), err);
}

static void answer_added(struct request *r, struct bench *b, const lk_camera *c) {
    lk_image picture;
    lk_image_info info;
    lk_error err = {0};
    if (!session_picture(&picture, &info, r, b, request_text(r, "image"), 0)) {
        return;
    }
    lk_status status = lk_store_begin(b->store, &err); /* two may add the same at once */
    if (status == LK_OK) {
        status = lk_store_end(b->store, add_camera(r, b, c, &picture, &err), &err);
    }
    lk_image_release(&picture);
    if (status != LK_OK) {
        answer_error(r, &err);
    } else if (!r->is_ready) {
        snprintf(r->location, sizeof r->location, "/api/v1/cameras/%s", c->id);
        answer_camera(r, b, c->id);
        r->status = r->status == 200 ? 201 : r->status;
    }
}

static void post_camera(struct request *r, struct bench *b) {
    const char *id = request_text(r, "id");
    lk_camera *c = mem_calloc(1, sizeof *c);
    if (!c) {
        answer_problem(r, 503, "busy", "there is no memory");
        return;
    }
    *c = lk_camera_default();
    snprintf(c->id, sizeof c->id, "%s", id);
    if (!lk_reference_id_is_valid(id)) {
        answer_problem(r, 400, "bad-field", "id: letters, digits and ._-, at most %d",
                       LK_REFERENCE_ID_MAX);
    } else if (read_source(c, r) && apply_settings(c, r)) {
        answer_added(r, b, c);
    }
    mem_free(c);
}

static void delete_camera(struct request *r, struct bench *b) {
    lk_error err = {0};
    if (lk_camera_remove(b->store, r->parameters[0], request_actor(r), request_query(r, "note"),
                         &err) == LK_OK) {
        answer_written(r, 204);
    } else {
        answer_error(r, &err);
    }
}

static void list_sources(struct request *r, struct bench *bench) {
    struct json j;
    const char *line;
    (void)bench;
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "sources");
    for (size_t i = 0; (line = camera_sources_at(r->server->camera_sources, i)); i++) {
        json_text(&j, NULL, line);
    }
    answer_list(r, &j, LK_OK, NULL);
}

static const struct field post_fields[] = {
    {"id", "letters, digits and ._-", .kind = FIELD_TEXT, .required = true, .least = 1,
     .most = LK_REFERENCE_ID_MAX},
    {"image", "an uploaded picture of what it is to show: its first reference view",
     .kind = FIELD_TEXT, .required = true},
    {"source",
     "where likeness watch gets its frames, of those that the operator allowed: http(s)://, "
     "rtsp(s)://, dir:/FOLDER; without it they are sent to /frames",
     .kind = FIELD_TEXT, .least = 1, .most = LK_CAMERA_TEXT - 1},
    SETTING_FIELDS,
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    ACTOR_FIELD,
    FIELD_END};

static const struct field delete_query[] = {
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    ACTOR_FIELD,
    FIELD_END};

static const struct field sources_answer[] = {
    {.name = "sources",
     .summary = "lines of the operator's file; none: cameras get their frames sent",
     .kind = FIELD_TEXTS,
     .required = true},
    FIELD_END};

static void post_ack(struct request *r, struct bench *bench) {
    camera_acknowledge(r, bench, r->parameters[0]);
}

void camera_acknowledge(struct request *r, struct bench *bench, const char *id) {
    lk_error err = {0};
    if (lk_camera_acknowledge(bench->store, id, request_actor(r), request_text(r, "note"), &err) ==
        LK_OK) {
        answer_camera(r, bench, id);
    } else {
        answer_error(r, &err);
    }
}

static const struct field mask_fields[] = {
    {"ignore", "all areas to leave out, in %: \"X%,Y%,W%,H%\" or \"x%,y% x%,y% x%,y%\"",
     .kind = FIELD_TEXTS, .required = true, .most = LK_CAMERA_AREAS_MAX},
    ACTOR_FIELD,
    FIELD_END};

static const struct field ack_fields[] = {
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    ACTOR_FIELD,
    FIELD_END};

const struct route camera_routes[] = {
    {.method = "GET",
     .path = "/api/v1/cameras",
     .summary = "the cameras of the store and where they stand",
     .computes = true,
     .answer = answer_cameras,
     .handle = list_cameras},
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}",
     .summary = "where a camera stands, how it has turned, and what it is set to",
     .computes = true,
     .answer = answer_camera_keys,
     .handle = get_camera},
    {.method = "POST",
     .path = "/api/v1/cameras",
     .summary = "add a camera; as likeness camera add --baseline",
     .body = BODY_JSON,
     .fields = post_fields,
     .computes = true,
     .places = true,
     .answer = answer_camera_keys,
     .handle = post_camera,
     .success = 201},
    {.method = "DELETE",
     .path = "/api/v1/cameras/{camera}",
     .summary = "take a camera out of use; its events and pictures stay, its scores go",
     .query = delete_query,
     .computes = true,
     .handle = delete_camera,
     .success = 204},
    {.method = "GET",
     .path = "/api/v1/camera-sources",
     .summary = "where cameras that are added here may have their frames from",
     .scope = SCOPE_MANAGE,
     .answer = sources_answer,
     .handle = list_sources},
    {.method = "PATCH",
     .path = "/api/v1/cameras/{camera}",
     .summary = "change what a camera is set to; what is not said stays",
     .body = BODY_JSON,
     .fields = patch_fields,
     .computes = true,
     .answer = answer_camera_keys,
     .handle = patch_camera},
    {.method = "POST",
     .path = "/api/v1/cameras/{camera}/mask",
     .summary = "leave these areas out, and no others; as likeness camera mask",
     .body = BODY_JSON,
     .fields = mask_fields,
     .computes = true,
     .answer = answer_camera_keys,
     .handle = post_mask},
    {.method = "POST",
     .path = "/api/v1/cameras/{camera}/ack",
     .summary = "the alarm has been seen: it ends when all is well again; as likeness camera ack",
     .body = BODY_JSON,
     .fields = ack_fields,
     .scope = SCOPE_VERIFY | SCOPE_MANAGE,
     .computes = true,
     .answer = answer_camera_keys,
     .handle = post_ack},
    ROUTE_END,
};
