/* SPDX-License-Identifier: Apache-2.0 */
/* A diff of two folders as one HTML file: no script, its own policy lets it load nothing, every text from outside is escaped.
 * Pictures are made again from the files, at most SHOWN of them, so that a folder of thousands needs no more memory. */
#include <likeness/report.h>

#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/engine.h"
#include "image/resize.h"

enum {
    PAGE_MAX = 256 << 20,
    SHOWN = 100,
    SIDE_MAX = 900,
    JPEG_QUALITY = 85,
    DIFF_COLOUR = 0xe60000
};

static const char style[] =
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:84rem;margin:0 auto;padding:1.5rem}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;overflow-wrap:anywhere;margin:2.5rem 0 .25rem}"
    "p{margin:.25rem 0}"
    ".row{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:1rem;"
    "margin-top:.75rem}"
    "figure{margin:0}figcaption{font-size:.875rem;opacity:.8}"
    "img{max-width:100%;height:auto;border:1px solid #8888;image-rendering:pixelated}"
    "table{border-collapse:collapse;margin-top:1rem}"
    "td,th{text-align:left;padding:.15rem 1rem .15rem 0;overflow-wrap:anywhere}"
    ".changed,.failed{color:#b32d00}@media(prefers-color-scheme:dark){.changed,.failed{color:#"
    "ff9d66}}";

struct tree_page {
    struct buf out;
    lk_engine *engine;
    const lk_tree *tree;
    const char *folders[2];
    const lk_diff_options *options;
};

/* A figure with the picture inside, made smaller when it is large. */
static lk_status add_figure(struct tree_page *p, const lk_image *image, const char *caption,
                            lk_error *err) {
    lk_image rgb = {0}, small = {0};
    lk_bytes bytes = {0};
    int32_t side = MAX(image->width, image->height);
    lk_status status = colour_to_rgb8(&rgb, image, err);
    const lk_image *shown = &rgb;
    if (status == LK_OK && side > SIDE_MAX) {
        int32_t width = MAX((int32_t)((int64_t)image->width * SIDE_MAX / side), 1);
        int32_t height = MAX((int32_t)((int64_t)image->height * SIDE_MAX / side), 1);
        status = image_resize(&small, p->engine, &rgb, width, height, RESIZE_BOX, err);
        shown = &small;
    }
    status = status == LK_OK ? lk_image_encode(&bytes, shown, p->engine, "jpeg", JPEG_QUALITY, err)
                             : status;
    if (status == LK_OK) {
        buf_printf(&p->out,
                   "<figure><figcaption>%s</figcaption><img alt=\"%s\" width=\"%d\" "
                   "height=\"%d\" src=\"data:image/jpeg;base64,",
                   caption, caption, shown->width, shown->height);
        buf_add_base64(&p->out, bytes.data, bytes.size);
        buf_add_text(&p->out, "\"></figure>\n");
    }
    lk_bytes_release(&bytes);
    lk_image_release(&small);
    lk_image_release(&rgb);
    return status;
}

static lk_status load(lk_image *out, struct tree_page *p, int side, const char *path,
                      lk_error *err) {
    static const lk_load_options options = {.no_digest = true};
    *out = (lk_image){0};
    char *full = folder_join(p->folders[side], path);
    lk_status status =
        full ? lk_image_load(out, NULL, p->engine, full, &options, err) : error_memory(err, 0);
    mem_free(full);
    return status;
}

/* Expected, actual and, where the sizes allow it, the difference. A file that has changed or gone since is left out. */
static lk_status add_pictures(struct tree_page *p, const lk_tree_file *f, lk_error *err) {
    lk_image a, b = {0}, shown = {0};
    lk_diff_result result = {0};
    lk_status status = load(&a, p, 0, f->path, err);
    status = status == LK_OK ? load(&b, p, 1, f->path, err) : status;
    buf_add_text(&p->out, "<div class=\"row\">\n");
    if (status == LK_OK) {
        status = add_figure(p, &a, "expected", err);
        status = status == LK_OK ? add_figure(p, &b, "actual", err) : status;
        status = status == LK_OK ? lk_diff(&result, p->engine, &a, &b, p->options, err) : status;
        if (status == LK_OK && !result.size_differs) {
            status = lk_diff_picture(&shown, &result, &a, &b, LK_DIFF_BOX, DIFF_COLOUR, err);
            status = status == LK_OK ? add_figure(p, &shown, "difference", err) : status;
        }
    }
    buf_add_text(&p->out, "</div>\n");
    lk_diff_result_release(&result);
    lk_image_release(&shown);
    lk_image_release(&a);
    lk_image_release(&b);
    return status == LK_E_MEMORY || status == LK_E_CANCELLED ? status : LK_OK;
}

static void add_changed_head(struct tree_page *p, const lk_tree_file *f) {
    const lk_diff_result *r = &f->result;
    size_t same = 0;
    for (size_t i = 0; f->group && i < p->tree->count; i++) {
        same += p->tree->files[i].group == f->group;
    }
    buf_add_text(&p->out, "<h2>");
    buf_add_html(&p->out, f->path);
    buf_add_text(&p->out, "</h2>\n<p class=\"changed\">");
    if (r->size_differs && r->pixels == 0) {
        buf_printf(&p->out, "sizes %dx%d and %dx%d", r->sizes[0], r->sizes[1], r->sizes[2],
                   r->sizes[3]);
    } else {
        buf_printf(&p->out, "%lld px (%.2f %%) in %zu region%s", (long long)r->diff_pixels,
                   r->diff_ratio * 100, r->region_count, r->region_count == 1 ? "" : "s");
        char words[160];
        if (*lk_moves_words(words, sizeof words, r->regions, r->region_count)) {
            buf_printf(&p->out, "; %s", words);
        }
    }
    buf_add_text(&p->out, "</p>\n");
    if (same > 1) {
        buf_printf(&p->out, "<p>same change in %zu other file%s</p>\n", same - 1,
                   same == 2 ? "" : "s");
    }
}

static lk_status add_changed(struct tree_page *p, lk_error *err) {
    lk_status status = LK_OK;
    size_t shown = 0;
    for (size_t i = 0; status == LK_OK && i < p->tree->count; i++) {
        const lk_tree_file *f = &p->tree->files[i];
        if (f->state == LK_TREE_CHANGED) {
            add_changed_head(p, f);
            status = shown++ < SHOWN ? add_pictures(p, f, err) : LK_OK;
        }
    }
    if (shown > SHOWN) {
        buf_printf(&p->out, "<p>Pictures are shown of the first %d changed files.</p>\n", SHOWN);
    }
    return status;
}

/* New, missing and unreadable files, then those that are equal. */
static void add_rest(struct tree_page *p) {
    static const lk_tree_state order[] = {LK_TREE_FAILED, LK_TREE_NEW, LK_TREE_MISSING, LK_TREE_OK};
    buf_add_text(&p->out, "<h2>Other files</h2>\n<table><tr><th>State</th><th>File</th></tr>\n");
    for (size_t s = 0; s < ARRAY_COUNT(order); s++) {
        for (size_t i = 0; i < p->tree->count; i++) {
            const lk_tree_file *f = &p->tree->files[i];
            if (f->state == order[s]) {
                const char *name = lk_tree_state_name(f->state);
                buf_printf(&p->out, "<tr><td class=\"%s\">%s</td><td>", name, name);
                buf_add_html(&p->out, f->path);
                if (f->state == LK_TREE_FAILED) {
                    buf_add_text(&p->out, ": ");
                    buf_add_html(&p->out, f->err.text);
                }
                buf_add_text(&p->out, "</td></tr>\n");
            }
        }
    }
    buf_add_text(&p->out, "</table>\n");
}

static void add_head(struct tree_page *p) {
    const size_t *n = p->tree->counts;
    struct buf *b = &p->out;
    buf_add_text(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action "
                    "'none'\">\n<meta name=\"viewport\" content=\"width=device-width, "
                    "initial-scale=1\">\n");
    buf_printf(b, "<title>%zu changed, %zu ok</title>\n<style>%s</style>\n</head>\n<body>\n",
               n[LK_TREE_CHANGED], n[LK_TREE_OK], style);
    buf_printf(b, "<h1>%zu changed, %zu ok, %zu new, %zu missing, %zu failed</h1>\n<p>",
               n[LK_TREE_CHANGED], n[LK_TREE_OK], n[LK_TREE_NEW], n[LK_TREE_MISSING],
               n[LK_TREE_FAILED]);
    buf_add_html(b, p->folders[0]);
    buf_add_text(b, " (expected) against ");
    buf_add_html(b, p->folders[1]);
    buf_add_text(b, " (actual)</p>\n");
}

lk_status lk_report_tree_html(lk_bytes *out, lk_engine *engine, const lk_tree *tree, const char *a,
                              const char *b, const lk_diff_options *options, lk_error *err) {
    struct tree_page p = {.engine = engine, .tree = tree, .folders = {a, b}, .options = options};
    *out = (lk_bytes){0};
    buf_init(&p.out, PAGE_MAX);
    add_head(&p);
    lk_status status = add_changed(&p, err);
    if (status != LK_OK) {
        buf_release(&p.out);
        return status;
    }
    add_rest(&p);
    buf_add_text(&p.out, "</body>\n</html>\n");
    return buf_finish(&p.out, out, err);
}
