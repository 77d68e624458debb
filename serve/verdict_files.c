/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/verdict_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "serve/memory_file.h"

static const char evidence_name[] = "evidence.lkev", report_name[] = "report.html",
                  result_name[] = "result.json";

void verdict_file_key(char out[SHELF_KEY_MAX + 1], int64_t entry, const char *name) {
    snprintf(out, SHELF_KEY_MAX + 1, "v%lld/%.64s", (long long)entry, name);
}

/* -- Before the transaction -- */

/* The session may have forgotten it meanwhile, or have another one under its name. */
static bool read_photo(struct verdict_files *f) {
    return f->photo_item->file >= 0 && strcmp(f->photo_item->key, f->photo_info->sha256) == 0 &&
           memory_file_bytes(&f->photo_file, f->photo_item->file);
}

static lk_bundle bundle_of(const struct verdict_files *f) {
    const lk_original *o = f->original;
    const lk_verification *v = f->result;
    return (lk_bundle){.photo = f->photo_file.data,
                       .photo_bytes = f->photo_file.size,
                       .photo_name = f->photo_info->path,
                       .photo_image = f->photo,
                       .photo_info = f->photo_info,
                       .reference = o->file.data,
                       .reference_bytes = o->file.size,
                       .reference_name = o->info.path,
                       .reference_image = &o->image,
                       .reference_info = &o->info,
                       .policy = &v->policy,
                       .ignore = o->ignore,
                       .ignore_count = o->ignore_count,
                       .rivals = v->rivals,
                       .rival_count = v->rival_count,
                       .reference_id = v->reference_id,
                       .reference_version = v->reference_version,
                       .entry = v->log_entry,
                       .entry_hash = v->log_hash,
                       .actor = v->actor,
                       .note = f->note,
                       .decided = v,
                       .result = f->bundle_result.data ? &f->bundle_result : NULL};
}

static void prepare_evidence(struct verdict_files *f, struct bench *b) {
    if (read_photo(f)) {
        const lk_bundle bundle = bundle_of(f);
        f->wants_evidence = lk_bundle_result(&f->bundle_result, b->engine, &bundle, NULL) == LK_OK;
    } else {
        f->wants_evidence = false;
    }
}

static lk_status take_sight(void *arg, const char *name, const char *type, lk_bytes *bytes) {
    struct verdict_files *f = arg;
    if (f->sight_count < VERDICT_SIGHTS_MOST) {
        f->sights[f->sight_count++] = (struct sight_file){name, type, *bytes};
        *bytes = (lk_bytes){0};
    }
    return LK_OK;
}

static void release_sights(struct verdict_files *f) {
    while (f->sight_count > 0) {
        lk_bytes_release(&f->sights[--f->sight_count].bytes);
    }
}

/* In the order in which they are in files: evidence has the original before the photo. */
static lk_status begin_kept(struct verdict_files *f, struct bench *b, lk_error *err) {
    const lk_original *o = f->original;
    size_t count = 0;
    lk_kept_piece *pieces = mem_calloc(2 + f->figures.count + VERDICT_SIGHTS_MOST, sizeof *pieces);
    if (!pieces) {
        err->status = LK_E_MEMORY;
        snprintf(err->text, sizeof err->text, "no memory for the files beside the verdict");
        return LK_E_MEMORY;
    }
    if (f->wants_evidence) {
        pieces[count++] =
            (lk_kept_piece){.data = o->file.data, .size = o->file.size, .is_shared = true};
        pieces[count++] = (lk_kept_piece){
            .data = f->photo_file.data, .size = f->photo_file.size, .is_shared = true};
    }
    f->first_figure = count;
    for (size_t i = 0; i < f->figures.count; i++) {
        pieces[count++] = (lk_kept_piece){
            .data = f->figures.items[i].data, .size = f->figures.items[i].size, .is_base64 = true};
    }
    f->first_sight = count;
    for (int i = 0; i < f->sight_count; i++) {
        pieces[count++] =
            (lk_kept_piece){.data = f->sights[i].bytes.data, .size = f->sights[i].bytes.size};
    }
    lk_status status = lk_kept_new(&f->kept, b->store, pieces, count, err);
    mem_free(pieces);
    return status;
}

lk_status verdict_files_prepare(struct verdict_files *f, struct request *r, struct bench *b,
                                lk_error *err) {
    const lk_comparison *c = &f->result->comparison;
    f->wants_report = request_flag(r, "report");
    f->wants_evidence = request_flag(r, "evidence");
    if (request_flag(r, "pictures") && draw_pictures(b, c, take_sight, f, NULL) != LK_OK) {
        release_sights(f);
    }
    if (f->wants_report) {
        f->wants_report =
            lk_report_verify_figures(&f->figures, b->engine, f->result, NULL) == LK_OK;
    }
    if (f->wants_evidence) {
        prepare_evidence(f, b);
    }
    const struct serve_options *o = b->server->options;
    return o->kept_bytes > 0 ? begin_kept(f, b, err) : LK_OK;
}

/* -- Within it -- */

static lk_status add(struct verdict_files *f, const char *name, const char *type,
                     const lk_bytes *bytes, const size_t pieces[2], lk_error *err) {
    const lk_kept_file file = {
        .name = name, .type = type, .data = bytes->data, .size = bytes->size};
    return f->kept ? lk_kept_add(f->kept, &file, pieces[0], pieces[1], err) : LK_OK;
}

static lk_status finish_report(struct verdict_files *f, struct bench *b, lk_error *err) {
    const size_t pieces[2] = {f->first_figure, f->figures.count};
    lk_status status = lk_report_verify_html_of(&f->report, b->engine, f->result, &f->figures, err);
    return status == LK_OK ? add(f, report_name, "text/html", &f->report, pieces, err) : status;
}

static lk_status finish_evidence(struct verdict_files *f, struct bench *b, lk_error *err) {
    const size_t pieces[2] = {0, 2};
    const lk_bundle bundle = bundle_of(f);
    lk_status status = lk_bundle_write(&f->evidence, b->engine, &bundle, err);
    return status == LK_OK ? add(f, evidence_name, "application/x-tar", &f->evidence, pieces, err)
                           : status;
}

lk_status verdict_files_finish(struct verdict_files *f, struct bench *b, const lk_bytes *text,
                               lk_error *err) {
    const size_t none[2] = {0, 0};
    lk_status status = add(f, result_name, "application/json", text, none, err);
    if (status == LK_OK && f->wants_report) {
        status = finish_report(f, b, err);
    }
    if (status == LK_OK && f->wants_evidence) {
        status = finish_evidence(f, b, err);
    }
    for (int i = 0; status == LK_OK && i < f->sight_count; i++) {
        const size_t own[2] = {f->first_sight + (size_t)i, 1};
        status = add(f, f->sights[i].name, f->sights[i].type, &f->sights[i].bytes, own, err);
    }
    return status == LK_OK && f->kept ? lk_kept_put(f->kept, f->result->log_entry, err) : status;
}

/* -- Afterwards -- */

void verdict_files_shelve(struct verdict_files *f, struct request *r, const lk_bytes *text) {
    char id[32];
    snprintf(id, sizeof id, "v%lld", (long long)f->result->log_entry);
    lk_status status = keep_bytes(r, id, result_name, "application/json", text);
    for (int i = 0; status == LK_OK && i < f->sight_count; i++) {
        status = keep_bytes(r, id, f->sights[i].name, f->sights[i].type, &f->sights[i].bytes);
    }
    if (status == LK_OK && f->report.data) {
        status = keep_bytes(r, id, report_name, "text/html", &f->report);
    }
    if (status == LK_OK && f->evidence.data) {
        status = keep_bytes(r, id, evidence_name, "application/x-tar", &f->evidence);
    }
    (void)status; /* the store has them, or nobody promised to keep them */
}

void verdict_files_release(struct verdict_files *f, bool lasts) {
    lk_kept_free(f->kept, lasts);
    release_sights(f);
    lk_figures_release(&f->figures);
    lk_bytes_release(&f->photo_file);
    lk_bytes_release(&f->bundle_result);
    lk_bytes_release(&f->report);
    lk_bytes_release(&f->evidence);
    memset(f, 0, sizeof *f);
}

/* -- From the store -- */

struct fetching {
    struct request *r;
    struct shelf_item *out;
    int64_t entry;
    const char *name;
    bool found;
};

static bool is_wanted(void *arg, const char *name) {
    const struct fetching *f = arg;
    bool evidence = strcmp(f->name, evidence_name) == 0;
    return strcmp(name, f->name) == 0 || (!evidence && strcmp(name, evidence_name) != 0);
}

/* Types of the shelf are constants. */
static const char *constant_type(const char *type) {
    static const char *const types[] = {"application/json", "text/html", "application/x-tar",
                                        "image/png", "image/jpeg"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i], type) == 0) {
            return types[i];
        }
    }
    return "application/octet-stream";
}

static void take_file(void *arg, const lk_kept_file *file) {
    struct fetching *f = arg;
    struct shelf_item item = {.file = memory_file_of(file->data, file->size),
                              .type = constant_type(file->type),
                              .size = (int64_t)file->size};
    bool was_there;
    verdict_file_key(item.key, f->entry, file->name);
    f->found = f->found || strcmp(file->name, f->name) == 0;
    if (item.file >= 0 && strcmp(file->name, f->name) == 0) {
        *f->out = item;
        item.file = fcntl(item.file, F_DUPFD_CLOEXEC, 16);
    }
    if (item.file >= 0) {
        shelf_put(&f->r->server->pictures, &item, &was_there);
    }
}

bool verdict_files_fetch(struct shelf_item *out, struct request *r, struct bench *b, int64_t entry,
                         const char *name) {
    struct fetching f = {.r = r, .out = out, .entry = entry, .name = name};
    lk_error err = {0};
    *out = (struct shelf_item){.file = -1};
    if (lk_kept_read(b->store, entry, is_wanted, take_file, &f, &err) != LK_OK) {
        if (out->file >= 0) {
            close(out->file);
        }
        answer_error(r, &err);
        return false;
    }
    if (f.found && out->file < 0) {
        r->retry_after_s = 2;
        answer_problem(r, 503, "busy", "no memory for the file");
        return false;
    }
    return true;
}
