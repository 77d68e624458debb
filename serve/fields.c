/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a JSON body and the names of a query, held against the rows of a route, and read by its handler. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/server.h"

/* -- Checking -- */

static bool has_range(const struct field *f) {
    return f->most > f->least;
}

static bool is_one_of(const char *words, const char *text) {
    size_t length = strlen(text);
    for (const char *at = words; length > 0 && at && *at; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (strncmp(at, text, length) == 0 && (at[length] == ' ' || at[length] == 0)) {
            return true;
        }
    }
    return false;
}

/* What it takes, in words, for the message. */
static void say_wanted(char *out, size_t size, const struct field *f) {
    static const char *const kinds[] = {[FIELD_TEXT] = "a text",
                                        [FIELD_BOOL] = "true or false",
                                        [FIELD_TEXTS] = "a list of texts",
                                        [FIELD_INT] = "a whole number",
                                        [FIELD_NUMBER] = "a number",
                                        [FIELD_OBJECT] = "an object",
                                        [FIELD_OBJECTS] = "a list of objects"};
    if (f->words) {
        snprintf(out, size, "one of: %s", f->words);
    } else if (has_range(f) && (f->kind == FIELD_INT || f->kind == FIELD_NUMBER)) {
        snprintf(out, size, "%s from %.10g to %.10g", kinds[f->kind], f->least, f->most);
    } else if (has_range(f)) {
        snprintf(out, size, "%s, %s%.10g of them", kinds[f->kind],
                 f->least > 0 ? "1 to " : "at most ", f->most);
    } else {
        snprintf(out, size, "%s", kinds[f->kind]);
    }
}

static bool in_range(const struct field *f, double value) {
    return !has_range(f) || (value >= f->least && value <= f->most);
}

static bool are_texts(const json_t *list) {
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        if (!json_is_string(one)) {
            return false;
        }
    }
    return json_is_array(list);
}

static bool check_object(struct request *r, const json_t *object, const struct field *fields,
                         const char *where);

static bool check_objects(struct request *r, const json_t *list, const struct field *f) {
    char where[96];
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        snprintf(where, sizeof where, "%.60s[%zu].", f->name, i);
        if (!json_is_object(one) || !check_object(r, one, f->of, where)) {
            return false;
        }
    }
    return json_is_array(list);
}

static bool value_fits(struct request *r, const json_t *value, const struct field *f) {
    char where[96];
    switch (f->kind) {
    case FIELD_TEXT:
        return json_is_string(value) && (f->words ? is_one_of(f->words, json_string_value(value))
                                                  : in_range(f, (double)json_string_length(value)));
    case FIELD_BOOL: return json_is_boolean(value);
    case FIELD_TEXTS: return are_texts(value) && in_range(f, (double)json_array_size(value));
    case FIELD_INT: return json_is_integer(value) && in_range(f, (double)json_integer_value(value));
    case FIELD_NUMBER: return json_is_number(value) && in_range(f, json_number_value(value));
    case FIELD_OBJECT:
        snprintf(where, sizeof where, "%.60s.", f->name);
        return json_is_object(value) && check_object(r, value, f->of, where);
    case FIELD_OBJECTS:
        return in_range(f, (double)json_array_size(value)) && check_objects(r, value, f);
    case FIELD_NUMBERS: break; /* nobody sends one */
    }
    return false;
}

static const struct field *field_of(const struct field *fields, const char *name) {
    for (const struct field *f = fields; f && f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

/* False with a problem as the answer; where: what stands before the name, for the message. */
static bool check_object(struct request *r, const json_t *object, const struct field *fields,
                         const char *where) {
    char wanted[300];
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        const struct field *f = field_of(fields, key);
        if (!f) {
            answer_problem(r, 400, "unknown-field", "%s%.60s: no such key", where, key);
            return false;
        }
        if (!value_fits(r, value, f)) {
            say_wanted(wanted, sizeof wanted, f);
            if (!r->is_ready) { /* else it says what is wrong inside */
                answer_problem(r, 400, "bad-field", "%s%s takes %s", where, key, wanted);
            }
            return false;
        }
    }
    for (const struct field *f = fields; f && f->name; f++) {
        if (f->required && !json_object_get(object, f->name)) {
            answer_problem(r, 400, "missing-field", "%s%s is missing: %s", where, f->name,
                           f->summary);
            return false;
        }
    }
    return true;
}

void fields_check_body(struct request *r) {
    check_object(r, r->json, r->route->fields, "");
}

bool request_read(struct request *r, const char *text, size_t size) {
    json_decref(r->json);
    r->json = json_loadb(text, size, 0, NULL);
    return json_is_object(r->json);
}

/* A whole text that is a number of the field's kind. */
static bool query_fits(const struct field *f, const char *value) {
    char *end;
    double number = strtod(value, &end);
    bool whole = strspn(value, "-0123456789") == strlen(value) && strlen(value) < 18;
    switch (f->kind) {
    case FIELD_BOOL: return is_one_of("true false 1 0", value);
    case FIELD_INT: return *value && *end == 0 && whole && in_range(f, number);
    case FIELD_NUMBER:
        return *value && strspn(value, "+-.eE0123456789") == strlen(value) && *end == 0 &&
               in_range(f, number);
    default: return f->words ? is_one_of(f->words, value) : in_range(f, (double)strlen(value));
    }
}

static enum MHD_Result check_one(void *arg, enum MHD_ValueKind kind, const char *key,
                                 const char *value) {
    struct request *r = arg;
    char wanted[300];
    const struct field *f = field_of(r->route->query, key);
    (void)kind;
    if (!f) {
        answer_problem(r, 400, "unknown-query", "%.60s: no such name in the query", key);
    } else if (!query_fits(f, value ? value : "")) {
        say_wanted(wanted, sizeof wanted, f);
        answer_problem(r, 400, "bad-query", "%s takes %s", key, wanted);
    }
    return r->is_ready ? MHD_NO : MHD_YES;
}

void fields_check_query(struct request *r) {
    r->server->http.MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, check_one, r);
    for (const struct field *f = r->route->query; !r->is_ready && f && f->name; f++) {
        if (f->required && !request_query(r, f->name)) {
            answer_problem(r, 400, "missing-query", "%s is missing: %s", f->name, f->summary);
        }
    }
}

/* -- Reading -- */

const char *request_query(const struct request *r, const char *name) {
    return r->server->http.MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

int64_t request_query_int(const struct request *r, const char *name, int64_t otherwise) {
    const char *value = request_query(r, name);
    return value ? strtoll(value, NULL, 10) : otherwise;
}

double request_query_number(const struct request *r, const char *name, double otherwise) {
    const char *value = request_query(r, name);
    return value ? strtod(value, NULL) : otherwise;
}

const char *object_text(const struct json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

bool object_flag(const struct json_t *object, const char *name, bool otherwise) {
    const json_t *value = json_object_get(object, name);
    return value ? json_is_true(value) : otherwise;
}

int64_t object_int(const struct json_t *object, const char *name, int64_t otherwise) {
    const json_t *value = json_object_get(object, name);
    return value ? json_integer_value(value) : otherwise;
}

double object_number(const struct json_t *object, const char *name, double otherwise) {
    const json_t *value = json_object_get(object, name);
    return value ? json_number_value(value) : otherwise;
}

const struct json_t *object_object(const struct json_t *object, const char *name, int32_t i) {
    const json_t *value = json_object_get(object, name);
    return json_is_array(value) ? json_array_get(value, (size_t)i) : i == 0 ? value : NULL;
}

struct json_t *object_parse(const char *text, size_t size) {
    json_t *object = json_loadb(text, size, 0, NULL);
    if (object && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

void object_free(struct json_t *object) {
    json_decref(object);
}

bool object_has(const struct json_t *object, const char *name) {
    return json_object_get(object, name) != NULL;
}

const char *request_text(const struct request *r, const char *name) {
    return object_text(r->json, name);
}

bool request_flag(const struct request *r, const char *name) {
    return object_flag(r->json, name, false);
}

int64_t request_int(const struct request *r, const char *name, int64_t otherwise) {
    return object_int(r->json, name, otherwise);
}

double request_number(const struct request *r, const char *name, double otherwise) {
    return object_number(r->json, name, otherwise);
}

int32_t request_texts(const char **out, int32_t most, const struct request *r, const char *name) {
    const json_t *list = json_object_get(r->json, name), *one;
    size_t i;
    json_array_foreach(list, i, one) {
        if (i < (size_t)most) {
            out[i] = json_string_value(one);
        }
    }
    return list ? (int32_t)json_array_size(list) : -1;
}

const char *request_actor(const struct request *r) {
    const char *name = r->json ? request_text(r, "actor") : request_query(r, "actor");
    return r->who.name[0] ? r->who.name : name && *name ? name : "web";
}

const char *request_owner(const struct request *r) {
    return r->who.token;
}
