/* SPDX-License-Identifier: Apache-2.0 */
/* ms-ssim: multi-scale structural similarity (Wang, Simoncelli, Bovik 2003).
 *
 *   prod over scales 1..4 of cs_j ^ w_j  *  ssim_5 ^ w_5,  w = .0448 .2856 .3001 .2363 .1333
 *
 * Gaussian window of 11 taps, sigma 1.5, inside the picture only; from scale to scale the mean of 2 x 2 pixels (an odd last row
 * or column is dropped). A negative mean structure counts as 0. The shorter side must be above 160, so that the window
 * fits the fifth scale. Oracle: the definition in numpy and scipy (tests/oracle/ssim). */
#include <math.h>

#include "base/error.h"
#include "measure/measure.h"
#include "measure/ssim_window.h"

enum { SCALES = 5, SMALLEST = 161 };

static const double scale_weights[SCALES] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

/* Means of 2 x 2 pixels; exact in float for the few scales from 8-bit levels. */
static lk_status halve(struct plane *p, lk_error *err) {
    struct plane out;
    lk_status status = plane_new(&out, p->width / 2, p->height / 2, err);
    if (status != LK_OK) {
        return status;
    }
    for (int32_t y = 0; y < out.height; y++) {
        const float *upper = plane_row(p, 2 * y), *lower = plane_row(p, 2 * y + 1);
        float *to = plane_row(&out, y);
        for (int32_t x = 0; x < out.width; x++) {
            to[x] = ((upper[2 * x] + upper[2 * x + 1]) + (lower[2 * x] + lower[2 * x + 1])) * 0.25f;
        }
    }
    plane_release(p);
    *p = out;
    return LK_OK;
}

static lk_status msssim_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    struct plane pa = {0}, pb = {0};
    double product = 1, structures[SCALES];
    if (MIN(in->a->image->width, in->a->image->height) < SMALLEST) {
        return error_set(err, LK_E_SIZE, "ms-ssim needs pictures of at least %d pixels a side",
                         SMALLEST);
    }
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? plane_from_gray(&pa, a, err) : status;
    status = status == LK_OK ? plane_from_gray(&pb, b, err) : status;
    for (int32_t j = 0; j < SCALES && status == LK_OK; j++) {
        struct ssim_means means;
        status = ssim_gaussian(&means, in->engine, &pa, &pb, err);
        if (status == LK_OK) {
            structures[j] = j + 1 < SCALES ? means.structure : means.ssim;
            product *= pow(fmax(structures[j], 0), scale_weights[j]);
        }
        if (status == LK_OK && j + 1 < SCALES) {
            status = halve(&pa, err);
            status = status == LK_OK ? halve(&pb, err) : status;
        }
    }
    plane_release(&pa);
    plane_release(&pb);
    if (status == LK_OK) {
        out->value = out->score = fmin(product, 1);
        measure_detail_numbers(out, "scales", structures, SCALES);
    }
    return status;
}

const struct measure measure_msssim = {
    .info = {.name = "ms-ssim",
             .version = 1,
             .title = "Multi-scale structural similarity",
             .summary =
                 "Structural similarity over five sizes, from fine detail to the overall layout.",
             .unit = "",
             .higher_is_more_alike = true,
             .symmetric = true,
             .is_default = true,
             .best = 1,
             .min = 0,
             .max = 1},
    .run = msssim_run,
};
