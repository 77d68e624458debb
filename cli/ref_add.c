/* SPDX-License-Identifier: Apache-2.0 */
/* likeness ref add: pictures into the store. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/area.h"
#include "cli/progress.h"
#include "cli/ref.h"
#include "cli/stop.h"
#include "cli/store_place.h"

/* One picture on its way into the store. */
struct adding {
    const struct ref_call *call;
    const char *path, *actor;
    lk_bytes file;
    lk_image_info info;
    lk_image image;
    struct area_list areas;
    lk_reference_facts facts;
    lk_reference added;
    bool written;
};

/* The name of the file without folders and extension. */
static void id_of(char *out, size_t size, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), name);
}

static lk_status refuse(lk_error *err, const char *path, const char *text) {
    *err = (lk_error){.status = LK_E_USAGE};
    snprintf(err->input, sizeof err->input, "%.500s", path);
    snprintf(err->text, sizeof err->text, "%s", text);
    return LK_E_USAGE;
}

static lk_status read_picture(struct adding *a, lk_error *err) {
    const struct ref_command *s = a->call->s;
    int64_t most = lk_engine_limits(a->call->engine).file_bytes;
    char message[512];
    lk_status status = file_read(&a->file, a->path, most, stop_flag(), err);
    if (status == LK_OK) {
        status = lk_image_decode(&a->image, &a->info, a->call->engine, a->file.data, a->file.size,
                                 a->path, NULL, err);
    }
    if (status == LK_OK && !areas_parse(&a->areas, &s->ignore, &s->ignore_poly, a->info.width,
                                        a->info.height, message, sizeof message)) {
        status = refuse(err, a->path, message);
    }
    return status;
}

/* The areas as they were written, in the order of areas_parse. */
static const char **area_texts(const struct ref_command *s) {
    const char **texts = mem_calloc(s->ignore.count + s->ignore_poly.count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < s->ignore.count; i++) {
        texts[i] = s->ignore.items[i];
    }
    for (size_t i = 0; texts && i < s->ignore_poly.count; i++) {
        texts[s->ignore.count + i] = s->ignore_poly.items[i];
    }
    return texts;
}

static lk_status store_picture(struct adding *a, lk_store *store, lk_error *err) {
    const struct ref_command *s = a->call->s;
    char id[LK_REFERENCE_ID_MAX + 2];
    id_of(id, sizeof id, a->path);
    if (!s->id && !lk_reference_id_is_valid(id)) {
        return refuse(err, a->path, "its name makes no id (letters, digits and ._-): say --id ID");
    }
    const char **texts = area_texts(s);
    if (!texts) {
        *err = (lk_error){.status = LK_E_MEMORY, .text = "out of memory"};
        return LK_E_MEMORY;
    }
    const lk_reference_draft draft = {.id = s->id ? s->id : id,
                                      .picture = a->file.data,
                                      .picture_bytes = a->file.size,
                                      .info = &a->info,
                                      .file_name = strcmp(a->path, "-") == 0 ? NULL : a->path,
                                      .name = s->name,
                                      .tags = s->tags.count > 0 ? s->tags.items : NULL,
                                      .tag_count = s->tags.count,
                                      .ignore = a->areas.polygons,
                                      .ignore_text = texts,
                                      .ignore_count = a->areas.count,
                                      .note = s->note,
                                      .actor = a->actor,
                                      .star = &a->facts.star,
                                      .derived = a->facts.derived,
                                      .derived_count = (size_t)a->facts.derived_count};
    lk_status status = lk_reference_add(&a->added, &a->written, store, &draft, err);
    mem_free(texts);
    return status;
}

static void say(struct buf *b, const struct adding *a) {
    const lk_reference *r = &a->added;
    buf_printf(b, "%s %s version %d (sha256 %.12s...), %d x %d px",
               a->written ? "added" : "unchanged", r->id, r->version, r->sha256, r->width,
               r->height);
    if (r->star.known) {
        buf_printf(b, ", quality %.0f of 5", 5 * r->star.value);
    }
    buf_printf(b, ", log entry %lld\n", (long long)r->entry);
    for (int32_t i = 0; i < r->star.reason_count; i++) {
        buf_printf(b, "  %s\n", r->star.reasons[i]);
    }
}

static enum exit_code add_one(const struct ref_call *c, lk_store *store, const char *path,
                              const char *actor, struct buf *b, struct json *j,
                              struct progress *bar) {
    struct adding a = {.call = c, .path = path, .actor = actor};
    enum exit_code code = EXIT_YES;
    lk_error err = {0};
    lk_status status = read_picture(&a, &err);
    if (status == LK_OK) {
        status = lk_reference_facts_make(&a.facts, c->engine, c->model, &a.image, &a.file, &err);
    }
    if (status == LK_OK) {
        status = store_picture(&a, store, &err);
    }
    if (status != LK_OK) {
        progress_hide(bar);
        code = report_error(&c->s->common, &err);
    } else if (c->s->common.json) {
        ref_json(j, &a.added, &a.written);
    } else {
        say(b, &a);
    }
    lk_reference_release(&a.added);
    lk_reference_facts_release(&a.facts);
    areas_release(&a.areas);
    lk_image_release(&a.image);
    lk_bytes_release(&a.file);
    return code;
}

static enum exit_code add_all(const struct ref_call *c, lk_store *store) {
    const struct common *common = &c->s->common;
    char user[LK_ACTOR_MAX + 1];
    const char *actor = store_actor(user, sizeof user, c->s->actor);
    enum exit_code code = EXIT_YES;
    struct progress bar;
    struct buf b;
    struct json j;
    buf_init(&b, 256 << 20);
    json_init(&j, &b, 0);
    if (common->json) {
        ref_json_begin(&j, lk_store_folder(store));
        json_array_begin(&j, "references");
    }
    progress_begin(&bar, common, c->count);
    for (size_t i = 0; i < c->count && !stop_asked(); i++) {
        progress_step(&bar, c->names[i]);
        enum exit_code one = add_one(c, store, c->names[i], actor, &b, &j, &bar);
        code = one != EXIT_YES ? one : code;
    }
    progress_end(&bar);
    if (common->json) {
        json_array_end(&j);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    }
    return print_result(common, &b, code);
}

enum exit_code ref_add(const struct ref_call *c) {
    if (c->s->id && c->count > 1) {
        return report_usage(&c->s->common, &command_ref, "--id names one picture");
    }
    if (c->s->id && !lk_reference_id_is_valid(c->s->id)) {
        return report_usage(&c->s->common, &command_ref,
                            "--id takes 1 to 128 letters, digits and ._- without a dot in front");
    }
    struct ref_call call = *c;
    lk_error err = {0};
    if (lk_model_open(&call.model, c->engine, LK_MODEL_DEFAULT, NULL, &err) != LK_OK) {
        return report_error(&c->s->common, &err);
    }
    lk_store *store = store_open(&c->s->common, c->s->db, LK_STORE_WRITE);
    enum exit_code code = store ? add_all(&call, store) : EXIT_TROUBLE;
    lk_store_close(store);
    lk_model_free(call.model);
    return code;
}
