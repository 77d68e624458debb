/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/server.h"

static void live(struct request *r, struct bench *bench) {
    (void)bench;
    buf_add_text(&r->out, "{\"live\": true}\n");
    answer_written(r, 200);
}

static void ready(struct request *r, struct bench *bench) {
    struct server *s = r->server;
    (void)bench;
    bool decodes = nursery_is_there(&s->nursery);
    pthread_mutex_lock(&s->lock);
    bool ends = s->ends;
    pthread_mutex_unlock(&s->lock);
    if (!decodes || ends) {
        answer_problem(r, 503, "not-ready", "%s",
                       decodes ? "the service ends"
                               : "the process that makes processes to decode in is gone: restart");
        return;
    }
    buf_printf(&r->out, "{\"ready\": true, \"sandbox\": \"%s\"}\n", s->sandbox);
    answer_written(r, 200);
}

static void metrics(struct request *r, struct bench *bench) {
    struct server *s = r->server;
    struct buf *b = &r->out;
    (void)bench;
    pthread_mutex_lock(&s->lock);
    buf_add_text(b, "# TYPE likeness_http_requests_total counter\n");
    for (size_t i = 0; i <= s->route_count; i++) {
        const struct route *row = route_at(i);
        const char *method = row ? row->method : "", *path = row ? row->path : "none";
        for (int32_t c = 0; c < ANSWER_CODES; c++) {
            uint64_t n = s->answered[i * ANSWER_CODES + (size_t)c];
            if (n > 0) {
                buf_printf(b, "likeness_http_requests_total{route=\"%s%s%s\",code=\"%u\"} %llu\n",
                           method, *method ? " " : "", path, (unsigned)answer_code_at(c),
                           (unsigned long long)n);
            }
        }
    }
    buf_add_text(b, "# TYPE likeness_http_seconds_total counter\n");
    for (size_t i = 0; i < s->route_count; i++) {
        if (s->seconds[i] > 0) {
            buf_printf(b, "likeness_http_seconds_total{route=\"%s %s\"} %.6f\n",
                       route_at(i)->method, route_at(i)->path, s->seconds[i]);
        }
    }
    buf_printf(
        b,
        "# TYPE likeness_queue_depth gauge\nlikeness_queue_depth %d\n"
        "# TYPE likeness_working gauge\nlikeness_working %d\n"
        "# TYPE likeness_refused_busy_total counter\nlikeness_refused_busy_total %llu\n"
        "# TYPE likeness_sandbox_kills_total counter\nlikeness_sandbox_kills_total %llu\n"
        "# TYPE likeness_keepers_made_total counter\nlikeness_keepers_made_total %llu\n"
        "# TYPE likeness_indexes_opened_total counter\nlikeness_indexes_opened_total %llu\n"
        "# TYPE likeness_upload_bytes gauge\nlikeness_upload_bytes %lld\n"
        "# TYPE likeness_uploads gauge\nlikeness_uploads %d\n"
        "# TYPE likeness_store_heard gauge\nlikeness_store_heard %d\n"
        "# TYPE likeness_uptime_seconds gauge\nlikeness_uptime_seconds %.0f\n"
        "# TYPE likeness_build_info gauge\nlikeness_build_info{version=\"%s\"} 1\n",
        s->waiting, s->working, (unsigned long long)s->refused_busy,
        (unsigned long long)s->decoders_stopped, (unsigned long long)nursery_keepers(&s->nursery),
        (unsigned long long)__atomic_load_n(&s->indexes_opened, __ATOMIC_RELAXED),
        (long long)s->uploads.bytes, s->uploads.count,
        (int)__atomic_load_n(&s->hears, __ATOMIC_RELAXED), clock_s() - s->started_s, lk_version());
    pthread_mutex_unlock(&s->lock);
    answer_written(r, 200);
}

static void version(struct request *r, struct bench *bench) {
    (void)bench;
    buf_printf(&r->out, "{\"name\": \"likeness\", \"version\": \"%s\"}\n", lk_version());
    answer_written(r, 200);
}

static void openapi(struct request *r, struct bench *bench) {
    (void)bench;
    openapi_write(&r->out, r->server);
    answer_written(r, 200);
}

static void schema(struct request *r, struct bench *bench) {
    const char *text = r->server->options->schema(r->parameters[0]);
    (void)bench;
    if (!text) {
        answer_problem(r, 404, "not-found", "no schema of that name (likeness schema)");
        return;
    }
    buf_add_text(&r->out, text);
    answer_written(r, 200);
}

const struct route status_routes[] = {
    {.method = "GET",
     .path = "/api/v1/openapi.json",
     .scope = SCOPE_FREE,
     .summary = "this service, described",
     .handle = openapi},
    {.method = "GET",
     .path = "/api/v1/schemas/{schema}",
     .scope = SCOPE_FREE,
     .summary = "the JSON Schema of a document",
     .handle = schema,
     .type = "application/schema+json"},
    {.method = "GET",
     .path = "/livez",
     .scope = SCOPE_FREE,
     .summary = "whether the service answers",
     .handle = live},
    {.method = "GET",
     .path = "/readyz",
     .scope = SCOPE_FREE,
     .summary = "whether it can do its work",
     .handle = ready},
    {.method = "GET",
     .path = "/metrics",
     .summary = "figures, for Prometheus",
     .handle = metrics,
     .type = "text/plain; version=0.0.4; charset=utf-8"},
    {.method = "GET",
     .path = "/version",
     .scope = SCOPE_FREE,
     .summary = "which likeness this is",
     .handle = version},
    ROUTE_END,
};
