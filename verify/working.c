/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/working.h"

#include <likeness/verify.h>
#include <math.h>

#include "base/compiler.h"
#include "image/colour.h"
#include "image/image.h"
#include "image/resize.h"

/* Points *at to the picture brought to 1 / by of its size. */
static lk_status reduce(const lk_image **at, lk_image *small, lk_engine *engine, double by,
                        lk_error *err) {
    lk_image rgb = {0};
    const lk_image *from = *at;
    lk_status status = from->bit_depth == 8 && from->channels != 4
                           ? LK_OK
                           : colour_to_rgb8(&rgb, from, err); /* alpha over white, 16 bits to 8 */
    int32_t width = MAX((int32_t)lround(from->width / by), 1),
            height = MAX((int32_t)lround(from->height / by), 1);
    if (status == LK_OK) {
        status = image_resize(small, engine, rgb.data ? &rgb : from, width, height, RESIZE_BILINEAR,
                              err);
        *at = small;
    }
    lk_image_release(&rgb);
    return status;
}

lk_status working_reduce_reference(const lk_image **at, lk_image *small, lk_engine *engine,
                                   lk_error *err) {
    int32_t side = MAX((*at)->width, (*at)->height);
    return side > LK_VERIFY_FRAME_SIDE
               ? reduce(at, small, engine, (double)side / LK_VERIFY_FRAME_SIDE, err)
               : LK_OK;
}

lk_status working_reduce_photo(const lk_image **at, lk_image *small, lk_engine *engine,
                               lk_error *err) {
    int32_t side = MAX((*at)->width, (*at)->height), by = 1;
    while (side / (2 * by) >= LK_VERIFY_PHOTO_SIDE) {
        by *= 2;
    }
    return by > 1 ? reduce(at, small, engine, by, err) : LK_OK;
}
