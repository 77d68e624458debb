/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as a page: what it weighs, and its reliability diagram (how often the pairs of a tenth of the probability were genuine,
 * against what was said of them) with counts and Wilson's 95 % intervals. On the diagonal what is said is so. */
#include <likeness/evaluate.h>
#include <likeness/report.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "learn/chart.h"

/* Units of the drawing: the square of shares, and the counts below it. */
enum { WIDTH = 560, HEIGHT = 666, LEFT = 58, RIGHT = 540, TOP = 38, FLOOR = 520 };
enum { COUNTS_TOP = 566, COUNTS_FLOOR = 626, CAP = 5 };

#define PAGE_BYTES_MAX ((size_t)1 << 20)

static double at_x(double share) {
    return LEFT + share * (RIGHT - LEFT);
}

static double at_y(double share) {
    return FLOOR - share * (FLOOR - TOP);
}

static void add_grid(struct buf *b) {
    for (int32_t i = 0; i <= 10; i += 2) {
        double share = i / 10.0;
        buf_printf(b,
                   "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                   "text-anchor=\"end\">%.1f</text>",
                   LEFT, at_y(share), RIGHT, LEFT - 8, at_y(share) + 4.5, share);
        buf_printf(b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.1f</text>", at_x(share),
                   FLOOR + 20, share);
    }
    buf_printf(b, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>", LEFT, TOP, FLOOR, RIGHT);
    buf_printf(b, "<path class=\"guide\" d=\"M%d %dL%d %d\"/>", LEFT, FLOOR, RIGHT, TOP);
    buf_printf(b, "<text x=\"8\" y=\"%d\">share that was genuine</text>", TOP - 22);
    buf_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">probability that was said</text>",
               RIGHT, FLOOR + 36);
}

/* Where a limit of the policy lies; its name stands above. */
static void add_limit(struct buf *b, double limit, const char *name, const char *anchor) {
    buf_printf(b, "<path class=\"l1\" d=\"M%.1f %dV%d\"/>", at_x(limit), TOP - 4, FLOOR);
    buf_printf(b, "<text class=\"l1\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
               at_x(limit), TOP - 8, anchor, name);
}

static void add_bin(struct buf *b, const lk_policy_bin *bin) {
    lk_interval share = lk_interval_of_share(bin->genuine, bin->pairs);
    double x = at_x(bin->said);
    buf_printf(b, "<path class=\"l0\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh%dM%.1f %.1fh%d\"/>", x,
               at_y(share.low), at_y(share.high), x - CAP, at_y(share.low), 2 * CAP, x - CAP,
               at_y(share.high), 2 * CAP);
    buf_printf(b, "<circle class=\"l0\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x, at_y(share.value));
}

/* A bar for each tenth, as high as it has pairs, with their number. */
static void add_counts(struct buf *b, const lk_policy_record *r) {
    int64_t most = 1;
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        most = r->reliability[i].pairs > most ? r->reliability[i].pairs : most;
    }
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        double pairs = (double)r->reliability[i].pairs, width = (RIGHT - LEFT) / 10.0;
        double height = (COUNTS_FLOOR - COUNTS_TOP - 14) * pairs / (double)most;
        buf_printf(b,
                   "<rect class=\"l0\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
                   "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f</text>",
                   at_x(i / 10.0) + 2, COUNTS_FLOOR - height, width - 4, height,
                   at_x(i / 10.0) + width / 2, COUNTS_FLOOR - height - 4, pairs);
    }
    buf_printf(b, "<path class=\"axis\" d=\"M%d %dH%d\"/>", LEFT, COUNTS_FLOOR, RIGHT);
    buf_printf(b, "<text x=\"%d\" y=\"%d\">pairs of each tenth</text>", LEFT, COUNTS_FLOOR + 20);
}

static void add_diagram(struct buf *b, const lk_policy *p) {
    buf_printf(
        b,
        "<section class=\"panel\"><h2>Reliability</h2>\n<p>Of the pairs that were held back: "
        "how many of those of one probability were genuine. On the dashed diagonal what is "
        "said is so; below it the policy says too much. Lines are 95 %% intervals "
        "(Wilson).</p>\n<svg class=\"chart\" style=\"max-width:42rem\" viewBox=\"0 0 %d %d\" "
        "role=\"img\" aria-label=\"Reliability diagram; its numbers are in the table "
        "below\">",
        WIDTH, HEIGHT);
    add_grid(b);
    add_limit(b, p->same_from, "same from", "end");
    add_limit(b, p->different_below, "different below", "start");
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        if (p->record.reliability[i].pairs > 0) {
            add_bin(b, &p->record.reliability[i]);
        }
    }
    add_counts(b, &p->record);
    buf_add_text(b, "</svg></section>\n");
}

static void add_reliability_table(struct buf *b, const lk_policy_record *r) {
    buf_add_text(b, "<div class=\"scroll\"><table><tr><th>probability</th><th>pairs</th>"
                    "<th>mean said</th><th>were genuine</th><th>95 %</th></tr>\n");
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        const lk_policy_bin *bin = &r->reliability[i];
        lk_interval share = lk_interval_of_share(bin->genuine, bin->pairs);
        buf_printf(b, "<tr><td>%.1f to %.1f</td><td>%lld</td>", i / 10.0, (i + 1) / 10.0,
                   (long long)bin->pairs);
        if (bin->pairs > 0) {
            buf_printf(b, "<td>%.3f</td><td>%.3f</td><td>%.3f to %.3f</td></tr>\n", bin->said,
                       share.value, share.low, share.high);
        } else {
            buf_add_text(b, "<td></td><td></td><td></td></tr>\n");
        }
    }
    buf_add_text(b, "</table></div>\n");
}

static void add_share(struct buf *b, const char *name, double share, int64_t of) {
    lk_interval i = lk_interval_of_share(llround(share * (double)of), of);
    buf_printf(b, "<dt>%s</dt><dd>%.2f %% [%.2f to %.2f] of %lld</dd>", name, 100 * share,
               100 * i.low, 100 * i.high, (long long)of);
}

static void add_facts(struct buf *b, const lk_policy *p) {
    const lk_policy_record *r = &p->record;
    buf_add_text(b, "<p>");
    buf_add_html(b, p->notes);
    buf_printf(
        b,
        "</p>\n<dl><dt>same</dt><dd>from %.3f</dd><dt>different</dt><dd>below %.3f, with %d "
        "stars at least</dd><dt>altered</dt><dd>a region of severity %.2f and %.2f %% of the "
        "area, or more</dd></dl>\n<p>On pairs that it was not fitted on, by probability and "
        "stars:</p>\n<dl>",
        p->same_from, p->different_below, (int)p->stars_least, p->severity_least,
        100 * p->area_least);
    add_share(b, "genuine, same", r->same_of_genuine, r->genuine);
    add_share(b, "genuine, different", r->different_of_genuine, r->genuine);
    add_share(b, "others, same", r->same_of_impostors, r->impostors);
    add_share(b, "others, different", r->different_of_impostors, r->impostors);
    buf_printf(b, "<dt>Brier score</dt><dd>%.4f</dd></dl>\n", r->brier);
}

static void add_weights(struct buf *b, const lk_policy *p) {
    buf_add_text(b, "<h2>What is weighed</h2>\n<div class=\"scroll\"><table><tr><th>evidence</th>"
                    "<th>weight</th><th>mean</th><th>deviation</th><th "
                    "style=\"text-align:left\">what it is</th></tr>\n");
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        buf_printf(b,
                   "<tr><td>%s</td><td>%.3f</td><td>%.3f</td><td>%.3f</td><td "
                   "style=\"text-align:left\">%s</td></tr>\n",
                   lk_evidence_name(i), p->weights[i], p->means[i], p->scales[i],
                   lk_evidence_summary(i));
    }
    buf_printf(b,
               "</table></div>\n<p class=\"note\">Weights are a deviation's; intercept %.3f.</p>\n",
               p->intercept);
}

lk_status lk_report_policy_html(lk_bytes *out, const lk_policy *policy, lk_error *err) {
    struct buf b;
    char title[sizeof policy->name + 32];
    int64_t pairs = 0;
    snprintf(title, sizeof title, "Policy %s@%d", policy->name, (int)policy->version);
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        pairs += policy->record.reliability[i].pairs;
    }
    buf_init(&b, PAGE_BYTES_MAX);
    chart_page_begin(&b, title);
    add_facts(&b, policy);
    if (pairs > 0) {
        add_diagram(&b, policy);
        add_reliability_table(&b, &policy->record);
    } else {
        buf_add_text(&b,
                     "<h2>Reliability</h2>\n<p>Not known: no pairs were held back, or the policy "
                     "was written by an older likeness.</p>\n");
    }
    add_weights(&b, policy);
    buf_add_text(&b, "</main></body></html>\n");
    return buf_finish(&b, out, err);
}
