/* SPDX-License-Identifier: Apache-2.0 */
/* Two sorted lists of files are merged into one, every pair is diffed (files in parallel, each on one thread), and files that
 * changed in the same pixels are given one group number. */
#include <likeness/tree.h>

#include <fnmatch.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "image/engine.h"

const char *lk_tree_state_name(lk_tree_state state) {
    static const char *const names[LK_TREE_STATES] = {"ok", "changed", "new", "missing", "failed"};
    return names[state];
}

lk_tree_options lk_tree_options_default(void) {
    return (lk_tree_options){.diff = lk_diff_options_default()};
}

void lk_tree_release(lk_tree *tree) {
    for (size_t i = 0; i < tree->count; i++) {
        mem_free(tree->files[i].path);
        lk_diff_result_release(&tree->files[i].result);
    }
    mem_free(tree->files);
    *tree = (lk_tree){0};
}

static bool is_picture(const void *arg, const char *path) {
    static const char *const extensions[] = {"png",  "apng", "jpg",  "jpeg", "webp", "heic", "heif",
                                             "avif", "tif",  "tiff", "ppm",  "pgm",  "pnm",  "pam"};
    const lk_tree_options *o = arg;
    char extension[16];
    bool found = false, chosen = o->only_count == 0;
    file_extension(extension, sizeof extension, path);
    for (size_t i = 0; i < ARRAY_COUNT(extensions); i++) {
        found = found || strcmp(extensions[i], extension) == 0;
    }
    for (size_t i = 0; i < o->only_count; i++) {
        chosen = chosen || fnmatch(o->only[i], path, 0) == 0;
    }
    return found && chosen;
}

/* Takes the paths out of both sorted lists. */
static lk_status merge(lk_tree *tree, struct folder_list *a, struct folder_list *b, lk_error *err) {
    size_t i = 0, j = 0;
    tree->files = mem_calloc(a->count + b->count, sizeof *tree->files);
    if (!tree->files) {
        return error_memory(err, (a->count + b->count) * sizeof *tree->files);
    }
    while (i < a->count || j < b->count) {
        int order = i == a->count ? 1 : j == b->count ? -1 : strcmp(a->paths[i], b->paths[j]);
        lk_tree_file *f = &tree->files[tree->count++];
        char **from = order <= 0 ? &a->paths[i] : &b->paths[j];
        f->path = *from;
        *from = NULL;
        f->state = order < 0 ? LK_TREE_MISSING : order > 0 ? LK_TREE_NEW : LK_TREE_OK;
        i += order <= 0;
        j += order >= 0;
    }
    return LK_OK;
}

/* One run. */
struct tree_run {
    lk_engine *engine;
    const char *folders[2];
    const lk_tree_options *o;
    lk_tree *tree;
    uint64_t *marks; /* of the differing pixels of each file; 0 for none */
};

/* FNV-1a over size and classes: equal for the same change at the same place. */
static uint64_t mark_of(const lk_diff_result *r) {
    uint64_t h = 0xcbf29ce484222325u;
    if (!r->classes || r->diff_pixels == 0) {
        return 0;
    }
    h = (h ^ (uint64_t)r->sizes[0]) * 0x100000001b3u;
    for (int64_t i = 0; i < r->pixels; i++) {
        if (r->classes[i] == LK_PIXEL_DIFFERENT) {
            h = (h ^ (uint64_t)i) * 0x100000001b3u;
        }
    }
    return h;
}

static lk_status load(lk_image *out, const struct tree_run *run, int side, const char *path,
                      lk_error *err) {
    static const lk_load_options options = {.no_digest = true};
    *out = (lk_image){0};
    char *full = folder_join(run->folders[side], path);
    lk_status status =
        full ? lk_image_load(out, NULL, run->engine, full, &options, err) : error_memory(err, 0);
    mem_free(full);
    return status;
}

static void diff_one(void *arg, int32_t i) {
    const struct tree_run *run = arg;
    lk_tree_file *f = &run->tree->files[i];
    lk_image a = {0}, b = {0};
    if (f->state != LK_TREE_OK) {
        return;
    }
    lk_status status = load(&a, run, 0, f->path, &f->err);
    status = status == LK_OK ? load(&b, run, 1, f->path, &f->err) : status;
    status =
        status == LK_OK ? lk_diff(&f->result, run->engine, &a, &b, &run->o->diff, &f->err) : status;
    if (status != LK_OK) {
        f->state = LK_TREE_FAILED;
    } else if (f->result.verdict == LK_DIFFERENT) {
        f->state = LK_TREE_CHANGED;
        run->marks[i] = mark_of(&f->result);
    }
    mem_free(f->result.classes);
    f->result.classes = NULL;
    lk_image_release(&a);
    lk_image_release(&b);
}

/* Few files change, so each looks through those before it. */
static void number_groups(lk_tree *tree, const uint64_t *marks) {
    int32_t groups = 0;
    for (size_t i = 0; i < tree->count; i++) {
        for (size_t j = 0; marks[i] && j < i; j++) {
            if (marks[j] == marks[i]) {
                tree->files[j].group = tree->files[j].group ? tree->files[j].group : ++groups;
                tree->files[i].group = tree->files[j].group;
                break;
            }
        }
    }
}

/* Whether a file was given up because the caller asked to stop. */
static bool was_cancelled(const lk_tree *tree) {
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->files[i].state == LK_TREE_FAILED && tree->files[i].err.status == LK_E_CANCELLED) {
            return true;
        }
    }
    return false;
}

lk_status lk_tree_diff(lk_tree *out, lk_engine *engine, const char *a, const char *b,
                       const lk_tree_options *options, lk_error *err) {
    lk_tree_options defaults = lk_tree_options_default();
    struct tree_run run = {engine, {a, b}, options ? options : &defaults, out, NULL};
    struct folder_list left = {0}, right = {0};
    *out = (lk_tree){0};
    lk_status status = folder_list(&left, a, is_picture, run.o, err);
    status = status == LK_OK ? folder_list(&right, b, is_picture, run.o, err) : status;
    status = status == LK_OK ? merge(out, &left, &right, err) : status;
    if (status == LK_OK) {
        run.marks = mem_calloc(out->count, sizeof *run.marks);
        status = run.marks ? LK_OK : error_memory(err, out->count * sizeof *run.marks);
    }
    if (status == LK_OK) {
        pool_for(engine->pool, (int32_t)out->count, diff_one, &run);
        number_groups(out, run.marks);
        for (size_t i = 0; i < out->count; i++) {
            out->counts[out->files[i].state]++;
        }
        status = was_cancelled(out) ? error_set(err, LK_E_CANCELLED, "stopped") : LK_OK;
    }
    if (status != LK_OK) {
        lk_tree_release(out);
    }
    mem_free(run.marks);
    folder_list_release(&left);
    folder_list_release(&right);
    return status;
}
