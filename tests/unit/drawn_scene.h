/* SPDX-License-Identifier: Apache-2.0 */
/* A drawn picture that can be aligned. */
#ifndef LK_DRAWN_SCENE_H
#define LK_DRAWN_SCENE_H

#include "tests/unit/harness.h"

#include "base/rng.h"
#include "image/draw.h"

enum { SCENE_WIDTH = 500, SCENE_HEIGHT = 400 };

/* Boxes of random place, size and colour; the last `twice` of 300 are drawn a second time where a mirror shows them. */
static inline lk_image scene_make(uint64_t seed, int twice) {
    lk_error err;
    lk_image image;
    struct rng rng;
    rng_init(&rng, seed);
    assert_ok(lk_image_new(&image, SCENE_WIDTH, SCENE_HEIGHT, 3, 8, &err));
    memset(image.data, 120, image.stride * SCENE_HEIGHT);
    for (int i = 0; i < 300; i++) {
        int32_t x = (int32_t)rng_below(&rng, SCENE_WIDTH),
                y = (int32_t)rng_below(&rng, SCENE_HEIGHT);
        int32_t w = 5 + (int32_t)rng_below(&rng, 50), h = 5 + (int32_t)rng_below(&rng, 50);
        uint32_t c = (uint32_t)rng_next(&rng);
        struct colour colour = {(uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16)};
        if (i >= 300 - twice) {
            draw_box(&image, SCENE_WIDTH - x - w, y, w, h, colour);
        }
        draw_box(&image, x, y, w, h, colour);
    }
    return image;
}

#endif
