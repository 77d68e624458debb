/* SPDX-License-Identifier: Apache-2.0 */
/* From a probability and what compare says to the two answers.
 *
 * Is it the same thing? The rules of compare, which ask geometry and appearance, and the policy's probability, in which the
 * embedding has a say, must agree; where they do not, it cannot be told. So an embedding alone never says `same`.
 *   the photo is a copy or a crop of the reference's own file    cannot-tell: nobody held the thing before a camera
 *   compare: same, probability >= same_from                      same
 *   compare: same, a rival has same_from after the contest       different: it is that one
 *   compare: different, and the photo is a mirror image, or the
 *   probability < different_below and it has stars_least stars   different
 *   anything else                                                cannot-tell
 * Is it unchanged? Asked of what is the same: regions of at least the policy's severity and area make it altered; none make it
 * intact if the photo shows (nearly) all of the reference at a size where a change would be seen, and its texture agrees.
 *
 * Contest: products of one maker share most of their print, so that a photo of one looks like each of them, taken alone. Where
 * the others are known they are asked too. Of n references one at most is shown; with p by the pair alone and odds
 * o = p / (1 - p),
 *   probability of i = p(i) * o(i)^2 / (o(1)^2 + ... + o(n)^2)
 * that it is one of them as sure as i alone, and among them i by its odds. Squared, because what blurs, lights or hides the
 * thing in the photo weighs on all of them alike: a difference between two says more than either says alone
 * (docs/decisions/0012-rivals.md has the figures). */
#include "verify/answers.h"

#include <math.h>

#include "base/compiler.h"
#include "verify/alarms.h"
#include "verify/verify_words.h"

static const double shown_least = 0.9; /* of the reference, before nothing found means intact */

/* -- The verdict -- */

/* A reference that the photo shows rather than this one. */
static bool is_beaten(const lk_verification *v) {
    for (int32_t i = 0; i < v->rival_count; i++) {
        if (v->rivals[i].probability >= v->policy.same_from) {
            return true;
        }
    }
    return false;
}

static void decide_same(lk_verification *v) {
    const lk_policy *p = &v->policy;
    const lk_comparison *c = &v->comparison;
    bool copied = warning_text(c, "copy") || warning_text(c, "crop");
    bool unlikely = v->probability < p->different_below && v->quality.stars >= p->stars_least;
    bool other = c->verdict == LK_DIFFERENT ? unlikely || warning_text(c, "mirrored")
                                            : c->verdict == LK_SAME && !copied && is_beaten(v);
    if (!copied && c->verdict == LK_SAME && v->probability >= p->same_from) {
        v->verdict = LK_SAME;
    } else {
        v->verdict = other ? LK_DIFFERENT : LK_CANNOT_TELL;
    }
}

bool lk_verification_counts(const lk_verification *v, const lk_region *region) {
    const lk_map *frame = &v->comparison.difference; /* of the reference's size */
    double pixels = (double)frame->width * frame->height;
    return region->severity >= v->policy.severity_least &&
           (double)region->area_px >= v->policy.area_least * pixels;
}

static void decide_intact(lk_verification *v) {
    const lk_comparison *c = &v->comparison;
    v->intact = LK_INTACT_UNKNOWN;
    v->changes = 0;
    for (size_t i = 0; i < c->region_count; i++) {
        v->changes += lk_verification_counts(v, &c->regions[i]);
    }
    if (v->verdict != LK_SAME) {
        return;
    }
    if (v->changes > 0) {
        v->intact = LK_ALTERED;
    } else if (c->alignment.coverage >= shown_least && c->alignment.looked_scale >= ANSWERS_SCALE &&
               (c->alignment.blocks == 0 || c->alignment.agreement >= ANSWERS_AGREEMENT)) {
        v->intact = LK_INTACT;
    }
}

void answer(lk_verification *v) {
    decide_same(v);
    decide_intact(v);
    verify_words(v);
}

/* -- Contest -- */

static double weight(double alone) {
    double p = fmin(fmax(alone, 1e-9), 1 - 1e-9), odds = p / (1 - p);
    return odds * odds;
}

void lk_verification_weigh(lk_verification *v, const lk_rival *rivals, int32_t count) {
    double all = weight(v->alone);
    v->rival_count = MIN(count, (int32_t)LK_RIVALS_MOST);
    for (int32_t i = 0; i < v->rival_count; i++) {
        v->rivals[i] = rivals[i];
        all += weight(rivals[i].alone);
    }
    v->probability = v->alone * weight(v->alone) / all;
    for (int32_t i = 0; i < v->rival_count; i++) {
        v->rivals[i].probability = rivals[i].alone * weight(rivals[i].alone) / all;
    }
    answer(v);
}
