/* SPDX-License-Identifier: Apache-2.0 */
/* Every route, once: what is served, what is checked and /api/v1/openapi.json come from this table. */
#include <string.h>

#include "serve/server.h"

static const struct field image_query[] = {
    {"name", "what the picture may be called instead of its id", FIELD_TEXT, false},
    {.name = NULL}};
static const struct field compare_fields[] = {
    {"a", "the reference: id or name of an uploaded picture", FIELD_TEXT, true},
    {"b", "the photo: id or name of an uploaded picture", FIELD_TEXT, true},
    {"align", "auto, none, shift, affine or perspective", FIELD_TEXT, false},
    {"measures", "default, all, or names with commas", FIELD_TEXT, false},
    {"pictures", "draw pictures too; Location says where they are", FIELD_BOOL, false},
    {.name = NULL}};
static const struct field verify_fields[] = {
    {"photo", "id or name of an uploaded picture", FIELD_TEXT, true},
    {"reference", "ID or ID@VERSION of the store; without it the store is searched", FIELD_TEXT,
     false},
    {"actor", "who verifies, for the record", FIELD_TEXT, false},
    {"note", "why, for the record", FIELD_TEXT, false},
    {.name = NULL}};
static const struct field reference_fields[] = {
    {"id", "letters, digits and ._-", FIELD_TEXT, true},
    {"image", "id or name of an uploaded picture", FIELD_TEXT, true},
    {"name", "for people", FIELD_TEXT, false},
    {"note", "why, for the record", FIELD_TEXT, false},
    {"actor", "who adds it", FIELD_TEXT, false},
    {"tags", "replace those of the version before", FIELD_TEXTS, false},
    {.name = NULL}};

#define JSON_TYPE "application/json"
#define HTML_TYPE "text/html; charset=utf-8"

const struct route routes[] = {
    {"GET", "/", "the start page", BODY_NONE, NULL, NULL, false, route_page, HTML_TYPE, NULL, 200,
     true},
    {"GET", "/start.mjs", "its script", BODY_NONE, NULL, NULL, false, route_page,
     "text/javascript; charset=utf-8", NULL, 200, true},
    {"GET", "/start.css", "its style", BODY_NONE, NULL, NULL, false, route_page,
     "text/css; charset=utf-8", NULL, 200, true},
    {"POST", "/api/v1/images", "upload a picture, as it is or as one part of a form", BODY_PICTURE,
     NULL, image_query, true, route_images_post, JSON_TYPE, NULL, 201, false},
    {"GET", "/api/v1/images", "the uploaded pictures that are still kept, the last used first",
     BODY_NONE, NULL, NULL, false, route_images_list, JSON_TYPE, NULL, 200, false},
    {"GET", "/api/v1/images/{image}", "an uploaded picture, encoded again", BODY_NONE, NULL, NULL,
     true, route_image_get, "image/*", NULL, 200, false},
    {"POST", "/api/v1/compare", "compare two uploaded pictures; as likeness compare --json",
     BODY_JSON, compare_fields, NULL, true, route_compare, JSON_TYPE, "compare-1", 200, false},
    {"GET", "/api/v1/comparisons/{comparison}/{picture}",
     "a picture of a comparison: reference, aligned, heat or differences", BODY_NONE, NULL, NULL,
     false, route_comparison_picture, "image/*", NULL, 200, false},
    {"POST", "/api/v1/verify",
     "verify a photo against originals of the store and record it; as likeness verify --json",
     BODY_JSON, verify_fields, NULL, true, route_verify, JSON_TYPE, "verify-1", 200, false},
    {"GET", "/api/v1/references", "the originals of the store", BODY_NONE, NULL, NULL, true,
     route_references_list, JSON_TYPE, NULL, 200, false},
    {"POST", "/api/v1/references", "make an uploaded picture an original of the store", BODY_JSON,
     reference_fields, NULL, true, route_references_post, JSON_TYPE, NULL, 201, false},
    {"GET", "/api/v1/cameras", "the cameras of the store and where they stand", BODY_NONE, NULL,
     NULL, true, route_cameras, JSON_TYPE, NULL, 200, false},
    {"GET", "/api/v1/cameras/{camera}/events", "the newest 100 events of a camera, oldest first",
     BODY_NONE, NULL, NULL, true, route_camera_events, JSON_TYPE, NULL, 200, false},
    {"GET", "/api/v1/openapi.json", "this service, described", BODY_NONE, NULL, NULL, false,
     route_openapi, JSON_TYPE, NULL, 200, false},
    {"GET", "/api/v1/schemas/{schema}", "the JSON Schema of a document", BODY_NONE, NULL, NULL,
     false, route_schema, "application/schema+json", NULL, 200, false},
    {"GET", "/livez", "whether the service answers", BODY_NONE, NULL, NULL, false, route_live,
     JSON_TYPE, NULL, 200, false},
    {"GET", "/readyz", "whether it can do its work", BODY_NONE, NULL, NULL, false, route_ready,
     JSON_TYPE, NULL, 200, false},
    {"GET", "/metrics", "figures, for Prometheus", BODY_NONE, NULL, NULL, false, route_metrics,
     "text/plain; version=0.0.4; charset=utf-8", NULL, 200, false},
    {"GET", "/version", "which likeness this is", BODY_NONE, NULL, NULL, false, route_version,
     JSON_TYPE, NULL, 200, false},
};

size_t routes_count(void) {
    return sizeof routes / sizeof *routes;
}

/* Whether the path is one of the pattern; its parameters. */
static bool path_fits(struct request *r, const char *pattern, const char *path) {
    int32_t count = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        size_t length = strcspn(path, "/");
        if (length == 0 || length > SHELF_KEY_MAX || count == PARAMETERS_MOST) {
            return false;
        }
        memcpy(r->parameters[count], path, length);
        r->parameters[count++][length] = 0;
        path += length;
        pattern = strchr(pattern, '}') + 1;
    }
    return *path == 0;
}

const struct route *route_find(struct request *r, const char *method, const char *path, char *allow,
                               size_t size) {
    const char *asked = strcmp(method, "HEAD") == 0 ? "GET" : method;
    allow[0] = 0;
    for (size_t i = 0; i < routes_count(); i++) {
        if (path_fits(r, routes[i].path, path)) {
            if (strcmp(routes[i].method, asked) == 0) {
                return &routes[i];
            }
            if (strlen(allow) + 16 < size) {
                strcat(allow, allow[0] ? ", " : "");
                strcat(allow, routes[i].method);
            }
        }
    }
    return NULL;
}
