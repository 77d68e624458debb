/* SPDX-License-Identifier: Apache-2.0 */
/* thumbnail: both pictures brought down to 4 x 4 pixels of RGB, which makes 48 numbers each, and the sum of their differences.
 *
 *   value = sum |a - b| / (48 * 255), score = 1 - value
 *
 * Brought down with Pillow's box filter (resize.c), in whole levels. Oracle: Pillow 9.4 (tests/oracle/pixel). */
#include <stdlib.h>

#include "image/resize.h"
#include "measure/measure.h"

enum { SIDE = 4, MOST = SIDE * SIDE * 3 * 255 };

static lk_status make_thumbnail(lk_image *out, struct view *v, lk_error *err) {
    const lk_image *rgb;
    *out = (lk_image){0};
    lk_status status = view_rgb(&rgb, v, err);
    return status == LK_OK ? image_resize(out, v->engine, rgb, SIDE, SIDE, RESIZE_BOX, err)
                           : status;
}

static lk_status thumbnail_run(lk_measure_result *out, const struct measure_input *in,
                               lk_error *err) {
    lk_image a, b = {0};
    int32_t sum = 0;
    lk_status status = make_thumbnail(&a, in->a, err);
    status = status == LK_OK ? make_thumbnail(&b, in->b, err) : status;
    if (status == LK_OK) {
        for (int32_t y = 0; y < SIDE; y++) {
            for (int32_t i = 0; i < SIDE * 3; i++) {
                sum += abs(image_row(&a, y)[i] - image_row(&b, y)[i]);
            }
        }
        out->value = (double)sum / MOST;
        out->score = 1 - out->value;
        measure_detail_int(out, "distance", sum);
        measure_detail_int(out, "distance_max", MOST);
    }
    lk_image_release(&a);
    lk_image_release(&b);
    return status;
}

const struct measure measure_thumbnail = {
    .info = {.name = "thumbnail",
             .version = 1,
             .title = "Thumbnail of 4 x 4",
             .summary = "How far sixteen mean colours are apart: the cheapest look at layout.",
             .unit = "",
             .aspect = LK_ASPECT_STRUCTURE,
             .higher_is_more_alike = false,
             .symmetric = true,
             .is_default = false,
             .best = 0,
             .min = 0,
             .max = 1},
    .any_size = true,
    .run = thumbnail_run,
};
