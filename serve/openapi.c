/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAPI 3.1 of the table of routes. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "serve/server.h"

static void write_object(struct json *j, const struct field *fields, bool closed);

static bool is_list(const struct field *f) {
    return f->kind == FIELD_TEXTS || f->kind == FIELD_OBJECTS || f->kind == FIELD_NUMBERS;
}

static void write_words(struct json *j, const char *words) {
    char word[64];
    json_array_begin(j, "enum");
    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        json_text(j, NULL, word);
        at += length;
    }
    json_array_end(j);
}

static void write_range(struct json *j, const struct field *f) {
    bool number = f->kind == FIELD_INT || f->kind == FIELD_NUMBER;
    const char *least = number ? "minimum" : is_list(f) ? "minItems" : "minLength";
    const char *most = number ? "maximum" : is_list(f) ? "maxItems" : "maxLength";
    if (f->most > f->least) {
        json_number(j, least, f->least);
        json_number(j, most, f->most);
    }
}

/* The members of the schema of one value. */
static void write_type(struct json *j, const struct field *f, bool closed) {
    static const char *const types[] = {
        [FIELD_TEXT] = "string",   [FIELD_BOOL] = "boolean",  [FIELD_TEXTS] = "array",
        [FIELD_INT] = "integer",   [FIELD_NUMBER] = "number", [FIELD_OBJECT] = "object",
        [FIELD_OBJECTS] = "array", [FIELD_NUMBERS] = "array",
    };
    if (f->or_null) {
        json_array_begin(j, "type");
        json_text(j, NULL, types[f->kind]);
        json_text(j, NULL, "null");
        json_array_end(j);
    } else {
        json_text(j, "type", types[f->kind]);
    }
    write_range(j, f);
    if (f->words) {
        write_words(j, f->words);
    }
    if (is_list(f)) {
        json_object_begin(j, "items");
        json_text(j, "type",
                  f->kind == FIELD_TEXTS     ? "string"
                  : f->kind == FIELD_NUMBERS ? "number"
                                             : "object");
    }
    if (f->of) {
        write_object(j, f->of, closed);
    }
    if (is_list(f)) {
        json_object_end(j);
    }
}

static void write_parameter(struct json *j, const char *in, const struct field *f) {
    json_object_begin(j, NULL);
    json_text(j, "name", f->name);
    json_text(j, "in", in);
    json_bool(j, "required", f->required);
    if (f->summary) {
        json_text(j, "description", f->summary);
    }
    json_object_begin(j, "schema");
    write_type(j, f, true);
    json_object_end(j);
    json_object_end(j);
}

/* -- Headers -- */

static const struct header {
    const char *name, *text, *kind; /* kind: of its value */
    const char *refusals;           /* statuses that it may lead to */
} headers[] = {
    {"ETag",
     "what the answer is, byte for byte: sent back as If-None-Match it is answered 304 as long as "
     "that "
     "holds",
     "string", NULL},
    {"Location", "where what was made is", "string", NULL},
    {"Retry-After", "seconds to wait, with 429 and 503", "integer", NULL},
    {"If-None-Match",
     "ETags that the client holds: a GET of one of these is answered 304 without a body; with * "
     "nothing is "
     "made that is there already",
     "string", "412"},
    {"If-Match",
     "the ETag of the state that is to be changed: 428 without it, 412 where there is another by "
     "now",
     "string", "412 428"},
    {"Idempotency-Key",
     "1 to 200 printable characters of the client's choice, as they are or in quotes. The answer "
     "is "
     "kept for 24 hours with a digest of the body, also over a restart: the same key with the same "
     "body gets "
     "the same answer and nothing is done again; with another body 422 idempotency-mismatch; while "
     "the first "
     "is being answered 409 idempotency-in-progress. Keys are a token's own.",
     "string", "409 422"},
};

static const struct header *header_find(const char *name) {
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (strcmp(headers[i].name, name) == 0) {
            return &headers[i];
        }
    }
    return NULL;
}

static void write_header_members(struct json *j, const struct header *h) {
    json_text(j, "description", h->text);
    json_object_begin(j, "schema");
    json_text(j, "type", h->kind);
    json_object_end(j);
}

static void write_headers(struct json *j) {
    json_object_begin(j, "headers");
    for (size_t i = 0; i < 3; i++) {
        json_object_begin(j, headers[i].name);
        write_header_members(j, &headers[i]);
        json_object_end(j);
    }
    json_object_end(j);
}

static void refer_header(struct json *j, const char *name) {
    char place[64];
    snprintf(place, sizeof place, "#/components/headers/%s", name);
    json_object_begin(j, name);
    json_text(j, "$ref", place);
    json_object_end(j);
}

static void write_header_parameter(struct json *j, const char *name) {
    json_object_begin(j, NULL);
    json_text(j, "name", name);
    json_text(j, "in", "header");
    write_header_members(j, header_find(name));
    json_object_end(j);
}

static void write_parameters(struct json *j, const struct route *r) {
    char name[32];
    json_array_begin(j, "parameters");
    for (const char *at = strchr(r->path, '{'); at; at = strchr(at + 1, '{')) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        write_parameter(j, "path", &(struct field){.name = name, .required = true});
    }
    for (const struct field *f = r->query; f && f->name; f++) {
        write_parameter(j, "query", f);
    }
    if (r->header) {
        write_header_parameter(j, r->header);
    } else if (route_is_tagged(r)) {
        write_header_parameter(j, "If-None-Match");
    }
    json_array_end(j);
}

/* Its members beside the type; closed: there are no others. Answers may get more of them. */
static void write_object(struct json *j, const struct field *fields, bool closed) {
    if (closed) {
        json_bool(j, "additionalProperties", false);
    }
    json_object_begin(j, "properties");
    for (const struct field *f = fields; f->name; f++) {
        json_object_begin(j, f->name);
        write_type(j, f, closed);
        if (f->summary) {
            json_text(j, "description", f->summary);
        }
        json_object_end(j);
    }
    json_object_end(j);
    json_array_begin(j, "required");
    for (const struct field *f = fields; f->name; f++) {
        if (f->required) {
            json_text(j, NULL, f->name);
        }
    }
    json_array_end(j);
}

static void write_binary(struct json *j, const char *type) {
    json_object_begin(j, type);
    json_object_end(j);
}

static void write_body(struct json *j, const struct route *r) {
    json_object_begin(j, "requestBody");
    json_bool(j, "required", true);
    json_object_begin(j, "content");
    if (r->body == BODY_JSON) {
        json_object_begin(j, "application/json");
        json_object_begin(j, "schema");
        json_text(j, "type", "object");
        write_object(j, r->fields, true);
        json_object_end(j);
        json_object_end(j);
    } else {
        write_binary(j, "image/*");
        write_binary(j, "application/octet-stream");
        json_object_begin(j, "multipart/form-data");
        json_object_begin(j, "schema");
        json_text(j, "type", "object");
        json_object_begin(j, "properties");
        write_binary(j, "file");
        json_object_end(j);
        json_object_end(j);
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
}

static void write_content(struct json *j, const struct route *r) {
    char text[64];
    json_object_begin(j, "content");
    json_object_begin(j, r->type ? r->type : "application/json");
    if (r->schema || r->answer) {
        json_object_begin(j, "schema");
        if (r->schema) {
            snprintf(text, sizeof text, "/api/v1/schemas/%s", r->schema);
            json_text(j, "$ref", text);
        } else {
            json_text(j, "type", "object");
            write_object(j, r->answer, false);
        }
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
}

static void write_success(struct json *j, const struct route *r) {
    char text[64];
    bool tagged = route_is_tagged(r);
    snprintf(text, sizeof text, "%u", r->success ? (unsigned)r->success : 200U);
    json_object_begin(j, text);
    json_text(j, "description", r->summary);
    if (tagged || r->places) {
        json_object_begin(j, "headers");
        refer_header(j, tagged ? "ETag" : "Location");
        json_object_end(j);
    }
    if (r->success != 204) {
        write_content(j, r);
    }
    json_object_end(j);
    if (tagged) {
        json_object_begin(j, "304");
        json_text(j, "description", "the client holds it already: If-None-Match");
        json_object_begin(j, "headers");
        refer_header(j, "ETag");
        json_object_end(j);
        json_object_end(j);
    }
}

static void refer_problem(struct json *j, const char *status) {
    json_object_begin(j, status);
    json_text(j, "$ref", "#/components/responses/problem");
    json_object_end(j);
}

static void write_answer(struct json *j, const struct route *r) {
    char status[4] = "";
    json_object_begin(j, "responses");
    write_success(j, r);
    const char *at = r->header ? header_find(r->header)->refusals : "";
    for (; *at; at += strspn(at, " ")) {
        snprintf(status, sizeof status, "%.3s", at);
        refer_problem(j, status);
        at += strcspn(at, " ");
    }
    refer_problem(j, "default");
    json_object_end(j);
}

/* Which scopes will do, of which one is wanted. */
static void write_security(struct json *j, const struct route *r) {
    char scopes[LK_TOKEN_SCOPES_MAX];
    json_array_begin(j, "security");
    if (!(route_scope(r) & SCOPE_FREE)) {
        for (int i = 0; i < 2; i++) {
            json_object_begin(j, NULL);
            json_array_begin(j, i == 0 ? "token" : "session");
            json_array_end(j);
            json_object_end(j);
        }
    }
    json_array_end(j);
    if (!(route_scope(r) & SCOPE_FREE)) {
        scopes_write(scopes, sizeof scopes, route_scope(r));
        json_text(j, "x-scopes", scopes);
    }
}

static void write_schemes(struct json *j, const struct server *s) {
    json_object_begin(j, "securitySchemes");
    json_object_begin(j, "token");
    json_text(j, "type", "http");
    json_text(j, "scheme", "bearer");
    json_object_end(j);
    json_object_begin(j, "session");
    json_text(j, "type", "apiKey");
    json_text(j, "in", "cookie");
    json_text(j, "name", session_cookie(s));
    json_object_end(j);
    json_object_end(j);
}

static void write_route(struct json *j, const struct route *r, bool auth) {
    char method[8] = "";
    for (size_t i = 0; r->method[i] && i + 1 < sizeof method; i++) {
        method[i] = (char)(r->method[i] | 0x20); /* ASCII capitals */
        method[i + 1] = 0;
    }
    json_object_begin(j, method);
    json_text(j, "summary", r->summary);
    write_parameters(j, r);
    if (r->body != BODY_NONE) {
        write_body(j, r);
    }
    write_answer(j, r);
    if (auth) {
        write_security(j, r);
    }
    json_object_end(j);
}

static void write_problem(struct json *j, const struct server *s) {
    static const char *const texts[] = {"type", "title", "detail", "code"};
    json_object_begin(j, "components");
    if (s->options->auth) {
        write_schemes(j, s);
    }
    write_headers(j);
    json_object_begin(j, "responses");
    json_object_begin(j, "problem");
    json_text(j, "description", "what went wrong, as RFC 9457 has it");
    json_object_begin(j, "headers");
    refer_header(j, "Retry-After");
    json_object_end(j);
    json_object_begin(j, "content");
    json_object_begin(j, "application/problem+json");
    json_object_begin(j, "schema");
    json_text(j, "type", "object");
    json_object_begin(j, "properties");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_object_begin(j, texts[i]);
        json_text(j, "type", "string");
        json_object_end(j);
    }
    json_object_begin(j, "status");
    json_text(j, "type", "integer");
    json_object_end(j);
    for (int i = 0; i < 7; i++) {
        json_object_end(j);
    }
}

/* Routes of one path stand in one object, at the place of the first. */
static bool is_first_of_path(size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (strcmp(route_at(i)->path, route_at(at)->path) == 0) {
            return false;
        }
    }
    return true;
}

void openapi_write(struct buf *out, const struct server *s) {
    struct json j;
    json_init(&j, out, 1);
    json_object_begin(&j, NULL);
    json_text(&j, "openapi", "3.1.0");
    json_object_begin(&j, "info");
    json_text(&j, "title", "likeness");
    json_text(&j, "version", lk_version());
    json_object_end(&j);
    json_object_begin(&j, "paths");
    const struct route *row, *other;
    for (size_t i = 0; (row = route_at(i)); i++) {
        if (!is_first_of_path(i)) {
            continue;
        }
        json_object_begin(&j, row->path);
        for (size_t k = i; (other = route_at(k)); k++) {
            if (strcmp(other->path, row->path) == 0) {
                write_route(&j, other, s->options->auth);
            }
        }
        json_object_end(&j);
    }
    json_object_end(&j);
    write_problem(&j, s);
    json_object_end(&j);
    buf_add_text(out, "\n");
}
