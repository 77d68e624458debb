/* SPDX-License-Identifier: Apache-2.0 */
/* What the picture lies on: drawn square tiles that repeat without a seam. */
#ifndef LK_GROUND_H
#define LK_GROUND_H

#include "simulate/light.h"

enum { GROUND_KINDS = 6, GROUND_LEVELS = 4 };

/* A tile, and the same at 1/2, 1/4, 1/8. */
struct ground {
    struct light levels[GROUND_LEVELS];
};

/* Draws the tile of a kind (the order of the setting's choices); side is a power of two, 64 to 4096. LK_E_MEMORY. */
LK_MUST_CHECK lk_status ground_draw(struct ground *out, int32_t kind, uint64_t seed, int32_t side,
                                    lk_error *err);
/* The tile of a picture (RGB 8 bits), squeezed into a square. rows is for twice its width. */
LK_MUST_CHECK lk_status ground_from_picture(struct ground *out, const lk_image *picture,
                                            int32_t side, const float to_light[256], light4 *rows,
                                            lk_error *err);
void ground_release(struct ground *g);

#endif
