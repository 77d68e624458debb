/* SPDX-License-Identifier: Apache-2.0 */
/* Turn, scale and shift from spectra (Reddy and Chatterji 1996): the magnitudes of the spectra do not know the shift; in polar
 * coordinates with a logarithmic radius a turn and a scale are a shift of them. Each picture is reduced to SIDE pixels, brought to
 * mean 0 and faded out at its edges (Hann); magnitudes are weighted with (1 - X)(2 - X), X = cos(pi u) cos(pi v), against their
 * low frequencies. A magnitude repeats after half a turn, so both turns are tried, and none at all: the one after whose undoing the
 * pictures correlate best is taken. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/fft.h"
#include "image/resize.h"
#include "motion/phase.h"

enum {
    SIDE = 256,
    ANGLES = 256, /* over half a turn */
    RADII = 256,
    POLAR_UPSAMPLE = 16,
    SHIFT_UPSAMPLE = 20,
    LEAST_RADIUS = 4, /* of the spectrum: below it lies the window's own shape */
    CANDIDATES = 3
};

static const double pi = 3.14159265358979323846;
/* Two different pictures reach a peak of 0.03 to 0.08, moved ones 0.4 and more (docs/algorithms/phase.md). */
static const double found_from = 0.1;
static const double scale_most = 2.2; /* beyond, too little is left in common */

/* A picture in a square of SIDE, faded out; pixels outside are 0. */
struct faded {
    struct plane p;
    int32_t width, height; /* of the picture inside */
};

static float sample(const lk_image *image, double x, double y) {
    int32_t x0 = (int32_t)floor(x), y0 = (int32_t)floor(y);
    if (x0 < 0 || y0 < 0 || x0 + 1 >= image->width || y0 + 1 >= image->height) {
        return NAN;
    }
    double fx = x - x0, fy = y - y0;
    const uint8_t *p = image_row(image, y0) + x0, *q = image_row(image, y0 + 1) + x0;
    double above = p[0] + fx * (p[1] - p[0]), below = q[0] + fx * (q[1] - q[0]);
    return (float)(above + fy * (below - above));
}

/* The picture turned back by angle and scaled back, about its middle, then faded. */
static lk_status fade(struct plane *out, const lk_image *small, double angle, double scale,
                      lk_error *err) {
    lk_status status = plane_new(out, SIDE, SIDE, err);
    double cx = (small->width - 1) / 2.0, cy = (small->height - 1) / 2.0, sum = 0, weight = 0;
    double c = scale * cos(angle), s = scale * sin(angle);
    if (status != LK_OK) {
        return status;
    }
    memset(out->data, 0, (size_t)SIDE * SIDE * sizeof *out->data);
    bool as_is = angle == 0 && scale == 1;
    for (int pass = 0; pass < 2; pass++) { /* the mean first */
        for (int32_t y = 0; y < small->height; y++) {
            double wy = 0.5 - 0.5 * cos(2 * pi * (y + 0.5) / small->height);
            for (int32_t x = 0; x < small->width; x++) {
                double wx = 0.5 - 0.5 * cos(2 * pi * (x + 0.5) / small->width), dx = x - cx,
                       dy = y - cy;
                float v = as_is ? image_row(small, y)[x]
                                : sample(small, cx + c * dx - s * dy, cy + s * dx + c * dy);
                if (isnan(v)) {
                    continue;
                }
                if (pass == 0) {
                    sum += wx * wy * v;
                    weight += wx * wy;
                } else {
                    plane_row(out, y)[x] = (float)(wx * wy * (v - sum));
                }
            }
        }
        sum = pass == 0 && weight > 0 ? sum / weight : sum;
    }
    return LK_OK;
}

/* Magnitude at frequency (u, v), each -SIDE/2..SIDE/2, between four samples. */
static double magnitude(const struct spectrum *s, double u, double v) {
    int32_t u0 = (int32_t)floor(u), v0 = (int32_t)floor(v);
    double fu = u - u0, fv = v - v0, sum = 0;
    for (int k = 0; k < 4; k++) {
        int32_t x = u0 + k % 2, y = v0 + k / 2;
        double share = (k % 2 ? fu : 1 - fu) * (k / 2 ? fv : 1 - fv);
        sum += share * spectrum_at(s, x & (SIDE - 1), y & (SIDE - 1))[0];
    }
    return sum;
}

/* Turn along x, logarithm of the radius along y. */
static lk_status log_polar(struct plane *out, lk_engine *engine, const struct plane *faded,
                           double step, lk_error *err) {
    struct spectrum s;
    lk_status status = spectrum_new(&s, SIDE, SIDE, err);
    status = status == LK_OK ? plane_new(out, ANGLES, RADII, err) : status;
    if (status != LK_OK) {
        spectrum_release(&s);
        return status;
    }
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
        s.data[2 * i] = faded->data[i];
    }
    status = fft_2d(&s, engine, false, err);
    for (size_t i = 0; status == LK_OK && i < (size_t)SIDE * SIDE; i++) {
        double u = (double)(i % SIDE) / SIDE, v = (double)(i / SIDE) / SIDE;
        double x = cos(pi * u) * cos(pi * v);
        x = fabs(x);
        s.data[2 * i] = log1p(hypot(s.data[2 * i], s.data[2 * i + 1])) * (1 - x) * (2 - x);
    }
    for (int32_t r = 0; status == LK_OK && r < RADII; r++) {
        double radius = LEAST_RADIUS * exp(r * step);
        double fade_out = 0.5 - 0.5 * cos(2 * pi * (r + 0.5) / RADII);
        for (int32_t a = 0; a < ANGLES; a++) {
            double angle = pi * a / ANGLES;
            plane_row(out, r)[a] =
                (float)(fade_out * magnitude(&s, radius * cos(angle), radius * sin(angle)));
        }
    }
    spectrum_release(&s);
    return status;
}

/* What turns and scales a onto b, by the magnitudes; the turn up to half a turn. */
static lk_status turn_and_scale(double *angle, double *scale, lk_engine *engine,
                                const struct plane *a, const struct plane *b, lk_error *err) {
    const double step = log((SIDE / 2 - 1.0) / LEAST_RADIUS) / RADII;
    struct plane pa = {0}, pb = {0};
    struct phase_shift shift = {0};
    lk_status status = log_polar(&pa, engine, a, step, err);
    status = status == LK_OK ? log_polar(&pb, engine, b, step, err) : status;
    status = status == LK_OK ? phase_shift(&shift, engine, &pa, &pb, POLAR_UPSAMPLE, err) : status;
    *angle = pi * shift.x / ANGLES;
    *scale = exp(-shift.y * step); /* a larger picture has a smaller spectrum */
    plane_release(&pa);
    plane_release(&pb);
    return status;
}

static lk_status reduce(lk_image *out, lk_engine *engine, const lk_image *gray, double scale,
                        lk_error *err) {
    int32_t width = MAX((int32_t)lround(gray->width * scale), 1);
    int32_t height = MAX((int32_t)lround(gray->height * scale), 1);
    return image_resize(out, engine, gray, width, height, RESIZE_BOX, err);
}

/* Undoes the turn and scale on b and looks how well the rest is a shift of a; keeps it in best when better. */
static lk_status try_candidate(struct phase_similarity *best, lk_engine *engine,
                               const struct plane *fa, const lk_image *b, double angle,
                               double scale, lk_error *err) {
    struct plane fb = {0};
    struct phase_shift s = {0};
    lk_status status = fade(&fb, b, angle, scale, err);
    status = status == LK_OK ? phase_shift(&s, engine, fa, &fb, SHIFT_UPSAMPLE, err) : status;
    plane_release(&fb);
    if (status == LK_OK && s.peak > best->peak) {
        double c = scale * cos(angle), n = scale * sin(angle);
        *best = (struct phase_similarity){.rotation_deg = angle * 180 / pi,
                                          .scale = scale,
                                          .shift_x = c * s.x - n * s.y,
                                          .shift_y = n * s.x + c * s.y,
                                          .peak = s.peak};
    }
    return status;
}

lk_status phase_similarity(struct phase_similarity *out, lk_engine *engine, const lk_image *a,
                           const lk_image *b, lk_error *err) {
    double reduction = fmin(1, (double)SIDE / MAX(a->width, a->height)), angle = 0, scale = 1;
    lk_image small[2] = {{0}, {0}};
    struct plane fa = {0}, fb = {0};
    *out = (struct phase_similarity){.scale = 1};
    if (image_equal(a, b)) {
        out->peak = 1;
        out->found = true;
        return LK_OK;
    }
    lk_status status = reduce(&small[0], engine, a, reduction, err);
    status = status == LK_OK ? reduce(&small[1], engine, b, reduction, err) : status;
    status = status == LK_OK ? fade(&fa, &small[0], 0, 1, err) : status;
    status = status == LK_OK ? fade(&fb, &small[1], 0, 1, err) : status;
    status = status == LK_OK ? turn_and_scale(&angle, &scale, engine, &fa, &fb, err) : status;
    bool plausible = scale < scale_most && scale > 1 / scale_most;
    const double angles[CANDIDATES] = {0, angle, angle > 0 ? angle - pi : angle + pi};
    const double scales[CANDIDATES] = {1, scale, scale};
    for (int i = 0; status == LK_OK && i < (plausible ? CANDIDATES : 1); i++) {
        status = try_candidate(out, engine, &fa, &small[1], angles[i], scales[i], err);
    }
    out->found = out->peak >= found_from;
    out->shift_x *= (double)a->width / MAX(small[0].width, 1);
    out->shift_y *= (double)a->height / MAX(small[0].height, 1);
    plane_release(&fa);
    plane_release(&fb);
    lk_image_release(&small[0]);
    lk_image_release(&small[1]);
    return status;
}
