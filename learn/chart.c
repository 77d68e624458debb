/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/chart.h"

#include <math.h>
#include <stdio.h>

/* Units of the drawing: the whole, and the margins for ticks and for the names at the lines' ends. */
enum { WIDTH = 760, HEIGHT = 270, LEFT = 58, RIGHT = 150, TOP = 12, BOTTOM = 40 };
enum { X_TICKS = 8, Y_TICKS = 5, LABEL_HEIGHT = 17 };

struct axis {
    double low, high; /* of the values; their logarithms where it is logarithmic */
    bool is_log;
    double from, to; /* in the drawing */
};

static double place(const struct axis *a, double value) {
    double v = a->is_log ? log10(value) : value;
    return a->from + (v - a->low) / (a->high - a->low) * (a->to - a->from);
}

/* 1, 2 or 5 times a power of ten, the next above range / ticks. */
static double nice_step(double range, int32_t ticks) {
    double power = pow(10, floor(log10(range / ticks))), left = range / ticks / power;
    return power * (left <= 1 ? 1 : left <= 2 ? 2 : left <= 5 ? 5 : 10);
}

/* The least and greatest of all lines; false when no number is finite. */
static bool find_range(double range[2], const struct chart *c) {
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t i = 0; i < c->line_count; i++) {
        for (size_t k = 0; k < c->count; k++) {
            double y = c->lines[i].y[k];
            if (isfinite(y)) {
                range[0] = fmin(range[0], y);
                range[1] = fmax(range[1], y);
            }
        }
    }
    return range[0] <= range[1];
}

static struct axis choose_y(const struct chart *c, const double range[2]) {
    struct axis y = {.from = HEIGHT - BOTTOM, .to = TOP};
    if (c->scale == CHART_SHARE) {
        y.high = 1;
    } else if (c->scale == CHART_WIDE && range[0] > 0 && range[1] > 20 * range[0]) {
        y.is_log = true;
        y.low = log10(range[0]) - 0.05;
        y.high = log10(range[1]) + 0.05;
    } else {
        double low = fmin(range[0], 0), high = fmax(range[1], 0);
        high = high > low ? high : low + 1;
        double step = nice_step(high - low, Y_TICKS);
        y.low = floor(low / step) * step;
        y.high = ceil(high / step) * step;
    }
    return y;
}

static struct axis choose_x(const struct chart *c) {
    struct axis x = {c->x[0], c->x[c->count - 1], false, LEFT, WIDTH - RIGHT};
    if (!(x.high > x.low)) { /* one point stands in the middle */
        x.low -= 0.5;
        x.high += 0.5;
    }
    return x;
}

static void add_tick(struct buf *b, double at, const char *text, bool is_y) {
    if (is_y) {
        buf_printf(b,
                   "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                   "text-anchor=\"end\">%s</text>",
                   LEFT, at, WIDTH - RIGHT, LEFT - 8, at + 4.5, text);
    } else {
        buf_printf(b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>", at,
                   HEIGHT - BOTTOM + 20, text);
    }
}

static void add_ticks(struct buf *b, const struct axis *a, bool is_y) {
    double step = nice_step(a->high - a->low, is_y ? Y_TICKS : X_TICKS);
    char text[32];
    for (double i = ceil(a->low / step - 1e-9); i * step <= a->high + step * 1e-9; i++) {
        snprintf(text, sizeof text, "%.6g", i * step + 0.0);
        add_tick(b, place(a, i * step), text, is_y);
    }
}

/* At 1, 2 and 5 times the powers of ten; at the powers alone over more than three decades. */
static void add_log_ticks(struct buf *b, const struct axis *a) {
    static const int32_t times[] = {1, 2, 5};
    int32_t each = a->high - a->low > 3 ? 1 : 3;
    char text[32];
    for (int32_t power = (int32_t)floor(a->low); power <= (int32_t)ceil(a->high); power++) {
        for (int32_t i = 0; i < each; i++) {
            double value = times[i] * pow(10, power);
            if (log10(value) >= a->low && log10(value) <= a->high) {
                snprintf(text, sizeof text, "%.6g", value);
                add_tick(b, place(a, value), text, true);
            }
        }
    }
}

/* Neighbours are joined across what is missing, since recall comes once an epoch and loss with every step. Points are drawn where
 * they are few. */
static void add_line(struct buf *b, const struct chart *c, size_t line, const struct axis *x,
                     const struct axis *y) {
    const double *values = c->lines[line].y;
    size_t finite = 0;
    buf_printf(b, "<path class=\"l%zu\" d=\"", line);
    for (size_t i = 0; i < c->count; i++) {
        if (isfinite(values[i])) {
            buf_printf(b, "%s%.1f %.1f", finite > 0 ? "L" : "M", place(x, c->x[i]),
                       place(y, values[i]));
            finite++;
        }
    }
    buf_add_text(b, "\"/>");
    for (size_t i = 0; i < c->count && finite <= 40; i++) {
        if (isfinite(values[i])) {
            buf_printf(b, "<circle class=\"l%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", line,
                       place(x, c->x[i]), place(y, values[i]));
        }
    }
}

/* The last finite value of a line; NAN when there is none. */
static double last_value(const struct chart_line *line, size_t count) {
    while (count > 0 && !isfinite(line->y[count - 1])) {
        count--;
    }
    return count > 0 ? line->y[count - 1] : NAN;
}

/* Names at the lines' ends, the highest first, each pushed down as far as the one above needs. */
static void add_names(struct buf *b, const struct chart *c, const struct axis *y) {
    double at[CHART_LINES_MAX], lowest = -INFINITY;
    bool done[CHART_LINES_MAX] = {false};
    for (size_t i = 0; i < c->line_count; i++) {
        double value = last_value(&c->lines[i], c->count);
        done[i] = isnan(value);
        at[i] = done[i] ? INFINITY : place(y, value);
    }
    for (size_t n = 0; n < c->line_count; n++) {
        size_t next = c->line_count;
        for (size_t i = 0; i < c->line_count; i++) {
            bool higher = !done[i] && (next == c->line_count || at[i] < at[next]);
            next = higher ? i : next;
        }
        if (next == c->line_count) {
            return;
        }
        done[next] = true;
        lowest = fmax(at[next], lowest + LABEL_HEIGHT);
        buf_printf(b, "<text class=\"l%zu\" x=\"%d\" y=\"%.1f\">", next, WIDTH - RIGHT + 8,
                   lowest + 4.5);
        buf_add_html(b, c->lines[next].name);
        buf_printf(b, " %.4g</text>", last_value(&c->lines[next], c->count));
    }
}

/* What a reader who does not see the drawing is told. */
static void add_description(struct buf *b, const struct chart *c) {
    buf_printf(b, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
               HEIGHT);
    buf_add_html(b, c->title);
    for (size_t i = 0; i < c->line_count; i++) {
        double last = last_value(&c->lines[i], c->count);
        if (isfinite(last)) {
            buf_add_text(b, i > 0 ? ", " : ": ");
            buf_add_html(b, c->lines[i].name);
            buf_printf(b, " ends at %.4g", last);
        }
    }
    buf_add_text(b, "\">");
}

void chart_svg(struct buf *out, const struct chart *c) {
    double range[2];
    if (c->count == 0 || !find_range(range, c)) {
        return;
    }
    struct axis x = choose_x(c), y = choose_y(c, range);
    add_description(out, c);
    if (y.is_log) {
        add_log_ticks(out, &y);
    } else {
        add_ticks(out, &y, true);
    }
    add_ticks(out, &x, false);
    buf_printf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT);
    buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT, HEIGHT - 4);
    buf_add_html(out, c->x_name);
    buf_add_text(out, "</text>");
    for (size_t i = 0; i < c->line_count; i++) {
        add_line(out, c, i, &x, &y);
    }
    add_names(out, c, &y);
    buf_add_text(out, "</svg>\n");
}
