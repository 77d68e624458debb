/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "serve/memory_file.h"
#include "serve/server.h"

/* -- Pictures of a result -- */

static lk_status draw(lk_image *out, const lk_comparison *c, const char *name, lk_error *err) {
    if (strcmp(name, "heat") == 0) {
        return lk_report_picture(out, c, LK_PICTURE_HEAT, err);
    }
    return lk_report_picture(out, c, LK_PICTURE_DIFFERENCES, err);
}

lk_status keep_bytes(struct request *r, const char *id, const char *name, const char *type,
                     const lk_bytes *bytes) {
    bool was_there;
    struct shelf_item item = {.file = memory_file_of(bytes->data, bytes->size),
                              .type = type,
                              .size = (int64_t)bytes->size};
    snprintf(item.key, sizeof item.key, "%.64s/%s", id, name);
    if (item.file < 0) {
        return LK_E_MEMORY;
    }
    shelf_put(&r->server->pictures, &item, &was_there);
    return LK_OK;
}

/* One more picture of the comparison called id, encoded here from pixels. */
static lk_status keep_picture(struct request *r, struct bench *b, const char *id, const char *name,
                              const lk_image *image, lk_error *err) {
    lk_bytes file = {0};
    lk_status status = lk_image_encode(&file, image, b->engine, "jpeg", 92, err);
    status = status == LK_OK ? keep_bytes(r, id, name, "image/jpeg", &file) : status;
    lk_bytes_release(&file);
    return status;
}

lk_status keep_pictures(struct request *r, struct bench *b, const char *id, const lk_comparison *c,
                        lk_error *err) {
    static const char *const drawn[] = {"heat", "differences"};
    lk_status status = keep_picture(r, b, id, "reference", &c->reference, err);
    status = status == LK_OK ? keep_picture(r, b, id, "aligned", &c->aligned, err) : status;
    for (int i = 0; status == LK_OK && i < 2; i++) {
        lk_image image;
        memset(&image, 0, sizeof image);
        status = draw(&image, c, drawn[i], err);
        status = status == LK_OK ? keep_picture(r, b, id, drawn[i], &image, err) : status;
        lk_image_release(&image);
    }
    return status;
}

static void get_picture(struct request *r, struct bench *bench) {
    static const char *const names[] = {"reference", "aligned", "heat", "differences"};
    char key[SHELF_KEY_MAX + 1];
    struct shelf_item item;
    (void)bench;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(r->parameters[1], names[i]) == 0) {
            snprintf(key, sizeof key, "%.64s/%s", r->parameters[0], names[i]);
            if (shelf_find(&item, &r->server->pictures, key)) {
                answer_file(r, &item);
                return;
            }
        }
    }
    answer_problem(r, 404, "not-found",
                   "no such picture is kept: compare again with \"pictures\": true");
}

/* -- Compare -- */

static bool read_options(lk_compare_options *o, struct request *r) {
    static const char *const aligns[] = {"auto", "none", "shift", "affine", "perspective"};
    const char *align = request_text(r, "align");
    *o = lk_compare_options_default();
    o->measures = request_text(r, "measures");
    o->want_evidence = request_flag(r, "pictures");
    for (size_t i = 0; align && i < sizeof aligns / sizeof *aligns; i++) {
        if (strcmp(align, aligns[i]) == 0) {
            o->align = (lk_align_mode)i;
            return true;
        }
    }
    if (align) {
        answer_problem(r, 400, "bad-field", "align: auto, none, shift, affine or perspective");
    }
    return !align;
}

/* As the command does: what the files gave cause to say belongs into the document. */
static void add_file_warnings(lk_comparison *c) {
    for (int i = 0; i < 2; i++) {
        if (c->inputs[i].warning[0] && c->warning_count < LK_WARNINGS_MAX) {
            lk_warning *w = &c->warnings[c->warning_count++];
            snprintf(w->code, sizeof w->code, "file-%c", "ab"[i]);
            snprintf(w->text, sizeof w->text, "%s", c->inputs[i].warning);
        }
    }
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

static void compare(struct request *r, struct bench *bench) {
    lk_image pictures[2] = {0};
    lk_image_info infos[2];
    lk_compare_options o;
    lk_comparison c;
    lk_bytes text = {0};
    lk_error err = {0};
    char id[65];
    memset(&c, 0, sizeof c);
    if (!read_options(&o, r)) {
        return;
    }
    bool there = session_picture(&pictures[0], &infos[0], r, bench, request_text(r, "a"), 0) &&
                 session_picture(&pictures[1], &infos[1], r, bench, request_text(r, "b"), 0);
    if (there) {
        o.infos[0] = &infos[0];
        o.infos[1] = &infos[1];
        lk_status status = lk_compare(&c, bench->engine, &pictures[0], &pictures[1], &o, &err);
        if (status == LK_OK) {
            add_file_warnings(&c);
            name_comparison(id, r, &c);
            status = o.want_evidence ? keep_pictures(r, bench, id, &c, &err) : LK_OK;
        }
        status = status == LK_OK ? lk_report_json(&text, &c, false, &err) : status;
        if (status == LK_OK) {
            if (o.want_evidence) {
                snprintf(r->location, sizeof r->location, "/api/v1/comparisons/%s", id);
            }
            answer_bytes(r, 200, &text);
        } else {
            answer_error(r, &err);
        }
    }
    lk_comparison_release(&c);
    lk_image_release(&pictures[0]);
    lk_image_release(&pictures[1]);
}

static const struct field compare_fields[] = {
    {"a", "the reference: id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"b", "the photo: id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"align", "auto, none, shift, affine or perspective", .kind = FIELD_TEXT},
    {"measures", "default, all, or names with commas", .kind = FIELD_TEXT},
    {"pictures", "draw pictures too; Location says where they are", .kind = FIELD_BOOL},
    FIELD_END};

const struct route compare_routes[] = {
    {.method = "POST",
     .path = "/api/v1/compare",
     .summary = "compare two uploaded pictures; as likeness compare --json",
     .body = BODY_JSON,
     .fields = compare_fields,
     .computes = true,
     .handle = compare,
     .schema = "compare-1"},
    {.method = "GET",
     .path = "/api/v1/comparisons/{comparison}/{picture}",
     .summary = "a picture of a comparison: reference, aligned, heat or differences",
     .handle = get_picture,
     .type = "image/*"},
    ROUTE_END,
};
