/* SPDX-License-Identifier: Apache-2.0 */
/* A request, checked: host, origin, path, method, query, size, content type, and the keys of a JSON body. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/listeners.h"
#include "serve/memory_file.h"
#include "serve/server.h"

enum { RATE_FROM_S = 10, RATE_LEAST = 1024 };

struct request *request_new(struct server *s, struct MHD_Connection *connection) {
    struct request *r = mem_calloc(1, sizeof *r);
    if (r) {
        r->server = s;
        r->connection = connection;
        r->route_number = s->route_count;
        r->since_s = clock_s();
        r->body = r->file = -1;
        r->type = "application/json";
        buf_init(&r->text, TEXT_BODY_MAX);
        buf_init(&r->out, 16 << 20);
    }
    return r;
}

void request_free(struct request *r) {
    if (r->parts) {
        r->server->http.MHD_destroy_post_processor(r->parts);
    }
    if (r->body >= 0) {
        close(r->body);
    }
    if (r->file >= 0) {
        close(r->file);
    }
    uploads_forget(r);
    listener_free(r->listener);
    json_decref(r->json);
    buf_release(&r->text);
    buf_release(&r->out);
    mem_free(r);
}

const char *request_header(const struct request *r, const char *name) {
    return r->server->http.MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* -- Head -- */

/* "localhost:8787" and "[::1]:8787" without the port. */
static bool host_is(const char *host, const char *name) {
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    size_t length = bracket ? (size_t)(bracket - host) + 1 : strcspn(host, ":");
    return strlen(name) == length && strncasecmp(host, name, length) == 0 &&
           (host[length] == 0 || host[length] == ':');
}

/* A page elsewhere whose name was made to point at this machine sends its own name (DNS rebinding). */
static bool host_is_ours(const struct serve_options *o, const char *host) {
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        if (host_is(host, loopback[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < o->host_count; i++) {
        if (host_is(host, o->hosts[i])) {
            return true;
        }
    }
    return false;
}

/* Browsers name the page that asks; programs do not. */
static bool origin_is_ours(const struct request *r, const char *host) {
    const char *origin = request_header(r, "Origin"), *site = request_header(r, "Sec-Fetch-Site");
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 &&
        strcmp(r->route->method, "GET") != 0) {
        return false;
    }
    if (!origin) {
        return true;
    }
    const char *name = strstr(origin, "://");
    return name && strcasecmp(name + 3, host) == 0 &&
           (strncmp(origin, "http:", 5) == 0 || strncmp(origin, "https:", 6) == 0);
}

static bool type_is(const char *type, const char *name) {
    size_t length = strlen(name);
    return type && strncasecmp(type, name, length) == 0 &&
           (name[length - 1] == '/' || type[length] == 0 || type[length] == ';' ||
            type[length] == ' ');
}

/* The parts of a form: one file. */
static enum MHD_Result take_part(void *arg, enum MHD_ValueKind kind, const char *key,
                                 const char *filename, const char *type, const char *encoding,
                                 const char *data, uint64_t at, size_t size) {
    struct request *r = arg;
    (void)kind, (void)key, (void)type, (void)encoding;
    if (at == 0 && (size > 0 || r->part_count == 0)) {
        r->part_count++;
        snprintf(r->body_name, sizeof r->body_name, "%s", filename ? filename : "");
    }
    if (r->part_count == 1 && size > 0) {
        if (!memory_file_write(r->body, data, size, (int64_t)at)) {
            answer_problem(r, 503, "busy", "no memory for the upload");
            return MHD_NO;
        }
    }
    return MHD_YES;
}

static void begin_body(struct request *r) {
    const char *type = request_header(r, "Content-Type");
    if (r->route->body == BODY_JSON) {
        if (!type_is(type, "application/json")) {
            answer_problem(r, 415, "unsupported-type", "send the body as application/json");
        }
        return;
    }
    r->body = memory_file_new();
    if (r->body < 0) {
        answer_problem(r, 503, "busy", "no memory for the upload");
    } else if (type_is(type, "multipart/form-data")) {
        r->parts = r->server->http.MHD_create_post_processor(r->connection, 16 << 10, take_part, r);
        if (!r->parts) {
            answer_problem(r, 400, "bad-form", "the form's boundary cannot be read");
        }
    } else if (!type_is(type, "image/") && !type_is(type, "application/octet-stream")) {
        answer_problem(
            r, 415, "unsupported-type",
            "send a picture as image/*, application/octet-stream or multipart/form-data");
    }
}

static void check_length(struct request *r) {
    const char *length = request_header(r, "Content-Length");
    const char *coding = request_header(r, "Transfer-Encoding");
    if (length && coding) {
        answer_problem(r, 400, "bad-request", "a request has a length or a transfer coding");
        return;
    }
    int64_t most =
        r->route->body == BODY_JSON ? (int64_t)TEXT_BODY_MAX : r->server->options->max_body;
    bool too_large = length && strtoll(length, NULL, 10) > most;
    if (r->route->body == BODY_NONE && (coding || (length && strtoll(length, NULL, 10) > 0))) {
        answer_problem(r, 400, "bad-request", "%s %s takes no body", r->route->method,
                       r->route->path);
    } else if (too_large) {
        answer_problem(r, 413, "too-large", "%s bytes; the limit is %lld (--max-body)", length,
                       (long long)most);
    }
}

static void get_in_line(struct request *r) {
    const char *length = request_header(r, "Content-Length");
    int64_t most = r->server->options->max_body;
    if (!uploads_enter(r, length ? strtoll(length, NULL, 10) : most)) {
        r->retry_after_s = 5;
        answer_problem(r, 503, "busy", "too many uploads at once");
    }
}

void request_check_head(struct request *r, const char *method, const char *path) {
    const char *host = request_header(r, "Host");
    if (!host || !host_is_ours(r->server->options, host)) {
        answer_problem(r, 421, "unknown-host",
                       "this service does not answer to that name (likeness serve --host NAME)");
        return;
    }
    r->route = route_find(r, method, path, r->allow, sizeof r->allow);
    if (!r->route && r->allow[0]) {
        answer_problem(r, 405, "unknown-method", "%.20s does not fit this path", method);
    } else if (!r->route) {
        answer_problem(r, 404, "not-found", "nothing is at %.200s", path);
    }
    if (r->is_ready) {
        return;
    }
    r->allow[0] = 0;
    r->type = r->route->type ? r->route->type : "application/json";
    if (!origin_is_ours(r, host)) {
        answer_problem(r, 403, "other-origin", "pages of other places may not use this service");
        return;
    }
    admit(r);
    if (!r->is_ready) {
        fields_check_query(r);
    }
    if (!r->is_ready) {
        check_length(r);
    }
    if (!r->is_ready && r->route->body != BODY_NONE) {
        begin_body(r);
    }
    if (!r->is_ready && r->route->body == BODY_PICTURE) {
        get_in_line(r);
    }
}

/* -- Body -- */

static bool body_fits(struct request *r, size_t size) {
    int64_t most =
        r->route->body == BODY_JSON ? (int64_t)TEXT_BODY_MAX : r->server->options->max_body;
    double elapsed = clock_s() - r->since_s - uploads_rested(r);
    r->body_size += (int64_t)size;
    if (r->body_size > most + (r->parts ? 4096 : 0)) {
        answer_problem(r, 413, "too-large", "more than %lld bytes (--max-body)", (long long)most);
    } else if (elapsed > RATE_FROM_S && (double)r->body_size < RATE_LEAST * elapsed) {
        answer_problem(r, 408, "too-slow", "less than %d bytes a second", RATE_LEAST);
    }
    return !r->is_ready;
}

static void take(struct request *r, const char *data, size_t size) {
    if (r->route->body == BODY_JSON) {
        buf_add(&r->text, data, size);
    } else if (r->parts) {
        if (r->server->http.MHD_post_process(r->parts, data, size) != MHD_YES && !r->is_ready) {
            answer_problem(r, 400, "bad-form", "the form cannot be read");
        }
    } else if (!memory_file_write(r->body, data, size, r->body_size - (int64_t)size)) {
        answer_problem(r, 503, "busy", "no memory for the upload");
    }
}

void request_take(struct request *r, const char *data, size_t size) {
    if (!r->route || r->route->body == BODY_NONE) {
        return;
    }
    if (body_fits(r, size)) {
        take(r, data, size);
    }
    if (!r->is_ready) {
        uploads_take(r, (int64_t)size);
        return;
    }
    uploads_forget(r); /* refused in the middle */
    if (r->body >= 0) {
        close(r->body);
        r->body = -1;
    }
}

static void check_json(struct request *r) {
    json_error_t why;
    r->json = json_loadb((const char *)r->text.data, r->text.size, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(r->json)) {
        answer_problem(r, 400, "bad-json", "not a JSON object%s%.100s", r->json ? "" : ": ",
                       r->json ? "" : why.text);
        return;
    }
    fields_check_body(r);
}

static void check_picture(struct request *r) {
    if (r->parts && r->part_count > 1) {
        answer_problem(r, 400, "bad-form", "one picture a request; there are %d parts",
                       r->part_count);
        return;
    }
    if (memory_file_size(r->body) <= 0) {
        answer_problem(r, 400, "empty", "the body holds no picture");
    } else if (!memory_file_seal(r->body)) {
        answer_problem(r, 500, "internal", "the upload cannot be sealed");
    }
}

/* 32 bytes as base64. */
static void sum_text(char out[45], const uint8_t sum[DIGEST_BYTES]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int32_t have = 0;
    char *at = out;
    for (int i = 0; i <= DIGEST_BYTES; i++) {
        bits = bits << 8 | (i < DIGEST_BYTES ? sum[i] : 0U);
        for (have += 8; have >= 6 && at < out + 43; have -= 6) {
            *at++ = digits[bits >> (have - 6) & 63];
        }
    }
    snprintf(at, 2, "=");
}

/* What the client says of the bytes it sent (RFC 9530), where it says it in SHA-256. Of a form it is said of all of the form. */
static bool check_content_digest(struct request *r, const uint8_t sum[DIGEST_BYTES]) {
    static const char name[] = "sha-256=:";
    const char *header = request_header(r, "Content-Digest");
    const char *said = header && r->part_count == 0 ? strstr(header, name) : NULL;
    char text[45];
    sum_text(text, sum);
    if (said && strncmp(said + strlen(name), text, strlen(text)) != 0) {
        answer_problem(r, 422, "digest-mismatch", "what came has the digest sha-256=:%s:", text);
    }
    return !r->is_ready;
}

bool request_digest(struct request *r) {
    uint8_t part[1 << 14], sum[DIGEST_BYTES];
    struct digest d;
    int64_t size = memory_file_size(r->body);
    digest_begin(&d);
    for (int64_t at = 0; at < size; at += (int64_t)sizeof part) {
        size_t n = size - at < (int64_t)sizeof part ? (size_t)(size - at) : sizeof part;
        if (!memory_file_read(r->body, part, n, at)) {
            answer_problem(r, 500, "internal", "the upload cannot be read");
            return false;
        }
        digest_add(&d, part, n);
    }
    digest_end(sum, &d);
    digest_hex(r->digest, sum);
    return check_content_digest(r, sum);
}

void request_check_body(struct request *r) {
    uploads_leave(r);
    if (r->parts) {
        r->server->http.MHD_destroy_post_processor(r->parts); /* gives its last piece */
        r->parts = NULL;
        if (r->is_ready) {
            return;
        }
        r->part_count += r->part_count == 0 ? 2 : 0;
        if (r->part_count > 1) {
            answer_problem(r, 400, "bad-form", "the form must have one part, the picture");
            return;
        }
    }
    if (r->route->body == BODY_JSON) {
        check_json(r);
    } else if (r->route->body == BODY_PICTURE) {
        check_picture(r);
    }
    if (!r->is_ready && r->body_size > 0 && !request_header(r, "Content-Length")) {
        admit_body(r);
    }
}
