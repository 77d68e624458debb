/* SPDX-License-Identifier: Apache-2.0 */
/* What the report says in words and numbers: verdict, inputs, how the photo was moved, measures. */
#include "report/html.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"

const char *html_file_name(const lk_image_info *info) {
    const char *slash = strrchr(info->path, '/');
    return info->path[0] == '\0' ? "unnamed" : slash && slash[1] ? slash + 1 : info->path;
}

void html_bar(struct page *p, double value) {
    buf_printf(&p->out,
               "<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" "
               "aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"4\"/>"
               "<rect class=\"fill\" width=\"%.1f\" height=\"4\"/></svg>",
               100 * fmin(fmax(value, 0), 1));
}

/* Class, word and the strokes of the symbol on a grid of 48: a verdict is never colour alone. */
static const struct {
    const char *id, *word, *meaning, *strokes;
} verdict_table[] = {
    [LK_SAME] = {"same", "Same", "Both pictures show the same thing.", "M14 19h20M14 29h20"},
    [LK_DIFFERENT] = {"different", "Different", "The pictures show different things.",
                      "M14 19h20M14 29h20M31 12L17 36"},
    [LK_CANNOT_TELL] = {"cannot-tell", "Cannot tell",
                        "The evidence does not carry an answer either way.",
                        "M17 19c0-10 14-10 14 0 0 5-7 5-7 10M24 35.5v.1"},
};

static void add_score(struct page *p) {
    struct buf *b = &p->out;
    double value = p->v ? p->v->probability : p->c->score;
    buf_printf(b,
               "<div class=\"score\"><span class=\"label\">%s</span> "
               "<span class=\"number\">%.3f</span>",
               p->v ? "Probability" : "Score", value);
    html_bar(p, value);
    buf_printf(b, "<span class=\"hint\">%s</span></div>\n",
               p->v ? "of showing the same thing" : "0 nothing alike, 1 identical");
}

const char *html_verdict_word(const struct page *p) {
    lk_verdict verdict = p->v ? p->v->verdict : p->c->verdict;
    static const char *const same[] = {[LK_INTACT] = "Same",
                                       [LK_ALTERED] = "Same, altered",
                                       [LK_INTACT_UNKNOWN] = "Same, changes unknown"};
    return p->v && verdict == LK_SAME ? same[p->v->intact] : verdict_table[verdict].word;
}

void html_verdict(struct page *p) {
    const lk_comparison *c = p->c;
    lk_verdict verdict = p->v ? p->v->verdict : c->verdict;
    const char(*reasons)[200] = p->v ? p->v->reasons : c->reasons;
    int32_t count = p->v ? p->v->reason_count : c->reason_count;
    struct buf *b = &p->out;
    buf_printf(b,
               "<header class=\"verdict %s\">\n<p class=\"eyebrow\">%s report</p>\n"
               "<h1><svg class=\"symbol\" viewBox=\"0 0 48 48\" aria-hidden=\"true\">"
               "<circle cx=\"24\" cy=\"24\" r=\"22\"/><path d=\"%s\"/></svg>%s</h1>\n",
               verdict_table[verdict].id, p->v ? "Verification" : "Comparison",
               verdict_table[verdict].strokes, html_verdict_word(p));
    buf_printf(b, "<p class=\"meaning\">%s", verdict_table[verdict].meaning);
    size_t changes = p->v ? (size_t)p->v->changes : c->region_count;
    if (changes > 0 && verdict == LK_SAME) {
        buf_printf(b, " They differ in %zu place%s.", changes, changes == 1 ? "" : "s");
    }
    buf_add_text(b, "</p>\n");
    add_score(p);
    buf_add_text(b, count > 0 ? "<ul class=\"reasons\">\n" : "");
    for (int32_t i = 0; i < count; i++) {
        buf_add_text(b, "<li>");
        buf_add_html(b, reasons[i]);
        buf_add_text(b, "</li>\n");
    }
    buf_add_text(b, count > 0 ? "</ul>\n</header>\n" : "</header>\n");
}

void html_aspects(struct page *p) {
    struct buf *b = &p->out;
    if (p->c->aspect_count == 0) {
        return;
    }
    buf_add_text(b,
                 "<section aria-labelledby=\"h-aspects\">\n<h2 id=\"h-aspects\">At a glance</h2>\n"
                 "<dl class=\"aspects\">\n");
    for (int32_t i = 0; i < p->c->aspect_count; i++) {
        const lk_aspect_result *a = &p->c->aspects[i];
        buf_printf(b, "<div><dt>%s</dt><dd class=\"figure\">", lk_aspect_name(a->aspect));
        if (a->known) {
            buf_printf(b, "%.2f", a->score);
            html_bar(p, a->score);
        } else {
            buf_add_text(b, "–");
        }
        buf_add_text(b, "</dd><dd>");
        buf_add_html(b, a->reason);
        buf_add_text(b, "</dd></div>\n");
    }
    buf_add_text(b, "</dl>\n</section>\n");
}

void html_warnings(struct page *p) {
    if (p->c->warning_count == 0) {
        return;
    }
    buf_add_text(&p->out, "<section class=\"warnings\" aria-labelledby=\"h-warnings\">\n"
                          "<h2 id=\"h-warnings\">Mind</h2>\n<ul>\n");
    for (int32_t i = 0; i < p->c->warning_count; i++) {
        buf_add_text(&p->out, "<li>");
        buf_add_html(&p->out, p->c->warnings[i].text);
        buf_add_text(&p->out, " <code>");
        buf_add_html(&p->out, p->c->warnings[i].code);
        buf_add_text(&p->out, "</code></li>\n");
    }
    buf_add_text(&p->out, "</ul>\n</section>\n");
}

static void add_size(struct buf *b, int64_t bytes) {
    if (bytes >= 1000000) {
        buf_printf(b, "%.1f MB", (double)bytes / 1e6);
    } else if (bytes >= 1000) {
        buf_printf(b, "%.0f kB", (double)bytes / 1e3);
    } else {
        buf_printf(b, "%lld bytes", (long long)bytes);
    }
}

static void add_input(struct page *p, const char *role, const lk_image_info *info) {
    struct buf *b = &p->out;
    buf_printf(b, "<div class=\"input\">\n<h3>%s</h3>\n<p class=\"name\"><bdi>", role);
    buf_add_html(b, html_file_name(info));
    buf_printf(b, "</bdi></p>\n<p class=\"facts\">%d × %d", info->width, info->height);
    if (info->format[0]) {
        buf_add_text(b, " · ");
        buf_add_html(b, info->format);
    }
    if (info->file_bytes > 0) {
        buf_add_text(b, " · ");
        add_size(b, info->file_bytes);
    }
    if (info->orientation > 1) {
        buf_printf(b, " · turned upright (EXIF %d)", info->orientation);
    }
    if (info->icc_name[0]) {
        buf_add_text(b, " · ");
        buf_add_html(b, info->icc_name);
    }
    buf_add_text(b, "</p>\n");
    if (info->sha256[0]) {
        buf_printf(b, "<p class=\"digest\">sha256 <code>%s</code></p>\n", info->sha256);
    }
    if (info->warning[0]) {
        buf_add_text(b, "<p class=\"facts\">");
        buf_add_html(b, info->warning);
        buf_add_text(b, "</p>\n");
    }
    buf_add_text(b, "</div>\n");
}

void html_inputs(struct page *p) {
    buf_add_text(&p->out, "<section class=\"inputs\" aria-labelledby=\"h-inputs\">\n"
                          "<h2 id=\"h-inputs\" class=\"unseen\">Inputs</h2>\n");
    add_input(p, "Reference", &p->c->inputs[0]);
    add_input(p, "Photo", &p->c->inputs[1]);
    buf_add_text(&p->out, "</section>\n");
}

static void add_movement(struct buf *b, const lk_alignment *a) {
    static const char *const models[] = {"found by itself", "none", "shift", "affine",
                                         "perspective"};
    double turn = fabs(a->rotation_deg);
    buf_add_text(b, "<p>The photo was brought onto the reference before anything was measured. "
                    "In the photo the thing is ");
    if (turn >= 0.5) {
        buf_printf(b, "turned %.0f° %s, ", turn,
                   a->rotation_deg > 0 ? "clockwise" : "anticlockwise");
    } else {
        buf_add_text(b, "upright, ");
    }
    buf_printf(b, "shown at %.0f %% of its size in the reference", 100 * a->scale);
    if (a->tilt_deg >= 3) {
        buf_printf(b, ", and tilted away by about %.0f°", a->tilt_deg);
    }
    buf_printf(b, ". The photo shows %.0f %% of the reference.</p>\n", 100 * a->coverage);
    buf_printf(b, "<dl class=\"facts-list\">\n<div><dt>Model</dt><dd>%s</dd></div>\n",
               models[a->model]);
    buf_printf(b, "<div><dt>Agreeing points</dt><dd>%d of %d</dd></div>\n", a->inliers, a->matches);
    buf_printf(b, "<div><dt>Spread over the reference</dt><dd>%.0f %%</dd></div>\n",
               100 * a->spread);
    buf_printf(b, "<div><dt>Error of the points</dt><dd>%.2f px</dd></div>\n", a->rms_px);
    buf_printf(b, "<div><dt>Shift of the middle</dt><dd>%.1f, %.1f px</dd></div>\n</dl>\n",
               a->shift_x, a->shift_y);
}

void html_alignment(struct page *p) {
    const lk_alignment *a = &p->c->alignment;
    struct buf *b = &p->out;
    buf_add_text(b, "<section aria-labelledby=\"h-moved\">\n"
                    "<h2 id=\"h-moved\">How the photo was moved</h2>\n");
    if (a->model == LK_ALIGN_NONE) {
        buf_add_text(b, "<p>Not at all: the pair was measured as it is.</p>\n");
        if (a->matches > 0) {
            buf_printf(b, "<p>%d of %d matched points agree on one view.</p>\n", a->inliers,
                       a->matches);
        }
        buf_add_text(b, "</section>\n");
        return;
    }
    add_movement(b, a);
    buf_add_text(b, "<details><summary>Homography, photo to reference</summary>\n"
                    "<table class=\"matrix\"><caption class=\"unseen\">Homography, 3 rows by 3 "
                    "columns</caption><tbody>\n");
    for (int row = 0; row < 3; row++) {
        const double *h = a->homography + (ptrdiff_t)3 * row;
        buf_printf(b, "<tr><td>%.8g</td><td>%.8g</td><td>%.8g</td></tr>\n", h[0], h[1], h[2]);
    }
    buf_add_text(b, "</tbody></table></details>\n</section>\n");
}

/* For reading; all digits are in the JSON document. */
static void add_figure(struct buf *b, double value) {
    if (isfinite(value)) {
        buf_printf(b, "%.4g", value);
    } else {
        buf_add_text(b, isnan(value) ? "undefined" : value > 0 ? "∞" : "−∞");
    }
}

static void add_detail(struct buf *b, const lk_detail *d) {
    buf_add_text(b, "<div><dt>");
    for (const char *s = d->key; *s; s++) {
        buf_add(b, *s == '_' ? " " : s, 1);
    }
    buf_add_text(b, "</dt><dd>");
    switch (d->kind) {
    case LK_DETAIL_NUMBER: add_figure(b, d->number); break;
    case LK_DETAIL_INTEGER: buf_printf(b, "%.0f", d->number); break;
    case LK_DETAIL_BOOL: buf_add_text(b, d->number != 0 ? "yes" : "no"); break;
    case LK_DETAIL_TEXT: buf_add_html(b, d->text); break;
    case LK_DETAIL_NUMBERS:
        for (int32_t i = 0; i < d->count; i++) {
            buf_add_text(b, i ? ", " : "");
            add_figure(b, d->numbers[i]);
        }
        break;
    }
    buf_add_text(b, "</dd></div>\n");
}

static void add_measure(struct page *p, const lk_measure_result *m) {
    struct buf *b = &p->out;
    buf_add_text(b, "<tr><th scope=\"row\"><span class=\"title\">");
    buf_add_html(b, m->info->title);
    buf_printf(b, "</span> <code>%s@%d</code><p>", m->info->name, m->info->version);
    buf_add_html(b, m->info->summary);
    buf_add_text(b, "</p>");
    if (m->detail_count > 0) {
        buf_add_text(b, "<details><summary>Details</summary><dl class=\"facts-list\">\n");
        for (int32_t i = 0; i < m->detail_count; i++) {
            add_detail(b, &m->details[i]);
        }
        buf_add_text(b, "</dl></details>");
    }
    buf_add_text(b, "</th><td class=\"value\">");
    add_figure(b, m->value);
    if (m->info->unit[0]) {
        buf_add_text(b, " <span class=\"unit\">");
        buf_add_html(b, m->info->unit);
        buf_add_text(b, "</span>");
    }
    buf_printf(b, "<span class=\"sense\">%s is more alike</span></td><td class=\"score-cell\">%.3f",
               m->info->higher_is_more_alike ? "higher" : "lower", m->score);
    html_bar(p, m->score);
    buf_add_text(b, "</td></tr>\n");
}

/* The measures that answer to one aspect, under its name. */
static void add_group(struct page *p, lk_aspect aspect) {
    bool begun = false;
    for (size_t i = 0; i < p->c->measure_count; i++) {
        const lk_measure_result *m = &p->c->measures[i];
        if (m->info->aspect != aspect) {
            continue;
        }
        if (!begun) {
            buf_printf(&p->out,
                       "<tr class=\"aspect\"><th colspan=\"3\" scope=\"colgroup\">%s</th></tr>\n",
                       lk_aspect_name(aspect));
        }
        begun = true;
        add_measure(p, m);
    }
}

void html_measures(struct page *p) {
    struct buf *b = &p->out;
    buf_add_text(b,
                 "<section aria-labelledby=\"h-measures\">\n<h2 id=\"h-measures\">Measures</h2>\n");
    if (p->c->measure_count == 0) {
        buf_add_text(b, "<p>None was asked for.</p>\n</section>\n");
        return;
    }
    buf_add_text(
        b, "<table class=\"measures\"><caption>Value in the measure’s own unit and direction; "
           "score is the same brought to 0 to 1, higher is more alike.</caption>\n<thead><tr>"
           "<th scope=\"col\">Measure</th><th scope=\"col\">Value</th>"
           "<th scope=\"col\">Score</th></tr></thead>\n<tbody>\n");
    for (int aspect = 0; aspect < LK_ASPECTS; aspect++) {
        add_group(p, (lk_aspect)aspect);
    }
    buf_add_text(b, "</tbody></table>\n</section>\n");
}
