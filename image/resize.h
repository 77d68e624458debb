/* SPDX-License-Identifier: Apache-2.0 */
/* Resizing as Pillow does it: 8-bit gray, RGB and RGBA, bit for bit. */
#ifndef LK_RESIZE_H
#define LK_RESIZE_H

#include "image/engine.h"
#include "image/image.h"

enum resize_filter { RESIZE_BOX, RESIZE_BILINEAR, RESIZE_BICUBIC, RESIZE_LANCZOS };

/* from (8 bits) to width x height. Alpha is a channel like the others: premultiply first where that matters (Pillow's
 * resize of RGBA does). LK_E_USAGE for 16 bits, LK_E_MEMORY. */
LK_MUST_CHECK lk_status image_resize(lk_image *out, lk_engine *engine, const lk_image *from,
                                     int32_t width, int32_t height, enum resize_filter filter,
                                     lk_error *err);

/* Resizes the rectangle [x0, x1) x [y0, y1) of from, in fractional pixels (Pillow's resize(box=...)). */
LK_MUST_CHECK lk_status image_resize_box(lk_image *out, lk_engine *engine, const lk_image *from,
                                         const double box[4], int32_t width, int32_t height,
                                         enum resize_filter filter, lk_error *err);

#endif
