/* SPDX-License-Identifier: Apache-2.0 */
/* The picture is first reduced so that one of its texels is about as large as a ray is wide in the middle of the photo, along
 * each of its sides (box average); a ray then reads it bilinearly. Nothing aliases but the far side of a steeply tilted
 * picture, a little. */
#include "simulate/scene.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "simulate/geometry.h"
#include "simulate/portable_math.h"

/* How much of the picture's plane one pixel of the photo spans at the middle of the picture, along the picture's sides. */
struct footprint {
    double x, y;
};

static struct footprint footprint_of(const double h[9], const double back[9],
                                     const lk_image *picture) {
    double fx, fy, x0, y0, x1, y1, x2, y2;
    geometry_map(&fx, &fy, h, (picture->width - 1) / 2.0, (picture->height - 1) / 2.0);
    geometry_map(&x0, &y0, back, fx, fy);
    geometry_map(&x1, &y1, back, fx + 0.5, fy);
    geometry_map(&x2, &y2, back, fx, fy + 0.5);
    double ax = 2 * (x1 - x0), ay = 2 * (y1 - y0), bx = 2 * (x2 - x0), by = 2 * (y2 - y0);
    return (struct footprint){sqrt(ax * ax + bx * bx), sqrt(ay * ay + by * by)};
}

static int32_t reduced_side(int32_t side, double texel) {
    return texel > 1 ? MAX((int32_t)(side / texel + 0.5), MIN(side, 4)) : side;
}

/* photo -> texels of the reduced picture, scaled so that the middle of the picture has the homogeneous coordinate 1. */
static void set_picture(struct scene *s, const double h[9], const double back[9],
                        const lk_image *picture) {
    double kx = (double)s->picture.width / picture->width,
           ky = (double)s->picture.height / picture->height;
    double to_texel[9] = {kx, 0, kx / 2 - 0.5, 0, ky, ky / 2 - 0.5, 0, 0, 1}, m[9], fx, fy;
    geometry_map(&fx, &fy, h, (picture->width - 1) / 2.0, (picture->height - 1) / 2.0);
    geometry_multiply(m, to_texel, back);
    double middle = m[6] * fx + m[7] * fy + m[8];
    for (int32_t i = 0; i < 9; i++) {
        s->to_picture[i] = (float)(m[i] / middle);
    }
    s->right = (float)(s->picture.width - 1);
    s->bottom = (float)(s->picture.height - 1);
}

/* The level of a ground whose texels are nearest to what a ray needs, and how large one of it is. */
static const struct light *ground_level(const struct ground *g, double *texel, double wanted) {
    int32_t i = 0;
    while (i < GROUND_LEVELS - 1 && *texel < 0.7 * wanted) {
        *texel *= 2;
        i++;
    }
    return &g->levels[i];
}

/* A ground that repeats as often as its scale says, turned and shifted, in a colour of its own. unit: of the picture's plane
 * to a pixel of the photo. */
static void set_drawn_ground(struct scene *s, const struct ground *g, const lk_simulator *camera,
                             const lk_image *picture, double unit) {
    struct rng r;
    rng_init(&r, camera->seed ^ 0x67726f756e64u);
    double side = g->levels[0].width, sine, cosine;
    double texel = unit * MIN(camera->width, camera->height) * camera->ground_scale / side;
    s->ground = *ground_level(g, &texel, unit / s->rays);
    side = s->ground.width;
    portable_sin_cos(&sine, &cosine, camera->ground_deg);
    double kx = (double)picture->width / s->picture.width,
           ky = (double)picture->height / s->picture.height;
    const float map[6] = {(float)(cosine * kx / texel), (float)(sine * ky / texel),
                          (float)(rng_unit(&r) * side), (float)(-sine * kx / texel),
                          (float)(cosine * ky / texel), (float)(rng_unit(&r) * side)};
    memcpy(s->to_ground, map, sizeof map);
    double level = 0.3 + 0.7 * rng_unit(&r);
    bool is_wood = camera->ground == 0;
    for (int32_t c = 0; c < 3; c++) { /* wood stays brown */
        double own = is_wood ? 1 - 0.2 * rng_unit(&r) : 0.3 + 0.7 * rng_unit(&r);
        s->tint[c] = (float)(level * own);
    }
}

/* A picture as ground: once over all that the photo shows of the plane, its middle in the photo's middle. */
static void set_picture_ground(struct scene *s, const lk_simulator *camera,
                               const lk_image *background) {
    double low_x = 1e9, high_x = -1e9, low_y = 1e9, high_y = -1e9;
    const float *m = s->to_picture;
    for (int32_t i = 0; i < 4; i++) {
        double px = (i & 1) * (camera->width - 1.0), py = (i >> 1) * (camera->height - 1.0);
        double w = fmax((double)m[6] * px + (double)m[7] * py + (double)m[8], 0.3);
        double x = ((double)m[0] * px + (double)m[1] * py + (double)m[2]) / w;
        double y = ((double)m[3] * px + (double)m[4] * py + (double)m[5]) / w;
        low_x = fmin(low_x, x);
        high_x = fmax(high_x, x);
        low_y = fmin(low_y, y);
        high_y = fmax(high_y, y);
    }
    double pixel =
        fmax((high_x - low_x) / background->width, (high_y - low_y) / background->height);
    double side = s->ground.width, kx = side / (pixel * background->width),
           ky = side / (pixel * background->height);
    const float map[6] = {(float)kx, 0,         (float)(side / 2 - kx * (low_x + high_x) / 2),
                          0,         (float)ky, (float)(side / 2 - ky * (low_y + high_y) / 2)};
    memcpy(s->to_ground, map, sizeof map);
    s->tint = light_all(1);
}

static lk_status set_ground(struct scene *s, struct lk_view_scratch *scratch,
                            const lk_image *picture, const lk_simulator *camera,
                            const lk_image *background, double unit, lk_error *err) {
    int32_t side = TILE_SIDE, shorter = MIN(camera->width, camera->height);
    while (s->rays > 1 && side < shorter && side < PHOTO_TILE_SIDE) {
        side *= 2;
    }
    lk_status status = LK_OK;
    if (background) {
        while (side > 16 && side >= 2 * shorter) { /* it lies once over the photo */
            side /= 2;
        }
        status = light_resize(&scratch->rows, background->width, 2, err);
        status = status == LK_OK ? ground_from_picture(&scratch->own, background, side,
                                                       scratch->to_light, scratch->rows.data, err)
                                 : status;
        s->ground = scratch->own.levels[0];
        if (status == LK_OK) {
            set_picture_ground(s, camera, background);
        }
        return status;
    }
    const struct ground *g = &scratch->grounds[camera->ground];
    if (!g->levels[0].data) {
        status = ground_draw(&scratch->own, camera->ground, camera->seed, side, err);
        g = &scratch->own;
    }
    if (status == LK_OK) {
        set_drawn_ground(s, g, camera, picture, unit);
    }
    return status;
}

/* A finger, a sleeve, another thing: a capsule from outside the photo to as far in as asked. */
static void set_front(struct scene *s, const lk_simulator *camera) {
    static const float colours[][3] = {{0.55f, 0.33f, 0.24f}, {0.30f, 0.16f, 0.10f}, /* skins */
                                       {0.75f, 0.52f, 0.42f}, {0.10f, 0.05f, 0.03f},
                                       {0.02f, 0.02f, 0.03f}, {0.05f, 0.08f, 0.20f}}; /* cloths */
    struct rng r;
    double sine, cosine;
    rng_init(&r, camera->seed ^ 0x66726f6e74u);
    const float *colour = colours[rng_below(&r, ARRAY_COUNT(colours))];
    float bright = (float)(0.7 + 0.4 * rng_unit(&r));
    portable_sin_cos(&sine, &cosine, camera->hidden_deg);
    double w = camera->width, h = camera->height, longer = MAX(w, h);
    double out = 0.5 / fmax(fabs(sine), fabs(cosine)); /* the photo's edge in this direction */
    double tip = out - camera->hidden_reach;
    s->front.radius = (float)(camera->hidden * MIN(w, h));
    s->front.x = (float)(w / 2 + tip * cosine * w);
    s->front.y = (float)(h / 2 + tip * sine * h);
    s->front.dx = (float)cosine;
    s->front.dy = (float)sine;
    s->front.length = (float)(2 * longer);
    s->front.colour = (light4){colour[0], colour[1], colour[2], 0} * light_all(bright);
}

lk_status scene_set(struct scene *s, struct lk_view_scratch *scratch, const double homography[9],
                    const lk_image *picture, const lk_simulator *camera, const lk_image *background,
                    int32_t rays, lk_error *err) {
    double back[9];
    geometry_invert(back, homography);
    struct footprint f = footprint_of(homography, back, picture);
    int32_t width = reduced_side(picture->width, f.x / rays),
            height = reduced_side(picture->height, f.y / rays);
    lk_status status = light_resize(&scratch->rows, picture->width, 2, err);
    status = status == LK_OK ? light_resize(&scratch->picture, width, height, err) : status;
    if (status != LK_OK) {
        return status;
    }
    light_shrink(&scratch->picture, picture, scratch->to_light, scratch->rows.data);
    *s = (struct scene){.rays = rays, .picture = scratch->picture};
    set_picture(s, homography, back, picture);
    double kx = (double)width / picture->width, ky = (double)height / picture->height;
    s->edge_x = (float)(rays / (f.x * kx));
    s->edge_y = (float)(rays / (f.y * ky));
    double reach = 0.03 * sqrt((double)picture->width * picture->width +
                               (double)picture->height * picture->height);
    s->reach_x = (float)(1 / (kx * reach));
    s->reach_y = (float)(1 / (ky * reach));
    s->contact = (float)camera->contact;
    set_front(s, camera);
    return set_ground(s, scratch, picture, camera, background, sqrt(f.x * f.y), err);
}

/* Four rays side by side: where they meet the plane, in texels of the reduced picture, and how much of each is on the picture. */
struct four {
    light4 x, y, share;
};

static inline struct four meet(const struct scene *s, light4 px, float py) {
    const float *m = s->to_picture;
    struct four f;
    light4 w = light_max(px * m[6] + (m[7] * py + m[8]), light_all(0.05f)); /* past the horizon */
    light4 scale = 1 / w;
    f.x = (px * m[0] + (m[1] * py + m[2])) * scale;
    f.y = (px * m[3] + (m[4] * py + m[5])) * scale;
    light4 in_x = s->right / 2 + 0.5f - light_abs(f.x - s->right / 2);
    light4 in_y = s->bottom / 2 + 0.5f - light_abs(f.y - s->bottom / 2);
    f.share =
        light_clamp(in_x * s->edge_x + 0.5f, 0, 1) * light_clamp(in_y * s->edge_y + 0.5f, 0, 1);
    return f;
}

/* Adds the ground, by the share that is not on the picture. */
static inline void add_ground(light4 sums[4], const struct scene *s, const struct four *f) {
    enum { BIAS = 32768 }; /* a multiple of every tile's side: rounds down below 0 as well */
    const float *g = s->to_ground;
    const int32_t mask = s->ground.width - 1;
    light4 u = light_clamp(f->x * g[0] + f->y * g[1] + g[2], -30000, 30000);
    light4 v = light_clamp(f->x * g[3] + f->y * g[4] + g[5], -30000, 30000);
    light4 dx = light_max(light_max(f->x - s->right, -f->x), light_all(0)) * s->reach_x;
    light4 dy = light_max(light_max(f->y - s->bottom, -f->y), light_all(0)) * s->reach_y;
    light4 away = 1 + dx * dx + dy * dy; /* a bell without an exponential */
    light4 left = (1 - s->contact / (away * away)) * (1 - f->share);
    whole4 iu = light_whole(u + BIAS) - BIAS, iv = light_whole(v + BIAS) - BIAS;
    light4 su = u - __builtin_convertvector(iu, light4),
           sv = v - __builtin_convertvector(iv, light4);
    whole4 x0 = iu & mask, x1 = (iu + 1) & mask, y0 = iv & mask, y1 = (iv + 1) & mask;
    for (int32_t i = 0; i < 4; i++) {
        light4 under =
            light_between(light_row(&s->ground, y0[i]) + x0[i],
                          light_row(&s->ground, y1[i]) + x0[i], x1[i] - x0[i], su[i], sv[i]);
        sums[i] += under * s->tint * light_all(left[i]);
    }
}

static inline void add_picture(light4 sums[4], const struct scene *s, const struct four *f) {
    light4 x = light_clamp(f->x, 0, s->right), y = light_clamp(f->y, 0, s->bottom);
    whole4 ix = light_whole(light_min(x, light_all(s->right - 1))),
           iy = light_whole(light_min(y, light_all(s->bottom - 1)));
    light4 u = x - __builtin_convertvector(ix, light4), v = y - __builtin_convertvector(iy, light4);
    for (int32_t i = 0; i < 4; i++) {
        const light4 *at = light_row(&s->picture, iy[i]) + ix[i];
        sums[i] += light_between(at, at + s->picture.width, 1, u[i], v[i]) * light_all(f->share[i]);
    }
}

/* Whether any of four holds. */
static inline bool any_of(whole4 four) {
    typedef int64_t pair __attribute__((vector_size(16)));
    pair two = (pair)four;
    return (two[0] | two[1]) != 0;
}

static inline void add_rays(light4 sums[4], const struct scene *s, light4 px, float py) {
    const struct four f = meet(s, px, py);
    if (any_of(f.share > 0)) {
        add_picture(sums, s, &f);
    }
    if (any_of(f.share < 1)) {
        add_ground(sums, s, &f);
    }
}

static inline float clamp(float v, float low, float high) {
    v = v > low ? v : low;
    return v < high ? v : high;
}

static inline float square_root(float v) {
    return __builtin_sqrtf(v > 0 ? v : 0);
}

/* Where a row meets the strip of which the capsule is a part: pixels from *first up to *end. */
static void strip_of_row(int32_t *first, int32_t *end, int32_t width, float y,
                         const struct front *f) {
    float reach = f->radius + 2, down = y - f->y, steep = __builtin_fabsf(f->dy);
    *first = 0;
    *end = width;
    if (steep < 0.01f) { /* along the row */
        *end = __builtin_fabsf(down) < reach + 0.01f * f->length ? width : 0;
        return;
    }
    float middle = f->x + down * f->dx / f->dy, half = reach / steep;
    *first = (int32_t)clamp(middle - half, 0, (float)width);
    *end = (int32_t)clamp(middle + half + 1, 0, (float)width);
}

/* Lays the thing in front over a row; its rim is darker, as of something round. */
static void cover_row(light4 *row, int32_t width, float y, const struct front *f) {
    int32_t first, end;
    strip_of_row(&first, &end, width, y, f);
    for (int32_t x = first; x < end; x++) {
        float dx = (float)x - f->x, dy = y - f->y;
        float along = clamp(dx * f->dx + dy * f->dy, 0, f->length);
        dx -= along * f->dx;
        dy -= along * f->dy;
        float away = square_root(dx * dx + dy * dy);
        float share = clamp((f->radius - away) / 2 + 0.5f, 0, 1); /* nearer than the focus: soft */
        if (share > 0) {
            float rim = away / f->radius;
            light4 colour = f->colour * light_all(1.1f - 0.6f * rim * rim);
            row[x] += (colour - row[x]) * light_all(share);
        }
    }
}

/* Four pixels from x on; those past the row's end are not written. */
static void expose_four(light4 *row, const struct scene *s, int32_t x, int32_t y, int32_t width) {
    const int32_t rays = s->rays;
    const float step = 1 / (float)rays, start = step / 2 - 0.5f;
    const light4 px = (float)x + start + (light4){0, 1, 2, 3};
    light4 sums[4] = {light_all(0), light_all(0), light_all(0), light_all(0)};
    for (int32_t i = 0; i < rays; i++) {
        for (int32_t k = 0; k < rays; k++) {
            add_rays(sums, s, px + (float)k * step, (float)y + start + (float)i * step);
        }
    }
    for (int32_t i = 0; i < 4 && x + i < width; i++) {
        row[x + i] = sums[i] * light_all(step * step);
    }
}

void scene_expose(struct light *out, const struct scene *s, int32_t first, int32_t end) {
    for (int32_t y = first; y < end; y++) {
        light4 *row = light_row(out, y);
        for (int32_t x = 0; x < out->width; x += 4) {
            expose_four(row, s, x, y, out->width);
        }
        if (s->front.radius > 0) {
            cover_row(row, out->width, (float)y, &s->front);
        }
    }
}
