/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/diff.h"

/* One line a file on standard output: more than this many are counted, not listed. */
enum { LISTED = 50, FILE_MOST = 1 << 30 };

struct folders {
    const struct diff_settings *s;
    lk_engine *engine;
    const char *a, *b;
    lk_diff_options options;
    lk_tree tree;
};

static lk_status write_file(const char *path, lk_bytes *bytes, lk_status status, lk_error *err) {
    status = status == LK_OK ? file_write(path, bytes->data, bytes->size, err) : status;
    lk_bytes_release(bytes);
    return status;
}

static lk_status write_reports(struct folders *f, lk_error *err) {
    const struct diff_settings *s = f->s;
    lk_status status = LK_OK;
    lk_bytes bytes = {0};
    if (s->html) {
        status = lk_report_tree_html(&bytes, f->engine, &f->tree, f->a, f->b, &f->options, err);
        status = write_file(s->html, &bytes, status, err);
    }
    if (status == LK_OK && s->junit) {
        status = lk_report_tree_junit(&bytes, &f->tree, s->fail_on_new, s->fail_on_missing, err);
        status = write_file(s->junit, &bytes, status, err);
    }
    return status;
}

/* What is said of one file that is not ok. */
static void add_line(struct buf *b, const lk_tree_file *file, const lk_tree *tree) {
    const lk_diff_result *r = &file->result;
    size_t same = 0;
    for (size_t i = 0; file->group && i < tree->count; i++) {
        same += tree->files[i].group == file->group;
    }
    if (file->state == LK_TREE_CHANGED && r->pixels == 0) {
        buf_printf(b, "changed  sizes %dx%d and %dx%d", r->sizes[0], r->sizes[1], r->sizes[2],
                   r->sizes[3]);
    } else if (file->state == LK_TREE_CHANGED) {
        char words[160];
        buf_printf(b, "changed  %lld px (%.2f %%)", (long long)r->diff_pixels, r->diff_ratio * 100);
        if (*lk_moves_words(words, sizeof words, r->regions, r->region_count)) {
            buf_printf(b, "  %s", words);
        }
    } else {
        buf_add_text(b, lk_tree_state_name(file->state));
    }
    if (file->state == LK_TREE_FAILED) {
        buf_printf(b, "  %s", file->err.text);
    }
    if (same > 1) {
        buf_printf(b, "    same change in %zu other file%s", same - 1, same == 2 ? "" : "s");
    }
}

static void add_text(struct buf *b, const struct folders *f) {
    const size_t *n = f->tree.counts;
    size_t listed = 0;
    buf_printf(b, "ok %zu   changed %zu   new %zu   missing %zu   failed %zu", n[LK_TREE_OK],
               n[LK_TREE_CHANGED], n[LK_TREE_NEW], n[LK_TREE_MISSING], n[LK_TREE_FAILED]);
    if (f->s->html) {
        buf_add_text(b, "      ");
        add_path(b, &f->s->common, f->s->html);
    }
    buf_add_text(b, "\n");
    for (size_t i = 0; i < f->tree.count; i++) {
        const lk_tree_file *file = &f->tree.files[i];
        if (file->state != LK_TREE_OK && listed++ < LISTED) {
            buf_add_text(b, "  ");
            add_path(b, &f->s->common, file->path);
            buf_add_text(b, "   ");
            add_line(b, file, &f->tree);
            buf_add_text(b, "\n");
        }
    }
    if (listed > LISTED) {
        buf_printf(b, "  and %zu more\n", listed - LISTED);
    }
}

static bool fails(const struct diff_settings *s, lk_tree_state state) {
    return state == LK_TREE_CHANGED || (state == LK_TREE_NEW && s->fail_on_new) ||
           (state == LK_TREE_MISSING && s->fail_on_missing);
}

/* Text of a workflow command: %, and what would end the line or the property, as %XX. */
static void add_command_text(struct buf *b, const char *text) {
    for (const char *p = text; *p; p++) {
        if (strchr("%\r\n:,", *p)) {
            buf_printf(b, "%%%02X", (unsigned)(unsigned char)*p);
        } else {
            buf_add(b, p, 1);
        }
    }
}

/* A file name in a table of Markdown: nothing in it may end the cell or begin a tag. */
static void add_cell(struct buf *b, const char *text) {
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 32 || strchr("|`<>[]\\*_", *p)) {
            buf_printf(b, "&#%u;", (unsigned)(unsigned char)*p);
        } else {
            buf_add(b, p, 1);
        }
    }
}

/* Annotations go to standard error, which the runner reads as well; the table to its step summary. */
static void annotate(const struct folders *f) {
    struct buf notes, table;
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    buf_init(&notes, 1 << 24);
    buf_init(&table, 1 << 19); /* the runner takes 1 MiB */
    buf_add_text(&table, "| File | Result |\n|---|---|\n");
    for (size_t i = 0; i < f->tree.count; i++) {
        const lk_tree_file *file = &f->tree.files[i];
        if (file->state == LK_TREE_OK) {
            continue;
        }
        bool error = fails(f->s, file->state) || file->state == LK_TREE_FAILED;
        buf_printf(&notes, "::%s file=", error ? "error" : "notice");
        add_command_text(&notes, f->a);
        buf_add_text(&notes, "/");
        add_command_text(&notes, file->path);
        buf_printf(&notes, ",title=likeness diff::%s\n", lk_tree_state_name(file->state));
        buf_add_text(&table, "| ");
        add_cell(&table, file->path);
        buf_printf(&table, " | %s |\n", lk_tree_state_name(file->state));
    }
    if (notes.data) {
        fwrite(notes.data, 1, notes.size, stderr);
    }
    FILE *summary = path && *path ? fopen(path, "a") : NULL;
    if (summary) {
        bool written = fwrite(table.data, 1, table.size, summary) == table.size;
        written = fclose(summary) == 0 && written;
        if (!written) {
            remark(&f->s->common, "cannot write %s", path);
        }
    }
    buf_release(&notes);
    buf_release(&table);
}

static char *joined(const char *folder, const char *path) {
    size_t size = strlen(folder) + strlen(path) + 2;
    char *out = mem_alloc(size, 1);
    if (out) {
        snprintf(out, size, "%s/%s", folder, path);
    }
    return out;
}

/* Makes the folders above path, below the one that is there. */
static void make_folders(char *path, size_t from) {
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777); /* one that cannot be made shows when the file is written */
        *slash = '/';
    }
}

static lk_status accept_file(const struct folders *f, const char *path, lk_error *err) {
    char *from = joined(f->b, path), *to = joined(f->a, path);
    lk_bytes bytes = {0};
    lk_status status = LK_E_MEMORY;
    *err = (lk_error){.status = LK_E_MEMORY, .text = "out of memory"};
    if (from && to) {
        make_folders(to, strlen(f->a) + 1);
        status = file_read(&bytes, from, FILE_MOST, NULL, err);
        status = write_file(to, &bytes, status, err);
    }
    mem_free(from);
    mem_free(to);
    return status;
}

/* Whether the user agrees to overwrite count files: --yes, or y typed on a terminal. Neither: a dry run. */
static bool may_update(const struct folders *f, size_t count) {
    char answer[8];
    if (f->s->yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        remark(&f->s->common, "dry run: --update --yes would copy %zu file%s into %s", count,
               count == 1 ? "" : "s", f->a);
        return false;
    }
    fprintf(stderr, "copy %zu file%s into %s? [y/N] ", count, count == 1 ? "" : "s", f->a);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Changed and new pictures of B become those of A; nothing is deleted. *updated: whether it was done. */
static lk_status update(const struct folders *f, bool *updated, lk_error *err) {
    size_t count = f->tree.counts[LK_TREE_CHANGED] + f->tree.counts[LK_TREE_NEW];
    lk_status status = LK_OK;
    *updated = false;
    if (count == 0 || !may_update(f, count)) {
        return LK_OK;
    }
    for (size_t i = 0; status == LK_OK && i < f->tree.count; i++) {
        const lk_tree_file *file = &f->tree.files[i];
        if (file->state == LK_TREE_CHANGED || file->state == LK_TREE_NEW) {
            status = accept_file(f, file->path, err);
        }
    }
    if (status == LK_OK) {
        remark(&f->s->common, "copied %zu file%s into %s", count, count == 1 ? "" : "s", f->a);
        *updated = true;
    }
    return status;
}

/* Trouble before different before same; what was accepted into A no longer differs. */
static enum exit_code code_of(const struct folders *f, bool updated) {
    const size_t *n = f->tree.counts;
    if (n[LK_TREE_FAILED] > 0) {
        return EXIT_TROUBLE;
    }
    bool no = (!updated && n[LK_TREE_CHANGED] > 0) ||
              (!updated && f->s->fail_on_new && n[LK_TREE_NEW] > 0) ||
              (f->s->fail_on_missing && n[LK_TREE_MISSING] > 0);
    return no ? EXIT_NO : EXIT_YES;
}

static enum exit_code print_tree(const struct folders *f, bool updated) {
    enum exit_code code = code_of(f, updated);
    if (f->s->common.json) {
        lk_bytes json;
        lk_error err;
        if (lk_report_tree_json(&json, &f->tree, &err) != LK_OK) {
            return report_error(&f->s->common, &err);
        }
        code = write_result(&f->s->common, &json, code);
        lk_bytes_release(&json);
        return code;
    }
    struct buf b;
    buf_init(&b, 1 << 20);
    add_text(&b, f);
    return print_result(&f->s->common, &b, code);
}

/* Rectangles of a folder's pictures are in pixels: a share would be another rectangle in each. */
static bool parse_areas(struct area_list *areas, const struct diff_settings *s, char *message,
                        size_t size) {
    static const struct text_list none = {0};
    for (size_t i = 0; i < s->ignore.count; i++) {
        if (strchr(s->ignore.items[i], '%')) {
            snprintf(message, size, "--ignore takes pixels, not %%, when folders are diffed");
            return false;
        }
    }
    return areas_parse(areas, &s->ignore, &none, 1, 1, message, size);
}

enum exit_code diff_folders(const struct diff_settings *s, lk_engine *engine) {
    struct folders f = {.s = s,
                        .engine = engine,
                        .a = s->common.args.items[0],
                        .b = s->common.args.items[1],
                        .options = diff_options_of(s)};
    struct area_list areas = {0};
    char message[256];
    lk_error err = {0};
    bool updated = false;
    const char *actions = getenv("GITHUB_ACTIONS");
    if (s->common.args.count == 3 || s->mask) {
        return report_usage(&s->common, &command_diff,
                            "folders take --html and --junit, neither OUT nor --mask");
    }
    if (!parse_areas(&areas, s, message, sizeof message)) {
        areas_release(&areas);
        return report_usage(&s->common, &command_diff, message);
    }
    f.options.ignore = areas.polygons;
    f.options.ignore_count = areas.count;
    lk_tree_options o = {.diff = f.options, .only = s->only.items, .only_count = s->only.count};
    lk_status status = lk_tree_diff(&f.tree, engine, f.a, f.b, &o, &err);
    status = status == LK_OK ? write_reports(&f, &err) : status;
    if (status == LK_OK && (s->github || (actions && strcmp(actions, "true") == 0))) {
        annotate(&f);
    }
    status = status == LK_OK && s->update ? update(&f, &updated, &err) : status;
    enum exit_code code =
        status == LK_OK ? print_tree(&f, updated) : report_error(&s->common, &err);
    lk_tree_release(&f.tree);
    areas_release(&areas);
    return code;
}
