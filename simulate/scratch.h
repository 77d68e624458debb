/* SPDX-License-Identifier: Apache-2.0 */
/* What a photo is made with: tables, and buffers that are kept from one to the next. */
#ifndef LK_SCRATCH_H
#define LK_SCRATCH_H

#include <likeness/simulate.h>

#include "simulate/ground.h"

enum {
    LIGHTS = 4096, /* steps of linear light on the way back to levels */
    NOISES = LIGHTS / 4,
    NORMALS = 8192,    /* random numbers of the sensor; a row begins anywhere in the first half */
    RUN_PIXELS = 1024, /* so many pixels use one run of them: 3 a pixel, fewer than half of them */
    TILE_SIDE = 128,   /* of the grounds of views ... */
    PHOTO_TILE_SIDE = 1024 /* ... and at most of photos */
};

/* Bytes that grow. */
struct store {
    void *data;
    size_t capacity;
};

struct lk_view_scratch {
    float to_light[256];
    float to_level[LIGHTS]; /* of light i / (LIGHTS - 1), before tone */
    float noise_at[NOISES]; /* levels of noise at every fourth, for noise 1 */
    float normals[NORMALS];
    struct ground grounds[GROUND_KINDS]; /* drawn when the scratch is made, for views */
    struct ground own;                   /* of the caller's background, or of one photo */
    struct light picture, rows, seen, spare, padded, grid;
    struct store small, planes; /* the photo before it is enlarged; the planes of its JPEG */
};

/* Makes p->data hold `bytes`; what it held is lost. LK_E_MEMORY. */
LK_MUST_CHECK lk_status store_resize(struct store *p, size_t bytes, lk_error *err);

/* The tables, and with views the grounds. */
LK_MUST_CHECK lk_status scratch_init(struct lk_view_scratch *s, bool with_grounds, lk_error *err);
void scratch_release(struct lk_view_scratch *s);

#endif
