/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/report.h>

#include "base/buf.h"
#include "base/compiler.h"

/* Word, symbol and colour: never colour alone. */
static const struct {
    const char *word, *symbol, *ansi;
} verdict_table[] = {
    [LK_SAME] = {"SAME", "=", "\x1b[32m"},
    [LK_DIFFERENT] = {"DIFFERENT", "!=", "\x1b[31m"},
    [LK_CANNOT_TELL] = {"CANNOT TELL", "?", "\x1b[33m"},
};

/* With the verdict and the line on what is left out, never more than six lines. */
enum { TEXT_MAX = 1 << 16, LINES = 4, REASONS_SHOWN = 3 };

lk_status lk_report_text(lk_bytes *out, const lk_comparison *c, bool colour, lk_error *err) {
    struct buf b;
    buf_init(&b, TEXT_MAX);
    buf_printf(&b, "%s%s %s%s  score %.3f\n", colour ? verdict_table[c->verdict].ansi : "",
               verdict_table[c->verdict].symbol, verdict_table[c->verdict].word,
               colour ? "\x1b[0m" : "", c->score);
    int32_t reasons = MIN(c->reason_count, c->region_count ? (int32_t)REASONS_SHOWN : LINES);
    for (int32_t i = 0; i < reasons; i++) {
        buf_printf(&b, "  %s\n", c->reasons[i]);
    }
    size_t shown = MIN(c->region_count, (size_t)(LINES - reasons));
    for (size_t i = 0; i < shown; i++) {
        const lk_region *r = &c->regions[i];
        buf_printf(&b, "  #%d %s %dx%d px at %d,%d  severity %.2f\n", r->id,
                   lk_region_kind_name(r->kind), r->width, r->height, r->x, r->y, r->severity);
    }
    if (c->region_count > shown) {
        buf_printf(&b, "  and %zu more region%s\n", c->region_count - shown,
                   c->region_count - shown == 1 ? "" : "s");
    }
    return buf_finish(&b, out, err);
}
