/* SPDX-License-Identifier: Apache-2.0 */
/* Every route, once: what is served, what is checked and /api/v1/openapi.json come from the tables of the route_*.c files. */
#include <string.h>

#include "serve/server.h"

static const struct route *const families[] = {
    page_routes,          image_routes,        compare_routes,
    verify_routes,        reference_routes,    reference_change_routes,
    verification_routes,  audit_routes,        access_routes,
    camera_routes,        camera_event_routes, camera_frame_routes,
    camera_series_routes, comparison_routes,   quality_routes,
    collection_routes,    job_kind_routes,     embedding_routes,
    job_routes,           status_routes,       policy_routes,
    search_routes,        model_routes,
};

const struct route *route_at(size_t i) {
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (const struct route *row = families[f]; row->method; row++) {
            if (i-- == 0) {
                return row;
            }
        }
    }
    return NULL;
}

size_t routes_count(void) {
    size_t count = 0;
    while (route_at(count)) {
        count++;
    }
    return count;
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
        if (length == 0 || length > PARAMETER_MAX || count == PARAMETERS_MOST) {
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
    r->route_number = 0;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (const struct route *row = families[f]; row->method; row++, r->route_number++) {
            if (!path_fits(r, row->path, path)) {
                continue;
            }
            if (strcmp(row->method, asked) == 0) {
                return row;
            }
            if (strlen(allow) + 16 < size) {
                strcat(allow, allow[0] ? ", " : "");
                strcat(allow, row->method);
            }
        }
    }
    return NULL;
}
