/* SPDX-License-Identifier: Apache-2.0 */
/* The table of perceptual hashes. Adding one is one file with a `const struct signature` and one row in signature.c. */
#ifndef LK_SIGNATURE_H
#define LK_SIGNATURE_H

#include <likeness/hash.h>

#include "image/engine.h"
#include "image/image.h"

struct signature {
    lk_hash_info info;
    /* Fills bits, segments, quality and data; info is set. side is valid for this hash. */
    lk_status (*compute)(lk_hash *out, lk_engine *engine, const lk_image *image, int32_t side,
                         lk_error *err);
};

/* Sets bit i (0 is printed first) of segment 0. */
static inline void signature_set_bit(lk_hash *hash, int32_t i) {
    hash->data[i / 8] = (uint8_t)(hash->data[i / 8] | 0x80 >> i % 8);
}

/* Pillow's convert("L"): 8-bit gray, alpha dropped, 16 bits brought to 8. */
LK_MUST_CHECK lk_status signature_gray(lk_image *out, const lk_image *image, lk_error *err);
/* 8-bit RGB, alpha dropped. */
LK_MUST_CHECK lk_status signature_rgb(lk_image *out, const lk_image *image, lk_error *err);
/* Gray, then Lanczos to width x height: how most of ImageHash begins. */
LK_MUST_CHECK lk_status signature_gray_resized(lk_image *out, lk_engine *engine,
                                               const lk_image *image, int32_t width, int32_t height,
                                               lk_error *err);
/* numpy.median of n values, which are reordered: the middle one, or the mean of the middle two. */
double signature_median(double *values, size_t n);

#endif
