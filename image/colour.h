/* SPDX-License-Identifier: Apache-2.0 */
/* From any lk_image to the few pixel forms that measures read. */
#ifndef LK_COLOUR_H
#define LK_COLOUR_H

#include "image/engine.h"
#include "image/image.h"

/* 8-bit RGB: 16-bit samples are rounded to the nearest level (v * 255 / 65535), gray is repeated, and a picture with
 * alpha is laid over white, in sRGB values: round((c * a + 255 * (255 - a)) / 255). The stated rule for alpha. */
LK_MUST_CHECK lk_status colour_to_rgb8(lk_image *out, const lk_image *from, lk_error *err);

/* 8-bit gray, as Pillow's mode L: (19595 R + 38470 G + 7471 B + 32768) >> 16 of colour_to_rgb8's pixels. engine may be NULL: in
 * plain C then, which gives the same. */
LK_MUST_CHECK lk_status colour_to_gray8(lk_image *out, const lk_engine *engine,
                                        const lk_image *from, lk_error *err);

#endif
