/* SPDX-License-Identifier: Apache-2.0 */
/* The pixels of a common PNG, several times faster than libpng reads them.
 *
 * Common is: 8 bits, not interlaced, gray, RGB, RGBA, gray with alpha, or palette. libpng has read everything before the
 * pixels; this reads the IDAT chunks with libdeflate and undoes the filters with kernels. It only ever succeeds or
 * declines: whatever is unusual or damaged is left to libpng, whose answer and message then count. */
#ifndef LK_CODEC_PNG_FAST_H
#define LK_CODEC_PNG_FAST_H

#include "image/codec.h"

struct png_fast {
    const struct decode_request *request;
    size_t idat_at; /* where the first IDAT chunk begins (its length field) */
    int32_t width, height;
    int32_t samples; /* bytes of a pixel in the file: 1 (gray or palette), 2, 3 or 4 */
    /* 256 RGBA colours when the picture has a palette, else NULL. */
    const uint8_t (*palette)[4];
    bool palette_has_alpha; /* whether the palette becomes RGBA or RGB */
};

/* True: *image is the picture (gray, RGB or RGBA) and *end the first byte after IEND. False: declined, *image empty. */
bool png_fast_read(lk_image *image, size_t *end, const struct png_fast *f);

#endif
