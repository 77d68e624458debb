/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/verify_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "verify/alarms.h"
#include "verify/answers.h"

const char *lk_intactness_name(lk_intactness intact) {
    static const char *const names[] = {"intact", "altered", "cannot-tell"};
    return names[intact];
}

static void say(lk_verification *v, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(lk_verification *v, const char *format, ...) {
    if (v->reason_count < LK_REASONS_MAX) {
        va_list args;
        va_start(args, format);
        vsnprintf(v->reasons[v->reason_count++], sizeof v->reasons[0], format, args);
        va_end(args);
    }
}

/* What decided: the last row that does not hold. */
static void say_probability(lk_verification *v) {
    const lk_policy *p = &v->policy;
    const char *than = v->verdict == LK_SAME        ? "same from"
                       : v->verdict == LK_DIFFERENT ? "different below"
                       : v->probability < 0.5       ? "different below"
                                                    : "same from";
    double limit = strcmp(than, "same from") == 0 ? p->same_from : p->different_below;
    say(v, "probability %.3f (policy %s@%d: %s %.3f)", v->probability, p->name, (int)p->version,
        than, limit);
    if (v->verdict == LK_CANNOT_TELL && v->probability >= p->same_from) {
        say(v, "the probability says same, geometry and appearance do not");
    } else if (v->verdict == LK_CANNOT_TELL && v->probability < p->different_below) {
        say(v, "nothing speaks for the same thing, but the photo is too poor to say different");
    }
}

/* What the likeliest of the other references has to say. */
static void say_rivals(lk_verification *v) {
    const lk_rival *best = NULL;
    for (int32_t i = 0; i < v->rival_count; i++) {
        best = !best || v->rivals[i].alone > best->alone ? &v->rivals[i] : best;
    }
    if (best) {
        say(v,
            "%s@%d, which is alike, fits the photo %s: alone it has probability %.4f, this one "
            "%.4f",
            best->id, (int)best->version, best->alone > v->alone ? "better" : "less well",
            best->alone, v->alone);
    }
}

static void say_quality(lk_verification *v) {
    for (int32_t i = 0; i < v->quality.reason_count; i++) {
        say(v, "photo: %s", v->quality.reasons[i]);
    }
}

static void say_intact(lk_verification *v) {
    const lk_alignment *m = &v->comparison.alignment;
    if (v->verdict != LK_SAME) {
        return;
    }
    const size_t regions = v->comparison.region_count;
    if (regions > (size_t)v->changes) { /* else compare has said how many there are */
        say(v, "%d of the %zu region%s count%s as a change (policy %s@%d)", (int)v->changes,
            regions, regions == 1 ? "" : "s", v->changes == 1 ? "s" : "", v->policy.name,
            (int)v->policy.version);
    }
    if (v->intact == LK_INTACT_UNKNOWN && m->agreement < ANSWERS_AGREEMENT) {
        say(v, "whether it is unchanged: only %.0f %% of its textured blocks correlate",
            100 * m->agreement);
    } else if (v->intact == LK_INTACT_UNKNOWN && m->coverage < 0.9) {
        say(v, "whether it is unchanged: the photo shows only %.0f %% of the reference",
            100 * m->coverage);
    } else if (v->intact == LK_INTACT_UNKNOWN) {
        say(v, "whether it is unchanged: it is too small in the photo (scale %.2f, %.2f needed)",
            m->looked_scale, ANSWERS_SCALE);
    }
}

/* How to take it again; the first row that holds. */
static const char *advice_for(const lk_verification *v, bool copied) {
    const lk_alignment *m = &v->comparison.alignment;
    const lk_quality *q = &v->quality;
    bool aligned = m->model != LK_ALIGN_NONE;
    if (copied) {
        return "take a photo of the thing itself";
    }
    if (v->verdict == LK_DIFFERENT || (v->verdict == LK_SAME && v->intact != LK_INTACT_UNKNOWN)) {
        return "";
    }
    if (q->sharpness < 0.4) {
        return "take it again: hold still, tap to focus, more light";
    }
    if (q->brightness < 0.1 || q->dark > 0.6) {
        return "take it again: more light";
    }
    if (q->light > 0.8 || q->contrast < 0.15) {
        return "take it again: less light, no flash, no reflection";
    }
    if (aligned && m->coverage < 0.9) {
        return "take it again: get all of it into the picture";
    }
    if (aligned && m->tilt_deg > 45) {
        return "take it again: hold the camera straight before it";
    }
    return "take it again: closer, straight before it, hold still";
}

void verify_words(lk_verification *v) {
    const lk_comparison *c = &v->comparison;
    const char *copied = warning_text(c, "copy");
    copied = copied ? copied : warning_text(c, "crop");
    v->reason_count = 0;
    if (copied) {
        say(v, "%s", copied);
    }
    say_rivals(v);
    for (int32_t i = 0; i < c->reason_count; i++) {
        say(v, "%s", c->reasons[i]);
    }
    if (!copied) {
        say_probability(v);
    }
    say_intact(v);
    if (v->verdict == LK_CANNOT_TELL) {
        say_quality(v);
    }
    snprintf(v->advice, sizeof v->advice, "%s", advice_for(v, copied != NULL));
}
