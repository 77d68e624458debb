/* SPDX-License-Identifier: Apache-2.0 */
/* A pinhole camera, in the order light takes:
 *
 *   picture, sRGB -> linear light, halved as often as the photo is coarser (box average, so that nothing aliases)
 *   plane -> photo: H = K [r1 r2 t], K with the field of view of a phone's main camera (about 66 degrees across)
 *   each pixel: the mean of 3 x 3 rays, each on the picture (bilinear) or on the table (value noise, with a soft shadow)
 *   light: a linear slope, vignetting cos^4 of the angle to the axis, a highlight, exposure and white balance
 *   lens and hand: Gaussian blur, then a mean along a line
 *   sensor: noise with the variance of counted photons, noise^2 * level, over a small constant floor
 *   linear light -> sRGB, rounded to 8 bits
 *
 * The JPEG is written by whoever called. */
#include "tools/camera.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/image.h"

enum { RAYS = 3, LEVELS_MAX = 6 };

static const double pi = 3.14159265358979323846;
static const double field_of_view_deg = 66;

/* Linear light, three floats a pixel, rows contiguous. */
struct light {
    int32_t width, height;
    float *data;
};

struct scene {
    const struct camera_settings *s;
    struct light levels[LEVELS_MAX]; /* the picture, halved again and again */
    int32_t level_count;
    double to_picture[9]; /* photo -> picture */
};

static double radians(double degrees) {
    return degrees * pi / 180;
}

static double to_linear(double v) {
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double to_srgb(double v) {
    return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double between(struct rng *r, double low, double high) {
    return low + (high - low) * rng_unit(r);
}

struct camera_settings camera_settings_random(uint64_t seed, double difficulty, int32_t width,
                                              int32_t height) {
    struct rng r;
    rng_init(&r, seed);
    double d = difficulty;
    struct camera_settings s = {.seed = seed, .width = width, .height = height};
    s.tilt_deg = between(&r, 3, 10 + 25 * d);
    s.tilt_to_deg = between(&r, 0, 360);
    s.turn_deg = between(&r, -12 - 60 * d, 12 + 60 * d);
    s.cover = between(&r, 0.78 - 0.2 * d, 0.9 - 0.1 * d);
    s.offset_x = between(&r, -0.02, 0.02);
    s.offset_y = between(&r, -0.02, 0.02);
    s.light = between(&r, 0.1, 0.35 + 0.3 * d);
    s.light_to_deg = between(&r, 0, 360);
    s.exposure = between(&r, 0.85 - 0.2 * d, 1.05);
    s.warmth = between(&r, -0.06 - 0.06 * d, 0.06 + 0.06 * d);
    s.glare = between(&r, 0, 0.02 + 0.1 * d);
    s.blur_px = between(&r, 0.3, 0.7 + 0.8 * d);
    s.motion_px = between(&r, 0, 0.5 + 2.5 * d);
    s.motion_deg = between(&r, 0, 180);
    s.noise = between(&r, 0.004, 0.012 + 0.02 * d);
    s.quality = (int32_t)between(&r, 92 - 25 * d, 96 - 15 * d);
    return s;
}

static lk_status light_new(struct light *out, int32_t width, int32_t height, lk_error *err) {
    out->width = width;
    out->height = height;
    out->data = mem_alloc((size_t)width * (size_t)height, 3 * sizeof *out->data);
    return out->data ? LK_OK
                     : error_memory(err, (size_t)width * (size_t)height * 3 * sizeof *out->data);
}

static float *light_at(const struct light *l, int32_t x, int32_t y) {
    return l->data + 3 * ((size_t)y * (size_t)l->width + (size_t)x);
}

static lk_status light_from_picture(struct light *out, const lk_image *picture, lk_error *err) {
    float table[256];
    for (int32_t v = 0; v < 256; v++) {
        table[v] = (float)to_linear(v / 255.0);
    }
    lk_status status = light_new(out, picture->width, picture->height, err);
    for (int32_t y = 0; status == LK_OK && y < picture->height; y++) {
        const uint8_t *from = image_row(picture, y);
        float *to = light_at(out, 0, y);
        for (int32_t i = 0; i < 3 * picture->width; i++) {
            to[i] = table[from[i]];
        }
    }
    return status;
}

static lk_status light_halve(struct light *out, const struct light *from, lk_error *err) {
    lk_status status = light_new(out, from->width / 2, from->height / 2, err);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        for (int32_t x = 0; x < out->width; x++) {
            const float *top = light_at(from, 2 * x, 2 * y),
                        *bottom = light_at(from, 2 * x, 2 * y + 1);
            for (int32_t c = 0; c < 3; c++) {
                light_at(out, x, y)[c] = (top[c] + top[3 + c] + bottom[c] + bottom[3 + c]) / 4;
            }
        }
    }
    return status;
}

static void map_point(double *x, double *y, const double h[9], double from_x, double from_y) {
    double w = h[6] * from_x + h[7] * from_y + h[8];
    *x = (h[0] * from_x + h[1] * from_y + h[2]) / w;
    *y = (h[3] * from_x + h[4] * from_y + h[5]) / w;
}

static void multiply(double out[9], const double a[9], const double b[9]) {
    for (int32_t i = 0; i < 9; i++) {
        out[i] = a[i / 3 * 3] * b[i % 3] + a[i / 3 * 3 + 1] * b[3 + i % 3] +
                 a[i / 3 * 3 + 2] * b[6 + i % 3];
    }
}

static void invert(double out[9], const double m[9]) {
    for (int32_t i = 0; i < 9; i++) {
        /* the cofactor of row i % 3, column i / 3: rows and columns change places */
        int32_t r = i % 3, c = i / 3, r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3,
                c2 = (c + 2) % 3;
        out[i] = m[3 * r1 + c1] * m[3 * r2 + c2] - m[3 * r1 + c2] * m[3 * r2 + c1];
    }
    double determinant = m[0] * out[0] + m[1] * out[3] + m[2] * out[6];
    for (int32_t i = 0; i < 9; i++) {
        out[i] /= determinant;
    }
}

/* Plane -> photo for a camera at `distance` focal lengths' worth of pixels above the middle of the picture. */
static void look(double h[9], const struct camera_settings *s, const lk_image *picture,
                 double distance) {
    double focal = s->width / (2 * tan(radians(field_of_view_deg) / 2));
    double ct = cos(radians(s->tilt_deg)), st = sin(radians(s->tilt_deg));
    double ax = cos(radians(s->tilt_to_deg)), ay = sin(radians(s->tilt_to_deg));
    /* Rodrigues: turning by the tilt about the axis (-ay, ax, 0); the plane's columns r1 and r2 are enough. */
    double tilt[9] = {ct + ay * ay * (1 - ct),
                      -ax * ay * (1 - ct),
                      0,
                      -ax * ay * (1 - ct),
                      ct + ax * ax * (1 - ct),
                      0,
                      -ax * st,
                      -ay * st,
                      distance};
    double c = cos(radians(s->turn_deg)), n = sin(radians(s->turn_deg));
    double px = (picture->width - 1) / 2.0, py = (picture->height - 1) / 2.0;
    double place[9] = {c, -n, -c * px + n * py, n, c, -n * px - c * py, 0, 0, 1};
    double camera[9] = {focal, 0, (s->width - 1) / 2.0, 0, focal, (s->height - 1) / 2.0, 0, 0, 1};
    double turned[9];
    multiply(turned, tilt, place);
    multiply(h, camera, turned);
    for (int32_t i = 0; i < 9; i++) {
        h[i] /= distance; /* so that h[8] stays near 1 */
    }
}

/* The box of the picture's corners in the photo. */
struct span {
    double low_x, high_x, low_y, high_y;
};

static struct span span_of(const double h[9], const lk_image *picture) {
    struct span b = {1e9, -1e9, 1e9, -1e9};
    for (int32_t i = 0; i < 4; i++) {
        double x, y;
        map_point(&x, &y, h, (i & 1) * (picture->width - 1.0), (i >> 1) * (picture->height - 1.0));
        b.low_x = fmin(b.low_x, x);
        b.high_x = fmax(b.high_x, x);
        b.low_y = fmin(b.low_y, y);
        b.high_y = fmax(b.high_y, y);
    }
    return b;
}

/* Steps back until the picture covers as much as asked, then points at its middle (by cropping: the view stays the same). */
static void find_view(double h[9], const struct camera_settings *s, const lk_image *picture) {
    double diagonal = hypot(picture->width, picture->height);
    double near = 0.6 * diagonal, far = 50 * diagonal;
    struct span b;
    for (int32_t i = 0; i < 60; i++) {
        double middle = sqrt(near * far);
        look(h, s, picture, middle);
        b = span_of(h, picture);
        if (fmax((b.high_x - b.low_x) / s->width, (b.high_y - b.low_y) / s->height) > s->cover) {
            near = middle;
        } else {
            far = middle;
        }
    }
    look(h, s, picture, far);
    b = span_of(h, picture);
    double shift_x = (0.5 + s->offset_x) * s->width - (b.low_x + b.high_x + 1) / 2;
    double shift_y = (0.5 + s->offset_y) * s->height - (b.low_y + b.high_y + 1) / 2;
    for (int32_t i = 0; i < 3; i++) {
        h[i] += shift_x * h[6 + i];
        h[3 + i] += shift_y * h[6 + i];
    }
}

static double lattice(uint64_t seed, int64_t x, int64_t y) {
    uint64_t v = seed ^ ((uint64_t)x * 0x9e3779b97f4a7c15u) ^ ((uint64_t)y * 0xc2b2ae3d27d4eb4fu);
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u; /* the finisher of SplitMix64 */
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return (double)((v ^ (v >> 31)) >> 11) * 0x1p-53;
}

/* Value noise in 0..1: lattice values, smoothly mixed. */
static double value_noise(uint64_t seed, double x, double y) {
    double fx = floor(x), fy = floor(y), u = x - fx, v = y - fy;
    int64_t ix = (int64_t)fx, iy = (int64_t)fy;
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    double top = lattice(seed, ix, iy) * (1 - u) + lattice(seed, ix + 1, iy) * u;
    double bottom = lattice(seed, ix, iy + 1) * (1 - u) + lattice(seed, ix + 1, iy + 1) * u;
    return top * (1 - v) + bottom * v;
}

/* Linear light of a wooden table at (x, y) of the picture's plane; `unit` is the picture's diagonal. */
static void table_light(double out[3], uint64_t seed, double x, double y, double unit) {
    double u = x / unit, v = y / unit;
    double board = floor(v * 3.1 + 50), edge = fabs(v * 3.1 + 50 - board - 0.5);
    double grain = value_noise(seed + 1, u * 3 + board * 7.3, v * 60) * 0.6 +
                   value_noise(seed + 2, u * 14 + board * 3.1, v * 220) * 0.4;
    double level = 0.55 + 0.5 * grain + 0.25 * (lattice(seed + 3, (int64_t)board, 0) - 0.5);
    level *= edge > 0.485 ? 0.45 : 1; /* the gap between two boards */
    out[0] = 0.30 * level;
    out[1] = 0.19 * level;
    out[2] = 0.11 * level;
}

/* How much of the table's light the thing lying on it leaves, 0..1: a soft shadow around it. */
static double shadow(double x, double y, double width, double height) {
    double reach = 0.03 * hypot(width, height);
    double dx = fmax(fmax(-x, x - width), 0), dy = fmax(fmax(-y, y - height), 0);
    double away = hypot(dx, dy) / reach;
    return 1 - 0.6 * exp(-away * away);
}

static void ray_light(double out[3], const struct scene *scene, double px, double py,
                      int32_t level) {
    const struct light *base = &scene->levels[0], *l = &scene->levels[level];
    double x, y;
    map_point(&x, &y, scene->to_picture, px, py);
    if (x < -0.5 || y < -0.5 || x > base->width - 0.5 || y > base->height - 0.5) {
        table_light(out, scene->s->seed, x, y, hypot(base->width, base->height));
        double left = shadow(x, y, base->width - 1, base->height - 1);
        for (int32_t c = 0; c < 3; c++) {
            out[c] *= left;
        }
        return;
    }
    double scale = 1.0 / (1 << level);
    x = fmin(fmax((x + 0.5) * scale - 0.5, 0), l->width - 1.001);
    y = fmin(fmax((y + 0.5) * scale - 0.5, 0), l->height - 1.001);
    int32_t ix = (int32_t)x, iy = (int32_t)y;
    double u = x - ix, v = y - iy;
    const float *top = light_at(l, ix, iy), *bottom = light_at(l, ix, iy + 1);
    for (int32_t c = 0; c < 3; c++) {
        out[c] = (top[c] * (1 - u) + top[3 + c] * u) * (1 - v) +
                 (bottom[c] * (1 - u) + bottom[3 + c] * u) * v;
    }
}

/* The level whose pixels are nearest to the distance of two rays. */
static int32_t level_for(const struct scene *scene, double px, double py) {
    double x0, y0, x1, y1;
    map_point(&x0, &y0, scene->to_picture, px, py);
    map_point(&x1, &y1, scene->to_picture, px + 1.0 / RAYS, py);
    double step = hypot(x1 - x0, y1 - y0);
    int32_t level = step > 1 ? (int32_t)lround(log2(step)) : 0;
    return MIN(level, scene->level_count - 1);
}

/* What reaches the lens at (x, y): the slope of the light, vignetting and a highlight. */
static void apply_light(double v[3], const struct camera_settings *s, double x, double y) {
    double u = (x + 0.5) / s->width - 0.5, w = (y + 0.5) / s->height - 0.5;
    double toward = u * cos(radians(s->light_to_deg)) + w * sin(radians(s->light_to_deg));
    double slope = 1 - s->light * (0.5 - toward);
    double r = hypot(u, w * s->height / s->width) * 2 * tan(radians(field_of_view_deg) / 2);
    double vignette =
        pow(1 / (1 + r * r), 0.8); /* cos^4 would be the power 2; phones correct most of it */
    double hx = u - 0.25 * cos(radians(s->light_to_deg)),
           hy = w - 0.25 * sin(radians(s->light_to_deg));
    double highlight = s->glare * exp(-(hx * hx + hy * hy) / (2 * 0.12 * 0.12));
    const double balance[3] = {1 + s->warmth, 1, 1 - s->warmth};
    for (int32_t c = 0; c < 3; c++) {
        v[c] = (v[c] * slope * vignette + highlight) * s->exposure * balance[c];
    }
}

static void expose(struct light *out, const struct scene *scene) {
    for (int32_t y = 0; y < out->height; y++) {
        for (int32_t x = 0; x < out->width; x++) {
            double sum[3] = {0, 0, 0}, ray[3];
            int32_t level = level_for(scene, x, y);
            for (int32_t i = 0; i < RAYS * RAYS; i++) {
                ray_light(ray, scene, x + (i % RAYS + 0.5) / RAYS - 0.5,
                          y + (i / RAYS + 0.5) / RAYS - 0.5, level);
                for (int32_t c = 0; c < 3; c++) {
                    sum[c] += ray[c] / (RAYS * RAYS);
                }
            }
            apply_light(sum, scene->s, x, y);
            for (int32_t c = 0; c < 3; c++) {
                light_at(out, x, y)[c] = (float)sum[c];
            }
        }
    }
}

/* out(x, y) = sum of weights[i] * in(x + dx[i], y + dy[i]), the border repeated. */
static void gather(struct light *out, const struct light *in, const double *dx, const double *dy,
                   const double *weights, int32_t count) {
    for (int32_t y = 0; y < in->height; y++) {
        for (int32_t x = 0; x < in->width; x++) {
            double sum[3] = {0, 0, 0};
            for (int32_t i = 0; i < count; i++) {
                int32_t fx = MIN(MAX(x + (int32_t)lround(dx[i]), 0), in->width - 1);
                int32_t fy = MIN(MAX(y + (int32_t)lround(dy[i]), 0), in->height - 1);
                const float *v = light_at(in, fx, fy);
                for (int32_t c = 0; c < 3; c++) {
                    sum[c] += weights[i] * (double)v[c];
                }
            }
            for (int32_t c = 0; c < 3; c++) {
                light_at(out, x, y)[c] = (float)sum[c];
            }
        }
    }
}

/* Defocus and motion; `spare` has the size of l. */
static void blur(struct light *l, struct light *spare, const struct camera_settings *s) {
    enum { TAPS_MAX = 41 };
    double along[TAPS_MAX], across[TAPS_MAX] = {0}, weights[TAPS_MAX], sum = 0;
    int32_t radius = MIN((int32_t)ceil(3 * s->blur_px), TAPS_MAX / 2), taps = 2 * radius + 1;
    for (int32_t i = 0; i < taps; i++) {
        along[i] = i - radius;
        weights[i] = s->blur_px > 0 ? exp(-along[i] * along[i] / (2 * s->blur_px * s->blur_px)) : 1;
        sum += weights[i];
    }
    for (int32_t i = 0; i < taps; i++) {
        weights[i] /= sum;
    }
    gather(spare, l, along, across, weights, taps);
    gather(l, spare, across, along, weights, taps);
    int32_t steps = MIN((int32_t)ceil(s->motion_px) + 1, TAPS_MAX);
    for (int32_t i = 0; i < steps; i++) {
        double t = steps > 1 ? s->motion_px * ((double)i / (steps - 1) - 0.5) : 0;
        along[i] = t * cos(radians(s->motion_deg));
        across[i] = t * sin(radians(s->motion_deg));
        weights[i] = 1.0 / steps;
    }
    memcpy(spare->data, l->data, (size_t)l->width * (size_t)l->height * 3 * sizeof *l->data);
    gather(l, spare, along, across, weights, steps);
}

static void develop(lk_image *out, const struct light *l, const struct camera_settings *s) {
    struct rng r;
    rng_init(&r, s->seed ^ 0x6e6f697365u);
    const double floor_level = 0.002; /* read noise, as if this much light fell on a black pixel */
    for (int32_t y = 0; y < out->height; y++) {
        uint8_t *row = image_row(out, y);
        const float *from = light_at(l, 0, y);
        for (int32_t i = 0; i < 3 * out->width; i++) {
            double v = fmax((double)from[i], 0);
            v += s->noise * sqrt(v + floor_level) * rng_normal(&r);
            row[i] = (uint8_t)lround(255 * to_srgb(fmin(fmax(v, 0), 1)));
        }
    }
}

lk_status camera_take(lk_image *out, double homography[9], const lk_image *picture,
                      const struct camera_settings *s, lk_error *err) {
    struct scene scene = {.s = s};
    struct light seen = {0}, spare = {0};
    lk_status status = LK_OK;
    *out = (lk_image){0};
    if (picture->channels != 3 || picture->bit_depth != 8 ||
        MIN(picture->width, picture->height) < 16) {
        return error_set(err, LK_E_USAGE,
                         "the camera photographs RGB pictures of 16 x 16 and more");
    }
    if (s->tilt_deg < 0 || s->tilt_deg > 60 || s->cover <= 0 || s->cover > 2) {
        return error_set(err, LK_E_USAGE, "tilt goes from 0 to 60 degrees, cover from 0 to 2");
    }
    find_view(homography, s, picture);
    invert(scene.to_picture, homography);
    status = light_from_picture(&scene.levels[0], picture, err);
    scene.level_count = 1;
    while (status == LK_OK && scene.level_count < LEVELS_MAX &&
           MIN(scene.levels[scene.level_count - 1].width,
               scene.levels[scene.level_count - 1].height) >= 32) {
        status = light_halve(&scene.levels[scene.level_count], &scene.levels[scene.level_count - 1],
                             err);
        scene.level_count++;
    }
    status = status == LK_OK ? light_new(&seen, s->width, s->height, err) : status;
    status = status == LK_OK ? light_new(&spare, s->width, s->height, err) : status;
    status = status == LK_OK ? lk_image_new(out, s->width, s->height, 3, 8, err) : status;
    if (status == LK_OK) {
        expose(&seen, &scene);
        blur(&seen, &spare, s);
        develop(out, &seen, s);
    }
    for (int32_t i = 0; i < LEVELS_MAX; i++) {
        mem_free(scene.levels[i].data);
    }
    mem_free(seen.data);
    mem_free(spare.data);
    return status;
}
