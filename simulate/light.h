/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures in linear light: four floats a pixel (red, green, blue, nothing), of which 0 is black and 1 white, so that a pixel
 * is one vector of every processor. Vectors compute as single floats do: the bits are the same where there are none. */
#ifndef LK_LIGHT_H
#define LK_LIGHT_H

#include <likeness/image.h>

#include "base/compiler.h"

typedef float light4 __attribute__((vector_size(16)));

static inline light4 light_all(float v) {
    return (light4){v, v, v, v};
}

struct light {
    int32_t width, height;
    light4 *data;    /* owned; rows contiguous */
    size_t capacity; /* in pixels */
};

static inline light4 *light_row(const struct light *l, int32_t y) {
    return l->data + (size_t)y * (size_t)l->width;
}

/* Gives l a size; what it held is lost. Allocates only when it never was as large. LK_E_MEMORY. */
LK_MUST_CHECK lk_status light_resize(struct light *l, int32_t width, int32_t height, lk_error *err);
void light_release(struct light *l);

/* Levels 0..255 of sRGB (IEC 61966-2-1) to light, and back to levels that need not be whole. */
double light_of_level(double level);
double level_of_light(double light);

/* out, whose size is no larger than the picture's, gets the mean light of the pixels under each of its own, parts of pixels by
 * their share. picture is RGB 8 bits, to_light the light of each level; row is for its width. */
void light_shrink(struct light *out, const lk_image *picture, const float to_light[256],
                  light4 *row);

/* The same with half the sides, which are even. */
void light_halve(struct light *out, const struct light *from);

/* Bilinear, for 0 <= x <= width - 1 and the same of y; both sides are 2 or more. */
static inline light4 light_at(const struct light *l, float x, float y) {
    int32_t ix = MIN((int32_t)x, l->width - 2), iy = MIN((int32_t)y, l->height - 2);
    light4 u = light_all(x - (float)ix), v = light_all(y - (float)iy);
    const light4 *a = l->data + (size_t)iy * (size_t)l->width + ix, *b = a + l->width;
    light4 top = a[0] + (a[1] - a[0]) * u, bottom = b[0] + (b[1] - b[0]) * u;
    return top + (bottom - top) * v;
}

/* The same on a square tile that repeats; its side is a power of two, |x| and |y| below 30000. */
static inline light4 light_wrapped(const struct light *l, float x, float y) {
    enum { BIAS = 32768 }; /* a multiple of every side: rounds down below 0 as well */
    int32_t mask = l->width - 1, ix = (int32_t)(x + BIAS) - BIAS, iy = (int32_t)(y + BIAS) - BIAS;
    light4 u = light_all(x - (float)ix), v = light_all(y - (float)iy);
    const light4 *a = light_row(l, iy & mask), *b = light_row(l, (iy + 1) & mask);
    int32_t left = ix & mask, right = (ix + 1) & mask;
    light4 top = a[left] + (a[right] - a[left]) * u;
    light4 bottom = b[left] + (b[right] - b[left]) * u;
    return top + (bottom - top) * v;
}

#endif
