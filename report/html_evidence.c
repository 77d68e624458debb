/* SPDX-License-Identifier: Apache-2.0 */
/* What the report shows: the pictures, numbered boxes over them, and each region close up. */
#include "report/html.h"

#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "image/resize.h"
#include "report/assets.h"

enum {
    SIDE_MAX = 1600,         /* of an embedded picture; keeps a page of a 12 MP pair near 1 MB */
    MATCHES_SIDE_MAX = 2400, /* two pictures side by side */
    LOSSLESS_PIXELS =
        512 *
        512, /* up to this a picture is embedded as PNG: no artefact to mistake for a difference */
    JPEG_QUALITY = 90,
    SIGHT_SIDE_MAX = 720,
    CROP_SIDE_MAX = 360,
    CROPS_MAX = 24,
    LISTED_MAX = 200,
};

/* The sides that a picture is shown with. */
struct shown {
    int32_t width, height;
    bool lossless;
};

static struct shown shown_of(const lk_image *image, int32_t side_max) {
    struct shown s = {.width = image->width, .height = image->height};
    int32_t longest = MAX(image->width, image->height);
    if (longest > side_max) {
        double scale = (double)side_max / longest;
        s.width = MAX((int32_t)lround(image->width * scale), 1);
        s.height = MAX((int32_t)lround(image->height * scale), 1);
    }
    s.lossless = (int64_t)s.width * s.height <= LOSSLESS_PIXELS;
    return s;
}

static lk_status encode(lk_bytes *out, struct page *p, const lk_image *image,
                        const struct shown *as, lk_error *err) {
    lk_image small = {0};
    lk_status status = LK_OK;
    *out = (lk_bytes){0};
    if (as->width != image->width || as->height != image->height) {
        status = image_resize(&small, p->engine, image, as->width, as->height, RESIZE_BICUBIC, err);
    }
    if (status == LK_OK) {
        status = lk_image_encode(out, small.data ? &small : image, p->engine,
                                 as->lossless ? "png" : "jpeg", JPEG_QUALITY, err);
    }
    lk_image_release(&small);
    return status;
}

/* For whoever wants the pictures; the bytes are theirs then. */
static lk_status hand_over(struct page *p, lk_bytes *bytes, lk_error *err) {
    lk_figures *to = p->taken;
    lk_bytes *items = mem_realloc(to->items, to->count + 1, sizeof *items);
    if (!items) {
        return error_memory(err, (to->count + 1) * sizeof *items);
    }
    to->items = items;
    to->items[to->count++] = *bytes;
    *bytes = (lk_bytes){0};
    return LK_OK;
}

/* " src=\"data:...\"" of the picture, reduced to side_max. */
static lk_status add_source(struct page *p, const lk_image *image, int32_t side_max,
                            lk_error *err) {
    const struct shown as = shown_of(image, side_max);
    const bool made = p->made && p->figures < p->made->count;
    lk_bytes fresh = {0};
    lk_status status = made ? LK_OK : encode(&fresh, p, image, &as, err);
    const lk_bytes *bytes = made ? &p->made->items[p->figures] : &fresh;
    p->figures++;
    if (status == LK_OK) {
        buf_printf(&p->out, " width=\"%d\" height=\"%d\" src=\"data:image/%s;base64,", as.width,
                   as.height, as.lossless ? "png" : "jpeg");
        buf_add_base64(&p->out, bytes->data, bytes->size);
        buf_add_text(&p->out, "\"");
        status = p->taken ? hand_over(p, &fresh, err) : LK_OK;
    }
    lk_bytes_release(&fresh);
    return status;
}

/* The regions that are listed: those that count first, each by its number. */
struct order {
    size_t at[LISTED_MAX], count, counting;
};

static struct order order_of(const struct page *p) {
    struct order o = {.count = 0};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < p->c->region_count && o.count < LISTED_MAX; i++) {
            if (html_counts(p, &p->c->regions[i]) == (pass == 0)) {
                o.at[o.count++] = i;
            }
        }
        o.counting = pass == 0 ? o.count : o.counting;
    }
    return o;
}

/* Boxes over a picture. Places are shares of it and line widths are pixels of the screen, so a box stays thin at any zoom. */
static void add_boxes(struct page *p) {
    const lk_comparison *c = p->c;
    double w = c->reference.width / 100.0, h = c->reference.height / 100.0;
    double air = fmax(w, h) / 2; /* so that the line does not cover what it points at */
    buf_add_text(&p->out, "<svg class=\"boxes\" aria-hidden=\"true\">");
    struct order o = order_of(p);
    for (size_t i = o.count; i > 0; i--) { /* worst on top */
        const lk_region *r = &c->regions[o.at[i - 1]];
        double x = (r->x - air) / w, y = (r->y - air) / h,
               flag = r->id < 10    ? 20
                      : r->id < 100 ? 28
                                    : 36;
        bool above = y > 6; /* else there is no room for the flag outside the box */
        buf_printf(&p->out, "<g data-region=\"%d\"%s>", r->id,
                   i > o.counting ? " class=\"minor\"" : "");
        for (int k = 0; k < 2; k++) {
            buf_printf(&p->out,
                       "<rect class=\"%s\" x=\"%.3f%%\" y=\"%.3f%%\" width=\"%.3f%%\" "
                       "height=\"%.3f%%\"/>",
                       k ? "edge" : "halo", x, y, (r->width + 2 * air) / w,
                       (r->height + 2 * air) / h);
        }
        buf_printf(&p->out,
                   "<g transform=\"translate(-1.5 %s)\"><rect class=\"flag\" x=\"%.3f%%\" "
                   "y=\"%.3f%%\" width=\"%.0f\" height=\"20\"/><text x=\"%.3f%%\" y=\"%.3f%%\" "
                   "dx=\"%.1f\" dy=\"14.5\">%d</text></g></g>",
                   above ? "-20" : "-1.5", x, y, flag, x, y, flag / 2, r->id);
    }
    buf_add_text(&p->out, "</svg>");
}

struct figure {
    const char *id, *caption, *alt;
    bool boxes;
    int32_t side_max;
};

static const struct figure reference_figure = {
    "reference", "Reference", "The reference, differing regions boxed and numbered", true,
    SIDE_MAX};
static const struct figure photo_figure = {
    "photo", "Photo, brought onto the reference",
    "The photo brought onto the reference, differing regions boxed and numbered", true, SIDE_MAX};
/* The pair was measured as it is: nothing was brought anywhere. */
static const struct figure unmoved_figure = {
    "photo", "Photo", "The photo, differing regions boxed and numbered", true, SIDE_MAX};
static const struct figure heat_figure = {"heat", "Heat map: bright is different",
                                          "The reference in gray under a map of differences", false,
                                          SIDE_MAX};
static const struct figure map_figure = {"difference",
                                         "Difference only: dark is equal, bright is different",
                                         "The map of differences", false, SIDE_MAX};
static const struct figure matches_figure = {
    "matches", "Matched points: thick and green agree on one view, thin and gray were dropped",
    "Reference and photo as taken, side by side, matched points joined by lines", false,
    MATCHES_SIDE_MAX};

/* data-width and data-height: the frame that coordinates mean; the embedded picture may be smaller. */
static lk_status add_figure(struct page *p, const struct figure *f, const lk_image *image,
                            lk_error *err) {
    buf_printf(&p->out,
               "<figure data-width=\"%d\" data-height=\"%d\"><div class=\"frame\">"
               "<img id=\"pic-%s\" alt=\"%s\"",
               image->width, image->height, f->id, f->alt);
    lk_status status = add_source(p, image, f->side_max, err);
    buf_add_text(&p->out, ">");
    if (f->boxes) {
        add_boxes(p);
    }
    buf_printf(&p->out, "</div><figcaption>%s</figcaption></figure>\n", f->caption);
    return status;
}

static lk_status add_drawn(struct page *p, const struct figure *f, lk_picture_kind kind,
                           lk_error *err) {
    lk_image image;
    lk_status status = lk_report_picture(&image, p->c, kind, err);
    status = status == LK_OK ? add_figure(p, f, &image, err) : status;
    lk_image_release(&image);
    return status;
}

static lk_status add_figures(struct page *p, lk_error *err) {
    const lk_comparison *c = p->c;
    lk_status status = add_figure(p, &reference_figure, &c->reference, err);
    bool moved = c->alignment.model != LK_ALIGN_NONE;
    status = status == LK_OK
                 ? add_figure(p, moved ? &photo_figure : &unmoved_figure, &c->aligned, err)
                 : status;
    if (c->difference.data) {
        status = status == LK_OK ? add_drawn(p, &heat_figure, LK_PICTURE_HEAT, err) : status;
        status = status == LK_OK ? add_drawn(p, &map_figure, LK_PICTURE_MAP, err) : status;
    }
    if (c->alignment.pairs && c->alignment.matches > 0 && c->photo.data) {
        status = status == LK_OK ? add_drawn(p, &matches_figure, LK_PICTURE_MATCHES, err) : status;
    }
    return status;
}

static void add_list_item(struct page *p, const lk_region *r, bool has_crop) {
    char words[96];
    buf_printf(&p->out,
               "<li><a href=\"#region-%d\" data-region=\"%d\"><span class=\"flag\">%d</span>"
               "<span class=\"kind\">%s</span><span class=\"where\">%d × %d px at %d, "
               "%d</span><span class=\"severity\">severity %.2f",
               has_crop ? r->id : 0, r->id, r->id, lk_region_words(words, sizeof words, r),
               r->width, r->height, r->x, r->y, r->severity);
    html_bar(p, r->severity);
    buf_add_text(&p->out, "</span></a></li>\n");
}

static void add_region_list(struct page *p) {
    const lk_comparison *c = p->c;
    struct buf *b = &p->out;
    buf_add_text(b, "<nav class=\"region-list\" aria-labelledby=\"h-list\">\n"
                    "<h3 id=\"h-list\">Regions</h3>\n");
    if (c->region_count == 0) {
        buf_add_text(
            b, c->difference.data
                   ? "<p>No region differs.</p>\n</nav>\n"
                   : "<p>No regions: the two could not be laid over one another.</p>\n</nav>\n");
        return;
    }
    struct order o = order_of(p);
    for (int part = 0; part < 2; part++) {
        size_t from = part ? o.counting : 0, to = part ? o.count : o.counting;
        if (from == to) {
            buf_add_text(b, part ? "" : "<p>No region counts by the policy.</p>\n");
            continue;
        }
        buf_add_text(b, part ? "<h3>Below the policy's limits</h3>\n<ol class=\"minor\">\n"
                             : "<ol>\n");
        for (size_t i = from; i < to; i++) {
            add_list_item(p, &c->regions[o.at[i]], i < CROPS_MAX);
        }
        buf_add_text(b, "</ol>\n");
    }
    if (c->region_count > LISTED_MAX) {
        buf_printf(b, "<p>and %zu more.</p>\n", c->region_count - LISTED_MAX);
    }
    buf_add_text(b, "</nav>\n");
}

lk_status html_pictures(struct page *p, lk_error *err) {
    buf_add_text(&p->out,
                 "<section id=\"pictures\" aria-labelledby=\"h-pictures\" tabindex=\"-1\">\n"
                 "<h2 id=\"h-pictures\">Pictures</h2>\n");
    if (!p->c->reference.data || !p->c->aligned.data) {
        buf_add_text(&p->out, "<p>The comparison was made without keeping pictures.</p>\n");
        add_region_list(p);
        buf_add_text(&p->out, "</section>\n");
        return LK_OK;
    }
    buf_add_text(&p->out, "<div class=\"compare\">\n<div class=\"stage-side\">\n");
    buf_add(&p->out, asset_viewer_html.data, asset_viewer_html.size);
    buf_add_text(&p->out, "<div class=\"figures\">\n");
    lk_status status = add_figures(p, err);
    buf_add_text(&p->out, "</div>\n</div>\n");
    add_region_list(p);
    buf_add_text(&p->out, "</div>\n</section>\n");
    return status;
}

struct crop {
    int32_t x, y, width, height;
};

/* The box with surroundings, since a difference is judged by what is around it, and never narrower than half its length. */
static struct crop crop_around(const lk_region *r, const lk_image *frame) {
    int32_t margin_x = MAX(MAX(r->width * 2 / 5, 24), (r->height / 2 - r->width) / 2);
    int32_t margin_y = MAX(MAX(r->height * 2 / 5, 24), (r->width / 2 - r->height) / 2);
    int32_t left = MAX(r->x - margin_x, 0), top = MAX(r->y - margin_y, 0);
    int32_t right = MIN(r->x + r->width + margin_x, frame->width),
            bottom = MIN(r->y + r->height + margin_y, frame->height);
    return (struct crop){left, top, right - left, bottom - top};
}

static lk_status add_crop(struct page *p, const lk_image *from, const struct crop *crop,
                          const char *what, int32_t id, lk_error *err) {
    lk_image image = {0};
    lk_status status = image_crop(&image, from, crop->x, crop->y, crop->width, crop->height, err);
    if (status == LK_OK) {
        buf_printf(&p->out, "<figure><img alt=\"Region %d: %s\"", id, what);
        status = add_source(p, &image, CROP_SIDE_MAX, err);
        buf_printf(&p->out, "><figcaption>%s</figcaption></figure>", what);
    }
    lk_image_release(&image);
    return status;
}

static lk_status add_region(struct page *p, const lk_region *r, const lk_image *heat,
                            lk_error *err) {
    char words[96];
    struct crop crop = crop_around(r, &p->c->reference);
    if (crop.width < 1 || crop.height < 1) { /* a box outside the reference shows nothing */
        return LK_OK;
    }
    buf_printf(&p->out,
               "<article class=\"crop%s\" id=\"region-%d\"><h3><span class=\"flag\">%d</span> %s "
               "<span class=\"where\">%d × %d px at %d, %d · area %lld px · severity "
               "%.2f</span></h3>\n<div class=\"triple%s\">",
               html_counts(p, r) ? "" : " minor", r->id, r->id,
               lk_region_words(words, sizeof words, r), r->width, r->height, r->x, r->y,
               (long long)r->area_px, r->severity, 5 * crop.height > 4 * crop.width ? " tall" : "");
    lk_status status = add_crop(p, &p->c->reference, &crop, "Reference", r->id, err);
    status = status == LK_OK ? add_crop(p, &p->c->aligned, &crop, "Photo", r->id, err) : status;
    if (heat->data) {
        status = status == LK_OK ? add_crop(p, heat, &crop, "Difference", r->id, err) : status;
    }
    buf_add_text(&p->out, "</div></article>\n");
    return status;
}

lk_status html_regions(struct page *p, lk_error *err) {
    const lk_comparison *c = p->c;
    lk_image heat = {0};
    if (c->region_count == 0 || !c->reference.data || !c->aligned.data) {
        return LK_OK;
    }
    lk_status status = LK_OK;
    if (c->difference.data) {
        status = lk_report_picture(&heat, c, LK_PICTURE_HEAT, err);
    }
    buf_add_text(&p->out, "<section class=\"crops\" aria-labelledby=\"h-crops\">\n"
                          "<h2 id=\"h-crops\">Regions close up</h2>\n");
    struct order o = order_of(p);
    for (size_t i = 0; status == LK_OK && i < MIN(o.count, (size_t)CROPS_MAX); i++) {
        if (i == o.counting) {
            buf_add_text(&p->out, "<h3 class=\"below\">Below the policy's limits: no changes by "
                                  "its measure</h3>\n");
        }
        status = add_region(p, &c->regions[o.at[i]], &heat, err);
    }
    if (c->region_count > CROPS_MAX) {
        buf_printf(&p->out,
                   "<p id=\"region-0\">The %zu less severe ones are not shown close up.</p>\n",
                   c->region_count - CROPS_MAX);
    }
    buf_add_text(&p->out, "</section>\n");
    lk_image_release(&heat);
    return status;
}

/* The pictures that measures drew, each under what it shows. */
lk_status html_measure_pictures(struct page *p, lk_error *err) {
    lk_status status = LK_OK;
    bool begun = false;
    for (size_t i = 0; status == LK_OK && i < p->c->measure_count; i++) {
        const lk_measure_result *m = &p->c->measures[i];
        if (!m->picture.data) {
            continue;
        }
        if (!begun) {
            buf_add_text(&p->out,
                         "<section aria-labelledby=\"h-sights\">\n<h2 id=\"h-sights\">What the "
                         "measures see</h2>\n<div class=\"sights\">\n");
        }
        begun = true;
        buf_add_text(&p->out, "<figure class=\"sight\"><img alt=\"");
        buf_add_html(&p->out, m->info->title);
        buf_add_text(&p->out, ", drawn\"");
        status = add_source(p, &m->picture, SIGHT_SIDE_MAX, err);
        buf_printf(&p->out, "><figcaption><strong>");
        buf_add_html(&p->out, m->info->title);
        buf_add_text(&p->out, "</strong> ");
        buf_add_html(&p->out, m->info->picture);
        buf_add_text(&p->out, "</figcaption></figure>\n");
    }
    buf_add_text(&p->out, begun ? "</div>\n</section>\n" : "");
    return status;
}
