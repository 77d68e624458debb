/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rivals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RIVALS_ASKED = 5, INLIERS_LEAST = 6 };

static const double coverage_share = 1.0 / 3; /* of the best candidate's */

static bool warned(const lk_comparison *c, const char *code) {
    for (int32_t i = 0; i < c->warning_count; i++) {
        if (strcmp(c->warnings[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

bool rivals_matter(const lk_verification *v) {
    const lk_comparison *c = &v->comparison;
    return c->verdict == LK_SAME && v->alone >= v->policy.different_below && !warned(c, "copy") &&
           !warned(c, "crop");
}

/* Whether the two originals are pictures of the very same thing: either is right then. */
static lk_status are_twins(bool *out, const struct verifier *v, const struct original *a,
                           const struct original *b, lk_error *err) {
    lk_verification between;
    *out = strcmp(a->info.sha256, b->info.sha256) == 0;
    if (*out) {
        return LK_OK;
    }
    const struct sought picture = {&b->image, &b->info, NULL};
    lk_status status = verifier_compare(&between, v, a, &picture, err);
    if (status == LK_OK) {
        const lk_comparison *c = &between.comparison;
        bool copied = warned(c, "copy") || warned(c, "crop");
        *out = (copied && between.changes == 0) ||
               (between.verdict == LK_SAME && between.intact == LK_INTACT);
        lk_verification_release(&between);
    }
    return status;
}

/* A rival that is damaged or gone leaves the verdict standing, and is named. */
static bool is_passed_over(lk_comparison *c, const lk_candidate *candidate, lk_status status,
                           const lk_error *err) {
    if (status != LK_E_CORRUPT && status != LK_E_IO) {
        return false;
    }
    if (c->warning_count < LK_WARNINGS_MAX) {
        lk_warning *w = &c->warnings[c->warning_count++];
        snprintf(w->code, sizeof w->code, "rival-unread");
        snprintf(w->text, sizeof w->text, "%.100s was not asked: %.80s", candidate->id, err->text);
    }
    return true;
}

/* Holds the photo beside one other original; *found: it is a rival. */
static lk_status ask(lk_rival *out, bool *found, const struct verifier *v, lk_store *store,
                     const struct original *own, const lk_candidate *candidate,
                     const struct sought *photo, lk_error *err) {
    struct original other;
    lk_verification result = {0};
    bool twins = false;
    lk_status status = original_of(&other, v, store, candidate, err);
    if (status != LK_OK) {
        return status;
    }
    status = verifier_compare(&result, v, &other, photo, err);
    *found = status == LK_OK && rivals_matter(&result);
    if (*found) {
        status = are_twins(&twins, v, own, &other, err);
        *found = !twins;
    }
    *out = (lk_rival){.version = candidate->version, .alone = result.alone};
    snprintf(out->id, sizeof out->id, "%.128s", candidate->id);
    lk_verification_release(&result);
    original_release(&other);
    return status;
}

lk_status rivals_ask(lk_verification *result, const struct verifier *v, lk_store *store,
                     const struct original *own, const lk_candidate *candidates, int32_t count,
                     const struct sought *photo, lk_error *err) {
    lk_rival rivals[RIVALS_ASKED];
    struct verifier quiet = *v; /* no pictures are kept of what is only weighed */
    int32_t asked = 0, found = 0;
    double best = 0;
    lk_status status = LK_OK;
    quiet.want_evidence = quiet.tell_all = false;
    for (int32_t i = 0; i < count; i++) {
        best = fmax(best, candidates[i].coverage);
    }
    for (int32_t i = 0; status == LK_OK && i < count && asked < RIVALS_ASKED; i++) {
        const lk_candidate *c = &candidates[i];
        bool is_rival = false,
             likely = c->inliers >= INLIERS_LEAST && c->coverage >= coverage_share * best;
        if (likely && strcmp(c->id, own->stored.id) != 0) {
            status = ask(&rivals[found], &is_rival, &quiet, store, own, c, photo, err);
            status = is_passed_over(&result->comparison, c, status, err) ? LK_OK : status;
            asked++;
        }
        found += is_rival;
    }
    if (status == LK_OK) {
        lk_verification_weigh(result, rivals, found);
    }
    return status;
}
