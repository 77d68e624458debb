/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures that are sums of Gaussian blobs: any of them can be drawn turned, scaled and shifted without resampling. */
#ifndef LK_BLOBS_H
#define LK_BLOBS_H

#include <math.h>

#include "base/rng.h"
#include "image/image.h"

enum { BLOBS = 90 };

struct blob {
    double x, y, sigma, level;
};

/* A view: place (x, y) of the blobs lies at scale R(turn_deg) (x, y) + (dx, dy) of the picture; levels become gain v + 128. */
struct blob_view {
    double scale, turn_deg, dx, dy, gain;
};

static inline void blobs_place(double out[2], const struct blob_view *v, double x, double y) {
    double a = v->turn_deg * M_PI / 180;
    out[0] = v->scale * (cos(a) * x - sin(a) * y) + v->dx;
    out[1] = v->scale * (sin(a) * x + cos(a) * y) + v->dy;
}

/* Blobs of random size and level over width x height. */
static inline void blobs_fill(struct blob blobs[BLOBS], double width, double height,
                              uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int i = 0; i < BLOBS; i++) {
        blobs[i].x = width * rng_unit(&rng);
        blobs[i].y = height * rng_unit(&rng);
        blobs[i].sigma = 1.5 + 7 * rng_unit(&rng) * rng_unit(&rng);
        blobs[i].level = (rng_unit(&rng) < 0.5 ? -1 : 1) * (30 + 60 * rng_unit(&rng));
    }
}

static inline void blobs_draw(lk_image *gray, const struct blob *blobs, size_t count,
                              const struct blob_view *v) {
    for (int32_t y = 0; y < gray->height; y++) {
        for (int32_t x = 0; x < gray->width; x++) {
            double sum = 0;
            for (size_t i = 0; i < count; i++) {
                double at[2], s = blobs[i].sigma * v->scale;
                blobs_place(at, v, blobs[i].x, blobs[i].y);
                double d = (x - at[0]) * (x - at[0]) + (y - at[1]) * (y - at[1]);
                sum += d < 40 * s * s ? blobs[i].level * exp(-d / (2 * s * s)) : 0;
            }
            double level = 128 + v->gain * sum + 0.5;
            image_row(gray, y)[x] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
        }
    }
}

#endif
