/* SPDX-License-Identifier: Apache-2.0 */
/* Inverse mapping: for each output pixel its point in the source, read by separable cubic convolution over 4 x 4 samples
 * with weights from a table of 1/64 pixel steps (kernel_warp.h: integers, so every machine gives the same bits). */
#include "image/warp.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/resize.h"

static const double reduction_least =
    1.25; /* source pixels an output pixel, above which it is reduced first */

struct warp {
    const struct kernel_warp *kernel;
    const lk_image *from;
    lk_image *out, *valid;
    double inverse[9]; /* out -> from */
    struct warp_source source;
};

static void open_source(struct warp *w) {
    w->source = (struct warp_source){.data = w->from->data,
                                     .stride = w->from->stride,
                                     .width = w->from->width,
                                     .height = w->from->height,
                                     .channels = w->from->channels};
    for (int32_t i = 0; i < WARP_STEPS; i++) {
        double t = (double)i / WARP_STEPS, t2 = t * t, t3 = t2 * t;
        const double weights[4] = {-0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1,
                                   -1.5 * t3 + 2 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2};
        int32_t sum = 0;
        for (int32_t k = 0; k < 4; k++) {
            w->source.weights[i][k] = (int16_t)lround(weights[k] * WARP_ONE);
            sum += w->source.weights[i][k];
        }
        w->source.weights[i][1] =
            (int16_t)(w->source.weights[i][1] + WARP_ONE - sum); /* a flat picture stays flat */
    }
}

static void warp_row(void *arg, int32_t y) {
    const struct warp *w = arg;
    struct warp_places places;
    size_t channels = (size_t)w->out->channels;
    for (int32_t x = 0; x < w->out->width; x += WARP_BLOCK) {
        size_t n = (size_t)MIN(w->out->width - x, WARP_BLOCK);
        w->kernel->find(&places, w->inverse, &w->source, x, y, n);
        w->kernel->read(image_row(w->out, y) + (size_t)x * channels, &w->source, &places, n);
        if (w->valid) {
            memcpy(image_row(w->valid, y) + x, places.inside, n);
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
    struct warp w = {.kernel = &engine->kernels.warp, .from = from, .out = out, .valid = valid};
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
        open_source(&w);
        pool_for(engine->pool, height, warp_row, &w);
    } else {
        lk_image_release(out);
        lk_image_release(valid);
    }
    lk_image_release(&reduced);
    return status;
}
