/* SPDX-License-Identifier: Apache-2.0 */
/* average: gray, Lanczos to side x side; a bit is set where the pixel is above the mean. ImageHash's average_hash. */
#include "signature/signature.h"

static lk_status average_compute(lk_hash *out, lk_engine *engine, const lk_image *image,
                                 int32_t side, lk_error *err) {
    lk_image small;
    lk_status status = signature_gray_resized(&small, engine, image, side, side, err);
    if (status != LK_OK) {
        return status;
    }
    int64_t sum = 0, n = (int64_t)side * side;
    for (int64_t i = 0; i < n; i++) {
        sum += small.data[i];
    }
    out->bits = (int32_t)n;
    for (int32_t i = 0; i < out->bits; i++) {
        if (small.data[i] * n > sum) { /* pixel > sum / n, without rounding */
            signature_set_bit(out, i);
        }
    }
    lk_image_release(&small);
    return LK_OK;
}

const struct signature signature_average = {
    .info = {.name = "average",
             .synonym = "ahash",
             .title = "Average hash",
             .summary = "Which parts are brighter than the mean; quick, blunt.",
             .bits = 64,
             .side = 8,
             .sizes = true,
             .match_bits = 5},
    .compute = average_compute,
};
