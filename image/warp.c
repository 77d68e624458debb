/* SPDX-License-Identifier: Apache-2.0 */
/* Inverse mapping: for each output pixel its point in the source, read by separable cubic convolution over 4 x 4 samples
 * with weights from a table of 1/64 pixel steps (integers of 1/4096, so every machine gives the same bits). */
#include "image/warp.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/resize.h"

enum { STEPS = 64, WEIGHT_ONE = 4096 };

static const double reduction_least =
    1.25; /* source pixels an output pixel, above which it is reduced first */

struct warp {
    const lk_image *from;
    lk_image *out, *valid;
    double inverse[9]; /* out -> from */
    int32_t weights[STEPS][4];
};

static void fill_weights(int32_t weights[STEPS][4]) {
    for (int32_t i = 0; i < STEPS; i++) {
        double t = (double)i / STEPS, t2 = t * t, t3 = t2 * t;
        const double w[4] = {-0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1,
                             -1.5 * t3 + 2 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2};
        int32_t sum = 0;
        for (int32_t k = 0; k < 4; k++) {
            weights[i][k] = (int32_t)lround(w[k] * WEIGHT_ONE);
            sum += weights[i][k];
        }
        weights[i][1] += WEIGHT_ONE - sum; /* a flat picture stays flat */
    }
}

/* The weights of a coordinate whose floor is `whole`. Just below 0 the difference rounds to 1, which is no step of the table. */
static inline const int32_t *weights_at(const struct warp *w, double v, int32_t whole) {
    return w->weights[MIN((int32_t)((v - whole) * STEPS), STEPS - 1)];
}

static inline int32_t floor_of(double v) {
    int32_t cut = (int32_t)v;
    return cut - (v < cut);
}

/* The point (x, y) of the source; the border pixel repeats outside. `channels` is a constant where it is called, so that the
 * sums stay in registers. */
static inline void sample_cubic(uint8_t *out, const struct warp *w, double x, double y,
                                const int32_t channels) {
    const lk_image *from = w->from;
    int32_t fx = floor_of(x), fy = floor_of(y), left = fx - 1, top = fy - 1;
    const int32_t *wx = weights_at(w, x, fx), *wy = weights_at(w, y, fy);
    int32_t columns[4];
    for (int32_t i = 0; i < 4; i++) {
        columns[i] = MIN(MAX(left + i, 0), from->width - 1) * channels;
    }
    int64_t sums[4] = {0};
    for (int32_t j = 0; j < 4; j++) {
        const uint8_t *row = image_row(from, MIN(MAX(top + j, 0), from->height - 1));
        for (int32_t c = 0; c < channels; c++) {
            int32_t across = row[columns[0] + c] * wx[0] + row[columns[1] + c] * wx[1] +
                             row[columns[2] + c] * wx[2] + row[columns[3] + c] * wx[3];
            sums[c] += (int64_t)across * wy[j];
        }
    }
    for (int32_t c = 0; c < channels; c++) {
        int64_t v = (sums[c] + WEIGHT_ONE * (WEIGHT_ONE / 2)) / ((int64_t)WEIGHT_ONE * WEIGHT_ONE);
        out[c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static void sample(uint8_t *out, const struct warp *w, double x, double y) {
    switch (w->from->channels) {
    case 1: sample_cubic(out, w, x, y, 1); break;
    case 3: sample_cubic(out, w, x, y, 3); break;
    default: sample_cubic(out, w, x, y, 4); break;
    }
}

static void warp_row(void *arg, int32_t y) {
    const struct warp *w = arg;
    const double *m = w->inverse;
    uint8_t *out = image_row(w->out, y);
    uint8_t *valid = w->valid ? image_row(w->valid, y) : NULL;
    int32_t channels = w->out->channels;
    for (int32_t x = 0; x < w->out->width; x++, out += channels) {
        double d = m[6] * x + m[7] * y + m[8];
        double sx = (m[0] * x + m[1] * y + m[2]) / d, sy = (m[3] * x + m[4] * y + m[5]) / d;
        bool inside = d > 0 && sx >= -0.5 && sy >= -0.5 && sx <= w->from->width - 0.5 &&
                      sy <= w->from->height - 0.5;
        if (inside) {
            sample(out, w, sx, sy);
        } else {
            memset(out, 0, (size_t)channels);
        }
        if (valid) {
            valid[x] = inside ? 255 : 0;
        }
    }
}

/* Inverts h (adjugate; the scale does not matter) with the sign that makes the frame's middle lie in front. */
static bool invert_for(double out[9], const double h[9], double x, double y) {
    const double m[9] = {
        h[4] * h[8] - h[5] * h[7], h[2] * h[7] - h[1] * h[8], h[1] * h[5] - h[2] * h[4],
        h[5] * h[6] - h[3] * h[8], h[0] * h[8] - h[2] * h[6], h[2] * h[3] - h[0] * h[5],
        h[3] * h[7] - h[4] * h[6], h[1] * h[6] - h[0] * h[7], h[0] * h[4] - h[1] * h[3],
    };
    double det = h[0] * m[0] + h[1] * m[3] + h[2] * m[6];
    double front = m[6] * x + m[7] * y + m[8];
    if (!isfinite(det) || fabs(det) < 1e-300 || front == 0) {
        return false;
    }
    for (int32_t i = 0; i < 9; i++) {
        out[i] = m[i] / front;
    }
    return true;
}

/* Source pixels an output pixel covers, around the middle of the output: sqrt of the inverse map's area scale. */
static double reduction_of(const double m[9], double x, double y) {
    double d = m[6] * x + m[7] * y + m[8];
    double u = (m[0] * x + m[1] * y + m[2]) / d, v = (m[3] * x + m[4] * y + m[5]) / d;
    double xx = (m[0] - u * m[6]) / d, xy = (m[1] - u * m[7]) / d;
    double yx = (m[3] - v * m[6]) / d, yy = (m[4] - v * m[7]) / d;
    return sqrt(fabs(xx * yy - xy * yx));
}

double image_warp_reduction(const double h[9], int32_t width, int32_t height) {
    double inverse[9];
    double factor = invert_for(inverse, h, width / 2.0, height / 2.0)
                        ? reduction_of(inverse, width / 2.0, height / 2.0)
                        : 1;
    return factor > reduction_least ? factor : 1;
}

/* The source at about the output's scale: reduced by a box filter when it is finer by a quarter or more. */
static lk_status reduce_source(lk_image *reduced, struct warp *w, lk_engine *engine,
                               lk_error *err) {
    double factor = reduction_of(w->inverse, w->out->width / 2.0, w->out->height / 2.0);
    if (!(factor > reduction_least)) {
        return LK_OK;
    }
    int32_t width = MAX((int32_t)lround(w->from->width / factor), 1);
    int32_t height = MAX((int32_t)lround(w->from->height / factor), 1);
    lk_status status = image_resize(reduced, engine, w->from, width, height, RESIZE_BILINEAR, err);
    if (status == LK_OK) {
        /* Pixel centres: x' = (x + 0.5) * s - 0.5, applied on the left of the inverse map. */
        double sx = (double)width / w->from->width, sy = (double)height / w->from->height;
        for (int32_t i = 0; i < 3; i++) {
            w->inverse[i] = sx * w->inverse[i] + (0.5 * sx - 0.5) * w->inverse[6 + i];
            w->inverse[3 + i] = sy * w->inverse[3 + i] + (0.5 * sy - 0.5) * w->inverse[6 + i];
        }
        w->from = reduced;
    }
    return status;
}

lk_status image_warp(lk_image *out, lk_image *valid, lk_engine *engine, const lk_image *from,
                     const double h[9], int32_t width, int32_t height, lk_error *err) {
    lk_image reduced = {0};
    struct warp w = {.from = from, .out = out, .valid = valid};
    *out = (lk_image){0};
    if (valid) {
        *valid = (lk_image){0};
    }
    if (from->bit_depth != 8 || !invert_for(w.inverse, h, width / 2.0, height / 2.0)) {
        return error_set(err, LK_E_USAGE, "a picture cannot be warped by this map");
    }
    lk_status status = lk_image_new(out, width, height, from->channels, 8, err);
    if (status == LK_OK && valid) {
        status = lk_image_new(valid, width, height, 1, 8, err);
    }
    if (status == LK_OK) {
        status = reduce_source(&reduced, &w, engine, err);
    }
    if (status == LK_OK) {
        fill_weights(w.weights);
        pool_for(engine->pool, height, warp_row, &w);
    } else {
        lk_image_release(out);
        lk_image_release(valid);
    }
    lk_image_release(&reduced);
    return status;
}
