/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include <math.h>
#include <string.h>

static void explain_files(struct buf *out, const lk_comparison *c) {
    const char *a = c->inputs[0].sha256, *b = c->inputs[1].sha256;
    if (*a && *b) {
        buf_printf(out, "  files: %s\n",
                   strcmp(a, b) == 0 ? "the same bytes (sha256)" : "not the same bytes (sha256)");
    }
}

static void explain_alignment(struct buf *out, const lk_comparison *c) {
    static const char *const models[] = {"auto", "none", "shift", "affine", "perspective"};
    const lk_alignment *m = &c->alignment;
    if (m->matches) {
        buf_printf(out, "  local features: %d of %d matched points agree on one move\n", m->inliers,
                   m->matches);
    }
    if (m->model == LK_ALIGN_NONE) {
        buf_add_text(out, "  alignment: none; the pair was measured as it came\n");
        return;
    }
    buf_printf(
        out,
        "  alignment: %s: turned %.1f deg, scale %.3f, tilt %.1f deg; points fit to %.2f px\n"
        "  the photo shows %.0f %% of the reference; points lie in %.0f %% of its parts\n",
        models[m->model], m->rotation_deg, m->scale, m->tilt_deg, m->rms_px, 100 * m->coverage,
        100 * m->spread);
}

/* Hashes are of the pictures as they came: they tell whether a search by hash would have found the pair. */
static lk_status explain_hashes(struct buf *out, lk_engine *engine, const lk_image *a,
                                const lk_image *b, lk_error *err) {
    static const char *const names[] = {"phash", "dhash", "pdq"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lk_hash_info *info = lk_hash_find(names[i]);
        lk_hash hashes[2];
        int32_t distance = 0;
        lk_status status = lk_hash_compute(&hashes[0], engine, a, info, 0, err);
        status = status == LK_OK ? lk_hash_compute(&hashes[1], engine, b, info, 0, err) : status;
        status =
            status == LK_OK ? lk_hash_distance(&distance, &hashes[0], &hashes[1], err) : status;
        if (status != LK_OK) {
            return status;
        }
        buf_printf(out, "  %s: %d of %d bits apart (limit %d: %s by a search for it)\n", names[i],
                   distance, hashes[0].bits, info->match_bits,
                   distance <= info->match_bits ? "would be found" : "would be missed");
    }
    return LK_OK;
}

/* Whether `likeness dups` would group the pair, and by which --kind. */
static lk_status explain_dups(struct buf *out, lk_engine *engine, const lk_image *a,
                              const lk_image *b, lk_error *err) {
    lk_dups_pair pair;
    lk_status status = lk_dups_compare(&pair, engine, a, b, err);
    if (status != LK_OK) {
        return status;
    }
    if (!pair.is_copy) {
        buf_printf(out, "  as a duplicate: no, %s; %d keypoints agree\n", pair.words, pair.inliers);
        return LK_OK;
    }
    buf_printf(out, "  as a duplicate: %s; score %.2f, %d keypoints agree\n  found by: dups --kind",
               pair.words, pair.score, pair.inliers);
    buf_printf(out, " %s\n", lk_dups_kind_name(pair.kind));
    return LK_OK;
}

static void explain_measures(struct buf *out, const lk_comparison *c) {
    for (size_t i = 0; i < c->measure_count; i++) {
        const lk_measure_result *m = &c->measures[i];
        if (isfinite(m->value)) {
            buf_printf(out, "  %s %.6g%s%s, score %.3f: %s\n", m->info->name, m->value,
                       *m->info->unit ? " " : "", m->info->unit, m->score, m->info->summary);
        } else {
            buf_printf(out, "  %s: no finite value, score %.3f: %s\n", m->info->name, m->score,
                       m->info->summary);
        }
    }
}

lk_status explain(struct buf *out, lk_engine *engine, const lk_comparison *c, const lk_image *a,
                  const lk_image *b, lk_error *err) {
    buf_add_text(out, "why\n");
    for (int32_t i = 0; i < c->reason_count; i++) {
        buf_printf(out, "  %s\n", c->reasons[i]);
    }
    buf_add_text(out, "at a glance\n");
    for (int32_t i = 0; i < c->aspect_count; i++) {
        const lk_aspect_result *r = &c->aspects[i];
        if (r->known) {
            buf_printf(out, "  %s %.2f: %s\n", lk_aspect_name(r->aspect), r->score, r->reason);
        } else {
            buf_printf(out, "  %s: %s\n", lk_aspect_name(r->aspect), r->reason);
        }
    }
    buf_add_text(out, "evidence\n");
    explain_files(out, c);
    explain_alignment(out, c);
    lk_status status = explain_hashes(out, engine, a, b, err);
    status = status == LK_OK ? explain_dups(out, engine, a, b, err) : status;
    buf_add_text(out, "measures of the aligned pair\n");
    explain_measures(out, c);
    return status;
}
