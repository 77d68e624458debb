/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "serve/listeners.h"

static const uint32_t codes[ANSWER_CODES] = {200, 201, 202, 204, 304, 400, 401, 403, 404,
                                             405, 408, 409, 410, 411, 412, 413, 415, 421,
                                             422, 428, 429, 431, 500, 503, 507, 0};

uint32_t answer_code_at(int32_t i) {
    return i < ANSWER_CODES ? codes[i] : 0;
}

void answer_count(struct request *r) {
    struct server *s = r->server;
    size_t row = r->route_number;
    for (size_t i = 0; i < ANSWER_CODES; i++) {
        if (codes[i] == r->status) {
            pthread_mutex_lock(&s->lock);
            s->answered[row * ANSWER_CODES + i]++;
            s->seconds[row] += clock_s() - r->since_s;
            pthread_mutex_unlock(&s->lock);
        }
    }
}

void answer_problem(struct request *r, uint32_t status, const char *code, const char *format, ...) {
    char detail[600], type[100];
    const struct problem *known = problem_of(code);
    struct json j;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    snprintf(type, sizeof type, "/problems#%s", code);
    buf_release(&r->out);
    buf_init(&r->out, 1 << 14);
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "type", type);
    json_text(&j, "title", known ? known->title : code);
    json_int(&j, "status", status);
    json_text(&j, "detail", detail);
    json_text(&j, "code", code);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    if (r->file >= 0) {
        close(r->file);
        r->file = -1;
    }
    r->location[0] = r->etag[0] = 0;
    r->status = status;
    r->type = "application/problem+json";
    r->is_ready = true;
}

bool answer_of_store(const struct request *r, const lk_error *err) {
    const char *store = r->server->store_name;
    size_t length = store ? strlen(store) : 0;
    return length > 0 && strncmp(err->input, store, length) == 0 &&
           (err->input[length] == 0 || err->input[length] == '/');
}

/* Where the store lies is nobody's business. */
static bool answer_trouble(struct request *r, const lk_error *err) {
    bool damaged = err->status == LK_E_CORRUPT;
    if (!answer_of_store(r, err) || (err->status != LK_E_IO && !damaged)) {
        return false;
    }
    r->retry_after_s = damaged ? 0 : 2;
    answer_problem(r, damaged ? 500 : 503, damaged ? "store-damaged" : "store-cannot-read", "%s",
                   err->text);
    return true;
}

void answer_error(struct request *r, const lk_error *err) {
    static const struct {
        lk_status status;
        uint32_t http;
        const char *code;
    } rows[] = {
        {LK_E_USAGE, 400, "bad-request"},
        {LK_E_MEMORY, 503, "busy"},
        {LK_E_IO, 404, "not-found"},
        {LK_E_FORMAT, 415, "unsupported-format"},
        {LK_E_CORRUPT, 422, "corrupt-image"},
        {LK_E_LIMIT, 422, "over-limit"},
        {LK_E_SIZE, 422, "sizes-do-not-fit"},
        {LK_E_CANCELLED, 503, "timed-out"},
        {LK_E_WRITE, 507, "store-cannot-write"},
        {LK_E_AWAY, 503, "store-away"},
    };
    uint32_t http = 500;
    const char *code = "internal";
    char text[1100];
    const char *input = answer_of_store(r, err) ? "" : err->input;
    if (answer_trouble(r, err)) {
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == err->status) {
            http = rows[i].http;
            code = rows[i].code;
        }
    }
    if (err->status == LK_E_LIMIT && strcmp(err->limit, "file_bytes") == 0) {
        http = 413;
        code = "too-large";
    } else if (err->status == LK_E_LIMIT &&
               (strcmp(err->limit, "pixels") == 0 || strcmp(err->limit, "side") == 0)) {
        code = "too-many-pixels";
    }
    r->retry_after_s = http == 503 ? 2 : 0;
    snprintf(text, sizeof text, "%s%s%s", input, input[0] ? ": " : "", err->text);
    answer_problem(r, http, code, "%s", text);
}

void answer_decode(struct request *r, enum decode_end end, const lk_error *err) {
    if (end == DECODE_STOPPED) {
        pthread_mutex_lock(&r->server->lock);
        r->server->decoders_stopped++;
        pthread_mutex_unlock(&r->server->lock);
        answer_problem(r, 422, "decoder-stopped", "%s", err->text);
    } else if (end == DECODE_LOST) {
        r->retry_after_s = 5;
        answer_problem(r, 503, "no-decoder", "%s", err->text);
    } else {
        answer_error(r, err);
    }
}

bool route_is_tagged(const struct route *route) {
    return strcmp(route->method, "GET") == 0 &&
           (route->is_page || strncmp(route->path, "/api/", 5) == 0) &&
           !(route->type && strcmp(route->type, "text/event-stream") == 0);
}

/* A tag of the bytes themselves, where the handler knew none that says it earlier. */
static void tag_bytes(struct request *r) {
    char sum[65];
    digest_sha256_hex(sum, r->out.size > 0 ? (const void *)r->out.data : "", r->out.size);
    snprintf(r->etag, sizeof r->etag, "\"%.32s\"", sum);
    r->may_change = true;
}

void answer_written(struct request *r, uint32_t status) {
    if (buf_status(&r->out, NULL) != LK_OK) {
        answer_problem(r, 500, "internal", "the answer is too large");
        return;
    }
    if (status == 200 && !r->etag[0] && !r->listener && route_is_tagged(r->route)) {
        tag_bytes(r);
    }
    r->status = status;
    r->is_ready = true;
}

void answer_bytes(struct request *r, uint32_t status, lk_bytes *bytes) {
    buf_release(&r->out);
    buf_init(&r->out, bytes->size + 1);
    buf_add(&r->out, bytes->data, bytes->size);
    lk_bytes_release(bytes);
    answer_written(r, status);
}

void answer_list_part(struct request *r, struct json *j, const char *next, lk_status status,
                      const lk_error *err) {
    json_array_end(j);
    if (next) {
        json_text(j, "next", next);
    }
    json_object_end(j);
    buf_add_text(&r->out, "\n");
    if (status == LK_OK) {
        answer_written(r, 200);
    } else {
        answer_error(r, err);
    }
}

void answer_list(struct request *r, struct json *j, lk_status status, const lk_error *err) {
    answer_list_part(r, j, NULL, status, err);
}

void answer_file(struct request *r, const struct shelf_item *item) {
    r->file = item->file;
    r->file_size = item->size;
    r->type = item->type;
    snprintf(r->etag, sizeof r->etag, "\"%s\"", item->key);
    r->status = 200;
    r->is_ready = true;
}

/* Whether the tag stands in a header's list of tags, or the header is "*". */
static bool names_tag(const char *header, const char *etag) {
    size_t length = strlen(etag);
    for (const char *at = header; at && *at; at = strchr(at, ',')) {
        at += strspn(at, ", \t");
        if (*at == '*') {
            return true;
        }
        at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
        if (strncmp(at, etag, length) == 0 && strchr(", \t", at[length])) {
            return true;
        }
    }
    return false;
}

static bool is_held(const struct request *r) {
    const char *held = r->etag[0] ? request_header(r, "If-None-Match") : NULL;
    return held && strcmp(r->route->method, "GET") == 0 && names_tag(held, r->etag);
}

bool answer_held(struct request *r) {
    if (is_held(r)) {
        answer_written(r, 200);
    }
    return r->is_ready;
}

bool answer_unless_matched(struct request *r, const char *etag) {
    const char *held = request_header(r, "If-Match");
    if (!held) {
        answer_problem(r, 428, "need-match",
                       "say which state is to be changed: If-Match with the ETag it was read with");
    } else if (strncmp(held, "W/", 2) == 0 || !names_tag(held, etag)) {
        answer_problem(r, 412, "stale", "it has changed since: its ETag is %s", etag);
    }
    return r->is_ready;
}

/* On every answer: nothing is guessed, framed, sent on or run that is not this service's own. */
static void add_security_headers(struct request *r, struct MHD_Response *response) {
    const struct http_calls *http = &r->server->http;
    static const char page[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    static const char data[] = "default-src 'none'; frame-ancestors 'none'; sandbox";
    static const char *const rows[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "geolocation=(), microphone=(), payment=(), usb=()"},
        {"X-Frame-Options", "DENY"},
    };
    /* A browser takes the headers of a 304 for those of what it holds. */
    bool is_page = r->route && r->route->is_page && (r->status == 200 || r->status == 304);
    http->MHD_add_response_header(response, "Content-Security-Policy", is_page ? page : data);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        http->MHD_add_response_header(response, rows[i][0], rows[i][1]);
    }
}

static void add_headers(struct request *r, struct MHD_Response *response) {
    const struct http_calls *http = &r->server->http;
    char number[16];
    add_security_headers(r, response);
    http->MHD_add_response_header(response, "Content-Type", r->type);
    http->MHD_add_response_header(response, "Cache-Control",
                                  !r->etag[0]     ? "no-store"
                                  : r->may_change ? "private, no-cache"
                                                  : "private, max-age=31536000, immutable");
    if (r->etag[0]) {
        http->MHD_add_response_header(response, "ETag", r->etag);
    }
    if (r->saves_as) {
        char text[SHELF_KEY_MAX + 32];
        snprintf(text, sizeof text, "attachment; filename=%s", r->saves_as);
        http->MHD_add_response_header(response, "Content-Disposition", text);
    } else if (r->file >= 0) {
        http->MHD_add_response_header(response, "Content-Disposition", "inline; filename=picture");
    }
    if (r->location[0]) {
        http->MHD_add_response_header(response, "Location", r->location);
    }
    if (r->cookie[0]) {
        http->MHD_add_response_header(response, "Set-Cookie", r->cookie);
    }
    if (r->status == 401) {
        http->MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"likeness\"");
    }
    if (r->allow[0]) {
        http->MHD_add_response_header(response, "Allow", r->allow);
    }
    if (r->retry_after_s > 0) {
        snprintf(number, sizeof number, "%d", r->retry_after_s);
        http->MHD_add_response_header(response, "Retry-After", number);
    }
}

enum MHD_Result answer_send(struct request *r) {
    const struct http_calls *http = &r->server->http;
    struct MHD_Response *response;
    if (r->status == 200 && is_held(r)) {
        r->status = 304;
    }
    if (r->listener) {
        response = listener_response(r->listener);
        r->listener = response ? NULL : r->listener; /* the response's */
    } else if (r->file >= 0 && r->status == 200) {
        response = http->MHD_create_response_from_fd64((uint64_t)r->file_size, r->file);
    } else {
        size_t size = r->status == 304 ? 0 : r->out.size;
        response = http->MHD_create_response_from_buffer(
            size, size > 0 ? r->out.data : (uint8_t[]){0}, MHD_RESPMEM_MUST_COPY);
    }
    if (!response) {
        return MHD_NO;
    }
    add_headers(r, response);
    if (r->status == 200) {
        r->file = -1; /* the response's */
    }
    answer_count(r);
    enum MHD_Result result = http->MHD_queue_response(r->connection, r->status, response);
    http->MHD_destroy_response(response);
    return result;
}
