/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of the session: kept as they came, sealed, and never looked at by this process. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "serve/answer_fields.h"
#include "serve/memory_file.h"
#include "serve/server.h"

/* Names are each client's own: where there are tokens, they lie on the shelf as "TOKEN/name". */
static void own_name(char out[SHELF_NAME_MAX + 1], const struct request *r, const char *name) {
    const char *owner = name[0] ? request_owner(r) : "";
    snprintf(out, SHELF_NAME_MAX + 1, "%s%s%.199s", owner, owner[0] ? "/" : "", name);
}

static const char *plain_name(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* A picture of the session by its id, or by a name of this client. */
static bool find_upload(struct shelf_item *out, struct request *r, const char *id) {
    char name[SHELF_NAME_MAX + 1];
    bool is_id = strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
    own_name(name, r, id);
    if (!shelf_find(out, &r->server->images, is_id ? id : name)) {
        return false;
    }
    snprintf(name, sizeof name, "%s", plain_name(out->name));
    snprintf(out->name, sizeof out->name, "%s", name);
    return true;
}

static void name_ask(struct decode_ask *ask, const struct shelf_item *item) {
    memset(ask, 0, sizeof *ask);
    snprintf(ask->name, sizeof ask->name, "%.199s",
             item->name[0] ? plain_name(item->name) : item->key);
}

static void item_json(struct json *j, const struct shelf_item *item) {
    json_object_begin(j, NULL);
    json_text(j, "id", item->key);
    json_text(j, "name", plain_name(item->name));
    json_text(j, "format", item->format);
    json_int(j, "width", item->width);
    json_int(j, "height", item->height);
    json_int(j, "bytes", item->size);
    json_object_end(j);
}

/* Control characters and folders are left out of a name. */
static void clean_name(char *out, size_t size, const char *name) {
    const char *slash = strrchr(name, '/');
    size_t n = 0;
    for (const char *c = slash ? slash + 1 : name; *c && n + 1 < size; c++) {
        if ((unsigned char)*c >= 32 && *c != 127) {
            out[n++] = *c;
        }
    }
    out[n] = 0;
}

static void post_image(struct request *r, struct bench *bench) {
    struct server *s = r->server;
    struct shelf_item item = {.file = r->body, .size = memory_file_size(r->body)};
    struct decode_ask ask;
    lk_image image;
    lk_image_info info;
    lk_error err = {0};
    struct json j;
    bool was_there = false;
    const char *name = request_query(r, "name");
    char plain[200];
    clean_name(plain, sizeof plain, name ? name : r->body_name);
    own_name(item.name, r, plain);
    snprintf(item.key, sizeof item.key, "%s", r->digest);
    name_ask(&ask, &item);
    enum decode_end end =
        decoder_pixels(&image, &info, &bench->keeper, s->options->limits, item.file, &ask, &err);
    if (end != DECODE_OK) {
        answer_decode(r, end, &err);
        return;
    }
    snprintf(info.sha256, sizeof info.sha256, "%.64s", item.key);
    snprintf(info.path, sizeof info.path, "%s", ask.name);
    info.file_bytes = item.size;
    decoded_let_go(&s->decoded, decoded_put(&s->decoded, &image, &info));
    snprintf(item.format, sizeof item.format, "%s", info.format);
    item.width = info.width;
    item.height = info.height;
    r->body = -1; /* the shelf's */
    if (!shelf_put(&s->images, &item, &was_there)) {
        answer_problem(r, 413, "too-large", "the session keeps %lld bytes (--keep)",
                       (long long)s->options->keep_bytes);
        return;
    }
    snprintf(r->location, sizeof r->location, "/api/v1/images/%s", item.key);
    json_init(&j, &r->out, 0);
    item_json(&j, &item);
    buf_add_text(&r->out, "\n");
    answer_written(r, was_there ? 200 : 201);
}

static void list_one(void *arg, const struct shelf_item *item) {
    item_json(arg, item);
}

static void list_images(struct request *r, struct bench *bench) {
    struct json j;
    (void)bench;
    json_init(&j, &r->out, 0);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "images");
    shelf_visit(&r->server->images, list_one, &j);
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&r->out, "\n");
    answer_written(r, 200);
}

static const char stored[] = "reference:";

static bool is_stored(const char *id) {
    return strncmp(id, stored, strlen(stored)) == 0;
}

/* A version of the store, as a picture of this request. */
static bool find_stored(struct shelf_item *out, struct request *r, struct bench *bench,
                        const char *text) {
    lk_reference x;
    lk_error err = {0};
    memset(&x, 0, sizeof x);
    bool found = false;
    if (lk_reference_find(&x, bench->store, text, &err) == LK_OK) {
        found = reference_item(out, r, bench, &x);
    } else {
        answer_error(r, &err);
    }
    lk_reference_release(&x);
    return found;
}

bool picture_find(struct shelf_item *out, struct request *r, struct bench *bench, const char *id) {
    if (is_stored(id)) {
        return find_stored(out, r, bench, id + strlen(stored));
    }
    if (find_upload(out, r, id)) {
        return true;
    }
    answer_problem(r, 404, "not-found",
                   "no picture %.80s in this session: upload it (POST /api/v1/images)", id);
    return false;
}

/* The longer side that a JPEG may be decoded at for a width. */
static int32_t side_for(const struct shelf_item *item, int32_t width) {
    int64_t longer = item->width > item->height ? item->width : item->height;
    return width > 0 && item->width > width ? (int32_t)(longer * width / item->width + 1) : 0;
}

void answer_picture(struct request *r, struct bench *bench, struct shelf_item *item,
                    int32_t width) {
    struct shelf_item again = {.file = -1};
    struct decode_ask ask;
    lk_image_info info;
    lk_error err = {0};
    snprintf(again.key, sizeof again.key, "%.64s-%d", item->key, (int)width);
    snprintf(r->etag, sizeof r->etag, "\"%s\"", again.key);
    if (answer_held(r)) {
        close(item->file);
        return;
    }
    name_ask(&ask, item);
    ask.encode = true;
    ask.as_png = strcmp(item->format, "jpeg") != 0 && (width == 0 || width >= item->width);
    ask.width = width;
    ask.max_side = side_for(item, width);
    enum decode_end end =
        decoder_again(&again.file, &again.size, &info, &bench->keeper, item->file, &ask, &err);
    close(item->file);
    if (end != DECODE_OK) {
        answer_decode(r, end, &err);
        return;
    }
    again.type = strcmp(info.format, "jpeg") == 0 ? "image/jpeg" : "image/png";
    answer_file(r, &again);
}

/* Who compares or verifies names originals, and is shown what comes of it; to look at them as they are is to read. */
static bool may_look(struct request *r) {
    if (is_stored(r->parameters[0]) && !(r->who.scopes & SCOPE_READ)) {
        answer_problem(r, 403, "forbidden", "a picture of the store wants the scope read");
        return false;
    }
    return true;
}

static void get_image(struct request *r, struct bench *bench) {
    struct shelf_item item;
    if (may_look(r) && picture_find(&item, r, bench, r->parameters[0])) {
        r->may_change = strcmp(item.key, r->parameters[0]) != 0; /* a name, or a newest version */
        answer_picture(r, bench, &item, (int32_t)request_query_int(r, "w", 0));
    }
}

/* Decodes it, and takes its file. False with a problem as the answer. */
static bool item_pixels(lk_image *out, lk_image_info *info, struct request *r, struct bench *bench,
                        const struct shelf_item *item, int32_t max_side) {
    struct decode_ask ask;
    lk_error err = {0};
    name_ask(&ask, item);
    ask.max_side = max_side;
    enum decode_end end = decoder_pixels(out, info, &bench->keeper, r->server->options->limits,
                                         item->file, &ask, &err);
    close(item->file);
    if (end != DECODE_OK) {
        answer_decode(r, end, &err);
        return false;
    }
    snprintf(info->sha256, sizeof info->sha256, "%.64s", item->key);
    snprintf(info->path, sizeof info->path, "%s", ask.name); /* not what the other process says */
    info->file_bytes = item->size;
    return true;
}

bool session_picture(lk_image *out, lk_image_info *info, struct request *r, struct bench *bench,
                     const char *id, int32_t max_side) {
    struct shelf_item item;
    memset(out, 0, sizeof *out);
    return picture_find(&item, r, bench, id) && item_pixels(out, info, r, bench, &item, max_side);
}

bool session_decoded(struct decoded **out, lk_image_info *info, struct request *r,
                     struct bench *bench, const char *id) {
    struct decoded_shelf *shelf = &r->server->decoded;
    struct shelf_item item;
    lk_image image;
    if (!picture_find(&item, r, bench, id)) {
        return false;
    }
    const char *name = item.name[0] ? item.name : item.key;
    *out = decoded_find(shelf, item.key, name);
    if (*out) {
        close(item.file);
    } else if (item_pixels(&image, info, r, bench, &item, 0)) {
        *out = decoded_put(shelf, &image, info);
        if (!*out) {
            answer_problem(r, 503, "busy", "no memory for the picture");
        }
    }
    if (*out) {
        *info = (*out)->info;
        snprintf(info->path, sizeof info->path, "%s", name);
    }
    return *out != NULL;
}

static void delete_image(struct request *r, struct bench *bench) {
    struct shelf_item item;
    (void)bench;
    if (find_upload(&item, r, r->parameters[0])) {
        close(item.file);
        decoded_drop(&r->server->decoded, item.key);
        shelf_drop(&r->server->images, item.key);
        answer_written(r, 204);
    } else {
        answer_problem(r, 404, "not-found", "no picture %.80s in this session", r->parameters[0]);
    }
}

static const struct field image_query[] = {
    {"name", "what the picture may be called instead of its id", .kind = FIELD_TEXT}, FIELD_END};

static const struct field width_query[] = {
    {"w", "no wider than so many pixels", .kind = FIELD_INT, .least = 1, .most = 4096}, FIELD_END};
static const struct field thumb_query[] = {{"w", "no wider than so many pixels", .kind = FIELD_INT,
                                            .required = true, .least = 1, .most = 4096},
                                           FIELD_END};

const struct route image_routes[] = {
    {.method = "POST",
     .path = "/api/v1/images",
     .summary = "upload a picture, as it is or as one part of a form",
     .scope = SCOPE_COMPARE | SCOPE_VERIFY,
     .body = BODY_PICTURE,
     .query = image_query,
     .computes = true,
     .places = true,
     .answer = answer_image,
     .handle = post_image,
     .success = 201},
    {.method = "GET",
     .path = "/api/v1/images",
     .summary = "the uploaded pictures that are still kept, the last used first",
     .scope = SCOPE_READ | SCOPE_COMPARE | SCOPE_VERIFY,
     .answer = answer_images,
     .handle = list_images},
    {.method = "GET",
     .path = "/api/v1/images/{image}",
     .summary = "an uploaded picture, by id or name, encoded again; \"reference:ID[@VERSION]\" is "
                "one of the store, here as in each body that names a picture",
     .query = width_query,
     .computes = true,
     .scope = SCOPE_READ | SCOPE_COMPARE | SCOPE_VERIFY,
     .handle = get_image,
     .type = "image/*"},
    {.method = "GET",
     .path = "/api/v1/images/{image}/thumb",
     .summary = "an uploaded picture made small",
     .query = thumb_query,
     .computes = true,
     .scope = SCOPE_READ | SCOPE_COMPARE | SCOPE_VERIFY,
     .handle = get_image,
     .type = "image/*"},
    {.method = "DELETE",
     .path = "/api/v1/images/{image}",
     .summary = "forget an uploaded picture",
     .scope = SCOPE_COMPARE | SCOPE_VERIFY,
     .handle = delete_image,
     .success = 204},
    ROUTE_END,
};
