/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of duplicates as a page to review. One file that loads nothing: pictures are inside, style and script are allowed by their
 * digests. A card a group: the file kept, then each copy with what it is to that file; copies of the very same bytes are lines, for
 * their picture would be the same. The filters are boxes and style, so that they work without the script.
 *
 * Ten thousand groups must stay usable: cards outside of the window are not laid out (content-visibility), and pictures stop at
 * PICTURES_MAX, after the groups with most bytes to be had. */
#include <likeness/report.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/error.h"
#include "report/assets.h"

enum { PAGE_MAX = 512 << 20, PICTURES_MAX = 48 << 20, COPIES_WITH_PICTURE = 60 };

struct dups_page {
    struct buf out;
    const lk_dups *dups;
    const lk_tidy *tidy;
    lk_tidy_action action;
    size_t picture_bytes;   /* so far */
    size_t without_picture; /* files for which there was no room */
    size_t common;          /* bytes that all folders begin with, with the slash */
};

/* The folder that all files lie below. */
static size_t common_folder(const lk_dups *dups) {
    const char *first = dups->count > 0 ? dups->groups[0].files[0].path : "";
    size_t n = strlen(first);
    for (size_t i = 0; i < dups->count; i++) {
        for (size_t k = 0; k < dups->groups[i].count; k++) {
            const char *path = dups->groups[i].files[k].path;
            size_t same = 0;
            while (same < n && path[same] == first[same]) {
                same++;
            }
            n = same;
        }
    }
    while (n > 0 && first[n - 1] != '/') {
        n--;
    }
    return n;
}

static void add_bytes(struct buf *b, int64_t bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < ARRAY_COUNT(units)) {
        value /= 1000;
        unit++;
    }
    buf_printf(b, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void add_count(struct buf *b, int64_t count, const char *word) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < n; i++) {
        buf_add_text(b, i > 0 && (n - i) % 3 == 0 ? "," : "");
        buf_add(b, &digits[i], 1);
    }
    buf_printf(b, " %s%s", word, count == 1 ? "" : "s");
}

/* A link to the file itself; every byte that means something in a URL or in HTML is escaped. */
static void add_url(struct buf *b, const char *path) {
    buf_add_text(b, "file://");
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("/-_.~", *p);
        if (plain) {
            buf_add(b, p, 1);
        } else {
            buf_printf(b, "%%%02X", *p);
        }
    }
}

static void add_name(struct dups_page *p, const lk_dups_file *f) {
    struct buf *b = &p->out;
    const char *slash = strrchr(f->path, '/');
    char folder[4096];
    size_t n = slash ? (size_t)(slash - f->path) + 1 : 0;
    n = n > p->common ? MIN(n - p->common, sizeof folder - 1) : 0;
    snprintf(folder, sizeof folder, "%.*s", (int)n, f->path + p->common);
    buf_add_text(b, "<a class=\"name\" href=\"");
    add_url(b, f->path);
    buf_add_text(b, "\">");
    buf_add_html(b, slash ? slash + 1 : f->path);
    buf_add_text(b, "</a> <span class=\"folder\">");
    buf_add_html(b, folder);
    buf_add_text(b, "</span>");
}

/* What happens, or happened, to a copy. */
static void add_fate(struct dups_page *p, const lk_tidy_file *t, const char *element) {
    static const char *const will[] = {
        "could go",          "goes to the trash",       "becomes a hard link",
        "will share blocks", "becomes a symbolic link", "is moved",
        "is deleted"};
    static const char *const done[] = {"",
                                       "in the trash",
                                       "is a hard link now",
                                       "shares blocks now",
                                       "is a symbolic link now",
                                       "moved",
                                       "deleted"};
    struct buf *b = &p->out;
    bool goes = t->state == LK_TIDY_PLANNED || t->state == LK_TIDY_DONE;
    buf_printf(b, "<%s class=\"fate%s\">", element, goes ? " goes" : "");
    if (goes) {
        buf_add_text(b, t->state == LK_TIDY_DONE ? done[p->action] : will[p->action]);
    } else {
        buf_add_text(b, t->state == LK_TIDY_FAILED ? "failed: " : "stays: ");
        buf_add_html(b, t->why ? t->why : "");
    }
    if (t->to) {
        buf_add_text(b, ": ");
        buf_add_html(b, t->to);
    }
    buf_printf(b, "</%s>", element);
}

static void add_picture(struct dups_page *p, const lk_dups_file *f, bool wanted) {
    struct buf *b = &p->out;
    bool fits = wanted && f->thumb.size > 0 && p->picture_bytes + f->thumb.size <= PICTURES_MAX;
    buf_add_text(b, "<a class=\"frame\" tabindex=\"-1\" aria-hidden=\"true\" href=\"");
    add_url(b, f->path);
    buf_add_text(b, "\">");
    if (fits) {
        buf_add_text(b, "<img alt=\"\" decoding=\"async\" src=\"data:image/jpeg;base64,");
        buf_add_base64(b, f->thumb.data, f->thumb.size);
        buf_add_text(b, "\">");
        p->picture_bytes += f->thumb.size;
    } else {
        p->without_picture++;
        buf_add_text(b, "<span>no picture here; the name opens the file</span>");
    }
    buf_add_text(b, "</a>");
}

static void add_facts(struct buf *b, const lk_dups_file *f) {
    buf_printf(b, "<p class=\"facts\">%d &times; %d, ", f->width, f->height);
    buf_add_html(b, f->format);
    buf_add_text(b, ", ");
    add_bytes(b, f->bytes);
    buf_add_text(b, "</p>");
}

static void add_kept(struct dups_page *p, const lk_dups_group *g) {
    struct buf *b = &p->out;
    buf_add_text(b, "<li class=\"kept\">");
    add_picture(p, &g->files[0], true);
    buf_add_text(b, "<p class=\"what\"><span class=\"mark\">Kept</span> ");
    buf_add_html(b, g->reason);
    buf_add_text(b, "</p><p>");
    add_name(p, &g->files[0]);
    buf_add_text(b, "</p>");
    add_facts(b, &g->files[0]);
    buf_add_text(b, "</li>\n");
}

static void add_copy(struct dups_page *p, const lk_dups_file *f, const lk_tidy_file *t,
                     bool picture) {
    struct buf *b = &p->out;
    buf_add_text(b, "<li>");
    add_picture(p, f, picture);
    buf_add_text(b, "<p class=\"what\">");
    buf_add_html(b, *f->words ? f->words : f->class_name);
    buf_printf(b, " <span class=\"facts\">score %.2f</span></p><p>", f->score);
    add_name(p, f);
    buf_add_text(b, "</p>");
    add_facts(b, f);
    add_fate(p, t, "p");
    buf_add_text(b, "</li>\n");
}

static bool same_bytes(const lk_dups_group *g, size_t i) {
    return strcmp(g->files[i].sha256, g->files[0].sha256) == 0;
}

/* Copies of the very same bytes: lines, without a picture. */
static void add_same(struct dups_page *p, const lk_dups_group *g, const lk_tidy_file *tidy) {
    struct buf *b = &p->out;
    bool begun = false;
    for (size_t i = 1; i < g->count; i++) {
        if (same_bytes(g, i)) {
            buf_add_text(b, begun ? "" : "<ul class=\"same\" aria-label=\"The same bytes\">");
            buf_add_text(b, "<li><span>same bytes</span><span>");
            add_name(p, &g->files[i]);
            buf_add_text(b, "</span>");
            add_fate(p, &tidy[i], "span");
            buf_add_text(b, "</li>\n");
            begun = true;
        }
    }
    buf_add_text(b, begun ? "</ul>" : "");
}

static void add_group(struct dups_page *p, const lk_dups_group *g, const lk_tidy_file *tidy,
                      size_t number) {
    struct buf *b = &p->out;
    const char *kind = lk_dups_kind_name(g->kind);
    int64_t bytes = 0;
    for (size_t i = 1; i < g->count; i++) {
        bytes += g->files[i].bytes;
    }
    buf_printf(b,
               "<section class=\"group %s\" data-kind=\"%s\" id=\"g%zu\" tabindex=\"-1\" "
               "aria-labelledby=\"t%zu\">\n<div class=\"head\"><h2 id=\"t%zu\">Group %zu</h2>"
               "<span class=\"kind\">%s</span><span class=\"soft\">",
               kind, kind, number, number, number, number, kind);
    buf_printf(b, "%zu %s, ", g->count - 1, g->count == 2 ? "copy" : "copies");
    add_bytes(b, bytes);
    buf_add_text(b, "</span></div>\n<ul class=\"pictures\">\n");
    add_kept(p, g);
    for (size_t i = 1, with = 0; i < g->count; i++) {
        if (!same_bytes(g, i)) {
            add_copy(p, &g->files[i], &tidy[i], with++ < COPIES_WITH_PICTURE);
        }
    }
    buf_add_text(b, "</ul>");
    add_same(p, g, tidy);
    buf_add_text(b, "</section>\n");
}

static void add_head(struct dups_page *p) {
    struct buf *b = &p->out;
    buf_add_text(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "img-src data:; style-src ");
    asset_add_hash(b, &asset_dups_css);
    buf_add_text(b, "; script-src ");
    asset_add_hash(b, &asset_dups_js);
    buf_add_text(b, "; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
                    "trusted-types 'none'\">\n<meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\">\n<meta "
                    "name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" "
                    "content=\"no-referrer\">\n<title>");
    add_count(b, (int64_t)p->dups->count, "group");
    buf_add_text(b, " of duplicates</title>\n<style>");
    buf_add(b, asset_dups_css.data, asset_dups_css.size);
    buf_add_text(b, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#groups\">Skip to the "
                    "groups</a>\n");
}

static void add_lead(struct dups_page *p) {
    struct buf *b = &p->out;
    const lk_tidy *t = p->tidy;
    bool applied = t->done_files + t->failed_files > 0;
    buf_add_text(b, "<header>\n<h1>");
    add_count(b, (int64_t)p->dups->count, "group");
    buf_add_text(b, " of duplicates</h1>\n<p class=\"lead\">");
    if (applied) {
        add_count(b, t->done_files, "file");
        buf_printf(b, " dealt with (%s, ", lk_tidy_action_name(p->action));
        add_bytes(b, t->done_bytes);
        buf_add_text(b, ")");
        if (t->failed_files > 0) {
            buf_add_text(b, ", ");
            add_count(b, t->failed_files, "failure");
        }
    } else {
        add_count(b, t->planned_files, "file");
        buf_add_text(b, " could go, ");
        add_bytes(b, t->planned_bytes);
        buf_add_text(b, ". Nothing has been changed");
    }
    buf_add_text(b, ".</p>\n<p class=\"soft\">Of ");
    add_count(b, p->dups->files, "picture");
    buf_add_text(b, " that were looked at. Groups with most bytes to be had come first; each copy "
                    "was held against the very file that is kept.");
    if (p->common > 1) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%.*s", (int)MIN(p->common, sizeof folder - 1),
                 p->dups->groups[0].files[0].path);
        buf_add_text(b, " Folders are those below ");
        buf_add_html(b, folder);
    }
    buf_add_text(b, "</p>\n</header>\n");
}

/* A box for each kind that there is, then their labels: before the groups and beside them, as style goes from one to the other. */
static void add_filters(struct dups_page *p) {
    struct buf *b = &p->out;
    int64_t counts[LK_DUPS_KINDS] = {0};
    for (size_t i = 0; i < p->dups->count; i++) {
        counts[p->dups->groups[i].kind]++;
    }
    buf_add_text(b, "<main>\n");
    for (int k = 0; k < LK_DUPS_KINDS; k++) {
        if (counts[k] > 0) {
            buf_printf(b,
                       "<input type=\"checkbox\" class=\"pick\" id=\"pick-%s\" checked "
                       "autocomplete=\"off\" aria-label=\"Show %s\">\n",
                       lk_dups_kind_name((lk_dups_kind)k), lk_dups_kind_name((lk_dups_kind)k));
        }
    }
    buf_add_text(b, "<nav aria-label=\"Filter by kind\">");
    for (int k = 0; k < LK_DUPS_KINDS; k++) {
        if (counts[k] > 0) {
            const char *name = lk_dups_kind_name((lk_dups_kind)k);
            buf_printf(b, "<label for=\"pick-%s\"><b>%s</b> %lld</label>", name, name,
                       (long long)counts[k]);
        }
    }
    buf_add_text(b, "<span class=\"shown\" role=\"status\"></span></nav>\n");
}

static void add_tail(struct dups_page *p) {
    struct buf *b = &p->out;
    buf_add_text(b, "</div>\n</main>\n<footer>");
    if (p->without_picture > 0) {
        buf_add_text(b, "<p>");
        add_count(b, (int64_t)p->without_picture, "file");
        buf_add_text(b, " without a picture: a page holds 48 MB of them.</p>");
    }
    buf_add_text(b, "<p>Made by likeness. Everything is in this file: it loads nothing and sends "
                    "nothing. A score is 0 to 1, higher is more alike.</p></footer>\n<script>");
    buf_add(b, asset_dups_js.data, asset_dups_js.size);
    buf_add_text(b, "</script>\n</body>\n</html>\n");
}

lk_status lk_report_dups_html(lk_bytes *out, const lk_dups *dups, const lk_tidy *tidy,
                              lk_tidy_action action, lk_error *err) {
    struct dups_page p = {
        .dups = dups, .tidy = tidy, .action = action, .common = common_folder(dups)};
    size_t at = 0;
    *out = (lk_bytes){0};
    buf_init(&p.out, PAGE_MAX);
    add_head(&p);
    add_lead(&p);
    add_filters(&p);
    buf_add_text(&p.out, "<p class=\"keys\"><kbd>n</kbd> next group, <kbd>p</kbd> previous, "
                         "<kbd>1</kbd> to <kbd>6</kbd> show or hide a kind</p>\n"
                         "<div id=\"groups\" tabindex=\"-1\">\n");
    for (size_t i = 0; i < dups->count; i++) {
        add_group(&p, &dups->groups[i], tidy->files + at, i + 1);
        at += dups->groups[i].count;
    }
    if (dups->count == 0) {
        buf_add_text(&p.out, "<p class=\"none\">No two of the pictures are copies.</p>\n");
    }
    add_tail(&p);
    return buf_finish(&p.out, out, err);
}
