/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras: without sources, which may hold addresses that are nobody else's business. */
#include <string.h>

#include "base/json.h"
#include "serve/server.h"

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

static void list_cameras(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "cameras");
    answer_list(r, &j, lk_camera_list(bench->store, list_camera, &j, &err), &err);
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

static void list_events(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    lk_camera camera;
    memset(&camera, 0, sizeof camera);
    if (lk_camera_get(&camera, bench->store, r->parameters[0], &err) != LK_OK) {
        answer_error(r, &err);
        return;
    }
    lk_camera_release(&camera);
    const lk_camera_event_query query = {.camera = r->parameters[0], .newest = 100};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "events");
    answer_list(r, &j, lk_camera_events(bench->store, &query, list_event, &j, &err), &err);
}

const struct route camera_routes[] = {
    {.method = "GET",
     .path = "/api/v1/cameras",
     .summary = "the cameras of the store and where they stand",
     .computes = true,
     .handle = list_cameras},
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/events",
     .summary = "the newest 100 events of a camera, oldest first",
     .computes = true,
     .handle = list_events},
    ROUTE_END,
};
