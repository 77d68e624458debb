/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/compiler.h"
#include "image/colour.h"
#include "image/resize.h"

lk_status lk_image_shrink(lk_image *out, lk_engine *engine, const lk_image *image, int32_t width,
                          lk_error *err) {
    lk_image rgb = {0};
    *out = (lk_image){0};
    lk_status status = colour_to_rgb8(&rgb, image, err);
    if (status == LK_OK && rgb.width <= width) {
        *out = rgb;
        return LK_OK;
    }
    if (status == LK_OK) {
        double height = round((double)rgb.height * width / rgb.width);
        status =
            image_resize(out, engine, &rgb, width, MAX((int32_t)height, 1), RESIZE_BILINEAR, err);
    }
    lk_image_release(&rgb);
    return status;
}
