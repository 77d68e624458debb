/* SPDX-License-Identifier: Apache-2.0 */
/* What a person asks about two pictures, one score each with its reason. */
#ifndef LK_ASPECT_H
#define LK_ASPECT_H

#include <likeness/compare.h>

#include "image/image.h"
#include "verify/align.h"
#include "verify/full_size.h"

/* The aligned pair as small planes of CIELAB, so that noise, blur and a pixel of misalignment do not count. */
struct aspect_pair {
    int32_t width, height;
    struct plane a[3], b[3]; /* L, a, b of reference and photo */
    struct plane counts;     /* 1 where both show something that counts, else 0 */
};

/* What the answers are drawn from. */
struct aspect_input {
    lk_engine *engine;
    const lk_image *a, *b,
        *valid; /* RGB 8 of one size, the photo on the frame of the reference; gray, 0 does not count */
    const struct align_result *align;
    const struct full_size *size, *photo_size; /* of the reference and the photo as they are */
    const lk_region *regions;
    size_t region_count;
    struct aspect_pair pair; /* made by aspects_find */
};

/* Fills out->aspects. LK_E_MEMORY. */
LK_MUST_CHECK lk_status aspects_find(lk_comparison *out, struct aspect_input *in, lk_error *err);

/* Each answers one question: fills score and reason, or leaves known false and says in reason why. */
LK_MUST_CHECK lk_status aspect_colour(lk_aspect_result *out, const struct aspect_input *in,
                                      lk_error *err);
LK_MUST_CHECK lk_status aspect_brightness(lk_aspect_result *out, const struct aspect_input *in,
                                          lk_error *err);

LK_MUST_CHECK lk_status aspect_shape(lk_aspect_result *out, const struct aspect_input *in,
                                     lk_error *err);

/* What a network said, if one was asked: false, and nothing filled, when not. */
bool aspect_meaning(lk_aspect_result *out, const lk_comparison *c);

void aspect_says(lk_aspect_result *out, double score, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
