/* SPDX-License-Identifier: Apache-2.0 */
/* The rules, in the order they are asked. `same` means: the two show the same thing, perhaps with differences, which the
 * regions name. What cannot be told is said so.
 *
 *   identical samples                                     same
 *   mask and areas to ignore leave nothing to look at     cannot-tell
 *   the photo's mirror image explains the reference       different
 *   aligned, and the photo covers enough of the reference same; else cannot-tell
 *   measured in place: most textured blocks correlate     same; else different
 *     without texture: hardly any area differs            same where most samples are equal, else cannot-tell
 *                      more of it does                    different
 *   not aligned: enough points in both and hardly any     different
 *                agreeing ones
 *                otherwise                                cannot-tell
 *
 *   score (aligned)  (1 - changed share) * (1 + mean block correlation) / 2
 *   score (not)      share of the inliers that would have been needed, at most 0.3 */
#include "verify/decide.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/compiler.h"

enum {
    POINTS_NEEDED = 150, /* keypoints in each picture before their disagreement means anything */
};

static const double coverage_needed = 0.3;
static const double block_share_needed = 0.5;
static const double flat_change_allowed = 0.02; /* of a pair without textured blocks */

static void add_reason(lk_comparison *out, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_reason(lk_comparison *out, const char *format, ...) {
    if (out->reason_count < LK_REASONS_MAX) {
        va_list args;
        va_start(args, format);
        vsnprintf(out->reasons[out->reason_count++], sizeof out->reasons[0], format, args);
        va_end(args);
    }
}

static void reason_regions(lk_comparison *out, const struct evidence *e) {
    if (e->regions == 0) {
        add_reason(out, "no region differs");
    } else {
        add_reason(out, "%zu region%s differ%s, %.2f %% of the reference", e->regions,
                   e->regions == 1 ? "" : "s", e->regions == 1 ? "s" : "", e->changed_share * 100);
        char moves[160];
        if (*lk_moves_words(moves, sizeof moves, out->regions, out->region_count)) {
            add_reason(out, "%s", moves);
        }
    }
}

static double aligned_score(const struct evidence *e) {
    const struct agreement *g = &e->align->agreement;
    double correlation = g->blocks > 0 ? fmax(g->mean, 0) : 1 - fmin(e->mean_difference, 1);
    return (1 - fmin(e->changed_share, 1)) * (1 + correlation) / 2;
}

/* How the photo was taken; of a picture that was only shifted by how much. */
static const char *view_words(char *out, size_t size, const lk_alignment *m) {
    lk_region shift = {.kind = LK_REGION_MOVED,
                       .moved_by = {(int32_t)lround(m->shift_x), (int32_t)lround(m->shift_y)}};
    bool shifted = shift.moved_by[0] || shift.moved_by[1];
    /* A tilt of 3 degrees shortens by a thousandth. */
    if (shifted && fabs(m->rotation_deg) < 0.1 && fabs(m->scale - 1) < 0.002 && m->tilt_deg < 3) {
        return lk_region_words(out, size, &shift);
    }
    snprintf(out, size, "turned %ld deg, scale %.2f, tilt %.0f deg", lround(m->rotation_deg),
             m->scale, m->tilt_deg);
    return out;
}

static void decide_aligned(lk_comparison *out, const struct evidence *e) {
    const lk_alignment *m = &e->align->alignment;
    out->score = aligned_score(e);
    char view[80];
    add_reason(out, "%d of %d matched points agree on one view: %s", m->inliers, m->matches,
               view_words(view, sizeof view, m));
    add_reason(out, "after alignment %.0f %% of %d textured blocks correlate",
               e->align->agreement.share * 100, e->align->agreement.blocks);
    out->verdict = m->coverage >= coverage_needed ? LK_SAME : LK_CANNOT_TELL;
    if (out->verdict == LK_CANNOT_TELL) {
        add_reason(out, "the photo shows only %.0f %% of the reference (%.0f %% needed)",
                   m->coverage * 100, coverage_needed * 100);
    }
    reason_regions(out, e);
}

static void decide_in_place(lk_comparison *out, const struct evidence *e) {
    const struct agreement *g = &e->align->agreement;
    out->score = aligned_score(e);
    bool textured = g->blocks > 0;
    bool same = textured ? g->share >= block_share_needed : e->changed_share <= flat_change_allowed;
    out->verdict = same ? LK_SAME : LK_DIFFERENT;
    if (same && !textured && !e->align->mostly_equal) { /* the map takes noise all over for noise */
        out->verdict = LK_CANNOT_TELL;
        add_reason(out, "the reference has no texture to compare");
        return;
    }
    if (textured) {
        add_reason(out, "%.0f %% of %d textured blocks correlate in place (%.0f %% needed)",
                   g->share * 100, g->blocks, block_share_needed * 100);
    } else {
        add_reason(out, "the reference has no texture; %.2f %% of its area differs",
                   e->changed_share * 100);
    }
    if (same) {
        reason_regions(out, e);
    }
}

static double score_without_map(const lk_alignment *m) {
    return 0.3 * fmin((double)m->inliers / (2 * ALIGN_INLIERS_LEAST), 1);
}

static void decide_not_aligned(lk_comparison *out, const struct evidence *e) {
    const lk_alignment *m = &e->align->alignment;
    int32_t fewest = MIN(m->keypoints_a, m->keypoints_b);
    out->score = score_without_map(m);
    if (fewest < POINTS_NEEDED) {
        out->verdict = LK_CANNOT_TELL;
        add_reason(out,
                   "only %d keypoints in the %s (%d needed): it is blurred, dark, small or without "
                   "texture",
                   fewest, m->keypoints_b <= m->keypoints_a ? "photo" : "reference",
                   (int)POINTS_NEEDED);
    } else if (m->inliers >
               ALIGN_INLIERS_LEAST + 4) { /* chance reaches 12 of 300 (docs/algorithms/align.md) */
        out->verdict = LK_CANNOT_TELL;
        add_reason(
            out,
            "%d of %d matched points agree on one view, but the pictures do not correlate there",
            m->inliers, m->matches);
    } else {
        out->verdict = LK_DIFFERENT;
        add_reason(out, "only %d of %d matched points agree on one view (%d needed)", m->inliers,
                   m->matches, (int)ALIGN_INLIERS_LEAST);
    }
}

static void decide_mirrored(lk_comparison *out, const struct evidence *e) {
    const struct agreement *m = &e->align->mirrored;
    out->verdict = LK_DIFFERENT;
    out->score = score_without_map(&e->align->alignment);
    add_reason(
        out,
        "the photo is mirrored: %.0f %% of %d textured blocks of its mirror image correlate, "
        "%.0f %% of the photo as it is",
        m->share * 100, m->blocks, e->align->agreement.share * 100);
}

void decide(lk_comparison *out, const struct evidence *e) {
    if (e->identical) {
        out->verdict = LK_SAME;
        out->score = 1;
        add_reason(out, e->files_differ
                            ? "every sample is equal; the files differ in encoding or metadata"
                            : "every sample is equal");
    } else if (e->left_out) {
        out->verdict = LK_CANNOT_TELL;
        out->score = 0;
        add_reason(out, "the mask and the areas to ignore leave nothing to look at");
    } else if (e->align->mirrored.blocks > 0) {
        decide_mirrored(out, e);
    } else if (e->align->outcome == ALIGN_FOUND) {
        decide_aligned(out, e);
    } else if (e->align->outcome == ALIGN_IN_PLACE || !e->aligned_wanted) {
        decide_in_place(out, e);
    } else {
        decide_not_aligned(out, e);
    }
    if (e->min_score > 0 && out->score < e->min_score && out->verdict == LK_SAME) {
        out->verdict = LK_DIFFERENT;
        add_reason(out, "score %.3f is below --min-score %.3f", out->score, e->min_score);
    }
}

void decide_nothing(lk_comparison *out) {
    out->verdict = LK_CANNOT_TELL;
    out->score = NAN;
    add_reason(out, "only the measures were asked for");
}
