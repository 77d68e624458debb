/* SPDX-License-Identifier: Apache-2.0 */
/* wavelet: the distance of two wavelet signatures (signature/jacobs.c).
 *
 * value = colour + most - matched: the number of Jacobs et al. 1995 (`published`), from what equal pictures have; 0 is equal
 * score = the share of the weight of coefficients that both have, times 1 - colour / the largest possible
 *
 * Oracle: exact integers and sets in Python (tests/oracle/wavelet). */
#include <likeness/wavelet.h>

#include <math.h>

#include "measure/measure.h"

static lk_status compute(lk_wavelet *out, struct view *v, const lk_measure_options *o,
                         lk_error *err) {
    const lk_image *rgb;
    lk_wavelet_options options = {.coefficients = o->wavelet_coefficients,
                                  .colours = (lk_wavelet_colours)o->wavelet_colours};
    lk_status status = view_rgb(&rgb, v, err);
    return status == LK_OK ? lk_wavelet_compute(out, v->engine, rgb, &options, err) : status;
}

static lk_status wavelet_run(lk_measure_result *out, const struct measure_input *in,
                             lk_error *err) {
    lk_wavelet a, b;
    lk_wavelet_match m = {.colour = 0};
    const lk_measure_options *o = in->options;
    lk_status status = compute(&a, in->a, o, err);
    status = status == LK_OK ? compute(&b, in->b, o, err) : status;
    status = status == LK_OK
                 ? lk_wavelet_compare(&m, &a, &b, (lk_wavelet_weights)o->wavelet_weights, err)
                 : status;
    if (status != LK_OK) {
        return status;
    }
    const double kept[2] = {a.count[0] + a.count[1] + a.count[2],
                            b.count[0] + b.count[1] + b.count[2]};
    out->value = m.distance;
    out->score = m.score;
    measure_detail_number(out, "published", m.colour - m.matched);
    measure_detail_number(out, "colour", m.colour);
    measure_detail_number(out, "matched", m.matched);
    measure_detail_number(out, "most", m.most);
    measure_detail_numbers(out, "coefficients", kept, 2);
    return LK_OK;
}

const struct measure measure_wavelet = {
    .info = {.name = "wavelet",
             .version = 1,
             .title = "Wavelet signature",
             .summary = "How much of the coarse layout, in light and colour, both pictures share.",
             .unit = "",
             .aspect = LK_ASPECT_STRUCTURE,
             .higher_is_more_alike = false,
             .symmetric = true,
             .is_default = false,
             .best = 0,
             .min = 0,
             .max = INFINITY},
    .any_size = true,
    .run = wavelet_run,
};
