/* SPDX-License-Identifier: Apache-2.0 */
/* One chart of lines as inline SVG, and the head of a page that has charts. */
#ifndef LK_CHART_H
#define LK_CHART_H

#include "base/buf.h"

enum { CHART_LINES_MAX = 3 };

/* How the range of y is chosen. */
enum chart_scale {
    CHART_FROM_ZERO,
    CHART_SHARE, /* 0 to 1 */
    CHART_WIDE, /* logarithmic where all are positive and the largest is 20 times the smallest; else from zero */
};

struct chart_line {
    const char *name;
    const double *y; /* one an x; not finite: passed over */
};

struct chart {
    const char *title, *x_name;
    enum chart_scale scale;
    const double *x; /* ascending */
    size_t count;
    struct chart_line lines[CHART_LINES_MAX];
    size_t line_count;
};

/* Lines differ by colour and by dashes, and carry their name and last value at their end. Classes: `chart`; within it `grid`,
 * `axis`, and `l0` to `l2`. A chart without a finite number is not drawn. */
void chart_svg(struct buf *out, const struct chart *chart);

/* A page of HTML as far as its heading: it loads nothing, and styles charts, lists and tables for light, dark and print. What
 * follows ends with "</main></body></html>". */
void chart_page_begin(struct buf *out, const char *title);

#endif
