/* SPDX-License-Identifier: Apache-2.0 */
/* ssim: structural similarity (Wang et al. 2004) in three readings.
 *
 *   value, uniform  scikit-image's default: gray (Pillow's L), 7 x 7 uniform window, sample covariance
 *   gaussian        the paper's: 11-tap Gaussian of sigma 1.5, biased covariance (null below 11 pixels a side)
 *   colour          mean of the uniform one over R, G and B
 *
 * map = 1 - S, clamped to 0..1 (S can be negative). Oracle: scikit-image 0.19 (tests/oracle/ssim). */
#include <math.h>

#include "base/mem.h"
#include "measure/measure.h"
#include "measure/ssim_window.h"

static lk_status extract_channel(lk_image *out, const lk_image *rgb, int32_t channel,
                                 lk_error *err) {
    lk_status status = lk_image_new(out, rgb->width, rgb->height, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < rgb->height; y++) {
        const uint8_t *from = image_row(rgb, y) + channel;
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < rgb->width; x++) {
            to[x] = from[3 * x];
        }
    }
    return status;
}

static lk_status colour_mean(double *mean, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    lk_status status = view_rgb(&a, in->a, err);
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    *mean = 0;
    for (int32_t c = 0; c < 3 && status == LK_OK; c++) {
        lk_image ca = {0}, cb = {0};
        double one = 0;
        status = extract_channel(&ca, a, c, err);
        status = status == LK_OK ? extract_channel(&cb, b, c, err) : status;
        status = status == LK_OK ? ssim_uniform(&one, NULL, in->engine, &ca, &cb, err) : status;
        *mean += one / 3;
        lk_image_release(&ca);
        lk_image_release(&cb);
    }
    return status;
}

static lk_status gaussian_mean(double *mean, lk_engine *engine, const lk_image *a,
                               const lk_image *b, lk_error *err) {
    struct plane pa = {0}, pb = {0};
    struct ssim_means means;
    *mean = NAN;
    if (MIN(a->width, a->height) < 11) {
        return LK_OK;
    }
    lk_status status = plane_from_gray(&pa, a, err);
    status = status == LK_OK ? plane_from_gray(&pb, b, err) : status;
    status = status == LK_OK ? ssim_gaussian(&means, engine, &pa, &pb, err) : status;
    if (status == LK_OK) {
        *mean = means.ssim;
    }
    plane_release(&pa);
    plane_release(&pb);
    return status;
}

/* S to a difference, in place. */
static void to_difference(struct plane *s) {
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++) {
        float d = 1 - s->data[i];
        s->data[i] = d < 0 ? 0 : d > 1 ? 1 : d;
    }
}

static lk_status ssim_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    struct plane map = {0};
    double gaussian, colour;
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? ssim_uniform(&out->value, &map, in->engine, a, b, err) : status;
    status = status == LK_OK ? gaussian_mean(&gaussian, in->engine, a, b, err) : status;
    status = status == LK_OK ? colour_mean(&colour, in, err) : status;
    if (status != LK_OK) {
        plane_release(&map);
        return status;
    }
    out->score = fmax(out->value, 0);
    measure_detail_number(out, "uniform", out->value);
    measure_detail_number(out, "gaussian", gaussian);
    measure_detail_number(out, "colour", colour);
    if (in->options->want_maps) {
        to_difference(&map);
        out->map = (lk_map){.width = map.width, .height = map.height, .data = map.data};
    } else {
        plane_release(&map);
    }
    return LK_OK;
}

const struct measure measure_ssim = {
    .info = {.name = "ssim",
             .version = 1,
             .title = "Structural similarity",
             .summary = "How alike light, contrast and structure are in every small window of the "
                        "two pictures.",
             .unit = "",
             .higher_is_more_alike = true,
             .symmetric = true,
             .is_default = true,
             .best = 1,
             .min = -1,
             .max = 1},
    .run = ssim_run,
};
