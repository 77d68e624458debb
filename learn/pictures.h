/* SPDX-License-Identifier: Apache-2.0 */
/* Originals held in memory while a network learns from them, and the batches of views made of them on threads of their own
 * beside the training step. */
#ifndef LK_PICTURES_H
#define LK_PICTURES_H

#include "learn/dataset.h"

struct pictures {
    lk_image *images; /* one a sample, RGB 8 bits; empty where the file cannot be used */
    int32_t count;
    int32_t unread;
    lk_error first; /* why the first of these could not be read */
};

/* Decodes all samples, each reduced so that its shorter side is `side` or as near above as it was. Files that cannot be read, and
 * pictures too small to be photographed (LK_SIMULATE_SIDE_LEAST), are left empty and counted. LK_E_LIMIT above max_bytes of
 * pixels and the engine's memory_bytes; LK_E_USAGE when not one is left; LK_E_CANCELLED; LK_E_MEMORY. */
MUST_CHECK lk_status pictures_load(struct pictures *out, lk_engine *engine, const struct dataset *d,
                                   int32_t side, size_t max_bytes, lk_error *err);
void pictures_release(struct pictures *p);

/* One row of a batch: how a sample is seen. */
struct view {
    int32_t sample, label;
    uint64_t seed;
    double difficulty; /* of the camera, 0 to 1; below 0: the picture as it is */
    bool mirrored;     /* left-right reversed */
};

/* What a network's input is. */
struct view_input {
    int32_t width, height;
    double mean[3], scale[3]; /* input = (level - mean) / scale */
};

/* Fills views of step `step`: the same ones whenever it is asked. */
typedef void plan_views(void *arg, int64_t step, struct view *views, int32_t count);

struct batches_options {
    struct view_input input;
    int32_t rows;
    int32_t threads; /* that make views */
    bool originals;  /* the pictures themselves are wanted beside their views */
    int64_t first_step;
    plan_views *plan;
    void *arg;
};

struct batches;
/* pictures stay the caller's. Batches are made ahead from now on. */
MUST_CHECK lk_status batches_new(struct batches **out, const struct pictures *pictures,
                                 const struct batches_options *options, lk_error *err);
void batches_free(struct batches *b);

struct batch {
    const float *input;     /* rows x height x width x 3 */
    const float *originals; /* rows x 3 x height x width, levels 0 to 1; NULL unless asked for */
    const struct view *views;
};
/* The next step's batch, valid until the next call. *waited: seconds until it was there. */
MUST_CHECK lk_status batches_next(struct batch *out, double *waited, struct batches *b,
                                  lk_error *err);

/* One view at once, for validation: rows of 3 * width floats. */
struct viewer;
MUST_CHECK lk_status viewer_new(struct viewer **out, const struct view_input *input, lk_error *err);
void viewer_free(struct viewer *v);
MUST_CHECK lk_status viewer_make(float *out, struct viewer *v, const struct pictures *pictures,
                                 const struct view *view, lk_error *err);
/* The picture that a view shows, without a camera: 3 x height x width levels 0 to 1. */
MUST_CHECK lk_status viewer_original(float *out, struct viewer *v, const struct pictures *pictures,
                                     const struct view *view, lk_error *err);

#endif
