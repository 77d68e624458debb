/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a comparison, for as long as there is room: its document, what was asked, and its pictures. All of it lies on the
 * shelf of pictures under ID/NAME; the report is made when it is asked for, by comparing again. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "serve/memory_file.h"
#include "serve/server.h"

enum {
    LOSSLESS_PIXELS =
        512 * 512, /* up to this it is sent as PNG: no artefact to mistake for a difference */
    QUALITY = 90,  /* as in reports, so that what is kept of both is the same bytes */
    DOCUMENT_MAX = 16 << 20,
};

/* -- Keeping -- */

static lk_status keep(struct request *r, const char *id, const char *name, const char *type,
                      const void *data, size_t size) {
    bool was_there;
    struct shelf_item item = {
        .file = memory_file_of(data, size), .type = type, .size = (int64_t)size};
    snprintf(item.key, sizeof item.key, "%.64s/%s", id, name);
    if (item.file < 0) {
        return LK_E_MEMORY;
    }
    shelf_put(&r->server->pictures, &item, &was_there);
    return LK_OK;
}

lk_status keep_bytes(struct request *r, const char *id, const char *name, const char *type,
                     const lk_bytes *bytes) {
    return keep(r, id, name, type, bytes->data, bytes->size);
}

/* Who gets the pictures. */
struct taking {
    lk_status (*take)(void *arg, const char *name, const char *type, lk_bytes *bytes);
    void *arg;
};

/* Encoded here, from pixels. */
static lk_status hand_over(const struct taking *t, struct bench *b, const char *name,
                           const lk_image *image, lk_error *err) {
    lk_bytes file = {0};
    bool lossless = (int64_t)image->width * image->height <= LOSSLESS_PIXELS;
    lk_status status =
        lk_image_encode(&file, image, b->engine, lossless ? "png" : "jpeg", QUALITY, err);
    if (status == LK_OK) {
        status = t->take(t->arg, name, lossless ? "image/png" : "image/jpeg", &file);
    }
    lk_bytes_release(&file);
    return status;
}

/* Drawn or as they are; in the order in which they are told. */
static const struct sight {
    const char *name;
    bool is_drawn;
    lk_picture_kind kind;
} sights[] = {
    {.name = "reference"},
    {.name = "aligned"},
    {.name = "photo"}, /* as it came, at most 1600 px a side */
    {"heat", true, LK_PICTURE_HEAT},
    {"map", true, LK_PICTURE_MAP},
    {"differences", true, LK_PICTURE_DIFFERENCES},
    {"matches", true, LK_PICTURE_MATCHES},
};
enum { SIGHTS = sizeof sights / sizeof *sights };

/* Whether the comparison has what it shows. */
static bool has_sight(const lk_comparison *c, const struct sight *s) {
    if (!s->is_drawn || s->kind == LK_PICTURE_DIFFERENCES) {
        return true;
    }
    return s->kind == LK_PICTURE_MATCHES ? c->alignment.pairs && c->alignment.matches > 0
                                         : c->difference.data != NULL;
}

static lk_status draw_sight(const struct taking *t, struct bench *b, const lk_comparison *c,
                            const struct sight *s, lk_error *err) {
    lk_image drawn;
    memset(&drawn, 0, sizeof drawn);
    const lk_image *image = strcmp(s->name, "reference") == 0 ? &c->reference
                            : strcmp(s->name, "aligned") == 0 ? &c->aligned
                                                              : &c->photo;
    lk_status status = s->is_drawn ? lk_report_picture(&drawn, c, s->kind, err) : LK_OK;
    status = status == LK_OK ? hand_over(t, b, s->name, s->is_drawn ? &drawn : image, err) : status;
    lk_image_release(&drawn);
    return status;
}

lk_status draw_pictures(struct bench *b, const lk_comparison *c,
                        lk_status (*take)(void *arg, const char *name, const char *type,
                                          lk_bytes *bytes),
                        void *arg, lk_error *err) {
    const struct taking t = {take, arg};
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < SIGHTS; i++) {
        if (has_sight(c, &sights[i])) {
            status = draw_sight(&t, b, c, &sights[i], err);
        }
    }
    return status;
}

struct keeping {
    struct request *r;
    const char *id;
};

static lk_status keep_picture(void *arg, const char *name, const char *type, lk_bytes *bytes) {
    const struct keeping *k = arg;
    return keep_bytes(k->r, k->id, name, type, bytes);
}

/* {"id", "asked", "pictures": [...], "photo_scale", "result"}: what a page needs to show it again. */
static lk_status keep_document(struct request *r, const char *id, const lk_comparison *c,
                               const lk_bytes *result, lk_error *err) {
    struct buf text;
    struct json j;
    buf_init(&text, DOCUMENT_MAX);
    json_init(&j, &text, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "id", id);
    json_raw(&j, "asked", (const char *)r->text.data, r->text.size);
    json_array_begin(&j, "pictures");
    for (int i = 0; i < SIGHTS; i++) {
        if (has_sight(c, &sights[i])) {
            json_text(&j, NULL, sights[i].name);
        }
    }
    json_array_end(&j);
    json_number(&j, "photo_scale", c->photo_scale);
    json_raw(&j, "result", (const char *)result->data, result->size);
    json_object_end(&j);
    buf_add_text(&text, "\n");
    lk_status status = buf_status(&text, err);
    status = status == LK_OK ? keep(r, id, "document", "application/json", text.data, text.size)
                             : status;
    buf_release(&text);
    return status;
}

/* The same pictures and wishes have the same id. */
static void name_comparison(char id[65], const struct request *r, const lk_comparison *c) {
    struct digest d;
    uint8_t sum[DIGEST_BYTES];
    digest_begin(&d);
    digest_add(&d, c->inputs[0].sha256, 64);
    digest_add(&d, c->inputs[1].sha256, 64);
    digest_add(&d, r->text.data, r->text.size);
    digest_end(sum, &d);
    digest_hex(id, sum);
}

lk_status comparison_keep(struct request *r, struct bench *b, const lk_comparison *c,
                          const lk_bytes *result, lk_error *err) {
    char id[65];
    name_comparison(id, r, c);
    lk_status status = keep(r, id, "asked", "application/json", r->text.data, r->text.size);
    status = status == LK_OK ? keep_bytes(r, id, "result", "application/json", result) : status;
    status = status == LK_OK ? keep_document(r, id, c, result, err) : status;
    struct keeping keeping = {r, id};
    status = status == LK_OK ? draw_pictures(b, c, keep_picture, &keeping, err) : status;
    if (status == LK_E_MEMORY && err->status == LK_OK) {
        *err = (lk_error){.status = status, .text = "no memory to keep the result"};
    }
    snprintf(r->location, sizeof r->location, "/api/v1/comparisons/%s", id);
    return status;
}

/* -- Getting -- */

/* As name_comparison makes them: the shelf has other things too, which not everybody who compares may see. */
static bool is_comparison(const char *id) {
    return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
}

static bool find(struct shelf_item *out, struct request *r, const char *name) {
    char key[SHELF_KEY_MAX + 1];
    snprintf(key, sizeof key, "%.64s/%.40s", r->parameters[0], name);
    if (is_comparison(r->parameters[0]) && shelf_find(out, &r->server->pictures, key)) {
        return true;
    }
    answer_problem(r, 404, "not-found",
                   "that comparison is no longer kept: compare again with \"pictures\": true");
    return false;
}

static void get_comparison(struct request *r, struct bench *bench) {
    struct shelf_item item;
    (void)bench;
    if (find(&item, r, "document")) {
        answer_file(r, &item);
    }
}

static void get_result(struct request *r, struct bench *bench) {
    struct shelf_item item;
    (void)bench;
    if (find(&item, r, "result")) {
        r->saves_as = "comparison.json";
        answer_file(r, &item);
    }
}

static void get_picture(struct request *r, struct bench *bench) {
    struct shelf_item item;
    (void)bench;
    for (int i = 0; i < SIGHTS; i++) {
        if (strcmp(r->parameters[1], sights[i].name) == 0) {
            if (find(&item, r, sights[i].name)) {
                answer_file(r, &item);
            }
            return;
        }
    }
    answer_problem(r, 404, "not-found", "no picture of a comparison is called so");
}

/* What was asked becomes the body of this request. */
static bool ask_again(struct request *r, const struct shelf_item *item) {
    char *text = mem_alloc((size_t)item->size, 1);
    bool there = text && memory_file_read(item->file, text, (size_t)item->size, 0) &&
                 request_read(r, text, (size_t)item->size);
    mem_free(text);
    if (!there) {
        answer_problem(r, 503, "busy", "no memory for the report");
    }
    return there;
}

static void get_report(struct request *r, struct bench *bench) {
    struct shelf_item item;
    lk_comparison c;
    lk_bytes page = {0};
    lk_error err = {0};
    memset(&c, 0, sizeof c);
    if (!find(&item, r, "asked")) {
        return;
    }
    if (ask_again(r, &item) && compare_asked(&c, r, bench, true)) {
        if (lk_report_html(&page, bench->engine, &c, &err) == LK_OK) {
            r->saves_as = "report.html";
            answer_bytes(r, 200, &page);
        } else {
            answer_error(r, &err);
        }
    }
    close(item.file);
    lk_comparison_release(&c);
}

const struct route comparison_routes[] = {
    {.method = "GET",
     .path = "/api/v1/comparisons/{comparison}",
     .summary = "a comparison that is kept: what was asked, its pictures, and the result",
     .scope = SCOPE_READ | SCOPE_COMPARE,
     .handle = get_comparison},
    {.method = "GET",
     .path = "/api/v1/comparisons/{comparison}/result.json",
     .summary = "the result alone; as likeness compare --json",
     .scope = SCOPE_READ | SCOPE_COMPARE,
     .handle = get_result,
     .schema = "compare-1"},
    {.method = "GET",
     .path = "/api/v1/comparisons/{comparison}/report.html",
     .summary = "a comparison as one file that needs nothing else; as likeness compare --report",
     .computes = true,
     .scope = SCOPE_READ | SCOPE_COMPARE,
     .handle = get_report,
     .type = "text/html; charset=utf-8"},
    {.method = "GET",
     .path = "/api/v1/comparisons/{comparison}/{picture}",
     .summary = "a picture of a comparison: reference, aligned, photo, heat, map, differences or "
                "matches",
     .scope = SCOPE_READ | SCOPE_COMPARE,
     .handle = get_picture,
     .type = "image/*"},
    ROUTE_END,
};
