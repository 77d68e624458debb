/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/lighting.h"

#include <math.h>

#include "simulate/portable_math.h"

/* Sines and cosines of the directions, once. */
struct lamp {
    const lk_simulator *camera;
    double light_x, light_y, glare_x, glare_y, shadow_x, shadow_y;
    double shorter; /* side of the photo */
    light4 balance;
};

static struct lamp lamp_of(const lk_simulator *camera) {
    struct lamp l = {.camera = camera, .shorter = MIN(camera->width, camera->height)};
    portable_sin_cos(&l.light_y, &l.light_x, camera->light_to_deg);
    portable_sin_cos(&l.glare_y, &l.glare_x, camera->glare_deg);
    portable_sin_cos(&l.shadow_y, &l.shadow_x, camera->shadow_deg);
    l.balance = (light4){(float)(1 + camera->warmth), (float)(1 + camera->tint),
                         (float)(1 - camera->warmth), 0} *
                light_all((float)camera->exposure);
    return l;
}

/* 0 outside the band, 1 inside, smooth over its soft edge; across: from the photo's middle, in shorter sides. */
static double shade_of(const lk_simulator *c, double across) {
    double inside = c->shadow_width / 2 - fabs(across - c->shadow_at);
    double t = fmin(fmax(inside / c->shadow_soft + 0.5, 0), 1);
    return c->shadow * t * t * (3 - 2 * t);
}

/* The gain and what is added at a place (x, y) of the photo, in pixels from its middle. */
static void light_here(light4 *gain, light4 *added, const struct lamp *l, double x, double y) {
    const lk_simulator *c = l->camera;
    double u = x / c->width, v = y / c->height;
    double slope = 1 - c->light * fmax(0.5 - (u * l->light_x + v * l->light_y), 0);
    double corner = 1 - c->vignette * 2 * (u * u + v * v); /* u, v are 1/2 there */
    double glare = 0;
    double across = (x * l->shadow_x + y * l->shadow_y) / l->shorter;
    if (c->glare > 0) {
        double gx = x / l->shorter - c->glare_x, gy = y / l->shorter - c->glare_y;
        double along = (gx * l->glare_x + gy * l->glare_y) / (c->glare_size * c->glare_stretch);
        double aside = (gy * l->glare_x - gx * l->glare_y) / c->glare_size;
        /* (1 + r^2 / 16)^-8, for r in standard deviations: nearly exp(-r^2 / 2), for less */
        double bell = 1 / (1 + (along * along + aside * aside) / 16);
        bell *= bell;
        bell *= bell;
        glare = c->glare * bell * bell;
    }
    double bright = slope * corner * (c->shadow > 0 ? 1 - shade_of(c, across) : 1);
    *gain = l->balance * light_all((float)bright);
    *added = l->balance * light_all((float)glare);
}

static light4 mix(light4 a, light4 b, float share) {
    return a + (b - a) * light_all(share);
}

lk_status lighting_apply(struct light *photo, struct light *grid, const lk_simulator *camera,
                         lk_error *err) {
    int32_t cell = MIN(MAX(MIN(photo->width, photo->height) / 20, 2), 8);
    int32_t across = (photo->width - 1) / cell + 2, down = (photo->height - 1) / cell + 2;
    const struct lamp lamp = lamp_of(camera);
    lk_status status = light_resize(grid, 2 * across, down + 1, err); /* the last row: of now */
    if (status != LK_OK) {
        return status;
    }
    for (int32_t y = 0; y < down; y++) {
        for (int32_t x = 0; x < across; x++) {
            light4 *to = light_row(grid, y) + 2 * x;
            light_here(&to[0], &to[1], &lamp, x * cell - (photo->width - 1) / 2.0,
                       y * cell - (photo->height - 1) / 2.0);
        }
    }
    for (int32_t y = 0; y < photo->height; y++) {
        const light4 *above = light_row(grid, y / cell), *below = above + grid->width;
        light4 *now = light_row(grid, down), *row = light_row(photo, y);
        for (int32_t i = 0; i < grid->width; i++) {
            now[i] = mix(above[i], below[i], (float)(y % cell) / (float)cell);
        }
        for (int32_t x = 0; x < photo->width; x++) {
            const light4 *at = now + 2 * (x / cell);
            float share = (float)(x % cell) / (float)cell;
            row[x] = row[x] * mix(at[0], at[2], share) + mix(at[1], at[3], share);
        }
    }
    return LK_OK;
}

void moire_apply(struct light *photo, const lk_simulator *camera) {
    enum { STEPS = 256, BIAS = 1 << 22 }; /* of 46341 pixels with 2 to a stripe */
    float wave[STEPS];
    double sine, cosine;
    for (int32_t i = 0; i < STEPS; i++) {
        portable_sin_cos(&sine, &cosine, i * 360.0 / STEPS);
        wave[i] = (float)(sine * camera->moire);
    }
    portable_sin_cos(&sine, &cosine, camera->moire_deg);
    float kx = (float)(cosine / camera->moire_px * STEPS),
          ky = (float)(sine / camera->moire_px * STEPS);
    /* The stripes bend, a period over the photo, and lie a little apart in the colours, whose pixels on a screen do. */
    float bend = (float)STEPS / ((float)photo->width * (float)photo->height);
    for (int32_t y = 0; y < photo->height; y++) {
        light4 *row = light_row(photo, y);
        for (int32_t x = 0; x < photo->width; x++) {
            float turns = kx * (float)x + ky * (float)y + bend * (float)x * (float)y;
            int32_t phase = (int32_t)(turns + BIAS); /* above 0: rounds down */
            light4 stripe = {wave[phase & (STEPS - 1)], wave[(phase + STEPS / 6) & (STEPS - 1)],
                             wave[(phase + STEPS / 3) & (STEPS - 1)], 0};
            row[x] += row[x] * stripe;
        }
    }
}
