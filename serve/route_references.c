/* SPDX-License-Identifier: Apache-2.0 */
/* The originals of the store, as they are. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "serve/answer_fields.h"
#include "serve/memory_file.h"
#include "serve/server.h"

static void reference_json(struct json *j, const lk_reference *x, const bool *written) {
    lk_bytes text = {0};
    lk_status status = lk_report_reference(&text, x, written, NULL);
    json_document(j, NULL, status, &text);
}

void reference_tag(char *out, size_t size, const lk_reference *x) {
    snprintf(out, size, "\"%s@%d%s\"", x->id, (int)x->version, x->removed ? "-" : "");
}

void answer_reference(struct request *r, const lk_reference *x, const bool *written) {
    struct json j;
    json_init(&j, &r->out, 0);
    reference_json(&j, x, written);
    buf_add_text(&r->out, "\n");
    reference_tag(r->etag, sizeof r->etag, x);
    r->may_change = true; /* it may go out of use */
    snprintf(r->location, sizeof r->location, "/api/v1/references/%s", x->id);
    answer_written(r, written && *written ? 201 : 200);
}

/* -- The list -- */

struct listing {
    struct json j;
    const char *text; /* in lower case; NULL for any */
    int64_t left;
    bool more;
    char last[LK_REFERENCE_ID_MAX + 1];
};

/* Small letters of ASCII; others stay as they are. */
static void lower(char *out, size_t size, const char *text) {
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++) {
        out[n] = (char)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] | 0x20 : text[n]);
    }
    out[n] = 0;
}

static bool holds(const char *text, const char *part) {
    char small[LK_NOTE_MAX + 1];
    lower(small, sizeof small, text ? text : "");
    return strstr(small, part) != NULL;
}

static bool fits(const lk_reference *x, const char *part) {
    bool found = !part || holds(x->id, part) || holds(x->name, part) || holds(x->note, part);
    for (size_t i = 0; !found && i < x->tag_count; i++) {
        found = holds(x->tags[i], part);
    }
    return found;
}

static bool list_reference(void *arg, const lk_reference *x) {
    struct listing *l = arg;
    if (!fits(x, l->text)) {
        return true;
    }
    l->more = l->left-- == 0;
    if (!l->more) {
        reference_json(&l->j, x, NULL);
        snprintf(l->last, sizeof l->last, "%s", x->id);
    }
    return !l->more;
}

static void list_references(struct request *r, struct bench *bench) {
    char text[LK_NAME_MAX + 1];
    struct listing l = {.left = request_query_int(r, "limit", 50)};
    const char *removed = request_query(r, "removed");
    const lk_reference_query query = {.tag = request_query(r, "tag"),
                                      .removed = removed && strchr("t1", removed[0]),
                                      .after = request_query(r, "cursor")};
    lk_error err = {0};
    if (query.after && !lk_reference_id_is_valid(query.after)) {
        answer_problem(r, 400, "bad-query", "cursor: the \"next\" of an answer before");
        return;
    }
    if (request_query(r, "q")) {
        lower(text, sizeof text, request_query(r, "q"));
        l.text = text;
    }
    json_init(&l.j, &r->out, 0);
    json_object_begin(&l.j, NULL);
    json_array_begin(&l.j, "references");
    lk_status status = lk_reference_list(bench->store, &query, list_reference, &l, &err);
    answer_list_part(r, &l.j, l.more ? l.last : NULL, status, &err);
}

/* -- One -- */

static void get_reference(struct request *r, struct bench *bench) {
    lk_reference x;
    lk_error err = {0};
    memset(&x, 0, sizeof x);
    if (lk_reference_find(&x, bench->store, r->parameters[0], &err) == LK_OK) {
        answer_reference(r, &x, NULL);
        r->location[0] = 0;
    } else {
        answer_error(r, &err);
    }
    lk_reference_release(&x);
}

static bool list_version(void *arg, const lk_reference *x) {
    reference_json(arg, x, NULL);
    return true;
}

static void list_versions(struct request *r, struct bench *bench) {
    struct json j;
    lk_error err = {0};
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", r->parameters[0]);
    json_array_begin(&j, "versions");
    lk_status status = lk_reference_history(bench->store, r->parameters[0], list_version, &j, &err);
    answer_list(r, &j, status, &err);
}

/* -- Its picture -- */

bool reference_item(struct shelf_item *out, struct request *r, struct bench *bench,
                    const lk_reference *x) {
    lk_bytes file = {0};
    lk_error err = {0};
    if (lk_reference_picture(&file, bench->store, x, &err) != LK_OK) {
        answer_error(r, &err);
        return false;
    }
    *out = (struct shelf_item){.width = x->width,
                               .height = x->height,
                               .file = memory_file_of(file.data, file.size),
                               .size = (int64_t)file.size};
    snprintf(out->key, sizeof out->key, "%s", x->sha256);
    snprintf(out->name, sizeof out->name, "%s@%d", x->id, (int)x->version);
    snprintf(out->format, sizeof out->format, "%s", x->format);
    lk_bytes_release(&file);
    if (out->file < 0) {
        answer_problem(r, 503, "busy", "no memory for the picture");
    }
    return out->file >= 0;
}

static void get_picture(struct request *r, struct bench *bench) {
    struct shelf_item item;
    lk_reference x;
    lk_error err = {0};
    memset(&x, 0, sizeof x);
    int32_t version = (int32_t)request_query_int(r, "version", 0);
    bool named = version > 0 || strchr(r->parameters[0], '@');
    lk_status status = version > 0
                           ? lk_reference_get(&x, bench->store, r->parameters[0], version, &err)
                           : lk_reference_find(&x, bench->store, r->parameters[0], &err);
    if (status != LK_OK) {
        answer_error(r, &err);
    } else if (reference_item(&item, r, bench, &x)) {
        r->may_change = !named;
        answer_picture(r, bench, &item, (int32_t)request_query_int(r, "w", 0));
    }
    lk_reference_release(&x);
}

static const struct field list_query[] = {
    {"limit", "how many at most (50)", .kind = FIELD_INT, .least = 1, .most = 500},
    {"cursor", "\"next\" of the answer before", .kind = FIELD_TEXT},
    {"tag", "only those with it", .kind = FIELD_TEXT, .least = 1, .most = LK_TAG_MAX},
    {"q", "only those with it in id, name, note or a tag", .kind = FIELD_TEXT, .least = 1,
     .most = LK_NAME_MAX},
    {"removed", "those out of use too", .kind = FIELD_BOOL},
    FIELD_END};

static const struct field picture_query[] = {
    {"version", "else the newest", .kind = FIELD_INT, .least = 1, .most = INT32_MAX},
    {"w", "no wider than so many pixels", .kind = FIELD_INT, .least = 1, .most = 4096},
    FIELD_END};

const struct route reference_routes[] = {
    {.method = "GET",
     .path = "/api/v1/references",
     .summary = "the newest versions of the originals of the store, by id",
     .query = list_query,
     .computes = true,
     .answer = answer_references,
     .handle = list_references},
    {.method = "GET",
     .path = "/api/v1/references/{reference}",
     .summary = "a version, ID or ID@VERSION; its ETag is what changes of it want as If-Match",
     .computes = true,
     .answer = answer_reference_keys,
     .handle = get_reference},
    {.method = "GET",
     .path = "/api/v1/references/{reference}/versions",
     .summary = "all versions, from the first",
     .computes = true,
     .answer = answer_versions,
     .handle = list_versions},
    {.method = "GET",
     .path = "/api/v1/references/{reference}/picture",
     .summary = "the picture of a version, encoded again",
     .query = picture_query,
     .computes = true,
     .handle = get_picture,
     .type = "image/*"},
    ROUTE_END,
};
