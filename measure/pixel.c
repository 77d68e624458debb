/* SPDX-License-Identifier: Apache-2.0 */
/* pixel: differences sample by sample, over RGB of 8 bits (alpha laid over white).
 *
 *   match_rate  share of pixels whose three samples are equal (this is the value)
 *   diff_ratio  mean |a - b| / 255, as diffimg; also mae = mean |a - b|, mse = mean (a - b)^2, rmse in levels
 *   psnr        10 log10(255^2 / mse) in dB; null for equal pictures, where it is infinite
 *
 * map = mean |a - b| / 255 of a pixel. Oracles: numpy, scikit-image and OpenCV (tests/oracle/pixel). */
#include <math.h>

#include "measure/measure.h"

static int64_t equal_pixels(const uint8_t *a, const uint8_t *b, int32_t width) {
    int64_t equal = 0;
    for (int32_t x = 0; x < width; x++, a += 3, b += 3) {
        equal += a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
    }
    return equal;
}

static lk_status difference_map(lk_map *out, const lk_image *a, const lk_image *b, lk_error *err) {
    struct plane p;
    lk_status status = plane_new(&p, a->width, a->height, err);
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        const uint8_t *pa = image_row(a, y), *pb = image_row(b, y);
        float *to = plane_row(&p, y);
        for (int32_t x = 0; x < a->width; x++, pa += 3, pb += 3) {
            int32_t sum = 0;
            for (int c = 0; c < 3; c++) {
                sum += pa[c] > pb[c] ? pa[c] - pb[c] : pb[c] - pa[c];
            }
            to[x] = (float)sum / 765.0f;
        }
    }
    *out = (lk_map){.width = p.width, .height = p.height, .data = p.data};
    return status;
}

static lk_status pixel_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    lk_status status = view_rgb(&a, in->a, err);
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    struct pixel_sums sums = {0};
    int64_t equal = 0;
    for (int32_t y = 0; y < a->height; y++) {
        uint64_t before = sums.unequal;
        in->engine->kernels.pixel.sums_u8(&sums, image_row(a, y), image_row(b, y),
                                          image_row_bytes(a));
        equal += sums.unequal == before ? a->width
                                        : equal_pixels(image_row(a, y), image_row(b, y), a->width);
    }
    double pixels = (double)a->width * a->height, samples = 3 * pixels;
    double mae = (double)sums.absolute / samples, mse = (double)sums.squared / samples;
    out->value = (double)equal / pixels;
    out->score = out->value;
    measure_detail_number(out, "match_rate", out->value);
    measure_detail_number(out, "diff_ratio", mae / 255);
    measure_detail_number(out, "mae", mae);
    measure_detail_number(out, "mse", mse);
    measure_detail_number(out, "rmse", sqrt(mse));
    measure_detail_number(out, "psnr", mse > 0 ? 10 * log10(255.0 * 255.0 / mse) : INFINITY);
    measure_detail_int(out, "max", sums.largest);
    measure_detail_int(out, "different_pixels", (int64_t)pixels - equal);
    return in->options->want_maps ? difference_map(&out->map, a, b, err) : LK_OK;
}

const struct measure measure_pixel = {
    .info = {.name = "pixel",
             .version = 1,
             .title = "Pixel differences",
             .summary =
                 "The share of pixels that are exactly equal, and how far the others are apart.",
             .unit = "",
             .higher_is_more_alike = true,
             .symmetric = true,
             .is_default = true,
             .best = 1,
             .min = 0,
             .max = 1},
    .run = pixel_run,
};
