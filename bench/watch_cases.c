/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/watch_cases.h"

#include <math.h>

#include "base/compiler.h"
#include "base/rng.h"
#include "image/filter.h"
#include "image/resize.h"
#include "image/warp.h"

/* Width and height of a window, of those of the frame. A shift of 30 % of it fits beside it, a roll of 10 degrees around it. */
static const double window_share = 0.76;

struct trouble {
    const char *name;
    lk_view_state state;
    int32_t variants, count;
    double sizes[8];
};

static const struct trouble troubles[TROUBLES] = {
    [TROUBLE_NONE] = {"none", LK_VIEW_OK, 1, 1, {0}},
    [TROUBLE_SHIFT] = {"shift %", LK_VIEW_MOVED, 4, 7, {2, 3, 5, 10, 15, 20, 30}},
    [TROUBLE_ROLL] = {"roll deg", LK_VIEW_MOVED, 2, 5, {1, 2, 3, 5, 10}},
    [TROUBLE_ZOOM] = {"zoom", LK_VIEW_MOVED, 1, 5, {1.05, 1.1, 1.2, 1.35, 1.5}},
    [TROUBLE_COVER] = {"cover %", LK_VIEW_COVERED, 20, 5, {30, 40, 60, 80, 100}},
    [TROUBLE_DEFOCUS] = {"defocus px", LK_VIEW_DEFOCUSED, 1, 5, {2, 3, 4, 6, 8}},
    [TROUBLE_DARK] = {"dark", LK_VIEW_DARK, 1, 3, {0.04, 0.02, 0}},
    [TROUBLE_REPLACED] = {"replaced", LK_VIEW_REPLACED, 1, 1, {0}},
};

const char *watch_trouble_name(enum watch_trouble t) {
    return troubles[t].name;
}

lk_view_state watch_trouble_state(enum watch_trouble t) {
    return troubles[t].state;
}

int32_t watch_trouble_sizes(const double **out, enum watch_trouble t) {
    *out = troubles[t].sizes;
    return troubles[t].count;
}

int32_t watch_trouble_variants(enum watch_trouble t) {
    return troubles[t].variants;
}

enum watch_window watch_case_window(const struct watch_case *c) {
    static const enum watch_window from[4] = {WINDOW_LEFT, WINDOW_RIGHT, WINDOW_TOP, WINDOW_BOTTOM};
    bool turns = c->trouble == TROUBLE_ROLL || c->trouble == TROUBLE_ZOOM;
    return c->trouble == TROUBLE_SHIFT ? from[c->variant % 4]
           : turns                     ? WINDOW_CENTRE
                                       : WINDOW_WHOLE;
}

/* -- Windows -- */

struct place {
    double x, y; /* of the top left */
    int32_t width, height;
};

static struct place place_of(const lk_image *frame, enum watch_window window) {
    struct place p = {0, 0, frame->width, frame->height};
    if (window != WINDOW_WHOLE) {
        p.width = (int32_t)(frame->width * window_share);
        p.height = (int32_t)(frame->height * window_share);
        int32_t right = frame->width - p.width, down = frame->height - p.height;
        p.x = window == WINDOW_LEFT ? 0 : window == WINDOW_RIGHT ? right : right / 2;
        p.y = window == WINDOW_TOP ? 0 : window == WINDOW_BOTTOM ? down : down / 2;
    }
    return p;
}

/* What lies at p's middle, turned and enlarged about it. */
static lk_status take(lk_image *out, lk_engine *engine, const lk_image *frame,
                      const struct place *p, double turn_deg, double zoom, lk_error *err) {
    double c = zoom * cos(turn_deg * M_PI / 180), s = zoom * sin(turn_deg * M_PI / 180);
    double w = p->width / 2.0, h = p->height / 2.0;
    /* Pixel centres are whole numbers. */
    double mx = p->x + w - 0.5, my = p->y + h - 0.5;
    const double map[9] = {c, -s, w - 0.5 - c * mx + s * my, s, c, h - 0.5 - s * mx - c * my, 0,
                           0, 1};
    return image_warp(out, NULL, engine, frame, map, p->width, p->height, err);
}

lk_status watch_window_make(lk_image *out, lk_engine *engine, const lk_image *frame,
                            enum watch_window window, lk_error *err) {
    struct place p = place_of(frame, window);
    return take(out, engine, frame, &p, 0, 1, err);
}

/* -- Troubles -- */

static uint8_t level(double v) {
    return (uint8_t)fmin(fmax(v + 0.5, 0), 255);
}

static lk_status move(lk_image *out, lk_view_offset *truth, lk_engine *engine,
                      const lk_image *frame, const struct watch_case *c, lk_error *err) {
    static const int32_t directions[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    struct place p = place_of(frame, watch_case_window(c));
    *truth = (lk_view_offset){.zoom = 1, .reliability = 1};
    if (c->trouble == TROUBLE_SHIFT) {
        double room[2] = {frame->width - p.width, frame->height - p.height};
        double px = floor(p.width * c->size / 100 + 0.5);
        truth->pan_px = directions[c->variant][0] * fmin(px, room[0]);
        truth->tilt_px = directions[c->variant][1] * fmin(px, room[1]);
        p.x += truth->pan_px;
        p.y += truth->tilt_px;
    } else if (c->trouble == TROUBLE_ROLL) {
        truth->roll_deg = c->variant ? -c->size : c->size;
    } else {
        truth->zoom = c->size;
    }
    return take(out, engine, frame, &p, -truth->roll_deg, truth->zoom, err);
}

/* What lies in front of the lens: gray card, dark cloth, a hand (shaded skin), paint (soft blotches), a bright leaf with veins. */
static double cover_level(int32_t kind, int32_t channel, double x, double y) {
    static const double colours[5][3] = {
        {128, 128, 128}, {30, 28, 35}, {200, 150, 120}, {90, 110, 160}, {130, 170, 60}};
    double shade = 1;
    if (kind == 2) {
        shade = 0.75 + 0.25 * cos(2.5 * x + 1) * cos(2 * y);
    } else if (kind == 3) {
        shade = 1 + 0.35 * sin(9 * x + 2 * sin(7 * y)) * sin(8 * y + 2 * sin(6 * x));
    } else if (kind == 4) {
        shade = 1 - 0.35 * exp(-pow(12 * sin(6 * (x + y)), 2) / 4);
    }
    return colours[kind][channel] * shade;
}

/* How far (in shares) the place lies under a cover that comes from a side and takes share of the area; its edge is not straight. */
static double under_cover(int32_t side, double share, double x, double y) {
    double along = side < 2 ? y : x, across = side == 0   ? x
                                              : side == 1 ? 1 - x
                                              : side == 2 ? y
                                                          : 1 - y;
    double wave = 0.04 * sin(7 * along + side) * (share < 1);
    return share - across + wave;
}

static lk_status cover(lk_image *picture, const struct watch_case *c) {
    int32_t side = c->variant % 4, kind = c->variant / 4;
    struct rng rng;
    rng_init(&rng, c->seed);
    for (int32_t y = 0; y < picture->height; y++) {
        uint8_t *row = image_row(picture, y);
        for (int32_t x = 0; x < picture->width; x++, row += 3) {
            double u = (double)x / picture->width, v = (double)y / picture->height;
            double deep = under_cover(side, c->size / 100, u, v);
            double part = c->size >= 100
                              ? 1
                              : fmin(fmax(deep / 0.02 + 0.5, 0), 1); /* near, so out of focus */
            double noise = 1.5 * rng_normal(&rng);
            for (int32_t k = 0; k < 3 && part > 0; k++) {
                row[k] = level((1 - part) * row[k] + part * (cover_level(kind, k, u, v) + noise));
            }
        }
    }
    return LK_OK;
}

static lk_status defocus(lk_image *picture, lk_engine *engine, double sigma, uint64_t seed,
                         lk_error *err) {
    struct rng rng;
    struct plane plane = {0}, soft = {0};
    lk_status status = LK_OK;
    rng_init(&rng, seed);
    for (int32_t c = 0; status == LK_OK && c < 3; c++) {
        status = plane_new(&plane, picture->width, picture->height, err);
        for (int32_t i = 0; status == LK_OK && i < plane.width * plane.height; i++) {
            plane.data[i] = image_row(picture, i / plane.width)[3 * (i % plane.width) + c];
        }
        if (status == LK_OK) {
            status = filter_gaussian(&soft, engine, &plane, sigma, 4, BORDER_REFLECT, err);
        }
        for (int32_t i = 0; status == LK_OK && i < plane.width * plane.height; i++) {
            image_row(picture, i / plane.width)[3 * (i % plane.width) + c] =
                level((double)soft.data[i] + rng_normal(&rng));
        }
        plane_release(&plane);
        plane_release(&soft);
    }
    return status;
}

static void darken(lk_image *picture, double share, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int32_t y = 0; y < picture->height; y++) {
        uint8_t *row = image_row(picture, y);
        for (int32_t x = 0; x < 3 * picture->width; x++) {
            row[x] = level(row[x] * share + 2 + 1.5 * rng_normal(&rng));
        }
    }
}

/* The middle of another scene at the size of the frame. */
static lk_status replace(lk_image *out, lk_engine *engine, const lk_image *frame,
                         const lk_image *other, lk_error *err) {
    double w = other->width, h = other->height, shape = (double)frame->width / frame->height;
    double width = fmin(w, h * shape), height = width / shape;
    const double box[4] = {(w - width) / 2, (h - height) / 2, (w + width) / 2, (h + height) / 2};
    return image_resize_box(out, engine, other, box, frame->width, frame->height, RESIZE_BICUBIC,
                            err);
}

lk_status watch_case_make(lk_image *out, lk_view_offset *truth, lk_engine *engine,
                          const lk_image *frame, const lk_image *other, const struct watch_case *c,
                          lk_error *err) {
    *truth = (lk_view_offset){.zoom = 1};
    *out = (lk_image){0};
    lk_status status = LK_OK;
    switch (c->trouble) {
    case TROUBLE_SHIFT:
    case TROUBLE_ROLL:
    case TROUBLE_ZOOM: return move(out, truth, engine, frame, c, err);
    case TROUBLE_REPLACED: return replace(out, engine, frame, other, err);
    case TROUBLE_COVER:
        status = image_clone(out, frame, err);
        return status == LK_OK ? cover(out, c) : status;
    case TROUBLE_DEFOCUS:
        status = image_clone(out, frame, err);
        return status == LK_OK ? defocus(out, engine, c->size, c->seed, err) : status;
    case TROUBLE_DARK:
        status = image_clone(out, frame, err);
        if (status == LK_OK) {
            darken(out, c->size, c->seed);
        }
        return status;
    case TROUBLE_NONE:
    case TROUBLES: break;
    }
    return image_clone(out, frame, err);
}

/* -- Light -- */

lk_status watch_relight(lk_image *out, const lk_image *frame, uint64_t seed, lk_error *err) {
    struct rng rng;
    rng_init(&rng, seed);
    if (seed == 0) {
        return image_clone(out, frame, err);
    }
    double gain = 0.5 + 0.8 * rng_unit(&rng), gamma = exp2(1.2 * rng_unit(&rng) - 0.6);
    double turn = 2 * M_PI * rng_unit(&rng), ramp = 0.7 * rng_unit(&rng),
           noise = 2.5 * rng_unit(&rng);
    lk_status status = image_clone(out, frame, err);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        uint8_t *row = image_row(out, y);
        for (int32_t x = 0; x < out->width; x++) {
            double u = (double)x / out->width - 0.5, v = (double)y / out->height - 0.5;
            double light = gain * (1 + ramp * (u * cos(turn) + v * sin(turn)));
            for (int32_t k = 0; k < 3; k++, row++) {
                *row = level(255 * light * pow(*row / 255.0, gamma) + noise * rng_normal(&rng));
            }
        }
    }
    return status;
}
