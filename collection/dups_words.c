/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/dups_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

const char *lk_dups_kind_name(lk_dups_kind kind) {
    static const char *const names[LK_DUPS_KINDS] = {
        [LK_DUPS_EXACT] = "exact",     [LK_DUPS_NEAR] = "near",         [LK_DUPS_CROP] = "crop",
        [LK_DUPS_ROTATED] = "rotated", [LK_DUPS_MIRRORED] = "mirrored", [LK_DUPS_SCENE] = "scene",
    };
    return names[kind];
}

lk_dups_kind dups_kind(int32_t class) {
    const char *kind = relation_row((enum relation_class) class)->kind;
    lk_dups_kind found = LK_DUPS_SCENE;
    for (int i = 0; kind && i < LK_DUPS_KINDS; i++) {
        found = strcmp(kind, lk_dups_kind_name((lk_dups_kind)i)) == 0 ? (lk_dups_kind)i : found;
    }
    return found;
}

void dups_words(char *out, size_t size, const struct pair *p, bool turned) {
    int32_t part = turned ? -p->part : p->part;
    double covers = turned ? (double)p->covers_b : (double)p->covers_a;
    double share = part > 0 ? covers : turned ? (double)p->covers_a : (double)p->covers_b;
    size_t at = 0;
    out[0] = '\0';
    for (int32_t c = RELATION_CLASSES - 1; c > RELATION_SCENE && at < size; c--) {
        if (!(p->also & (1U << c))) {
            continue;
        }
        const char *words = relation_row((enum relation_class)c)->words;
        const char *comma = at > 0 ? ", " : "";
        int n;
        if (c == RELATION_CROPPED && part != 0) {
            n = snprintf(out + at, size - at, "%s%s %.0f %% of it", comma,
                         part > 0 ? "shows" : "the kept one shows", 100 * share);
        } else if (c == RELATION_ANGLE || c == RELATION_QUARTER) {
            n = snprintf(out + at, size - at, "%sturned by %.0f degrees", comma,
                         fabs((double)p->angle_deg));
        } else {
            n = snprintf(out + at, size - at, "%s%s", comma, words);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    if (at == 0) {
        snprintf(out, size, "%s", relation_row((enum relation_class)p->class)->words);
    }
}

static lk_status facts_of(struct facts *out, lk_engine *engine, const lk_image *image,
                          lk_error *err) {
    lk_image_info *info = mem_calloc(1, sizeof *info);
    *out = (struct facts){0};
    if (!info) {
        return error_memory(err, sizeof *info);
    }
    info->width = image->width;
    info->height = image->height;
    lk_status status = facts_make(out, engine, image, info, true, err);
    mem_free(info);
    return status;
}

lk_status lk_dups_compare(lk_dups_pair *out, lk_engine *engine, const lk_image *a,
                          const lk_image *b, lk_error *err) {
    struct facts fa, fb;
    struct relation r;
    struct pair p = {0};
    *out = (lk_dups_pair){0};
    lk_status status = facts_of(&fa, engine, a, err);
    if (status != LK_OK) {
        return status;
    }
    status = facts_of(&fb, engine, b, err);
    status = status == LK_OK ? relation_find(&r, engine, &fa, &fb, err) : status;
    facts_release(&fa);
    facts_release(&fb);
    if (status != LK_OK) {
        return status;
    }
    content_pairs_describe(&p, &r);
    out->kind = dups_kind(p.class);
    out->is_copy = out->kind != LK_DUPS_SCENE;
    out->class_name = relation_row(r.class)->name;
    out->score = r.score;
    out->inliers = r.inliers;
    out->bits = r.hash_bits;
    for (int32_t c = 0; out->is_copy && c < RELATION_CLASSES; c++) {
        out->kinds |= p.also & (1U << c) ? 1U << dups_kind(c) : 0;
    }
    dups_words(out->words, sizeof out->words, &p, false);
    return LK_OK;
}
