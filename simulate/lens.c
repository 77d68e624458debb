/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions in linear light. A Gaussian is cut at 2.5 standard deviations, where its weight is 4 %, and normalised. */
#include <math.h>
#include <string.h>

#include "simulate/lighting.h"
#include "simulate/portable_math.h"

enum { RADIUS_MOST = 75, STREAK_MOST = 101 };

static int32_t gaussian(light4 weights[RADIUS_MOST + 1], double sigma) {
    int32_t radius = MIN(MAX((int32_t)ceil(2.5 * sigma), 1), RADIUS_MOST);
    double values[RADIUS_MOST + 1], sum = 0;
    for (int32_t i = 0; i <= radius; i++) {
        values[i] = portable_exp(-i * i / (2 * sigma * sigma));
        sum += i > 0 ? 2 * values[i] : values[i];
    }
    for (int32_t i = 0; i <= radius; i++) {
        weights[i] = light_all((float)(values[i] / sum));
    }
    return radius;
}

/* to[x] = sum of weights[i] (at[x - i] + at[x + i]); at is readable `radius` to both sides. */
static void blur_along(light4 *to, const light4 *at, int32_t width, const light4 *weights,
                       int32_t radius) {
    for (int32_t x = 0; x < width; x++) {
        light4 sum = at[x] * weights[0];
        for (int32_t i = 1; i <= radius; i++) {
            sum += (at[x - i] + at[x + i]) * weights[i];
        }
        to[x] = sum;
    }
}

static void pad_row(light4 *to, const light4 *from, int32_t width, int32_t radius) {
    memcpy(to + radius, from, (size_t)width * sizeof *to);
    for (int32_t i = 0; i < radius; i++) {
        to[i] = from[0];
        to[radius + width + i] = from[width - 1];
    }
}

static int32_t clamped(int32_t y, int32_t height) {
    return MIN(MAX(y, 0), height - 1);
}

static void blur_down(light4 *to, const struct light *from, int32_t y, const light4 *weights,
                      int32_t radius) {
    const light4 *rows[2 * RADIUS_MOST + 1];
    for (int32_t i = -radius; i <= radius; i++) {
        rows[radius + i] = light_row(from, clamped(y + i, from->height));
    }
    for (int32_t x = 0; x < from->width; x++) {
        light4 sum = rows[radius][x] * weights[0];
        for (int32_t i = 1; i <= radius; i++) {
            sum += (rows[radius - i][x] + rows[radius + i][x]) * weights[i];
        }
        to[x] = sum;
    }
}

static lk_status defocus(struct light *photo, struct lk_view_scratch *scratch, double sigma,
                         lk_error *err) {
    light4 weights[RADIUS_MOST + 1];
    int32_t radius = gaussian(weights, sigma);
    lk_status status = light_resize(&scratch->padded, photo->width + 2 * radius, 1, err);
    if (status != LK_OK) {
        return status;
    }
    light4 *padded = scratch->padded.data;
    for (int32_t y = 0; y < photo->height; y++) {
        pad_row(padded, light_row(photo, y), photo->width, radius);
        blur_along(light_row(&scratch->spare, y), padded + radius, photo->width, weights, radius);
    }
    for (int32_t y = 0; y < photo->height; y++) {
        blur_down(light_row(photo, y), &scratch->spare, y, weights, radius);
    }
    return LK_OK;
}

/* The mean of evenly spaced places on the streak, each at the nearest pixel. */
static lk_status streak(struct light *photo, struct lk_view_scratch *scratch,
                        const lk_simulator *camera, lk_error *err) {
    int32_t dx[STREAK_MOST], dy[STREAK_MOST], radius = 0;
    int32_t steps = MIN((int32_t)ceil(camera->motion_px) + 1, STREAK_MOST);
    double sine, cosine;
    portable_sin_cos(&sine, &cosine, camera->motion_deg);
    for (int32_t i = 0; i < steps; i++) {
        double t = camera->motion_px * ((double)i / (steps - 1) - 0.5);
        dx[i] = (int32_t)floor(t * cosine + 0.5);
        dy[i] = (int32_t)floor(t * sine + 0.5);
        radius = MAX(radius, dx[i] < 0 ? -dx[i] : dx[i]);
    }
    lk_status status = light_resize(&scratch->padded, photo->width + 2 * radius, steps, err);
    struct light before = *photo; /* the buffers change places */
    *photo = scratch->spare;
    scratch->spare = before;
    const light4 share = light_all(1 / (float)steps);
    for (int32_t y = 0; y < photo->height && status == LK_OK; y++) {
        const light4 *rows[STREAK_MOST];
        for (int32_t i = 0; i < steps; i++) {
            light4 *to = light_row(&scratch->padded, i);
            pad_row(to, light_row(&scratch->spare, clamped(y + dy[i], photo->height)), photo->width,
                    radius);
            rows[i] = to + radius + dx[i];
        }
        light4 *row = light_row(photo, y);
        for (int32_t x = 0; x < photo->width; x++) {
            light4 sum = rows[0][x];
            for (int32_t i = 1; i < steps; i++) {
                sum += rows[i][x];
            }
            row[x] = sum * share;
        }
    }
    return status;
}

lk_status lens_blur(struct light *photo, struct lk_view_scratch *scratch,
                    const lk_simulator *camera, lk_error *err) {
    lk_status status = light_resize(&scratch->spare, photo->width, photo->height, err);
    if (status == LK_OK && camera->blur_px >= 0.2) { /* narrower: its neighbours get nothing */
        status = defocus(photo, scratch, camera->blur_px, err);
    }
    if (status == LK_OK && camera->motion_px >= 0.5) {
        status = streak(photo, scratch, camera, err);
    }
    return status;
}
