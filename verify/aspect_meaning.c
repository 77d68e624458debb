/* SPDX-License-Identifier: Apache-2.0 */
/* Meaning: what a network said of the two, when it was asked (measures latent and category). The score is latent's, or category's
 * where there is no embedding. */
#include <math.h>
#include <string.h>

#include "verify/aspect.h"

static const lk_measure_result *find(const lk_comparison *c, const char *name) {
    for (size_t i = 0; i < c->measure_count; i++) {
        if (strcmp(c->measures[i].info->name, name) == 0) {
            return &c->measures[i];
        }
    }
    return NULL;
}

static const char *detail(const lk_measure_result *r, const char *key) {
    for (int32_t i = 0; r && i < r->detail_count; i++) {
        if (strcmp(r->details[i].key, key) == 0) {
            return r->details[i].text;
        }
    }
    return "";
}

/* The first of a list of labels. */
static int first_label(const char *labels) {
    return (int)strcspn(labels, ";");
}

bool aspect_meaning(lk_aspect_result *out, const lk_comparison *c) {
    const lk_measure_result *latent = find(c, "latent"), *category = find(c, "category");
    if (!latent && !category) {
        return false;
    }
    const char *a = detail(category, "labels_a"), *b = detail(category, "labels_b");
    int na = first_label(a), nb = first_label(b);
    double score = latent ? latent->score : category->score;
    out->aspect = LK_ASPECT_MEANING;
    if (na == 0 || nb == 0) {
        aspect_says(out, score, "a network finds the two %s",
                    score >= 0.8   ? "alike"
                    : score >= 0.5 ? "somewhat alike"
                                   : "unlike");
    } else if (na == nb && strncmp(a, b, (size_t)na) == 0) {
        aspect_says(out, score, "a network takes both for: %.*s", na, a);
    } else {
        aspect_says(out, score, "a network takes one for: %.*s, the other for: %.*s", na, a, nb, b);
    }
    return true;
}
