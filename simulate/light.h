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

typedef int32_t whole4 __attribute__((vector_size(16)));

/* The greater of each pair; b where a is no number. */
static inline light4 light_max(light4 a, light4 b) {
    whole4 is_a = a > b;
    return (light4)(((whole4)a & is_a) | ((whole4)b & ~is_a));
}

static inline light4 light_min(light4 a, light4 b) {
    whole4 is_a = a < b;
    return (light4)(((whole4)a & is_a) | ((whole4)b & ~is_a));
}

static inline light4 light_clamp(light4 v, float low, float high) {
    return light_min(light_max(v, light_all(low)), light_all(high));
}

static inline light4 light_abs(light4 v) {
    return (light4)((whole4)v & 0x7fffffff);
}

/* Towards 0. */
static inline whole4 light_whole(light4 v) {
    return __builtin_convertvector(v, whole4);
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
 * their share. picture is RGB 8 bits, to_light the light of each level; rows is for twice its width. */
void light_shrink(struct light *out, const lk_image *picture, const float to_light[256],
                  light4 *rows);

/* The same with half the sides, which are even. */
void light_halve(struct light *out, const struct light *from);

/* Between the texels at[0], at[1] and those `below` further, by shares u and v. */
static inline light4 light_between(const light4 *at, const light4 *below, int32_t right, float u,
                                   float v) {
    light4 top = at[0] + (at[right] - at[0]) * light_all(u);
    light4 bottom = below[0] + (below[right] - below[0]) * light_all(u);
    return top + (bottom - top) * light_all(v);
}

#endif
