/* SPDX-License-Identifier: Apache-2.0 */
/* Editing a picture: see edit.h. */
#include "simulate/edit.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/rng.h"
#include "image/image.h"

static const char *const edit_names[EDIT_KINDS] = {"remove", "stamp", "text", "colour"};

const char *camera_edit_name(enum camera_edit_kind kind) {
    return edit_names[kind];
}

static uint8_t *pixel(const lk_image *picture, int32_t x, int32_t y) {
    return image_row(picture, MIN(MAX(y, 0), picture->height - 1)) +
           3 * MIN(MAX(x, 0), picture->width - 1);
}

/* Fills with the commonest level of each channel on the frame just outside: as if the thing had never been printed. */
static void paint_remove(lk_image *picture, const struct camera_edit *e) {
    int32_t counts[3][256] = {{0}};
    uint8_t ground[3];
    for (int32_t y = e->y - 1; y <= e->y + e->height; y++) {
        bool is_end = y < e->y || y == e->y + e->height;
        for (int32_t x = e->x - 1; x <= e->x + e->width; x += is_end ? 1 : e->width + 1) {
            for (int32_t c = 0; c < 3; c++) {
                counts[c][pixel(picture, x, y)[c]]++;
            }
        }
    }
    for (int32_t c = 0; c < 3; c++) {
        int32_t best = 0;
        for (int32_t v = 1; v < 256; v++) {
            best = counts[c][v] > counts[c][best] ? v : best;
        }
        ground[c] = (uint8_t)best;
    }
    for (int32_t y = e->y; y < e->y + e->height; y++) {
        for (int32_t x = e->x; x < e->x + e->width; x++) {
            memcpy(pixel(picture, x, y), ground, 3);
        }
    }
}

static void mean_colour(double out[3], const lk_image *picture, const struct camera_edit *e) {
    for (int32_t c = 0; c < 3; c++) {
        double sum = 0;
        for (int32_t y = e->y; y < e->y + e->height; y++) {
            for (int32_t x = e->x; x < e->x + e->width; x++) {
                sum += pixel(picture, x, y)[c];
            }
        }
        out[c] = sum / ((double)e->width * e->height);
    }
}

/* A colour far from the mean: each channel in the other half of the range. */
static void contrast_colour(uint8_t out[3], const lk_image *picture, const struct camera_edit *e,
                            struct rng *r) {
    double mean[3];
    mean_colour(mean, picture, e);
    double luma = 0.299 * mean[0] + 0.587 * mean[1] + 0.114 * mean[2];
    for (int32_t c = 0; c < 3; c++) {
        out[c] = (uint8_t)(luma > 127 ? rng_below(r, 60) : 195 + rng_below(r, 60));
    }
}

static void paint_stamp(lk_image *picture, const struct camera_edit *e) {
    struct rng r;
    uint8_t colour[3];
    rng_init(&r, e->seed);
    contrast_colour(colour, picture, e, &r);
    for (int32_t y = 0; y < e->height; y++) {
        for (int32_t x = 0; x < e->width; x++) {
            double u = (x + 0.5) / e->width * 2 - 1, v = (y + 0.5) / e->height * 2 - 1;
            if (u * u + v * v <= 1) {
                memcpy(pixel(picture, e->x + x, e->y + y), colour, 3);
            }
        }
    }
}

/* Two lines of upright and level strokes on a plain ground, as print looks from afar. */
static void paint_text(lk_image *picture, const struct camera_edit *e) {
    struct rng r;
    uint8_t ink[3];
    double ground[3];
    rng_init(&r, e->seed);
    contrast_colour(ink, picture, e, &r);
    mean_colour(ground, picture, e);
    int32_t line = e->height / 2, stroke = MAX(line / 7, 1), letter = MAX(line * 2 / 3, 3);
    for (int32_t y = 0; y < e->height; y++) {
        for (int32_t x = 0; x < e->width; x++) {
            for (int32_t c = 0; c < 3; c++) {
                pixel(picture, e->x + x, e->y + y)[c] = (uint8_t)lround(ground[c]);
            }
        }
    }
    for (int32_t top = line / 8; top + line * 3 / 4 <= e->height; top += line) {
        for (int32_t left = stroke; left + letter <= e->width; left += letter) {
            uint32_t shape = rng_below(&r, 31) + 1; /* which of five strokes the letter has */
            for (int32_t y = 0; y < line * 3 / 4; y++) {
                for (int32_t x = 0; x < letter - stroke; x++) {
                    bool in = ((shape & 1) && x < stroke) ||
                              ((shape & 2) && x >= letter - 2 * stroke) ||
                              ((shape & 4) && y < stroke) ||
                              ((shape & 8) && y >= line * 3 / 4 - stroke) ||
                              ((shape & 16) && y >= line * 3 / 8 && y < line * 3 / 8 + stroke);
                    if (in) {
                        memcpy(pixel(picture, e->x + left + x, e->y + top + y), ink, 3);
                    }
                }
            }
        }
    }
}

static void paint_colour(lk_image *picture, const struct camera_edit *e) {
    for (int32_t y = e->y; y < e->y + e->height; y++) {
        for (int32_t x = e->x; x < e->x + e->width; x++) {
            uint8_t *p = pixel(picture, x, y), red = p[0];
            p[0] = p[1];
            p[1] = p[2];
            p[2] = red;
        }
    }
}

void camera_edit_paint(lk_image *picture, const struct camera_edit *edit) {
    switch (edit->kind) {
    case EDIT_REMOVE: paint_remove(picture, edit); break;
    case EDIT_STAMP: paint_stamp(picture, edit); break;
    case EDIT_COLOUR: paint_colour(picture, edit); break;
    default: paint_text(picture, edit); break;
    }
}
