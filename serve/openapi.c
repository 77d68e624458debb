/* SPDX-License-Identifier: Apache-2.0 */
/* OpenAPI 3.1 of the table of routes. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "serve/server.h"

static void write_object(struct json *j, const struct field *fields);

static bool is_list(const struct field *f) {
    return f->kind == FIELD_TEXTS || f->kind == FIELD_OBJECTS;
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
static void write_type(struct json *j, const struct field *f) {
    static const char *const types[] = {
        [FIELD_TEXT] = "string",   [FIELD_BOOL] = "boolean",  [FIELD_TEXTS] = "array",
        [FIELD_INT] = "integer",   [FIELD_NUMBER] = "number", [FIELD_OBJECT] = "object",
        [FIELD_OBJECTS] = "array",
    };
    json_text(j, "type", types[f->kind]);
    write_range(j, f);
    if (f->words) {
        write_words(j, f->words);
    }
    if (is_list(f)) {
        json_object_begin(j, "items");
        json_text(j, "type", f->kind == FIELD_TEXTS ? "string" : "object");
    }
    if (f->of) {
        write_object(j, f->of);
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
    write_type(j, f);
    json_object_end(j);
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
        write_parameter(j, "header", &(struct field){.name = r->header});
    }
    json_array_end(j);
}

/* Its members beside the type. */
static void write_object(struct json *j, const struct field *fields) {
    json_bool(j, "additionalProperties", false);
    json_object_begin(j, "properties");
    for (const struct field *f = fields; f->name; f++) {
        json_object_begin(j, f->name);
        write_type(j, f);
        json_text(j, "description", f->summary);
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
        write_object(j, r->fields);
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

static void write_answer(struct json *j, const struct route *r) {
    char text[64];
    snprintf(text, sizeof text, "%u", r->success ? (unsigned)r->success : 200U);
    json_object_begin(j, "responses");
    json_object_begin(j, text);
    json_text(j, "description", r->summary);
    json_object_begin(j, "content");
    json_object_begin(j, r->type ? r->type : "application/json");
    if (r->schema) {
        snprintf(text, sizeof text, "/api/v1/schemas/%s", r->schema);
        json_object_begin(j, "schema");
        json_text(j, "$ref", text);
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
    json_object_begin(j, "default");
    json_text(j, "$ref", "#/components/responses/problem");
    json_object_end(j);
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
    json_object_begin(j, "responses");
    json_object_begin(j, "problem");
    json_text(j, "description", "what went wrong, as RFC 9457 has it");
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
