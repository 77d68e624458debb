/* SPDX-License-Identifier: Apache-2.0 */
/* perceptual: how many pixels differ so that an eye sees it (perceptual_map.c).
 *
 * value = number of those pixels; passed = fewer than perceptual.threshold of them; score = 1 - their share. map = where they are;
 * picture = the reference in gray with them in red. Transparent pictures are laid over white; the program multiplies by alpha,
 * which is over black. */
#include <math.h>

#include "base/error.h"
#include "measure/measure.h"
#include "measure/perceptual_map.h"

static lk_status draw_seen(lk_image *out, const lk_image *gray, const lk_image *seen,
                           lk_error *err) {
    lk_status status = lk_image_new(out, gray->width, gray->height, 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < gray->height; y++) {
        const uint8_t *from = image_row(gray, y), *is_seen = image_row(seen, y);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < gray->width; x++, to += 3) {
            uint8_t pale = (uint8_t)(128 + from[x] / 2);
            to[0] = is_seen[x] ? 215 : pale;
            to[1] = is_seen[x] ? 25 : pale;
            to[2] = is_seen[x] ? 28 : pale;
        }
    }
    return status;
}

static lk_status fill_map(lk_map *out, const lk_image *seen, lk_error *err) {
    struct plane p;
    lk_status status = plane_new(&p, seen->width, seen->height, err);
    for (int32_t y = 0; status == LK_OK && y < seen->height; y++) {
        for (int32_t x = 0; x < seen->width; x++) {
            plane_row(&p, y)[x] = image_row(seen, y)[x] ? 1 : 0;
        }
    }
    *out = (lk_map){.width = p.width, .height = p.height, .data = p.data};
    return status;
}

static lk_status check_options(const lk_measure_options *o, lk_error *err) {
    bool good = o->perceptual_fov > 0 && o->perceptual_fov < 180 && o->perceptual_gamma > 0 &&
                o->perceptual_gamma <= 10 && o->perceptual_luminance > 0 &&
                o->perceptual_luminance <= 1e6 && o->perceptual_colour_factor >= 0 &&
                o->perceptual_colour_factor <= 1e6;
    return good ? LK_OK
                : error_set(err, LK_E_USAGE,
                            "perceptual needs a view of 0 to 180 degrees, a gamma of 0 to 10, a "
                            "luminance and a colour factor up to 1e6; got %g, %g, %g, %g",
                            o->perceptual_fov, o->perceptual_gamma, o->perceptual_luminance,
                            o->perceptual_colour_factor);
}

static lk_status perceptual_run(lk_measure_result *out, const struct measure_input *in,
                                lk_error *err) {
    const lk_image *a, *b, *gray;
    lk_image seen = {0};
    int64_t failed = 0;
    const lk_measure_options *o = in->options;
    const struct perceptual_options how = {o->perceptual_fov, o->perceptual_gamma,
                                           o->perceptual_luminance, o->perceptual_colour_factor};
    lk_status status = check_options(o, err);
    status = status == LK_OK ? view_rgb(&a, in->a, err) : status;
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    status = status == LK_OK ? perceptual_map(&seen, &failed, in->engine, a, b, &how, err) : status;
    if (status == LK_OK && o->want_maps) {
        status = fill_map(&out->map, &seen, err);
        status = status == LK_OK ? view_gray(&gray, in->a, err) : status;
        status = status == LK_OK ? draw_seen(&out->picture, gray, &seen, err) : status;
    }
    lk_image_release(&seen);
    if (status != LK_OK) {
        return status;
    }
    double pixels = (double)a->width * a->height;
    out->value = (double)failed;
    out->score = 1 - (double)failed / pixels;
    measure_detail_bool(out, "passed", failed < o->perceptual_threshold);
    measure_detail_int(out, "failed_pixels", failed);
    measure_detail_int(out, "threshold", o->perceptual_threshold);
    measure_detail_number(out, "fov_deg", how.fov_deg);
    measure_detail_number(out, "gamma", how.gamma);
    measure_detail_number(out, "luminance", how.luminance);
    measure_detail_number(out, "colour_factor", how.colour_factor);
    return LK_OK;
}

const struct measure measure_perceptual = {
    .info = {.name = "perceptual",
             .version = 1,
             .title = "Perceptual image diff",
             .summary = "How many pixels differ so much that an eye sees it at the stated view.",
             .unit = "px",
             .aspect = LK_ASPECT_OVERALL,
             .picture = "red is seen by the eye",
             .higher_is_more_alike = false,
             .symmetric = true,
             .is_default = false,
             .best = 0,
             .min = 0,
             .max = INFINITY},
    .run = perceptual_run,
};
