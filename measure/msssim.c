/* SPDX-License-Identifier: Apache-2.0 */
/* ms-ssim: structural similarity over five scales.
 *
 *   value = CS_1^w1 CS_2^w2 CS_3^w3 CS_4^w4 S_5^w5,  w = 0.0448 0.2856 0.3001 0.2363 0.1333
 *
 * CS_j is the mean of the factor of contrast and structure at scale j, S_5 the mean of S at the coarsest; gray as Pillow's L,
 * Gaussian window of 11 taps, sigma 1.5, windows inside the picture only. The next scale is the mean of 2 x 2 pixels; an odd
 * last row or column is averaged with itself (the authors' imfilter with a symmetric border, every second sample). Pixels
 * become multiples of 1/256, which floats hold exactly. A negative CS_j (a negative picture) counts as 0, where the authors'
 * code turns complex.
 *
 * The coarsest scale must hold one window: both sides above 160.
 * Wang, Simoncelli, Bovik: Multiscale structural similarity for image quality assessment, 2003. Oracle: the same steps in
 * NumPy and SciPy (tests/oracle/ssim). */
#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "measure/measure.h"
#include "measure/ssim_window.h"

enum { SCALES = 5, SIDE_MIN = 161 };

static const double scale_weights[SCALES] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

/* Replaces p by the picture of half its size. */
static lk_status halve(struct plane *p, lk_error *err) {
    struct plane half;
    lk_status status = plane_new(&half, (p->width + 1) / 2, (p->height + 1) / 2, err);
    if (status != LK_OK) {
        return status;
    }
    for (int32_t y = 0; y < half.height; y++) {
        const float *up = plane_row(p, 2 * y), *down = plane_row(p, MIN(2 * y + 1, p->height - 1));
        float *out = plane_row(&half, y);
        for (int32_t x = 0; x < half.width; x++) {
            int32_t left = 2 * x, right = MIN(2 * x + 1, p->width - 1);
            out[x] = (up[left] + up[right] + down[left] + down[right]) / 4;
        }
    }
    plane_release(p);
    *p = half;
    return LK_OK;
}

static lk_status run_scales(double factors[SCALES], lk_engine *engine, struct plane *a,
                            struct plane *b, lk_error *err) {
    lk_status status = LK_OK;
    for (int32_t j = 0; status == LK_OK && j < SCALES; j++) {
        double s = 0, contrast = 0;
        status = ssim_gaussian(&s, &contrast, engine, a, b, err);
        factors[j] = j + 1 < SCALES ? contrast : s;
        if (j + 1 < SCALES) {
            status = status == LK_OK ? halve(a, err) : status;
            status = status == LK_OK ? halve(b, err) : status;
        }
    }
    return status;
}

static lk_status msssim_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a = in->a->image, *b;
    if (MIN(a->width, a->height) < SIDE_MIN) {
        return error_set(err, LK_E_SIZE, "ms-ssim needs at least %d x %d pixels, got %d x %d",
                         SIDE_MIN, SIDE_MIN, a->width, a->height);
    }
    struct plane pa = {0}, pb = {0};
    double factors[SCALES] = {0};
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? ssim_plane(&pa, a, err) : status;
    status = status == LK_OK ? ssim_plane(&pb, b, err) : status;
    status = status == LK_OK ? run_scales(factors, in->engine, &pa, &pb, err) : status;
    plane_release(&pa);
    plane_release(&pb);
    if (status != LK_OK) {
        return status;
    }
    out->value = 1;
    for (int32_t j = 0; j < SCALES; j++) {
        out->value *= pow(MAX(factors[j], 0), scale_weights[j]);
    }
    out->score = out->value;
    measure_detail_numbers(out, "scales", factors, SCALES);
    return LK_OK;
}

const struct measure measure_msssim = {
    .info = {.name = "ms-ssim",
             .version = 1,
             .title = "Multi-scale structural similarity",
             .summary = "Structural similarity over five scales, so that detail and layout both "
                        "count whatever the viewing distance.",
             .unit = "",
             .aspect = LK_ASPECT_STRUCTURE,
             .higher_is_more_alike = true,
             .symmetric = true,
             .is_default = false,
             .best = 1,
             .min = 0,
             .max = 1},
    .run = msssim_run,
};
