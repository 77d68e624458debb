/* SPDX-License-Identifier: Apache-2.0 */
/* One HTML file that needs nothing else: styles, script and pictures are inside, and its own content security policy lets it
 * load nothing. The script and the style sheet are allowed by their digests, so text from outside (file names) that slipped
 * through the escaping could still not run. Without a script the page shows the same pictures and tables, unadorned. */
#include "report/html.h"

#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "report/assets.h"

enum { PAGE_MAX = 64 << 20 };

void asset_add_hash(struct buf *b, const struct asset *asset) {
    char hex[65];
    uint8_t digest[32];
    digest_sha256_hex(hex, asset->data, asset->size);
    for (size_t i = 0; i < sizeof digest; i++) {
        const char *digits = "0123456789abcdef";
        digest[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                              (strchr(digits, hex[2 * i + 1]) - digits));
    }
    buf_add_text(b, "'sha256-");
    buf_add_base64(b, digest, sizeof digest);
    buf_add_text(b, "'");
}

static void add_asset(struct buf *b, const struct asset *asset) {
    buf_add(b, asset->data, asset->size);
}

static void add_head(struct page *p) {
    struct buf *b = &p->out;
    buf_add_text(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "img-src data:; style-src ");
    asset_add_hash(b, &asset_viewer_css);
    buf_add_text(b, "; script-src ");
    asset_add_hash(b, &asset_viewer_js);
    buf_add_text(b, "; base-uri 'none'; form-action 'none'; "
                    "require-trusted-types-for 'script'; trusted-types 'none'\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    buf_printf(b, "%s: ", html_verdict_word(p));
    buf_add_html(b, html_file_name(&p->c->inputs[0]));
    buf_add_text(b, " and ");
    buf_add_html(b, html_file_name(&p->c->inputs[1]));
    buf_add_text(b, "</title>\n<style>");
    add_asset(b, &asset_viewer_css);
    buf_add_text(b, "</style>\n</head>\n<body>\n"
                    "<a class=\"skip\" href=\"#pictures\">Skip to the pictures</a>\n");
}

/* The JSON document, for the viewer and for programs that are handed the page. In a script element only "<" can end it. */
static lk_status add_data(struct page *p, lk_error *err) {
    lk_bytes json;
    lk_status status = p->v ? lk_report_verify_json(&json, p->v, false, err)
                            : lk_report_json(&json, p->c, false, err);
    if (status != LK_OK) {
        return status;
    }
    buf_add_text(&p->out, "<script type=\"application/json\" id=\"result\">");
    for (const char *s = (const char *)json.data; *s;) {
        size_t plain = strcspn(s, "<");
        buf_add(&p->out, s, plain);
        s += plain;
        if (*s) {
            buf_add_text(&p->out, "\\u003c");
            s++;
        }
    }
    buf_add_text(&p->out, "</script>\n");
    lk_bytes_release(&json);
    return LK_OK;
}

static lk_status add_body(struct page *p, lk_error *err) {
    html_verdict(p);
    buf_add_text(&p->out, "<main>\n");
    html_answers(p);
    html_rivals(p);
    html_aspects(p);
    html_warnings(p);
    html_inputs(p);
    lk_status status = html_record(p, err);
    status = status == LK_OK ? html_pictures(p, err) : status;
    status = status == LK_OK ? html_regions(p, err) : status;
    html_basis(p);
    html_alignment(p);
    html_measures(p);
    status = status == LK_OK ? html_measure_pictures(p, err) : status;
    buf_add_text(&p->out,
                 "</main>\n<footer><p>Made by likeness. Everything is in this file: it loads "
                 "nothing and sends nothing. Coordinates are pixels of the reference, origin top "
                 "left. A score is 0 to 1, higher is more alike.</p></footer>\n");
    status = status == LK_OK ? add_data(p, err) : status;
    buf_add_text(&p->out, "<script>");
    add_asset(&p->out, &asset_viewer_js);
    buf_add_text(&p->out, "</script>\n</body>\n</html>\n");
    return status;
}

static lk_status make_page(lk_bytes *out, struct page *p, lk_error *err) {
    *out = (lk_bytes){0};
    buf_init(&p->out, PAGE_MAX);
    add_head(p);
    lk_status status = add_body(p, err);
    if (status != LK_OK) {
        buf_release(&p->out);
        return status;
    }
    return buf_finish(&p->out, out, err);
}

lk_status lk_report_html(lk_bytes *out, lk_engine *engine, const lk_comparison *c, lk_error *err) {
    struct page p = {.engine = engine, .c = c};
    return make_page(out, &p, err);
}

lk_status lk_report_verify_html(lk_bytes *out, lk_engine *engine, const lk_verification *v,
                                lk_error *err) {
    return lk_report_verify_html_of(out, engine, v, NULL, err);
}

lk_status lk_report_verify_html_of(lk_bytes *out, lk_engine *engine, const lk_verification *v,
                                   const lk_figures *figures, lk_error *err) {
    struct page p = {.engine = engine, .c = &v->comparison, .v = v, .made = figures};
    return make_page(out, &p, err);
}

lk_status lk_report_verify_figures(lk_figures *out, lk_engine *engine, const lk_verification *v,
                                   lk_error *err) {
    struct page p = {.engine = engine, .c = &v->comparison, .v = v, .taken = out};
    lk_bytes page;
    *out = (lk_figures){0};
    lk_status status = make_page(&page, &p, err);
    lk_bytes_release(&page);
    if (status != LK_OK) {
        lk_figures_release(out);
    }
    return status;
}

void lk_figures_release(lk_figures *figures) {
    for (size_t i = 0; i < figures->count; i++) {
        lk_bytes_release(&figures->items[i]);
    }
    mem_free(figures->items);
    *figures = (lk_figures){0};
}
