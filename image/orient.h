/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF orientation (tag 0x0112 of EXIF 2.3, a TIFF structure): finding it and undoing it. */
#ifndef LK_ORIENT_H
#define LK_ORIENT_H

#include "image/image.h"

/* The orientation 1..8 of an EXIF block (with or without the "Exif\0\0" in front); 1 when absent or damaged. */
int32_t orient_from_exif(const uint8_t *exif, size_t size);

/* Turns and mirrors the image in place so that orientation becomes 1. */
LK_MUST_CHECK lk_status orient_apply(lk_image *image, int32_t orientation, lk_error *err);

#endif
