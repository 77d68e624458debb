/* SPDX-License-Identifier: Apache-2.0 */
/* The picture on its ground, as rays from the camera meet it, and what is in front of it. */
#ifndef LK_SCENE_H
#define LK_SCENE_H

#include "simulate/ground.h"
#include "simulate/scratch.h"

/* Everything as a ray needs it, in single precision. */
struct scene {
    int32_t rays; /* a pixel has rays x rays */
    float to_picture[9];
    float right, bottom;    /* of the texels of the picture: their last places */
    float edge_x, edge_y;   /* rays' widths in a texel: the picture's edge is that soft */
    float reach_x, reach_y; /* texels to the contact shadow's reach */
    float contact;
    float to_ground[6];
    light4 tint;                  /* of the ground */
    struct light picture, ground; /* borrowed */
    struct front {                /* a rounded thing in front of the lens; radius 0: none */
        float x, y, dx, dy, length, radius;
        light4 colour;
    } front;
};

/* Lays picture out for a photo of camera->width x camera->height with the given map. Fills the scratch's picture and, for a
 * background or a photo, its ground. LK_E_MEMORY. */
LK_MUST_CHECK lk_status scene_set(struct scene *s, struct lk_view_scratch *scratch,
                                  const double homography[9], const lk_image *picture,
                                  const lk_simulator *camera, const lk_image *background,
                                  int32_t rays, lk_error *err);

/* The light of the rows from `first` up to `end`. */
void scene_expose(struct light *out, const struct scene *s, int32_t first, int32_t end);

#endif
