/* SPDX-License-Identifier: Apache-2.0 */
#include "report/parts.h"

#include <math.h>

#include "base/compiler.h"

/* Word, symbol and colour: never colour alone. */
static const struct {
    const char *word, *symbol, *ansi;
} verdict_table[] = {
    [LK_SAME] = {"SAME", "=", "\x1b[32m"},
    [LK_DIFFERENT] = {"DIFFERENT", "!=", "\x1b[31m"},
    [LK_CANNOT_TELL] = {"CANNOT TELL", "?", "\x1b[33m"},
};

void text_verdict(struct buf *b, lk_verdict verdict, bool colour) {
    buf_printf(b, "%s%s %s%s", colour ? verdict_table[verdict].ansi : "",
               verdict_table[verdict].symbol, verdict_table[verdict].word, colour ? "\x1b[0m" : "");
}

void text_region(struct buf *b, const lk_region *r) {
    char words[96];
    buf_printf(b, "  #%d %s %dx%d px at %d,%d  severity %.2f\n", r->id,
               lk_region_words(words, sizeof words, r), r->width, r->height, r->x, r->y,
               r->severity);
}

static const double alike_from = 0.9;

/* "differs in colour 0.63, details 0.41; alike in brightness, structure" */
static void add_aspects(struct buf *b, const lk_comparison *c) {
    static const char *const words[2] = {"differs in ", "alike in "};
    const char *before = "  ";
    for (int alike = 0; alike < 2; alike++) {
        const char *word = words[alike];
        for (int32_t i = 0; i < c->aspect_count; i++) {
            const lk_aspect_result *a = &c->aspects[i];
            if (a->known && (a->score >= alike_from) == (bool)alike) {
                buf_printf(b, "%s%s%s", before, word, lk_aspect_name(a->aspect));
                if (!alike) {
                    buf_printf(b, " %.2f", a->score);
                }
                before = ", ";
                word = "";
            }
        }
        before = *word ? before : "; ";
    }
    buf_add_text(b, "\n");
}

/* With the verdict and the line on what is left out, never more than six lines; where nothing can be told, the reasons matter
 * more than the aspects. */
enum { TEXT_MAX = 1 << 16, LINES = 4 };

/* A line a measure, where nothing else was asked for. */
static void text_measures(struct buf *b, const lk_comparison *c) {
    for (size_t i = 0; i < c->measure_count; i++) {
        const lk_measure_result *m = &c->measures[i];
        buf_printf(b, "%-14s %.6g%s%s\n", m->info->name, m->value, *m->info->unit ? " " : "",
                   m->info->unit);
    }
}

lk_status lk_report_text(lk_bytes *out, const lk_comparison *c, bool colour, lk_error *err) {
    struct buf b;
    buf_init(&b, TEXT_MAX);
    if (isnan(c->score)) {
        text_measures(&b, c);
        return buf_finish(&b, out, err);
    }
    text_verdict(&b, c->verdict, colour);
    buf_printf(&b, "  score %.3f\n", c->score);
    int32_t aspects = c->aspect_count > 0 && c->verdict != LK_CANNOT_TELL;
    int32_t lines = LINES - aspects;
    int32_t reasons = MIN(c->reason_count, c->region_count ? lines - 1 : lines);
    for (int32_t i = 0; i < reasons; i++) {
        buf_printf(&b, "  %s\n", c->reasons[i]);
    }
    size_t shown = MIN(c->region_count, (size_t)(lines - reasons));
    if (aspects) {
        add_aspects(&b, c);
    }
    for (size_t i = 0; i < shown; i++) {
        text_region(&b, &c->regions[i]);
    }
    if (c->region_count > shown) {
        buf_printf(&b, "  and %zu more region%s\n", c->region_count - shown,
                   c->region_count - shown == 1 ? "" : "s");
    }
    return buf_finish(&b, out, err);
}
