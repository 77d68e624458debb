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
    lk_reference before; /* whose areas are kept; empty where none are */
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

static lk_status read_areas(struct adding *a, const struct text_list *rectangles,
                            const struct text_list *polygons, lk_error *err) {
    char message[512] = "out of memory";
    const lk_image_info *i = &a->info;
    bool good = areas_parse(&a->areas, rectangles, polygons, i->width, i->height, message,
                            sizeof message) &&
                areas_fit(&a->areas, i->width, i->height, message, sizeof message);
    return good ? LK_OK : refuse(err, a->path, message);
}

static lk_status read_picture(struct adding *a, lk_error *err) {
    const struct ref_command *s = a->call->s;
    int64_t most = lk_engine_limits(a->call->engine).file_bytes;
    lk_status status = file_read(&a->file, a->path, most, stop_flag(), err);
    if (status == LK_OK) {
        status = lk_image_decode(&a->image, &a->info, a->call->engine, a->file.data, a->file.size,
                                 a->path, NULL, err);
    }
    return status == LK_OK ? read_areas(a, &s->ignore, &s->ignore_poly, err) : status;
}

static bool is_polygon(const char *text) {
    return strchr(text, ' ') != NULL;
}

/* Those of the version before, as they were written: per cent are of this picture. */
static lk_status keep_areas(struct adding *a, lk_store *store, const char *id, lk_error *err) {
    const struct ref_command *s = a->call->s;
    struct text_list kept[2] = {
        {0}}; /* rectangles, polygons: the order of areas_parse, and that in which they were kept */
    if (s->ignore.count + s->ignore_poly.count > 0 || s->no_ignore ||
        lk_reference_get(&a->before, store, id, 0, NULL) != LK_OK || a->before.ignore_count == 0) {
        return LK_OK; /* or it is the first; what else is wrong with the store, adding tells */
    }
    lk_reference *r = &a->before;
    size_t split = 0;
    while (split < r->ignore_count && !is_polygon(r->ignore_text[split])) {
        split++;
    }
    const char **texts = (const char **)(void *)r->ignore_text;
    kept[0] = (struct text_list){.count = split, .items = texts};
    kept[1] = (struct text_list){.count = r->ignore_count - split, .items = texts + split};
    areas_release(&a->areas);
    lk_status status = read_areas(a, &kept[0], &kept[1], err);
    if (status == LK_E_USAGE) {
        char why[400];
        snprintf(why, sizeof why, "%.200s, those of version %d: say --ignore or --no-ignore",
                 err->text, (int)r->version);
        status = refuse(err, a->path, why);
    }
    return status;
}

/* The areas as they were written, in the order of areas_parse. */
static const char **area_texts(const struct ref_command *s, const lk_reference *before) {
    if (before->ignore_count > 0) {
        const char **kept = mem_calloc(before->ignore_count, sizeof *kept);
        for (size_t i = 0; kept && i < before->ignore_count; i++) {
            kept[i] = before->ignore_text[i];
        }
        return kept;
    }
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
    lk_status status = keep_areas(a, store, s->id ? s->id : id, err);
    if (status != LK_OK) {
        return status;
    }
    const char **texts = area_texts(s, &a->before);
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
    status = lk_reference_add(&a->added, &a->written, store, &draft, err);
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
    if (a->written && a->before.ignore_count > 0) {
        buf_printf(b, "  leaves out what version %d did, %zu area%s (--no-ignore: nothing)\n",
                   (int)a->before.version, a->before.ignore_count,
                   a->before.ignore_count == 1 ? "" : "s");
    }
}

static void release(struct adding *a) {
    lk_reference_release(&a->added);
    lk_reference_release(&a->before);
    lk_reference_facts_release(&a->facts);
    areas_release(&a->areas);
    lk_image_release(&a->image);
    lk_bytes_release(&a->file);
}

/* Everything that needs no store: the slow part, during which other processes may write to it. */
static lk_status prepare(struct adding *a, lk_error *err) {
    lk_status status = read_picture(a, err);
    if (status == LK_OK) {
        status = lk_reference_facts_make(&a->facts, a->call->engine, a->call->model, &a->image,
                                         &a->file, err);
    }
    lk_image_release(&a->image); /* its pixels are not kept */
    return status;
}

/* -- Pictures go into the store in groups: one commit, which waits for the disk, is for many -- */

enum { GROUP = 32, GROUP_BYTES = 64 << 20 };

/* The whole run, with the pictures that are prepared and not yet in the store. */
struct run {
    const struct ref_call *call;
    lk_store *store; /* opened when there is something to put into it */
    const char *actor;
    struct progress bar;
    struct buf b;
    struct json j;
    struct adding group[GROUP];
    size_t count;
    size_t bytes; /* of their files */
    enum exit_code code;
};

static void fail(struct run *r, const lk_error *err) {
    progress_hide(&r->bar);
    r->code = report_error(&r->call->s->common, err);
}

static bool open_store(struct run *r) {
    const struct common *common = &r->call->s->common;
    if (!r->store) {
        r->store = store_open(common, r->call->s->db, LK_STORE_WRITE);
        if (!r->store) {
            r->code = EXIT_TROUBLE;
            return false;
        }
        if (common->json) {
            ref_json_begin(&r->j, lk_store_folder(r->store));
            json_array_begin(&r->j, "references");
        }
    }
    return true;
}

/* In one commit. Nothing is said to be added before it has been made to last. */
static void commit_group(struct run *r) {
    lk_error err = {0};
    lk_status status = r->count > 0 ? lk_store_begin(r->store, &err) : LK_OK;
    bool in[GROUP] = {false};
    if (status == LK_OK && r->count > 0) {
        for (size_t i = 0; i < r->count; i++) {
            lk_error own = {0};
            in[i] = store_picture(&r->group[i], r->store, &own) == LK_OK;
            if (!in[i]) {
                fail(r, &own);
            }
        }
        status = lk_store_end(r->store, LK_OK, &err);
    }
    if (status != LK_OK) {
        fail(r, &err);
        remark(&r->call->s->common, "not added: %s and %zu after it", r->group[0].path,
               r->count - 1);
    }
    for (size_t i = 0; i < r->count; i++) {
        struct adding *a = &r->group[i];
        if (status == LK_OK && in[i] && r->call->s->common.json) {
            ref_json(&r->j, &a->added, &a->written);
        } else if (status == LK_OK && in[i]) {
            say(&r->b, a);
        }
        release(a);
    }
    r->count = r->bytes = 0;
}

/* Returns whether to go on: without a store there is no use in it. */
static bool add_one(struct run *r, const char *path) {
    struct adding *a = &r->group[r->count];
    lk_error err = {0};
    *a = (struct adding){.call = r->call, .path = path, .actor = r->actor};
    if (prepare(a, &err) != LK_OK) {
        fail(r, &err);
        release(a);
        return true;
    }
    r->count++;
    r->bytes += a->file.size;
    bool open = open_store(r);
    if (!open || r->count == GROUP || r->bytes >= GROUP_BYTES) {
        if (open) {
            commit_group(r);
        } else {
            release(a);
        }
    }
    return open;
}

static enum exit_code add_all(struct run *r) {
    const struct ref_call *c = r->call;
    const struct common *common = &c->s->common;
    buf_init(&r->b, 256 << 20);
    json_init(&r->j, &r->b, 0);
    progress_begin(&r->bar, common, c->count);
    bool on = true;
    for (size_t i = 0; on && i < c->count && !stop_asked(); i++) {
        progress_step(&r->bar, c->names[i]);
        on = add_one(r, c->names[i]);
    }
    if (on) {
        commit_group(r);
    }
    progress_end(&r->bar);
    if (common->json && r->store) {
        json_array_end(&r->j);
        json_object_end(&r->j);
        buf_add_text(&r->b, "\n");
    }
    return print_result(common, &r->b, r->code);
}

enum exit_code ref_add(const struct ref_call *c) {
    if (c->s->id && c->count > 1) {
        return report_usage(&c->s->common, &command_ref, "--id names one picture");
    }
    if (c->s->id && !lk_reference_id_is_valid(c->s->id)) {
        return report_usage(&c->s->common, &command_ref,
                            "--id takes 1 to 128 letters, digits and ._- without a dot in front");
    }
    char user[LK_ACTOR_MAX + 1];
    struct ref_call call = *c;
    lk_error err = {0};
    if (lk_model_open(&call.model, c->engine, LK_MODEL_DEFAULT, NULL, &err) != LK_OK) {
        return report_error(&c->s->common, &err);
    }
    struct run *r = mem_calloc(1, sizeof *r);
    enum exit_code code = EXIT_TROUBLE;
    if (r) {
        r->call = &call;
        r->actor = store_actor(user, sizeof user, c->s->actor);
        code = add_all(r);
        lk_store_close(r->store);
    } else {
        err = (lk_error){.status = LK_E_MEMORY, .text = "out of memory"};
        report_error(&c->s->common, &err);
    }
    mem_free(r);
    lk_model_free(call.model);
    return code;
}
