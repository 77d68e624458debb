/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/alarms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A photo of a thing is turned, tilted and lit: one that agrees so well, so straight, was never taken. */
static const double copy_correlation = 0.985;
static const double copy_turn_deg = 0.25, copy_tilt_deg = 2.6; /* a tilt shortens by 0.1 % there */

void warn(lk_comparison *c, const char *code, const char *text) {
    if (c->warning_count < LK_WARNINGS_MAX) {
        lk_warning *w = &c->warnings[c->warning_count++];
        snprintf(w->code, sizeof w->code, "%s", code);
        snprintf(w->text, sizeof w->text, "%s", text);
    }
}

const char *warning_text(const lk_comparison *c, const char *code) {
    for (int32_t i = 0; i < c->warning_count; i++) {
        if (strcmp(c->warnings[i].code, code) == 0) {
            return c->warnings[i].text;
        }
    }
    return NULL;
}

/* A warning alone: prints and cloth can look like it, and a good photo of a screen need not. */
void warn_of_screen(lk_comparison *c, const struct screen *s) {
    char text[sizeof c->warnings[0].text];
    if (screen_is_shown(s)) {
        snprintf(text, sizeof text,
                 "it may be a photo of a screen: fine coloured stripes in %d of %d parts of it",
                 (int)s->striped, (int)s->patches);
        warn(c, "screen", text);
    }
}

/* Whether the photo was made from the reference's own file; says so. */
void warn_of_copy(lk_comparison *c) {
    const lk_alignment *m = &c->alignment;
    bool straight = m->model == LK_ALIGN_NONE || (fabs(remainder(m->rotation_deg, 90)) <
                                                      copy_turn_deg && /* files are turned so */
                                                  m->tilt_deg < copy_tilt_deg);
    bool alike = c->score >= 1 || (m->blocks > 0 && m->correlation >= copy_correlation);
    if (c->verdict != LK_SAME || !straight || !alike) {
        return;
    }
    bool whole = m->coverage > 0.98;
    warn(c, whole ? "copy" : "crop",
         whole ? "this file is a copy of the stored original, not a new photo"
               : "this file is cut from the stored original, not a new photo");
}
