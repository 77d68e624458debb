/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's scores over time. */
#include <time.h>

#include "serve/server.h"

enum { DAY_MS = 86400000 };

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void get_series(struct request *r, struct bench *bench) {
    lk_bytes text;
    lk_error err = {0};
    int64_t to = request_query_int(r, "to", now_ms());
    const lk_camera_series_query query = {.camera = r->parameters[0],
                                          .from_ms = request_query_int(r, "from", to - DAY_MS),
                                          .to_ms = to,
                                          .step_s = (int32_t)request_query_int(r, "step", 0)};
    if (query.from_ms < 0 || query.from_ms >= query.to_ms) {
        answer_problem(r, 400, "bad-query", "from is a time before to");
    } else if (lk_report_camera_series(&text, bench->store, &query, &err) == LK_OK) {
        answer_bytes(r, 200, &text);
    } else if (err.status == LK_E_LIMIT) {
        answer_problem(r, 400, "bad-query", "%s", err.text);
    } else {
        answer_error(r, &err);
    }
}

static const struct field series_query[] = {
    {"from", "milliseconds since 1970 (a day before to)", .kind = FIELD_INT, .least = 0,
     .most = 1e14},
    {"to", "milliseconds since 1970 (now)", .kind = FIELD_INT, .least = 0, .most = 1e14},
    {"step", "seconds that make a point; what is kept of that time may be less fine",
     .kind = FIELD_INT, .least = 1, .most = 31 * 86400},
    FIELD_END};

const struct route camera_series_routes[] = {
    {.method = "GET",
     .path = "/api/v1/cameras/{camera}/series",
     .summary =
         "how alike a camera's frames were to its reference views, over time: a day of seconds, a "
         "month of ten minutes",
     .query = series_query,
     .computes = true,
     .handle = get_series,
     .schema = "camera-series-1"},
    ROUTE_END,
};
