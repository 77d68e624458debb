/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/curve.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "learn/chart.h"

enum { POINTS_MOST = 600, TABLE_ROWS_MOST = 200, LINES = 7 };

#define PAGE_BYTES_MAX ((size_t)16 << 20)

/* A number of every point, by its place in struct curve_point. */
static const struct measured {
    const char *name;
    size_t offset;
    int32_t digits; /* in the table: behind the point, or, negative, significant */
} measured[LINES] = {
    {"training", offsetof(struct curve_point, loss), -5},
    {"validation", offsetof(struct curve_point, validation_loss), -5},
    {"recall@1", offsetof(struct curve_point, recall1), 4},
    {"recall@5", offsetof(struct curve_point, recall5), 4},
    {"recall@10", offsetof(struct curve_point, recall10), 4},
    {"rate", offsetof(struct curve_point, learning_rate), -4},
    {"images/s", offsetof(struct curve_point, images_per_s), 0},
};

static const struct panel {
    const char *title;
    enum chart_scale scale;
    size_t first, count; /* of measured */
} panels[] = {
    {"Loss", CHART_WIDE, 0, 2},
    {"Validation recall", CHART_SHARE, 2, 3},
    {"Learning rate", CHART_FROM_ZERO, 5, 1},
    {"Images a second", CHART_FROM_ZERO, 6, 1},
};

static double number_of(const struct curve_point *p, size_t which) {
    return *(const double *)(const void *)((const char *)p + measured[which].offset);
}

/* -- Few points from many -- */

/* x, then the lines: each a row of `count`. */
struct columns {
    double *x, *lines[LINES]; /* x owns the block */
    size_t count, together;   /* neighbours that one point stands for */
};

static lk_status columns_new(struct columns *c, const struct curve_page *page, lk_error *err) {
    c->together = (page->point_count + POINTS_MOST - 1) / POINTS_MOST;
    c->together = c->together > 0 ? c->together : 1;
    c->count = (page->point_count + c->together - 1) / c->together;
    c->x = mem_alloc((LINES + 1) * (c->count + 1), sizeof *c->x);
    if (!c->x) {
        return error_memory(err, (LINES + 1) * (c->count + 1) * sizeof *c->x);
    }
    for (size_t i = 0; i < LINES; i++) {
        c->lines[i] = c->x + (i + 1) * (c->count + 1);
    }
    return LK_OK;
}

/* The mean of the finite ones among neighbours. */
static double mean_of(const struct curve_point *points, size_t count, size_t which) {
    double sum = 0;
    size_t finite = 0;
    for (size_t i = 0; i < count; i++) {
        double v = number_of(&points[i], which);
        sum += isfinite(v) ? v : 0;
        finite += isfinite(v) ? 1 : 0;
    }
    return finite > 0 ? sum / (double)finite : NAN;
}

static void columns_fill(struct columns *c, const struct curve_page *page) {
    for (size_t i = 0; i < c->count; i++) {
        const struct curve_point *first = page->points + i * c->together;
        size_t rest = page->point_count - i * c->together;
        size_t here = rest < c->together ? rest : c->together;
        c->x[i] = first[here - 1].epoch;
        for (size_t k = 0; k < LINES; k++) {
            c->lines[k][i] = mean_of(first, here, k);
        }
    }
}

/* -- The page -- */

/* What the curves come to, in words. */
static void add_summary(struct buf *b, const struct curve_page *page) {
    const struct curve_point *last = NULL, *best = NULL;
    for (size_t i = 0; i < page->point_count; i++) {
        const struct curve_point *p = &page->points[i];
        last = isfinite(p->loss) ? p : last;
        best = isfinite(p->recall1) && (!best || p->recall1 > best->recall1) ? p : best;
    }
    buf_add_text(b, "<p>");
    if (last) {
        buf_printf(b, "Loss %.4g after %.4g epochs.", last->loss, last->epoch);
    } else {
        buf_add_text(b, "No step is done yet.");
    }
    if (best) {
        buf_printf(b, " Best validation recall@1 %.3f, after %.4g epochs.", best->recall1,
                   best->epoch);
    }
    buf_add_text(b, "</p>\n");
}

static void add_head(struct buf *b, const struct curve_page *page) {
    chart_page_begin(b, page->title);
    add_summary(b, page);
    buf_add_text(b, page->fact_count > 0 ? "<dl>" : "");
    for (size_t i = 0; i < page->fact_count; i++) {
        buf_add_text(b, "<dt>");
        buf_add_html(b, page->facts[i].name);
        buf_add_text(b, "</dt><dd>");
        buf_add_html(b, page->facts[i].value);
        buf_add_text(b, "</dd>");
    }
    buf_add_text(b, page->fact_count > 0 ? "</dl>\n" : "");
}

static void add_panel(struct buf *b, const struct panel *panel, const struct columns *c) {
    struct chart chart = {.title = panel->title,
                          .x_name = "epochs",
                          .scale = panel->scale,
                          .x = c->x,
                          .count = c->count};
    bool any = false;
    for (size_t i = 0; i < panel->count; i++) {
        const double *y = c->lines[panel->first + i];
        bool finite = false;
        for (size_t k = 0; k < c->count; k++) {
            finite = finite || isfinite(y[k]);
        }
        any = any || finite;
        /* A line keeps its colour whether or not the others are there. */
        chart.lines[chart.line_count++] = (struct chart_line){measured[panel->first + i].name, y};
    }
    if (any) {
        buf_printf(b, "<section class=\"panel\"><h2>%s</h2>\n", panel->title);
        chart_svg(b, &chart);
        buf_add_text(b, "</section>\n");
    }
}

static void add_row(struct buf *b, const struct curve_point *p) {
    buf_printf(b, "<tr><td>%.4g</td>", p->epoch);
    for (size_t i = 0; i < LINES; i++) {
        double v = number_of(p, i);
        char text[32] = "";
        if (isfinite(v)) {
            int32_t digits = measured[i].digits;
            snprintf(text, sizeof text, digits < 0 ? "%.*g" : "%.*f", (int)abs(digits), v);
        }
        buf_printf(b, "<td>%s</td>", text);
    }
    buf_add_text(b, "</tr>\n");
}

/* Whether a point belongs into a table of every n-th: those with a recall always do. */
static bool in_table(const struct curve_page *page, size_t i, size_t each) {
    return i % each == 0 || i + 1 == page->point_count || isfinite(page->points[i].recall1);
}

static void add_table(struct buf *b, const struct curve_page *page) {
    size_t each = (page->point_count + TABLE_ROWS_MOST - 1) / TABLE_ROWS_MOST;
    if (page->point_count == 0) {
        return;
    }
    buf_add_text(b, "<details><summary>Numbers</summary><div class=\"scroll\"><table><tr>"
                    "<th>epochs</th>");
    for (size_t i = 0; i < LINES; i++) {
        buf_printf(b, "<th>%s</th>", measured[i].name);
    }
    buf_add_text(b, "</tr>\n");
    for (size_t i = 0; i < page->point_count; i++) {
        if (in_table(page, i, each)) {
            add_row(b, &page->points[i]);
        }
    }
    buf_add_text(b, "</table></div>");
    if (each > 1) {
        buf_printf(b, "<p class=\"note\">Every %zu. of %zu points, and each with a recall.</p>",
                   each, page->point_count);
    }
    buf_add_text(b, "</details>\n");
}

lk_status curve_html(lk_bytes *out, const struct curve_page *page, lk_error *err) {
    struct buf b;
    struct columns c = {0};
    *out = (lk_bytes){0};
    lk_status status = columns_new(&c, page, err);
    if (status != LK_OK) {
        return status;
    }
    columns_fill(&c, page);
    buf_init(&b, PAGE_BYTES_MAX);
    add_head(&b, page);
    for (size_t i = 0; i < sizeof panels / sizeof *panels; i++) {
        add_panel(&b, &panels[i], &c);
    }
    if (c.together > 1) {
        buf_printf(&b, "<p class=\"note\">Each point of a line is the mean of %zu.</p>\n",
                   c.together);
    }
    add_table(&b, page);
    buf_add_text(&b, "</main></body></html>\n");
    mem_free(c.x);
    return buf_finish(&b, out, err);
}
