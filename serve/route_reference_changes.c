/* SPDX-License-Identifier: Apache-2.0 */
/* Originals of the store: new ones, new versions, and taking them out of use. Nothing is overwritten or erased. */
#include <stdio.h>
#include <string.h>

#include "serve/answer_fields.h"
#include "serve/server.h"

/* A version on its way into the store. */
struct change {
    struct request *r;
    struct bench *bench;
    const char *id;
    lk_reference before; /* the newest version; version 0: there is none */
    lk_bytes file;
    lk_image image;
    lk_image_info info;
    lk_reference_facts facts;
    const char *tags[LK_TAGS_MAX], *area_texts[LK_IGNORE_MAX];
    int32_t tag_count; /* -1: as before */
    lk_polygon areas[LK_IGNORE_MAX];
    size_t area_count;
};

static void change_release(struct change *c) {
    for (size_t i = 0; i < c->area_count; i++) {
        lk_polygon_release(&c->areas[i]);
    }
    lk_reference_facts_release(&c->facts);
    lk_image_release(&c->image);
    lk_bytes_release(&c->file);
    lk_reference_release(&c->before);
}

/* -- What is asked -- */

static bool read_before(struct change *c) {
    lk_error err = {0};
    lk_status status = lk_reference_get(&c->before, c->bench->store, c->id, 0, &err);
    if (status != LK_OK && (status != LK_E_IO || answer_of_store(c->r, &err))) {
        answer_error(c->r, &err);
        return false;
    }
    return true;
}

/* Where the client says what it knows, that must be so. */
static bool check_tags(struct change *c, bool must_match) {
    const char *absent = request_header(c->r, "If-None-Match");
    char etag[PARAMETER_MAX];
    reference_tag(etag, sizeof etag, &c->before);
    if (absent && c->before.version > 0) {
        answer_problem(c->r, 412, "stale", "there is a reference of that id: %s", etag);
    } else if (must_match || request_header(c->r, "If-Match")) {
        answer_unless_matched(c->r, c->before.version > 0 ? etag : "\"\"");
    }
    return !c->r->is_ready;
}

/* Rectangles first, then polygons: the order in which the command keeps and reads them. */
static bool read_areas(struct change *c) {
    const char *asked[LK_IGNORE_MAX];
    struct request *r = c->r;
    lk_error err = {0};
    int32_t given = request_texts(asked, LK_IGNORE_MAX, r, "ignore");
    bool kept = given < 0;
    int32_t count = kept ? (int32_t)c->before.ignore_count : given;
    const char *const *texts = kept ? (const char *const *)c->before.ignore_text : asked;
    lk_status status = LK_OK;
    for (int32_t pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; status == LK_OK && i < count; i++) {
            if ((strchr(texts[i], ' ') != NULL) == (pass == 1)) {
                c->area_texts[c->area_count] = texts[i];
                status = lk_area_read(&c->areas[c->area_count++], texts[i], LK_AREA_ANY,
                                      c->info.width, c->info.height, &err);
            }
        }
    }
    status = status == LK_OK
                 ? lk_areas_check(c->areas, c->area_count, c->info.width, c->info.height, &err)
                 : status;
    if (status != LK_OK) {
        answer_problem(r, 400, "bad-field", "ignore: %.400s%s", err.text,
                       kept ? "; those of the version before are kept unless others are said" : "");
    }
    return status == LK_OK;
}

/* What is stored of an upload is its picture encoded again, from pixels: the store's files are decoded without a sandbox later. */
static bool take_upload(struct change *c, const char *image) {
    lk_image picture;
    lk_image_info info;
    lk_error err = {0};
    if (!session_picture(&picture, &info, c->r, c->bench, image, 0)) {
        return false;
    }
    lk_status status = lk_image_encode(&c->file, &picture, c->bench->engine, "png", 0, &err);
    lk_image_release(&picture);
    if (status != LK_OK) {
        answer_error(c->r, &err);
    }
    return status == LK_OK;
}

static bool read_picture(struct change *c) {
    const char *image = request_text(c->r, "image");
    lk_error err = {0};
    if (image && !take_upload(c, image)) {
        return false;
    }
    lk_status status =
        image ? LK_OK : lk_reference_picture(&c->file, c->bench->store, &c->before, &err);
    status = status == LK_OK ? lk_image_decode(&c->image, &c->info, c->bench->engine, c->file.data,
                                               c->file.size, c->id, NULL, &err)
                             : status;
    if (status != LK_OK) {
        answer_error(c->r, &err);
    }
    return status == LK_OK && read_areas(c);
}

/* -- Into the store -- */

static lk_reference_draft draft_of(const struct change *c) {
    const struct request *r = c->r;
    return (lk_reference_draft){.id = c->id,
                                .picture = c->file.data,
                                .picture_bytes = c->file.size,
                                .info = &c->info,
                                .file_name = request_text(r, "image") ? NULL : c->before.file_name,
                                .name = request_text(r, "name"),
                                .tags = c->tag_count >= 0 ? c->tags : NULL,
                                .tag_count = c->tag_count > 0 ? (size_t)c->tag_count : 0,
                                .ignore = c->areas,
                                .ignore_text = c->area_texts,
                                .ignore_count = c->area_count,
                                .note = request_text(r, "note"),
                                .actor = request_actor(r),
                                .star = &c->facts.star,
                                .derived = c->facts.derived,
                                .derived_count = (size_t)c->facts.derived_count};
}

/* Whether it is still as it was when the picture was looked at. */
static lk_status is_unchanged(bool *out, const struct change *c, lk_error *err) {
    lk_reference now;
    memset(&now, 0, sizeof now);
    lk_status status = lk_reference_get(&now, c->bench->store, c->id, 0, err);
    *out = now.version == c->before.version && now.removed == c->before.removed;
    lk_reference_release(&now);
    return status == LK_E_IO && *out ? LK_OK : status;
}

static void store(struct change *c, bool must_match) {
    lk_store *s = c->bench->store;
    lk_reference stored;
    lk_error err = {0};
    bool added = false, unchanged = true;
    memset(&stored, 0, sizeof stored);
    lk_status status = lk_reference_facts_make(&c->facts, c->bench->engine, c->bench->model,
                                               &c->image, &c->file, &err);
    const lk_reference_draft draft = draft_of(c);
    status = status == LK_OK ? lk_store_begin(s, &err) : status;
    if (status == LK_OK) {
        status = must_match ? is_unchanged(&unchanged, c, &err) : LK_OK;
        if (status == LK_OK && unchanged) {
            status = lk_reference_add(&stored, &added, s, &draft, &err);
        }
        status = lk_store_end(s, status, &err);
    }
    if (status != LK_OK) {
        answer_error(c->r, &err);
    } else if (!unchanged) {
        answer_problem(c->r, 412, "stale", "somebody else changed it meanwhile: read it again");
    } else {
        __atomic_fetch_add(&c->r->server->references_changed, 1, __ATOMIC_RELAXED);
        answer_reference(c->r, &stored, &added);
    }
    lk_reference_release(&stored);
}

static void change(struct request *r, struct bench *bench, const char *id, bool is_new) {
    struct change c = {.r = r, .bench = bench, .id = id};
    c.tag_count = request_texts(c.tags, LK_TAGS_MAX, r, "tags");
    if (!lk_reference_id_is_valid(id)) {
        answer_problem(r, 400, "bad-field",
                       "id takes 1 to 128 letters, digits and ._- without a dot in front");
    } else if (read_before(&c) && !is_new && c.before.version == 0) {
        answer_problem(r, 404, "not-found", "there is no reference of that id");
    } else if (!r->is_ready && check_tags(&c, !is_new) && read_picture(&c)) {
        store(&c, !is_new || request_header(r, "If-Match") || request_header(r, "If-None-Match"));
    }
    change_release(&c);
}

static void post_reference(struct request *r, struct bench *bench) {
    change(r, bench, request_text(r, "id"), true);
}

static void patch_reference(struct request *r, struct bench *bench) {
    change(r, bench, r->parameters[0], false);
}

/* -- Out of use -- */

static lk_status retire(struct change *c, lk_error *err) {
    lk_store *s = c->bench->store;
    const lk_reference_removal how = {.actor = request_actor(c->r),
                                      .note = request_query(c->r, "note")};
    bool unchanged = false;
    lk_status status = lk_store_begin(s, err);
    if (status == LK_OK) {
        status = is_unchanged(&unchanged, c, err);
        if (status == LK_OK && unchanged) {
            status = lk_reference_remove(s, c->id, &how, err);
        }
        status = lk_store_end(s, status, err);
    }
    if (status == LK_OK && !unchanged) {
        answer_problem(c->r, 412, "stale", "somebody else changed it meanwhile: read it again");
    }
    return status;
}

static void delete_reference(struct request *r, struct bench *bench) {
    struct change c = {.r = r, .bench = bench, .id = r->parameters[0]};
    lk_reference x;
    lk_error err = {0};
    memset(&x, 0, sizeof x);
    if (read_before(&c) && (c.before.version == 0 || c.before.removed)) {
        answer_problem(r, 404, "not-found", "no reference of that id is in use");
    } else if (!r->is_ready && check_tags(&c, true)) {
        lk_status status = retire(&c, &err);
        if (status == LK_OK && !r->is_ready) {
            __atomic_fetch_add(&r->server->references_changed, 1, __ATOMIC_RELAXED);
            status = lk_reference_get(&x, bench->store, c.id, 0, &err);
        }
        if (status != LK_OK) {
            answer_error(r, &err);
        } else if (!r->is_ready) {
            answer_reference(r, &x, NULL);
        }
    }
    lk_reference_release(&x);
    change_release(&c);
}

#define CHANGED_FIELDS                                                                             \
    {"name", "for people", .kind = FIELD_TEXT, .most = LK_NAME_MAX},                               \
        {"tags", "replace those of the version before", .kind = FIELD_TEXTS, .most = LK_TAGS_MAX}, \
        {"ignore",                                                                                 \
         "areas to leave out, in pixels or %: \"X,Y,W,H\" or \"x,y x,y x,y\"; replace those of "   \
         "the version before",                                                                     \
         .kind = FIELD_TEXTS, .most = LK_IGNORE_MAX},                                              \
        {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX}, ACTOR_FIELD,     \
        FIELD_END

static const struct field post_fields[] = {
    {"id", "letters, digits and ._-", .kind = FIELD_TEXT, .required = true},
    {"image", "id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    CHANGED_FIELDS};

static const struct field patch_fields[] = {
    {"image", "id or name of an uploaded picture, to replace it", .kind = FIELD_TEXT},
    CHANGED_FIELDS};

static const struct field delete_query[] = {
    {"note", "why, for the record", .kind = FIELD_TEXT, .most = LK_NOTE_MAX},
    {"actor", "who, for the record, where nobody logs in", .kind = FIELD_TEXT,
     .most = LK_ACTOR_MAX},
    FIELD_END};

static const char if_match[] = "If-Match", if_none[] = "If-None-Match";

const struct route reference_change_routes[] = {
    {.method = "POST",
     .path = "/api/v1/references",
     .summary = "make an uploaded picture an original of the store, or the next version of one",
     .body = BODY_JSON,
     .fields = post_fields,
     .header = if_none,
     .computes = true,
     .places = true,
     .answer = answer_reference_keys,
     .handle = post_reference,
     .success = 201},
    {.method = "PATCH",
     .path = "/api/v1/references/{reference}",
     .summary = "make a new version with another name, tags, areas to leave out or picture; one "
                "that is out of use comes back; If-Match is required",
     .body = BODY_JSON,
     .fields = patch_fields,
     .header = if_match,
     .computes = true,
     .answer = answer_reference_keys,
     .handle = patch_reference},
    {.method = "DELETE",
     .path = "/api/v1/references/{reference}",
     .summary = "take a reference out of use; nothing is erased; If-Match is required",
     .query = delete_query,
     .header = if_match,
     .computes = true,
     .answer = answer_reference_keys,
     .handle = delete_reference},
    ROUTE_END,
};
