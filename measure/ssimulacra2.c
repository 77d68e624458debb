/* SPDX-License-Identifier: Apache-2.0 */
/* ssimulacra2: how bad does it look, on the scale of SSIMULACRA 2.1 (Sneyers, Cloudinary 2023; norms: ssimulacra2_norms.c).
 *
 *   s     = 0.9562382616834844 * sum of weight * norm
 *   t     = 2.326765642916932 s - 0.020884521182843837 s^2 + 6.248496625763138e-05 s^3
 *   value = 100 - 10 t^0.6276336467831387, or 100 where t <= 0
 *
 * 100 is equal, 90 cannot be told apart, 70 is high, 50 medium, 30 low quality; below 0 the pictures have little in common.
 * score = value / 100, brought into 0..1. Weights are taken in order, scale by scale, so with fewer than six scales (sides below
 * about 113) they are those of other scales: so does the reference. Transparent pictures are laid over white; the reference
 * takes the worse of two grays. Oracle: tests/oracle/ssimulacra2. */
#include "measure/ssimulacra2.h"

#include <math.h>

#include "base/error.h"
#include "measure/measure.h"

static double score_of(const struct ssimulacra2_norms *n) {
    const double *weight = ssimulacra2_weights;
    double sum = 0;
    for (int c = 0; c < SSIMULACRA2_CHANNELS; c++) {
        for (int scale = 0; scale < n->scales; scale++) {
            const double *of = n->of[scale][c];
            for (int norm = 0; norm < 2; norm++) {
                for (int map = 0; map < 3; map++) {
                    sum += *weight++ * of[2 * map + norm];
                }
            }
        }
    }
    sum *= 0.9562382616834844;
    double t = 2.326765642916932 * sum - 0.020884521182843837 * sum * sum +
               6.248496625763138e-05 * sum * sum * sum;
    return t > 0 ? 100 - 10 * pow(t, 0.6276336467831387) : 100;
}

/* The author's words for his scale. */
static const char *quality_of(double value) {
    static const struct {
        double from;
        const char *word;
    } table[] = {{100, "equal"}, {90, "visually lossless"}, {70, "high"}, {50, "medium"},
                 {30, "low"},    {-INFINITY, "very low"}};
    int i = 0;
    while (value < table[i].from) {
        i++;
    }
    return table[i].word;
}

static lk_status ssimulacra2_run(lk_measure_result *out, const struct measure_input *in,
                                 lk_error *err) {
    const lk_image *a, *b;
    struct ssimulacra2_norms norms;
    if (MIN(in->a->image->width, in->a->image->height) < SSIMULACRA2_SIDE_LEAST) {
        return error_set(err, LK_E_SIZE, "ssimulacra2 needs %d x %d pixels at least, got %d x %d",
                         SSIMULACRA2_SIDE_LEAST, SSIMULACRA2_SIDE_LEAST, in->a->image->width,
                         in->a->image->height);
    }
    lk_status status = view_rgb(&a, in->a, err);
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    status = status == LK_OK ? ssimulacra2_norms(&norms, in->engine, a, b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    out->value = score_of(&norms);
    out->score = fmin(fmax(out->value / 100, 0), 1);
    measure_detail_text(out, "quality", quality_of(out->value));
    measure_detail_int(out, "scales", norms.scales);
    return LK_OK;
}

const struct measure measure_ssimulacra2 = {
    .info = {.name = "ssimulacra2",
             .version = 1,
             .title = "Visual quality (SSIMULACRA 2.1)",
             .summary = "How good the photo looks beside the reference: 90 cannot be told apart, "
                        "70 high, 50 medium, 30 low quality.",
             .unit = "",
             .aspect = LK_ASPECT_OVERALL,
             .higher_is_more_alike = true,
             .symmetric = false,
             .is_default = false,
             .best = 100,
             .min = -INFINITY,
             .max = 100},
    .run = ssimulacra2_run,
};
