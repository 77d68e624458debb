/* SPDX-License-Identifier: Apache-2.0 */
/* ssim: structural similarity (formula and windows: ssim_window.c).
 *
 * value = uniform   gray as Pillow's L, window 7 x 7, sample covariance: scikit-image's structural_similarity by default
 * gaussian          gray, Gaussian window of sigma 1.5, population covariance: the paper's own (Wang et al. 2004)
 * colour            mean of `uniform` over R, G and B
 * map               1 - S of `uniform`, brought into 0..1, for every pixel
 *
 * score is value brought into 0..1: S below 0 (a negative picture) counts as nothing alike. gaussian is null where a side is
 * below 11 pixels. Oracle: scikit-image 0.19 to 1e-6, map included (tests/oracle/ssim). */
#include <math.h>

#include "base/compiler.h"
#include "measure/measure.h"
#include "measure/ssim_window.h"

static lk_status run_gaussian(double *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                              lk_error *err) {
    *out = NAN;
    if (MIN(a->width, a->height) < SSIM_GAUSSIAN_SIDE) {
        return LK_OK;
    }
    struct plane pa = {0}, pb = {0};
    lk_status status = ssim_plane(&pa, a, err);
    status = status == LK_OK ? ssim_plane(&pb, b, err) : status;
    status = status == LK_OK ? ssim_gaussian(out, NULL, engine, &pa, &pb, err) : status;
    plane_release(&pa);
    plane_release(&pb);
    return status;
}

static lk_status run_colour(double *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    lk_status status = view_rgb(&a, in->a, err);
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    double sum = 0, mean = 0;
    for (int32_t c = 0; status == LK_OK && c < 3; c++) {
        status = ssim_uniform(&mean, NULL, in->engine, a, b, c, err);
        sum += mean;
    }
    *out = sum / 3;
    return status;
}

static lk_status ssim_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    double gaussian = 0, colour = 0;
    lk_map *map = in->options->want_maps ? &out->map : NULL;
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? ssim_uniform(&out->value, map, in->engine, a, b, 0, err) : status;
    if (status == LK_OK && in->options->no_details) {
        out->score = MAX(out->value, 0);
        return LK_OK;
    }
    status = status == LK_OK ? run_gaussian(&gaussian, in->engine, a, b, err) : status;
    status = status == LK_OK ? run_colour(&colour, in, err) : status;
    if (status != LK_OK) {
        return status;
    }
    out->score = MAX(out->value, 0);
    measure_detail_number(out, "uniform", out->value);
    measure_detail_number(out, "gaussian", gaussian);
    measure_detail_number(out, "colour", colour);
    return LK_OK;
}

const struct measure measure_ssim = {
    .info = {.name = "ssim",
             .version = 1,
             .title = "Structural similarity",
             .summary = "How alike light, contrast and structure are around every pixel.",
             .unit = "",
             .aspect = LK_ASPECT_STRUCTURE,
             .higher_is_more_alike = true,
             .symmetric = true,
             .is_default = true,
             .best = 1,
             .min = -1,
             .max = 1},
    .run = ssim_run,
};
