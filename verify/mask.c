/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/mask.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/polygon.h"

static lk_status clear_ignored(lk_image *out, const lk_compare_options *o,
                               const struct full_size *size, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < o->ignore_count; i++) {
        lk_polygon p;
        status = full_size_reduce_polygon(&p, &o->ignore[i], size, err);
        if (status == LK_OK) {
            polygon_clear(out, &p);
            mem_free(p.xy);
        }
    }
    return status;
}

lk_status mask_new(lk_image *out, const lk_image *reference, const struct full_size *size,
                   const lk_compare_options *o, lk_error *err) {
    const lk_image *m = o->mask;
    int32_t width = reference->width, height = reference->height;
    *out = (lk_image){0};
    if (m && (m->width != width || m->height != height || m->channels != 1 || m->bit_depth != 8)) {
        return error_set(err, LK_E_SIZE,
                         "the mask must be gray, 8 bits, and have the size of the reference, "
                         "%d x %d",
                         width, height);
    }
    lk_status status = lk_image_new(out, width, height, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        memset(image_row(out, y), 255, (size_t)width);
        for (int32_t x = 0; m && x < width; x++) {
            image_row(out, y)[x] = image_row(m, y)[x] ? 255 : 0;
        }
    }
    return status == LK_OK ? clear_ignored(out, o, size, err) : status;
}
