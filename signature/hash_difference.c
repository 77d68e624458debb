/* SPDX-License-Identifier: Apache-2.0 */
/* dhash and dhash_vertical: gray, Lanczos to one pixel more along the direction; a bit is set where the brightness rises from a
 * pixel to the next. ImageHash's dhash and dhash_vertical. */
#include "signature/signature.h"

static lk_status difference_compute(lk_hash *out, lk_engine *engine, const lk_image *image,
                                    int32_t side, bool vertical, lk_error *err) {
    lk_image small;
    int32_t width = vertical ? side : side + 1, height = vertical ? side + 1 : side;
    lk_status status = signature_gray_resized(&small, engine, image, width, height, err);
    if (status != LK_OK) {
        return status;
    }
    out->bits = side * side;
    for (int32_t y = 0; y < side; y++) {
        for (int32_t x = 0; x < side; x++) {
            const uint8_t *p = image_row(&small, y) + x;
            if (p[vertical ? small.stride : 1] > p[0]) {
                signature_set_bit(out, y * side + x);
            }
        }
    }
    lk_image_release(&small);
    return LK_OK;
}

static lk_status dhash_compute(lk_hash *out, lk_engine *engine, const lk_image *image, int32_t side,
                               lk_error *err) {
    return difference_compute(out, engine, image, side, false, err);
}

static lk_status dhash_vertical_compute(lk_hash *out, lk_engine *engine, const lk_image *image,
                                        int32_t side, lk_error *err) {
    return difference_compute(out, engine, image, side, true, err);
}

const struct signature signature_dhash = {
    .info = {.name = "dhash",
             .title = "Difference hash",
             .summary = "Where brightness rises from left to right.",
             .bits = 64,
             .side = 8,
             .sizes = true,
             .match_bits = 10},
    .compute = dhash_compute,
};

const struct signature signature_dhash_vertical = {
    .info = {.name = "dhash_vertical",
             .title = "Difference hash, vertical",
             .summary = "Where brightness rises from top to bottom.",
             .bits = 64,
             .side = 8,
             .sizes = true,
             .match_bits = 10},
    .compute = dhash_vertical_compute,
};
