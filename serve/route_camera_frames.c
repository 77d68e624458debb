/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of cameras: reference views, frames that are sent here, and how to turn a camera back. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "serve/answer_fields.h"
#include "serve/memory_file.h"
#include "serve/route_camera.h"

/* -- Pictures of the store: decoded like a stranger's -- */

const struct field camera_width_query[] = {
    {"w", "no wider than so many pixels", .kind = FIELD_INT, .least = 1, .most = 4096}, FIELD_END};

/* The bytes as an item, and released. */
static bool take_stored(struct shelf_item *out, struct request *r, lk_bytes *file) {
    *out = (struct shelf_item){.file = memory_file_of(file->data, file->size),
                               .size = (int64_t)file->size,
                               .format = "jpeg"}; /* as it is sent */
    digest_sha256_hex(out->key, file->data, file->size);
    lk_bytes_release(file);
    if (out->file < 0) {
        answer_problem(r, 503, "busy", "no memory for the picture");
    }
    return out->file >= 0;
}

void answer_stored(struct request *r, struct bench *bench, lk_bytes *file) {
    struct shelf_item item;
    if (take_stored(&item, r, file)) {
        answer_picture(r, bench, &item, (int32_t)request_query_int(r, "w", 0));
    }
}

static bool decode(lk_image *out, struct request *r, struct bench *bench, int file,
                   const char *name) {
    lk_image_info info;
    lk_error err = {0};
    struct decode_ask ask;
    memset(&ask, 0, sizeof ask);
    snprintf(ask.name, sizeof ask.name, "%s", name);
    enum decode_end end =
        decoder_pixels(out, &info, &bench->keeper, r->server->options->limits, file, &ask, &err);
    if (end != DECODE_OK) {
        answer_decode(r, end, &err);
    }
    return end == DECODE_OK;
}

bool stored_picture(lk_image *out, struct request *r, struct bench *bench, lk_bytes *file) {
    struct shelf_item item;
    if (!take_stored(&item, r, file)) {
        return false;
    }
    bool there = decode(out, r, bench, item.file, item.key);
    close(item.file);
    return there;
}

/* -- Reference views -- */

static bool write_view(void *arg, const lk_camera_view_record *view) {
    struct json *j = arg;
    json_object_begin(j, NULL);
    json_int(j, "number", view->number);
    json_text(j, "sha256", view->sha256);
    json_text(j, "origin", view->origin);
    json_int(j, "taken_ms", view->taken_ms);
    json_int(j, "retired_ms", view->retired_ms);
    json_object_end(j);
    return true;
}

static void list_baselines(struct request *r, struct bench *bench) {
    struct json j;
    lk_camera camera;
    lk_error err = {0};
    memset(&camera, 0, sizeof camera);
    if (lk_camera_get(&camera, bench->store, r->parameters[0], &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    lk_camera_release(&camera);
    const char *retired = request_query(r, "retired");
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "camera", r->parameters[0]);
    json_array_begin(&j, "baselines");
    answer_list(r, &j,
                lk_camera_views(bench->store, r->parameters[0], retired && strchr("t1", retired[0]),
                                write_view, &j, &err),
                &err);
}

static void get_baseline(struct request *r, struct bench *bench) {
    char *end;
    const char *text = r->parameters[1];
    bool newest = strcmp(text, "newest") == 0;
    long number = newest ? 0 : strtol(text, &end, 10);
    lk_bytes file = {0};
    lk_error err = {0};
    if (!newest && (*end || number < 1 || number > INT32_MAX)) {
        answer_problem(r, 404, "not-found", "a reference view is \"newest\" or a number");
    } else if (lk_camera_picture(&file, bench->store, r->parameters[0], (int32_t)number, &err) !=
               LK_OK) {
        answer_error(r, &err);
    } else {
        r->may_change = newest;
        answer_stored(r, bench, &file);
    }
}

void camera_set_baseline(struct request *r, struct bench *bench, const char *id,
                         const lk_image *picture, bool beside) {
    lk_error err = {0};
    if (lk_camera_baseline_of(bench->store, bench->engine, id, picture, beside, request_actor(r),
                              request_text(r, "note"), &err) == LK_OK) {
        answer_camera(r, bench, id);
    } else {
        answer_error(r, &err);
    }
}

static void post_baseline(struct request *r, struct bench *bench) {
    lk_image picture;
    lk_image_info info;
    if (session_picture(&picture, &info, r, bench, request_text(r, "image"), 0)) {
        camera_set_baseline(r, bench, r->parameters[0], &picture, request_flag(r, "beside"));
        lk_image_release(&picture);
    }
}

/* -- Frames that are sent -- */

/* A document, which is released, as a line; or the error. */
static void answer_line(struct request *r, lk_status status, lk_bytes *text, const lk_error *err) {
    if (status != LK_OK) {
        answer_error(r, err);
        return;
    }
    buf_add(&r->out, text->data, text->size);
    buf_add_text(&r->out, "\n");
    lk_bytes_release(text);
    answer_written(r, 200);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void now_name(char out[SHELF_NAME_MAX + 1], const char *camera) {
    snprintf(out, SHELF_NAME_MAX + 1, "camera %.128s", camera);
}

/* The camera's picture of now, for as long as there is room. */
static void keep_frame(struct request *r) {
    struct shelf_item item = {.size = r->body_size, .file = r->body, .format = "jpeg"};
    bool was_there;
    now_name(item.name, r->parameters[0]);
    snprintf(item.key, sizeof item.key, "frame %.64s", r->digest);
    r->body = -1; /* the shelf's */
    shelf_put(&r->server->pictures, &item, &was_there);
}

static void post_frame(struct request *r, struct bench *bench) {
    const char *id = r->parameters[0];
    lk_watch_result result;
    lk_image frame;
    lk_bytes text = {0};
    lk_error err = {0};
    if (!decode(&frame, r, bench, r->body, "frame")) {
        return;
    }
    lk_status status =
        lk_camera_take(&result, bench->store, bench->engine, id, &frame, r->digest, now_ms(), &err);
    status = status == LK_OK ? lk_report_watch(&text, &result, &err) : status;
    lk_image_release(&frame);
    if (status == LK_OK) {
        keep_frame(r);
    }
    answer_line(r, status, &text, &err);
}

static bool take_sent(struct shelf_item *out, struct request *r, const char *camera) {
    char name[SHELF_NAME_MAX + 1];
    now_name(name, camera);
    return shelf_find(out, &r->server->pictures, name);
}

static bool newest_event(void *arg, const lk_camera_event *event) {
    *(int64_t *)arg = event->after_sha256[0] ? event->id : 0;
    return false;
}

/* What shows the camera best: the frame that was sent last, what its newest event shows, or its newest reference view. */
static void get_now(struct request *r, struct bench *bench) {
    const char *id = r->parameters[0];
    const lk_camera_event_query query = {.camera = id, .newest = 1};
    struct shelf_item item;
    int64_t event = 0;
    lk_bytes file = {0};
    lk_error err = {0};
    r->may_change = true;
    if (take_sent(&item, r, id)) {
        memmove(item.key, item.key + strlen("frame "), 65);
        answer_picture(r, bench, &item, (int32_t)request_query_int(r, "w", 0));
        return;
    }
    lk_status status = lk_camera_events(bench->store, &query, newest_event, &event, &err);
    if (status == LK_OK) {
        status = event > 0 ? lk_camera_event_picture(&file, bench->store, event, true, &err)
                           : lk_camera_picture(&file, bench->store, id, 0, &err);
    }
    if (status == LK_OK) {
        answer_stored(r, bench, &file);
    } else {
        answer_error(r, &err);
    }
}

/* -- Aiming -- */

static void get_aim(struct request *r, struct bench *bench) {
    const char *id = r->parameters[0];
    double degrees[2];
    lk_sighting sighting;
    lk_image picture;
    lk_image_info info;
    lk_bytes text = {0};
    lk_error err = {0};
    if (!session_picture(&picture, &info, r, bench, request_query(r, "image"), 0)) {
        return;
    }
    lk_status status =
        lk_camera_look(&sighting, degrees, bench->store, bench->engine, id, &picture, &err);
    status = status == LK_OK ? lk_report_camera_aim(&text, id, &sighting, degrees, &err) : status;
    lk_image_release(&picture);
    answer_line(r, status, &text, &err);
}

static const struct field baselines_query[] = {
    {"retired", "those out of use too", .kind = FIELD_BOOL}, FIELD_END};

static const struct field baseline_fields[] = {
    {"image", "id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"beside", "one more view; the others stay in use", .kind = FIELD_BOOL},
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    ACTOR_FIELD,
    FIELD_END};

static const struct field now_query[] = {
    {"w", "no wider than so many pixels", .kind = FIELD_INT, .least = 1, .most = 4096},
    {"at", "any number: another one is another address, for pages that show it again",
     .kind = FIELD_INT, .least = 0, .most = 9e15},
    FIELD_END};

static const struct field aim_query[] = {
    {"image", "id or name of an uploaded picture of now", .kind = FIELD_TEXT, .required = true},
    FIELD_END};

const struct route camera_frame_routes[] = {
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/baselines",
     .summary = "the reference views of a camera",
     .query = baselines_query,
     .computes = true,
     .answer = answer_baselines,
     .handle = list_baselines},
    {.method = "POST",
     .path = "/api/v1/cameras/{camera}/baselines",
     .summary = "an uploaded picture is the new normal; as likeness camera baseline",
     .body = BODY_JSON,
     .fields = baseline_fields,
     .computes = true,
     .answer = answer_camera_keys,
     .handle = post_baseline},
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/baselines/{number}",
     .summary = "the picture of a reference view (\"newest\": of those in use), encoded again",
     .query = camera_width_query,
     .computes = true,
     .handle = get_baseline,
     .type = "image/*"},
    {.method = "POST",
     .path = "/api/v1/cameras/{camera}/frames",
     .summary = "send a frame: it is looked at once; as likeness watch --once --json",
     .body = BODY_PICTURE,
     .scope = SCOPE_VERIFY | SCOPE_MANAGE,
     .computes = true,
     .handle = post_frame,
     .schema = "watch-1"},
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/now",
     .summary = "the newest picture there is of the camera: the frame that was sent last, what its "
                "newest event shows, or its reference view; encoded again",
     .query = now_query,
     .computes = true,
     .handle = get_now,
     .type = "image/*"},
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/aim",
     .summary = "how to turn the camera back, by an uploaded picture of now; as likeness camera "
                "aim --json",
     .query = aim_query,
     .computes = true,
     .handle = get_aim,
     .schema = "camera-aim-1"},
    ROUTE_END,
};
