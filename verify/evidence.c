/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/evidence.h"

#include <math.h>
#include <string.h>

static bool is_aligned(const lk_comparison *c) {
    return c->alignment.model != LK_ALIGN_NONE;
}

/* Measured in place: the blocks say so, as no points were needed. */
static bool is_laid(const lk_comparison *c) {
    return is_aligned(c) || c->verdict == LK_SAME;
}

static double score_of(const lk_comparison *c, const char *name) {
    for (size_t i = 0; i < c->measure_count; i++) {
        if (strcmp(c->measures[i].info->name, name) == 0) {
            return isfinite(c->measures[i].score) ? c->measures[i].score : 0;
        }
    }
    return 0;
}

static double inliers(const lk_comparison *c) {
    return log2(1 + (double)c->alignment.inliers);
}

static double spread(const lk_comparison *c) {
    return c->alignment.spread;
}

static double reach(const lk_comparison *c) {
    return c->alignment.reach;
}

static double seed(const lk_comparison *c) {
    return c->alignment.seed_reach;
}

static double colour(const lk_comparison *c) {
    return is_laid(c) ? fmax(c->alignment.colour, 0) : 0;
}

static double accuracy(const lk_comparison *c) {
    return c->alignment.inliers > 0 ? 1 / (1 + c->alignment.looked_rms_px) : 0;
}

static double agreement(const lk_comparison *c) {
    return is_laid(c) ? c->alignment.agreement : 0;
}

static double correlation(const lk_comparison *c) {
    return is_laid(c) ? fmax(c->alignment.correlation, 0) : 0;
}

static double structure(const lk_comparison *c) {
    return is_laid(c) ? score_of(c, "ssim") : 0;
}

static double latent(const lk_comparison *c) {
    return score_of(c, "latent");
}

static double phash(const lk_comparison *c) {
    return is_laid(c) ? score_of(c, "phash") : 0;
}

/* All are larger, or no smaller, for a photo of the thing than for one of another. most: the largest weight that a fit may give a
 * deviation of it; 0 is any. What a network says is bounded: it can be led astray, and on real photos it knows less than on the
 * simulated ones that it learnt from. */
static const struct {
    const char *name, *summary;
    double (*of)(const lk_comparison *);
    double most;
} table[] = {
    {"inliers", "log2(1 + matched points that agree on one view)", inliers, 0},
    {"spread", "share of a 4 x 4 grid over the reference that holds such points", spread, 0},
    {"reach", "share of the reference that lies near such a point", reach, 0},
    {"seed", "the same before points were looked for again where they should be", seed, 0},
    {"accuracy", "1 / (1 + their root mean square error in pixels)", accuracy, 0},
    {"agreement", "share of the textured blocks that correlate after alignment", agreement, 0},
    {"correlation", "mean correlation of the textured blocks after alignment", correlation, 0},
    {"colour", "how alike the colours are between these points, apart from the light", colour, 0},
    {"structure", "SSIM of the aligned pair", structure, 0},
    {"latent", "how alike the embeddings are", latent, 0.5},
    {"phash", "how alike the perceptual hashes of the aligned pair are", phash, 0},
};

_Static_assert(sizeof table / sizeof *table <= LK_EVIDENCE_MOST, "room for all evidence");

int32_t lk_evidence_count(void) {
    return (int32_t)(sizeof table / sizeof *table);
}

const char *lk_evidence_name(int32_t i) {
    return table[i].name;
}

const char *lk_evidence_summary(int32_t i) {
    return table[i].summary;
}

double evidence_weight_most(int32_t i) {
    return table[i].most;
}

int32_t evidence_find(const char *name) {
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

void evidence_gather(lk_evidence *out, const lk_comparison *c) {
    *out = (lk_evidence){0};
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        out->values[i] = table[i].of(c);
    }
}
