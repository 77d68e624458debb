/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind is a function of a place (u, v) of the unit square that repeats with period 1. Noise is value noise: random values
 * on a lattice, smoothly mixed; the lattice repeats as well. */
#include "simulate/ground.h"

#include <math.h>

#include "base/rng.h"
#include "simulate/portable_math.h"

static double lattice(uint64_t seed, int32_t x, int32_t y) {
    uint64_t v = seed ^ ((uint64_t)x * 0x9e3779b97f4a7c15u) ^ ((uint64_t)y * 0xc2b2ae3d27d4eb4fu);
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u; /* the finisher of SplitMix64 */
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return (double)((v ^ (v >> 31)) >> 11) * 0x1p-53;
}

/* Noise in 0..1 with `across` x `down` cells in the unit square. */
static double noise(uint64_t seed, double u, double v, int32_t across, int32_t down) {
    double x = u * across, y = v * down, fx = floor(x), fy = floor(y), s = x - fx, t = y - fy;
    int32_t x0 = (int32_t)fx % across, y0 = (int32_t)fy % down, x1 = (x0 + 1) % across,
            y1 = (y0 + 1) % down;
    s = s * s * (3 - 2 * s);
    t = t * t * (3 - 2 * t);
    double top = lattice(seed, x0, y0) * (1 - s) + lattice(seed, x1, y0) * s;
    double bottom = lattice(seed, x0, y1) * (1 - s) + lattice(seed, x1, y1) * s;
    return top * (1 - t) + bottom * t;
}

/* A distance from a line of a grid with n cells, in cells: 0 on it, 0.5 between two. */
static double from_line(double u, int32_t n) {
    double x = u * n;
    return fabs(x - floor(x + 0.5));
}

static light4 gray(double level) {
    return light_all((float)level);
}

static light4 wood(uint64_t seed, double u, double v) {
    enum { BOARDS = 3 };
    int32_t board = (int32_t)floor(v * BOARDS);
    double shift = u + board * 0.37;
    double grain = noise(seed + 1, shift - floor(shift), v, 3, 48) * 0.6 +
                   noise(seed + 2, shift - floor(shift), v, 14, 150) * 0.4;
    double level = 0.55 + 0.5 * grain + 0.25 * (lattice(seed + 3, board, 0) - 0.5);
    level *= from_line(v, BOARDS) < 0.015 ? 0.45 : 1; /* the gap between two boards */
    return gray(level) * (light4){0.75f, 0.48f, 0.28f, 0};
}

static light4 plain(uint64_t seed, double u, double v) {
    return gray(0.5 + 0.08 * noise(seed, u, v, 4, 4) + 0.04 * noise(seed + 1, u, v, 60, 60));
}

static light4 cloth(uint64_t seed, double u, double v) {
    double warp = from_line(u, 48) * 2, weft = from_line(v, 48) * 2;
    bool is_above = ((int32_t)floor(u * 48) + (int32_t)floor(v * 48)) % 2 == 0;
    double thread = is_above ? warp : weft, stripe = from_line(u, 4) < 0.12 ? 0.5 : 1;
    return gray((0.3 + 0.5 * thread) * stripe * (0.8 + 0.4 * noise(seed, u, v, 8, 8)));
}

static light4 tiles(uint64_t seed, double u, double v) {
    double edge = fmin(from_line(u, 4), from_line(v, 4));
    double one = lattice(seed + 2, (int32_t)floor(u * 4), (int32_t)floor(v * 4));
    double face = 0.45 + 0.25 * one + 0.2 * noise(seed, u, v, 9, 9);
    return gray(edge < 0.03 ? 0.2 : face) * (light4){1, 0.97f, 0.92f, 0};
}

static light4 speckle(uint64_t seed, double u, double v) {
    double coarse = noise(seed, u, v, 12, 12), fine = noise(seed + 1, u, v, 40, 40),
           dust = noise(seed + 2, u, v, 90, 90);
    double level = 0.5 * coarse + 0.3 * fine + 0.4 * dust;
    return (light4){(float)(level * level), (float)(0.9 * level * level),
                    (float)(0.6 * level * level + 0.1 * fine), 0};
}

/* The desk of a busy person: sheets and things of any colour, some printed, laid over one another. */
static light4 clutter(uint64_t seed, double u, double v) {
    light4 colour = plain(seed, u, v);
    struct rng r;
    rng_init(&r, seed);
    for (int32_t i = 0; i < 14; i++) {
        double x = u - rng_unit(&r), y = v - rng_unit(&r), s, c;
        portable_sin_cos(&s, &c, 360 * rng_unit(&r));
        double half_w = 0.05 + 0.13 * rng_unit(&r), half_h = 0.05 + 0.13 * rng_unit(&r);
        float red = (float)rng_unit(&r), green = (float)rng_unit(&r), blue = (float)rng_unit(&r);
        bool is_round = rng_below(&r, 4) == 0, is_printed = rng_below(&r, 3) == 0;
        x -= floor(x + 0.5); /* the nearest of the repeated ones */
        y -= floor(y + 0.5);
        double a = (x * c + y * s) / half_w, b = (y * c - x * s) / half_h;
        bool is_inside = is_round ? a * a + b * b < 1 : fabs(a) < 1 && fabs(b) < 1;
        if (is_inside) {
            colour = (light4){red * red, green * green, blue * blue, 0};
            bool is_ink = fabs(a) < 0.85 && fabs(b) < 0.85 && from_line(b, 5) < 0.2 &&
                          noise(seed + 9, fabs(a), fabs(b), 20, 5) > 0.35;
            colour *= is_printed && is_ink ? light_all(0.2f) : light_all(1);
        }
    }
    return colour;
}

static light4 (*const kinds[GROUND_KINDS])(uint64_t seed, double u, double v) = {
    wood, plain, cloth, tiles, speckle, clutter,
};

static lk_status finish_levels(struct ground *g, lk_error *err) {
    lk_status status = LK_OK;
    for (int32_t i = 1; i < GROUND_LEVELS && status == LK_OK; i++) {
        const struct light *from = &g->levels[i - 1];
        status = light_resize(&g->levels[i], from->width / 2, from->height / 2, err);
        if (status == LK_OK) {
            light_halve(&g->levels[i], from);
        }
    }
    return status;
}

lk_status ground_draw(struct ground *out, int32_t kind, uint64_t seed, int32_t side,
                      lk_error *err) {
    lk_status status = light_resize(&out->levels[0], side, side, err);
    for (int32_t y = 0; y < side && status == LK_OK; y++) {
        light4 *row = light_row(&out->levels[0], y);
        for (int32_t x = 0; x < side; x++) {
            row[x] = kinds[kind](seed, (x + 0.5) / side, (y + 0.5) / side);
        }
    }
    return status == LK_OK ? finish_levels(out, err) : status;
}

/* A picture smaller than the tile is enlarged by repeating its pixels: light_shrink only shrinks. */
static void enlarge(struct light *out, const struct light *from) {
    for (int32_t y = 0; y < out->height; y++) {
        const light4 *row = light_row(from, (int32_t)((int64_t)y * from->height / out->height));
        for (int32_t x = 0; x < out->width; x++) {
            light_row(out, y)[x] = row[(int64_t)x * from->width / out->width];
        }
    }
}

lk_status ground_from_picture(struct ground *out, const lk_image *picture, int32_t side,
                              const float to_light[256], light4 *rows, lk_error *err) {
    struct light *tile = &out->levels[0], *reduced = tile;
    int32_t width = MIN(side, picture->width), height = MIN(side, picture->height);
    lk_status status = light_resize(tile, side, side, err);
    if (width < side || height < side) {
        reduced = &out->levels[1];
        status = status == LK_OK ? light_resize(reduced, width, height, err) : status;
    }
    if (status == LK_OK) {
        light_shrink(reduced, picture, to_light, rows);
        if (reduced != tile) {
            enlarge(tile, reduced);
        }
    }
    return status;
}

void ground_release(struct ground *g) {
    for (int32_t i = 0; i < GROUND_LEVELS; i++) {
        light_release(&g->levels[i]);
    }
}
