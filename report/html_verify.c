/* SPDX-License-Identifier: Apache-2.0 */
/* The second answer, the other originals that were asked, and what all rests on: the photo's quality, the evidence, the policy. */
#include "report/html.h"

static const char *const intact_words[] = {
    "Unchanged, as far as the photo shows.",
    "Changed.",
    "Cannot be told.",
};

bool html_counts(const struct page *p, const lk_region *r) {
    return !p->v || lk_verification_counts(p->v, r);
}

/* Which regions are meant. */
static void add_changes(struct page *p) {
    enum { NAMED = 12 };
    int32_t named = 0, changes = p->v->changes;
    size_t rest = p->c->region_count - (size_t)changes;
    struct buf *b = &p->out;
    for (size_t i = 0; i < p->c->region_count && named < NAMED; i++) {
        if (html_counts(p, &p->c->regions[i])) {
            const char *before = named > 0 ? ", " : changes == 1 ? " Region " : " Regions ";
            buf_printf(b, "%s%d", before, (int)p->c->regions[i].id);
            named++;
        }
    }
    if (changes > named) {
        buf_printf(b, " and %d more", (int)(changes - named));
    }
    buf_add_text(b, changes > 0 ? "." : "");
    if (rest > 0) {
        buf_printf(b, " %zu weaker region%s stay%s below the policy's limits.", rest,
                   rest == 1 ? "" : "s", rest == 1 ? "s" : "");
    }
}

static void add_row(struct buf *b, const char *name, const char *what, double value) {
    buf_printf(b, "<tr><th scope=\"row\">%s</th><td class=\"number\">%.3f</td><td>%s</td></tr>\n",
               name, value, what);
}

static void add_evidence(struct page *p) {
    struct buf *b = &p->out;
    buf_add_text(b, "<table class=\"measures\"><caption>Evidence, in the order of the policy"
                    "</caption>\n<thead><tr><th scope=\"col\">number</th><th scope=\"col\">value"
                    "</th><th scope=\"col\">what it is</th></tr></thead>\n<tbody>\n");
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        add_row(b, lk_evidence_name(i), lk_evidence_summary(i), p->v->evidence.values[i]);
    }
    buf_add_text(b, "</tbody></table>\n");
}

static void add_quality(struct page *p) {
    const lk_quality *q = &p->v->quality;
    struct buf *b = &p->out;
    buf_printf(b,
               "<p>The photo has <strong>%d of 5</strong> stars: sharpness %.2f, brightness %.2f, "
               "contrast %.2f.</p>\n",
               (int)q->stars, q->sharpness, q->brightness, q->contrast);
    buf_add_text(b, q->reason_count > 0 ? "<ul class=\"reasons\">\n" : "");
    for (int32_t i = 0; i < q->reason_count; i++) {
        buf_add_text(b, "<li>");
        buf_add_html(b, q->reasons[i]);
        buf_add_text(b, "</li>\n");
    }
    buf_add_text(b, q->reason_count > 0 ? "</ul>\n" : "");
}

static void add_policy(struct page *p) {
    const lk_policy *y = &p->v->policy;
    const lk_policy_record *r = &y->record;
    struct buf *b = &p->out;
    buf_add_text(b, "<p>Policy <strong>");
    buf_add_html(b, y->name);
    buf_printf(b,
               "@%d</strong>: same from %.3f, different below %.3f, a change from "
               "severity %.2f.",
               (int)y->version, y->same_from, y->different_below, y->severity_least);
    if (r->genuine + r->impostors > 0) {
        buf_printf(b,
                   " On %lld genuine and %lld other pairs that it was not fitted on, "
                   "probability and stars alone said same of %.1f %% and %.2f %%, different of "
                   "%.2f %% and %.1f %%.",
                   (long long)r->genuine, (long long)r->impostors, 100 * r->same_of_genuine,
                   100 * r->same_of_impostors, 100 * r->different_of_genuine,
                   100 * r->different_of_impostors);
    }
    buf_add_text(b, "</p>\n");
}

void html_answers(struct page *p) {
    struct buf *b = &p->out;
    if (!p->v) {
        return;
    }
    buf_add_text(b, "<section aria-labelledby=\"h-answers\">\n"
                    "<h2 id=\"h-answers\">Is it unchanged?</h2>\n");
    buf_printf(b, "<p><strong>%s</strong>", intact_words[p->v->intact]);
    if (p->v->verdict == LK_SAME) {
        add_changes(p);
    }
    if (p->v->advice[0]) {
        buf_printf(b, "</p>\n<p>");
        buf_add_html(b, p->v->advice);
        buf_add_text(b, ".");
    }
    buf_add_text(b, "</p>\n</section>\n");
}

/* Why the rival is, or is not, what the photo shows. */
static const char *rival_words(const lk_verification *v, const lk_rival *r) {
    if (r->probability >= v->policy.same_from) {
        return "fits the photo better: it is this one";
    }
    return r->alone > v->alone ? "alike, fits the photo better, but not so much that it is sure"
                               : "alike, fits the photo less well";
}

static void add_original(struct buf *b, const char *id, int32_t version, const double number[2],
                         const char *why) {
    buf_add_text(b, "<tr><th scope=\"row\">");
    buf_add_html(b, id);
    buf_printf(b,
               ", version %d</th><td class=\"number\">%.4f</td><td class=\"number\">%.4f</td>"
               "<td>%s</td></tr>\n",
               (int)version, number[0], number[1], why);
}

void html_rivals(struct page *p) {
    const lk_verification *v = p->v;
    struct buf *b = &p->out;
    if (!v || v->rival_count == 0) {
        return;
    }
    buf_add_text(b, "<section aria-labelledby=\"h-rivals\">\n"
                    "<h2 id=\"h-rivals\">Others it may be</h2>\n"
                    "<table class=\"rivals\"><caption>Originals of the store that look alike; the "
                    "photo shows one of them at most</caption>\n<thead><tr>"
                    "<th scope=\"col\">original</th><th scope=\"col\">probability alone</th>"
                    "<th scope=\"col\">of all asked</th><th scope=\"col\">why</th></tr></thead>\n"
                    "<tbody>\n");
    const double own[2] = {v->alone, v->probability};
    add_original(b, v->reference_id[0] ? v->reference_id : v->nearest_id,
                 v->reference_id[0] ? v->reference_version : v->nearest_version, own,
                 "the one this report is of");
    for (int32_t i = 0; i < v->rival_count; i++) {
        const lk_rival *r = &v->rivals[i];
        const double other[2] = {r->alone, r->probability};
        add_original(b, r->id, r->version, other, rival_words(v, r));
    }
    buf_add_text(b, "</tbody></table>\n</section>\n");
}

void html_basis(struct page *p) {
    if (!p->v) {
        return;
    }
    buf_add_text(&p->out, "<section aria-labelledby=\"h-basis\">\n"
                          "<h2 id=\"h-basis\">What the answers rest on</h2>\n");
    add_quality(p);
    add_policy(p);
    add_evidence(p);
    buf_add_text(&p->out, "</section>\n");
}
