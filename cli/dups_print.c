/* SPDX-License-Identifier: Apache-2.0 */
/* Duplicates as lines for a person, as JSON and as CSV. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/csv.h"
#include "cli/dups.h"
#include "cli/index_place.h"

/* What a screen takes: the whole list is for the other forms. */
enum { GROUPS_SHOWN = 20, COPIES_SHOWN = 6 };

void dups_bytes(char out[24], int64_t bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 24, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* 18402 as "18,402". */
static void add_count(struct buf *b, int64_t count) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < n; i++) {
        buf_add_text(b, i > 0 && (n - i) % 3 == 0 ? "," : "");
        buf_add(b, &digits[i], 1);
    }
}

static void add_counted(struct buf *b, int64_t count, const char *word) {
    add_count(b, count);
    buf_printf(b, " %s%s", word, count == 1 ? "" : "s");
}

/* -- For a person -- */

/* In one line, whatever the name holds, also where this goes to a file. */
static void add_shown(struct buf *b, const char *path) {
    char shown[4 * 4096];
    escape_text(shown, sizeof shown, index_shown(path));
    buf_add_text(b, shown);
}

static void add_summary(struct buf *b, const struct dups_settings *s, const struct dups_result *r) {
    static const char *const done[] = {"",
                                       "moved to the trash",
                                       "made hard links",
                                       "sharing blocks now",
                                       "made symbolic links",
                                       "moved",
                                       "deleted"};
    char size[24];
    add_counted(b, r->dups.files, "picture");
    buf_add_text(b, ", ");
    add_counted(b, (int64_t)r->dups.count, "group");
    buf_add_text(b, ", ");
    if (r->applied) {
        dups_bytes(size, r->tidy.done_bytes);
        add_counted(b, r->tidy.done_files, "file");
        buf_printf(b, " (%s) %s", size, done[s->tidy.action]);
        if (r->tidy.failed_files > 0) {
            buf_printf(b, ", %lld failed", (long long)r->tidy.failed_files);
        }
        buf_add_text(b, "\n  what was done is in ");
        add_shown(b, s->log_path);
        buf_add_text(b, "\n");
        return;
    }
    dups_bytes(size, r->tidy.planned_bytes);
    buf_printf(b, "%s could %s        (dry run; nothing changed)\n", size,
               s->tidy.action == LK_TIDY_MOVE ? "be moved" : "go");
}

static void add_copy(struct buf *b, const lk_dups_file *f, const lk_tidy_file *t) {
    char size[24];
    dups_bytes(size, f->bytes);
    buf_printf(b, "       %-8s %.2f  ", lk_dups_kind_name(f->kind), f->score);
    add_shown(b, f->path);
    buf_printf(b, "  %s, %s", size, f->words);
    if (t->state == LK_TIDY_LEFT || t->state == LK_TIDY_FAILED) {
        buf_printf(b, "  (%s: %s)", t->state == LK_TIDY_LEFT ? "stays" : "failed",
                   t->why ? t->why : "");
    }
    buf_add_text(b, "\n");
}

static void add_group(struct buf *b, const lk_dups_group *g, const lk_tidy_file *tidy,
                      size_t number) {
    const lk_dups_file *kept = &g->files[0];
    char size[24];
    dups_bytes(size, kept->bytes);
    buf_printf(b, "%4zu  ", number);
    add_shown(b, kept->path);
    buf_printf(b, "  %d x %d, %s, kept: %s\n", kept->width, kept->height, size, g->reason);
    for (size_t i = 1; i < g->count && i <= COPIES_SHOWN; i++) {
        add_copy(b, &g->files[i], &tidy[i]);
    }
    if (g->count > COPIES_SHOWN + 1) {
        buf_printf(b, "       and %zu more\n", g->count - 1 - COPIES_SHOWN);
    }
}

void dups_text(struct buf *b, const struct dups_settings *s, const struct dups_result *r) {
    size_t at = 0;
    add_summary(b, s, r);
    for (size_t i = 0; i < r->dups.count && i < GROUPS_SHOWN; i++) {
        add_group(b, &r->dups.groups[i], r->tidy.files + at, i + 1);
        at += r->dups.groups[i].count;
    }
    if (r->dups.count > GROUPS_SHOWN) {
        buf_add_text(b, "      and ");
        add_counted(b, (int64_t)(r->dups.count - GROUPS_SHOWN), "more group");
        buf_add_text(b, "; --html FILE shows, --csv FILE and --json list them all\n");
    }
}

/* -- For programs -- */

/* What is, was or would be done to the file. */
static const char *action_of(const struct dups_settings *s, const lk_tidy_file *t) {
    return t->state == LK_TIDY_KEPT   ? "keep"
           : t->state == LK_TIDY_LEFT ? "none"
                                      : lk_tidy_action_name(s->tidy.action);
}

static void add_member(struct json *j, const struct dups_settings *s, const lk_dups_file *f,
                       const lk_tidy_file *t) {
    json_object_begin(j, NULL);
    json_text(j, "path", f->path);
    json_text(j, "kind", lk_dups_kind_name(f->kind));
    json_text(j, "class", f->class_name);
    json_number(j, "score", f->score);
    json_text(j, "words", f->words);
    json_int(j, "bytes", f->bytes);
    json_int(j, "width", f->width);
    json_int(j, "height", f->height);
    json_text(j, "sha256", f->sha256);
    json_bool(j, "protected", f->is_protected);
    json_text(j, "action", action_of(s, t));
    json_text(j, "state", lk_tidy_state_name(t->state));
    if (t->why) {
        json_text(j, "why", t->why);
    }
    if (t->to) {
        json_text(j, "to", t->to);
    }
    json_object_end(j);
}

static void add_json_group(struct json *j, const struct dups_settings *s, const lk_dups_group *g,
                           const lk_tidy_file *tidy) {
    json_object_begin(j, NULL);
    json_text(j, "kind", lk_dups_kind_name(g->kind));
    json_array_begin(j, "files");
    for (size_t i = 0; i < g->count; i++) {
        json_text(j, NULL, g->files[i].path);
    }
    json_array_end(j);
    json_text(j, "keep", g->files[0].path);
    json_text(j, "reason", g->reason);
    json_array_begin(j, "members");
    for (size_t i = 0; i < g->count; i++) {
        add_member(j, s, &g->files[i], &tidy[i]);
    }
    json_array_end(j);
    json_object_end(j);
}

static void add_totals(struct json *j, const struct dups_result *r) {
    json_object_begin(j, "totals");
    json_int(j, "files", r->dups.files);
    json_int(j, "pictures", r->dups.pictures);
    json_int(j, "candidates", r->dups.candidates);
    json_int(j, "groups", (int64_t)r->dups.count);
    json_int(j, "removable_files", r->dups.removable_files);
    json_int(j, "removable_bytes", r->dups.removable_bytes);
    json_int(j, "planned_files", r->tidy.planned_files);
    json_int(j, "planned_bytes", r->tidy.planned_bytes);
    json_int(j, "done_files", r->tidy.done_files);
    json_int(j, "done_bytes", r->tidy.done_bytes);
    json_int(j, "left_files", r->tidy.left_files);
    json_int(j, "failed_files", r->tidy.failed_files);
    json_object_end(j);
}

void dups_json(struct buf *b, const struct dups_settings *s, const struct dups_result *r) {
    struct json j;
    size_t at = 0;
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/dups/1");
    json_text(&j, "action",
              s->tidy.action == LK_TIDY_NONE ? "report" : lk_tidy_action_name(s->tidy.action));
    json_bool(&j, "applied", r->applied);
    if (r->applied) {
        json_text(&j, "log", s->log_path);
    }
    json_array_begin(&j, "groups");
    for (size_t i = 0; i < r->dups.count; i++) {
        add_json_group(&j, s, &r->dups.groups[i], r->tidy.files + at);
        at += r->dups.groups[i].count;
    }
    json_array_end(&j);
    json_array_begin(&j, "skipped");
    json_raw(&j, NULL, r->run.skipped.data, r->run.skipped.size);
    json_array_end(&j);
    add_totals(&j, r);
    json_object_end(&j);
    buf_add_text(b, "\n");
}

static void add_row(struct buf *b, const struct dups_settings *s, const lk_dups_group *g, size_t i,
                    const lk_tidy_file *t, size_t number) {
    const lk_dups_file *f = &g->files[i];
    const char *texts[] = {f->words, t->why ? t->why : "", t->to ? t->to : "", g->reason};
    char modified[32];
    time_t seconds = (time_t)(f->modified_ns / 1000000000);
    struct tm parts;
    strftime(modified, sizeof modified, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    buf_printf(b, "%zu,", number);
    csv_add_field(b, f->path);
    buf_printf(b, ",%s,%s,%s,%s,%.4f,%lld,%d,%d,%s,%s,%s,", action_of(s, t),
               lk_tidy_state_name(t->state), lk_dups_kind_name(f->kind), f->class_name, f->score,
               (long long)f->bytes, f->width, f->height, f->format, modified, f->sha256);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        csv_add_field(b, k == 3 && i > 0 ? "" : texts[k]);
        buf_add_text(b, k == 3 ? "\n" : ",");
    }
}

void dups_csv(struct buf *b, const struct dups_settings *s, const struct dups_result *r) {
    size_t at = 0;
    buf_add_text(b, "group,path,action,state,kind,class,score,bytes,width,height,format,modified,"
                    "sha256,words,why,to,reason\n");
    for (size_t i = 0; i < r->dups.count; i++) {
        for (size_t k = 0; k < r->dups.groups[i].count; k++) {
            add_row(b, s, &r->dups.groups[i], k, &r->tidy.files[at++], i + 1);
        }
    }
}
