/* SPDX-License-Identifier: Apache-2.0 */
/* phase: how the photo as it came was shifted, turned and scaled, by phase correlation (motion/phase_similarity.c).
 *
 *   value   mean distance that the corners of the reference go, in pixels; infinite where no such move is found
 *   score   1 / (1 + value / 1 % of the diagonal), as flow's
 *   picture the photo, with the frame of the reference where it lies in it
 *
 * Oracle: scikit-image's phase_cross_correlation for shifts (tests/oracle/phase), known moves for turns and scales. */
#include <math.h>

#include "image/draw.h"
#include "measure/measure.h"
#include "motion/phase.h"

static const double half_score_at = 0.01; /* of the diagonal */
static const double degree = 3.14159265358979323846 / 180;

/* Where (x, y) of the reference lies in the photo. */
static void place(double out[2], const struct phase_similarity *p, const lk_image *frame, double x,
                  double y) {
    double cx = (frame->width - 1) / 2.0, cy = (frame->height - 1) / 2.0;
    double c = p->scale * cos(p->rotation_deg * degree),
           s = p->scale * sin(p->rotation_deg * degree);
    out[0] = cx + c * (x - cx) - s * (y - cy) + p->shift_x;
    out[1] = cy + s * (x - cx) + c * (y - cy) + p->shift_y;
}

static void corner(double out[2], const lk_image *frame, int i) {
    out[0] = i == 1 || i == 2 ? frame->width - 1 : 0;
    out[1] = i >= 2 ? frame->height - 1 : 0;
}

static double mean_path(const struct phase_similarity *p, const lk_image *frame) {
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double from[2], to[2];
        corner(from, frame, i);
        place(to, p, frame, from[0], from[1]);
        sum += hypot(to[0] - from[0], to[1] - from[1]);
    }
    return sum / 4;
}

static lk_status draw_frame_moved(lk_image *out, const lk_image *photo,
                                  const struct phase_similarity *p, lk_error *err) {
    const struct colour orange = {230, 97, 0};
    lk_status status = image_clone(out, photo, err);
    for (int i = 0; status == LK_OK && p->found && i < 4; i++) {
        double a[2], b[2], from[2], to[2];
        corner(a, photo, i);
        corner(b, photo, (i + 1) % 4);
        place(from, p, photo, a[0], a[1]);
        place(to, p, photo, b[0], b[1]);
        draw_line(out, from, to, 2 + photo->width / 300.0, orange, 1);
    }
    return status;
}

static lk_status phase_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b, *rgb;
    struct phase_similarity p;
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? phase_similarity(&p, in->engine, a, b, err) : status;
    if (status == LK_OK && in->options->want_maps) {
        status = view_rgb(&rgb, in->b, err);
        status = status == LK_OK ? draw_frame_moved(&out->picture, rgb, &p, err) : status;
    }
    if (status != LK_OK) {
        return status;
    }
    out->value = p.found ? mean_path(&p, a) : INFINITY;
    out->score = p.found ? 1 / (1 + out->value / (half_score_at * hypot(a->width, a->height))) : 0;
    measure_detail_bool(out, "found", p.found);
    measure_detail_number(out, "shift_x", p.shift_x);
    measure_detail_number(out, "shift_y", p.shift_y);
    measure_detail_number(out, "rotation_deg", p.rotation_deg);
    measure_detail_number(out, "scale", p.scale);
    measure_detail_number(out, "peak", p.peak);
    return LK_OK;
}

const struct measure measure_phase = {
    .info = {.name = "phase",
             .version = 1,
             .title = "Phase correlation",
             .summary =
                 "How the photo as it came was shifted, turned and scaled, from the spectra.",
             .unit = "px",
             .aspect = LK_ASPECT_MOTION,
             .picture = "where the frame of the reference lies in the photo",
             .higher_is_more_alike = false,
             .best = 0,
             .min = 0,
             .max = INFINITY},
    .on_original = true,
    .run = phase_run,
};
