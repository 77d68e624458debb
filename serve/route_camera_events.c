/* SPDX-License-Identifier: Apache-2.0 */
/* Events of cameras: what changed, with the pictures of before and after, and that somebody has seen it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "serve/answer_fields.h"
#include "serve/route_camera.h"

enum { EVENTS_USUAL = 100 };

struct events {
    struct json j;
    int64_t count, first;
};

static bool write_event(void *arg, const lk_camera_event *event) {
    struct events *e = arg;
    struct json *j = &e->j;
    e->first = e->count++ == 0 ? event->id : e->first;
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

static void list(struct request *r, struct bench *bench, const char *camera) {
    char next[24];
    struct events e = {.count = 0};
    lk_error err = {0};
    const lk_camera_event_query query = {.camera = camera,
                                         .before = request_query_int(r, "before", 0),
                                         .newest = request_query_int(r, "limit", EVENTS_USUAL)};
    json_init(&e.j, &r->out, 0);
    json_object_begin(&e.j, NULL);
    json_array_begin(&e.j, "events");
    lk_status status = lk_camera_events(bench->store, &query, write_event, &e, &err);
    snprintf(next, sizeof next, "%lld", (long long)e.first);
    answer_list_part(r, &e.j, e.count == query.newest && e.first > 1 ? next : NULL, status, &err);
}

static void list_all(struct request *r, struct bench *bench) {
    list(r, bench, NULL);
}

static void list_of_camera(struct request *r, struct bench *bench) {
    lk_camera camera;
    lk_error err = {0};
    memset(&camera, 0, sizeof camera);
    if (lk_camera_get(&camera, bench->store, r->parameters[0], &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    lk_camera_release(&camera);
    list(r, bench, r->parameters[0]);
}

/* -- One -- */

/* The number in the path; 0, and a problem, where it is none. */
static int64_t event_number(struct request *r) {
    char *end;
    const char *text = r->parameters[0];
    long long id = strtoll(text, &end, 10);
    if (*end || text[0] < '1' || text[0] > '9' || id == INT64_MAX) {
        answer_problem(r, 404, "not-found", "no event %.40s", text);
        return 0;
    }
    return id;
}

static void get_event(struct request *r, struct bench *bench) {
    struct events e = {.count = 0};
    lk_error err = {0};
    const lk_camera_event_query query = {.id = event_number(r)};
    if (query.id == 0) {
        return;
    }
    json_init(&e.j, &r->out, 0);
    if (lk_camera_events(bench->store, &query, write_event, &e, &err) != LK_OK) {
        answer_error(r, &err);
    } else if (e.count == 0) {
        answer_problem(r, 404, "not-found", "no event %lld", (long long)query.id);
    } else {
        buf_add_text(&r->out, "\n");
        answer_written(r, 200);
    }
}

static void get_picture(struct request *r, struct bench *bench, bool after) {
    lk_bytes file = {0};
    lk_error err = {0};
    int64_t id = event_number(r);
    if (id == 0) {
        return;
    }
    if (lk_camera_event_picture(&file, bench->store, id, after, &err) == LK_OK) {
        answer_stored(r, bench, &file);
    } else {
        answer_error(r, &err);
    }
}

static void get_before(struct request *r, struct bench *bench) {
    get_picture(r, bench, false);
}

static void get_after(struct request *r, struct bench *bench) {
    get_picture(r, bench, true);
}

/* -- Acknowledging -- */

struct found {
    char camera[LK_REFERENCE_ID_MAX + 1];
};

static bool find_camera(void *arg, const lk_camera_event *event) {
    snprintf(((struct found *)arg)->camera, LK_REFERENCE_ID_MAX + 1, "%s", event->camera);
    return false;
}

/* "This is the new normal": what the event shows is the reference from now on. */
static void accept_normal(struct request *r, struct bench *bench, int64_t id, const char *camera) {
    lk_bytes file = {0};
    lk_image picture;
    lk_error err = {0};
    if (lk_camera_event_picture(&file, bench->store, id, true, &err) != LK_OK) {
        answer_error(r, &err);
    } else if (stored_picture(&picture, r, bench, &file)) {
        camera_set_baseline(r, bench, camera, &picture, false);
        lk_image_release(&picture);
    }
}

static void post_ack(struct request *r, struct bench *bench) {
    struct found f = {.camera = ""};
    lk_error err = {0};
    const lk_camera_event_query query = {.id = event_number(r)};
    if (query.id == 0) {
        return;
    }
    if (lk_camera_events(bench->store, &query, find_camera, &f, &err) != LK_OK) {
        answer_error(r, &err);
    } else if (!f.camera[0]) {
        answer_problem(r, 404, "not-found", "no event %lld", (long long)query.id);
    } else if (request_flag(r, "normal")) {
        accept_normal(r, bench, query.id, f.camera);
    } else {
        camera_acknowledge(r, bench, f.camera);
    }
}

static const struct field events_query[] = {
    {"limit", "how many at most, the newest (100)", .kind = FIELD_INT, .least = 1, .most = 1000},
    {"before", "only those with a lower id: \"next\" of the answer before", .kind = FIELD_INT,
     .least = 1, .most = 9e15},
    FIELD_END};

static const struct field ack_fields[] = {
    {"normal", "what the event's picture shows is the new normal: as likeness camera baseline",
     .kind = FIELD_BOOL},
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    ACTOR_FIELD,
    FIELD_END};

const struct route camera_event_routes[] = {
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/events",
     .summary = "the newest events of a camera, oldest first",
     .query = events_query,
     .computes = true,
     .answer = answer_camera_events,
     .handle = list_of_camera},
    {.method = "GET",
     .path = "/api/v1/camera-events",
     .summary = "the newest events of all cameras, oldest first",
     .query = events_query,
     .computes = true,
     .answer = answer_camera_events,
     .handle = list_all},
    {.method = "GET",
     .path = "/api/v1/camera-events/{event}",
     .summary = "an event; its document is what likeness watch told",
     .computes = true,
     .answer = answer_camera_event,
     .handle = get_event},
    {.method = "GET",
     .path = "/api/v1/camera-events/{event}/before",
     .summary = "the reference view that it was held against, encoded again",
     .query = camera_width_query,
     .computes = true,
     .handle = get_before,
     .type = "image/*"},
    {.method = "GET",
     .path = "/api/v1/camera-events/{event}/after",
     .summary = "the frame that shows it, encoded again",
     .query = camera_width_query,
     .computes = true,
     .handle = get_after,
     .type = "image/*"},
    {.method = "POST",
     .path = "/api/v1/camera-events/{event}/ack",
     .summary = "the event has been seen, and those before it of the same camera",
     .body = BODY_JSON,
     .fields = ack_fields,
     .computes = true,
     .answer = answer_camera_keys,
     .handle = post_ack},
    ROUTE_END,
};
