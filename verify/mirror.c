/* SPDX-License-Identifier: Apache-2.0 */
/* A mirrored photo is no view of the thing from its front. Brick walls, windows, a clock without figures agree with their mirror
 * image well enough to be aligned with it, so both are asked: the photo as it is, and its mirror image.
 *
 *   mirrored   the mirror image is aligned (or, where nothing is to be moved, half of its textured blocks correlate in place)
 *              and leaves less than half as many textured blocks in disagreement as the photo as it is
 *
 * A symmetric thing agrees equally well both ways and is not called mirrored. A photo upside down is a mirrored one that was
 * turned: the alignment finds the turn. Checked by tests/unit/test_mirror.c. */
#include "verify/mirror.h"

#include <string.h>

#include "base/mem.h"

static const double share_beyond_doubt = 0.9; /* of the textured blocks, as it is */
static const double agreement_needed = 0.5;   /* in place, as decide.c asks for `same` */

static lk_status mirror_image(lk_image *out, const lk_image *from, lk_error *err) {
    lk_status status = lk_image_new(out, from->width, from->height, 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < from->height; y++) {
        const uint8_t *in = image_row(from, y) + 3 * (size_t)from->width;
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < from->width; x++, to += 3) {
            in -= 3;
            memcpy(to, in, 3);
        }
    }
    return status;
}

/* Whether the pair as it is leaves nothing to ask. */
static bool is_beyond_doubt(const struct align_result *r, lk_align_mode mode) {
    bool lies = r->outcome != ALIGN_NOT_FOUND || mode == LK_ALIGN_NONE;
    return lies && (r->agreement.blocks == 0 || r->agreement.share >= share_beyond_doubt);
}

static bool explains_better(const struct align_result *mirrored, const struct align_result *as_is,
                            lk_align_mode mode) {
    const struct agreement *m = &mirrored->agreement;
    bool lies =
        mode == LK_ALIGN_NONE ? m->share >= agreement_needed : mirrored->outcome != ALIGN_NOT_FOUND;
    return lies && m->blocks > 0 && 1 - m->share < (1 - as_is->agreement.share) / 2;
}

lk_status mirror_check(struct align_result *r, struct view *a, struct view *b, lk_align_mode mode,
                       lk_error *err) {
    const lk_image *rgb;
    lk_image image = {0};
    struct view view = {0};
    struct align_result mirrored;
    if (is_beyond_doubt(r, mode)) {
        return LK_OK;
    }
    lk_status status = view_rgb(&rgb, b, err);
    status = status == LK_OK ? mirror_image(&image, rgb, err) : status;
    status = status == LK_OK ? view_init(&view, b->engine, &image, err) : status;
    status = status == LK_OK ? align_views(&mirrored, a, &view, mode, err) : status;
    if (status == LK_OK) {
        if (explains_better(&mirrored, r, mode)) {
            align_set_not_found(r);
            r->mirrored = mirrored.agreement;
        }
        align_result_release(&mirrored);
    }
    view_release(&view);
    lk_image_release(&image);
    return status;
}
