/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a photo looks like one of a screen: coloured stripes, finer than a thing has them, all over it. */
#ifndef LK_SCREEN_H
#define LK_SCREEN_H

#include "image/engine.h"

enum {
    SCREEN_ACROSS = 3,
    SCREEN_PATCHES = SCREEN_ACROSS * SCREEN_ACROSS,
    SCREEN_PATCH_SIDE = 128,
    SCREEN_SIDE_LEAST =
        2 * SCREEN_PATCH_SIDE, /* of a photo that is asked: below, the patches are hardly nine */
};

struct screen {
    int32_t patches;                /* looked at; 0: the photo is too small */
    int32_t striped;                /* of them */
    double stripes[SCREEN_PATCHES]; /* how far the strongest wave stands out; 0 if it is of none */
};

/* photo as it came: every reduction takes the stripes away. LK_E_MEMORY. */
LK_MUST_CHECK lk_status screen_measure(struct screen *out, lk_engine *engine, const lk_image *photo,
                                       lk_error *err);

/* Whether enough of the patches are striped. */
bool screen_is_shown(const struct screen *s);

#endif
