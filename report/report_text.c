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

enum { TEXT_MAX = 1 << 16, REGIONS_SHOWN = 3, REASONS_SHOWN = 4 };

lk_status lk_report_text(lk_bytes *out, const lk_comparison *c, bool colour, lk_error *err) {
    struct buf b;
    buf_init(&b, TEXT_MAX);
    buf_printf(&b, "%s%s %s%s  score %.3f\n", colour ? verdict_table[c->verdict].ansi : "",
               verdict_table[c->verdict].symbol, verdict_table[c->verdict].word,
               colour ? "\x1b[0m" : "", c->score);
    for (int32_t i = 0; i < MIN(c->reason_count, (int32_t)REASONS_SHOWN); i++) {
        buf_printf(&b, "  %s\n", c->reasons[i]);
    }
    for (size_t i = 0; i < MIN(c->region_count, (size_t)REGIONS_SHOWN); i++) {
        const lk_region *r = &c->regions[i];
        buf_printf(&b, "  #%d %s %dx%d px at %d,%d  severity %.2f\n", r->id,
                   lk_region_kind_name(r->kind), r->width, r->height, r->x, r->y, r->severity);
    }
    if (c->region_count > REGIONS_SHOWN) {
        buf_printf(&b, "  and %zu more regions\n", c->region_count - REGIONS_SHOWN);
    }
    return buf_finish(&b, out, err);
}
