/* SPDX-License-Identifier: Apache-2.0 */
/* The map as one HTML file: the document of map_data.c, neighbours and thumbnails as base64, a style sheet and a script that its
 * own policy allows by their digests. The script is made of several files, which share one scope. */
#include <likeness/map_page.h>

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "report/assets.h"

#define PAGE_MAX ((size_t)1 << 30)

/* The body of showMap(data), in the order in which they are read. */
static const struct asset *const script_parts[] = {
    &asset_map_model_js, &asset_map_draw_js, &asset_map_camera_js,
    &asset_map_lists_js, &asset_map_page_js,
};
static const char script_begin[] = "((data) => {\n\"use strict\";\n",
                  script_end[] = "})(document);\n",
                  module_begin[] = "export function showMap(data) {\n", module_end[] = "}\n";

static void add_hash(struct buf *b, struct digest *d) {
    uint8_t sum[DIGEST_BYTES];
    digest_end(sum, d);
    buf_add_text(b, "'sha256-");
    buf_add_base64(b, sum, sizeof sum);
    buf_add_text(b, "'");
}

static void add_policy(struct buf *b) {
    struct digest style, script;
    digest_begin(&style);
    digest_add(&style, asset_map_css.data, asset_map_css.size);
    digest_begin(&script);
    digest_add(&script, script_begin, strlen(script_begin));
    for (size_t i = 0; i < ARRAY_COUNT(script_parts); i++) {
        digest_add(&script, script_parts[i]->data, script_parts[i]->size);
    }
    digest_add(&script, script_end, strlen(script_end));
    buf_add_text(b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src ");
    add_hash(b, &style);
    buf_add_text(b, "; script-src ");
    add_hash(b, &script);
    buf_add_text(b, "; base-uri 'none'; form-action 'none'; "
                    "require-trusted-types-for 'script'; trusted-types 'none'\">\n");
}

static void add_head(struct buf *b, const lk_map_page *p) {
    buf_add_text(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    add_policy(b);
    buf_add_text(b, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Map: ");
    buf_add_html(b, p->title);
    buf_add_text(b, "</title>\n<style>");
    buf_add(b, asset_map_css.data, asset_map_css.size);
    buf_add_text(b, "</style>\n</head>\n<body>\n");
}

static void add_script_parts(struct buf *b, const char *begin, const char *end) {
    buf_add_text(b, begin);
    for (size_t i = 0; i < ARRAY_COUNT(script_parts); i++) {
        buf_add(b, script_parts[i]->data, script_parts[i]->size);
    }
    buf_add_text(b, end);
}

lk_status lk_map_page_part(lk_bytes *out, lk_map_part part, lk_error *err) {
    struct buf b;
    buf_init(&b, PAGE_MAX);
    if (part == LK_MAP_MODULE) {
        add_script_parts(&b, module_begin, module_end);
    } else {
        const struct asset *a = part == LK_MAP_STYLE ? &asset_map_css : &asset_map_html;
        buf_add(&b, a->data, a->size);
    }
    return buf_finish(&b, out, err);
}

/* -- Data -- */

/* The JSON document; in a script element only "<" can end it. */
static lk_status add_document(struct buf *b, const lk_map_page *p, lk_error *err) {
    lk_bytes json;
    lk_status status = lk_map_page_json(&json, p, err);
    if (status != LK_OK) {
        return status;
    }
    buf_add_text(b, "<script type=\"application/json\" id=\"map-data\">");
    for (const char *s = (const char *)json.data; *s;) {
        size_t plain = strcspn(s, "<");
        buf_add(b, s, plain);
        s += plain;
        if (*s) {
            buf_add_text(b, "\\u003c");
            s++;
        }
    }
    buf_add_text(b, "</script>\n");
    lk_bytes_release(&json);
    return LK_OK;
}

static void add_bytes(struct buf *b, const char *id, const uint8_t *data, size_t size) {
    buf_printf(b, "<script type=\"text/plain\" id=\"%s\">", id);
    buf_add_base64(b, data, size);
    buf_add_text(b, "</script>\n");
}

/* Neighbours: a point each, its neighbours as four bytes, the low one first, then their cosines as two: (1 + cosine) / 2 x 65535.
 * */
static lk_status add_nearest(struct buf *b, const lk_similarity_map *m, lk_error *err) {
    size_t count = (size_t)m->count * (size_t)m->neighbours;
    uint8_t *bytes = mem_alloc(count, 6);
    if (!bytes) {
        return error_memory(err, count * 6);
    }
    for (size_t i = 0; i < count; i++) {
        double d = (double)m->distances[i], cosine = MAX(1 - d * d / 2, -1.0);
        uint32_t number = (uint32_t)m->nearest[i], level = (uint32_t)lround((1 + cosine) * 32767.5);
        for (size_t k = 0; k < 4; k++) {
            bytes[4 * i + k] = (uint8_t)(number >> 8 * k);
        }
        bytes[4 * count + 2 * i] = (uint8_t)level;
        bytes[4 * count + 2 * i + 1] = (uint8_t)(level >> 8);
    }
    add_bytes(b, "map-nearest", bytes, count * 6);
    mem_free(bytes);
    return LK_OK;
}

/* Pages of thumbnails; tile, columns and rows stand at the first element, sizes (less 1) in it. */
static lk_status add_thumbnails(struct buf *b, const lk_atlas *atlas, lk_error *err) {
    lk_atlas_info about = lk_atlas_about(atlas);
    uint8_t *sizes = mem_alloc((size_t)about.count, 2);
    if (!sizes) {
        return error_memory(err, (size_t)about.count * 2);
    }
    for (int32_t i = 0; i < about.count; i++) {
        int32_t width, height;
        lk_atlas_size(atlas, i, &width, &height);
        sizes[2 * i] = (uint8_t)(width - 1);
        sizes[2 * i + 1] = (uint8_t)(height - 1);
    }
    buf_printf(b,
               "<script type=\"text/plain\" id=\"map-sizes\" data-tile=\"%d\" data-columns=\"%d\" "
               "data-rows=\"%d\">",
               about.tile, about.columns, about.rows);
    buf_add_base64(b, sizes, (size_t)about.count * 2);
    buf_add_text(b, "</script>\n");
    for (int32_t i = 0; i < about.pages; i++) {
        const lk_bytes *page = lk_atlas_page(atlas, i);
        buf_add_text(b, "<script type=\"text/plain\" class=\"map-page\">");
        buf_add_base64(b, page->data, page->size);
        buf_add_text(b, "</script>\n");
    }
    mem_free(sizes);
    return LK_OK;
}

/* For a reader without a script: what was found, in words. */
static void add_noscript(struct buf *b, const lk_map_page *p) {
    buf_printf(
        b,
        "<noscript><p>%d pictures in %d groups. The map needs a script; likeness map --plain "
        "writes it as a table.</p></noscript>\n",
        p->map->count, p->map->cluster_count);
}

lk_status lk_map_page_html(lk_bytes *out, const lk_map_page *page, lk_error *err) {
    struct buf b;
    *out = (lk_bytes){0};
    buf_init(&b, PAGE_MAX);
    add_head(&b, page);
    add_noscript(&b, page);
    buf_add_text(&b, "<main class=\"map\">\n");
    buf_add(&b, asset_map_html.data, asset_map_html.size);
    buf_add_text(&b, "</main>\n");
    lk_status status = add_document(&b, page, err);
    status = status == LK_OK ? add_nearest(&b, page->map, err) : status;
    status = status == LK_OK && page->atlas ? add_thumbnails(&b, page->atlas, err) : status;
    if (status != LK_OK) {
        buf_release(&b);
        return status;
    }
    buf_add_text(&b, "<script>");
    add_script_parts(&b, script_begin, script_end);
    buf_add_text(&b, "</script>\n</body>\n</html>\n");
    return buf_finish(&b, out, err);
}
