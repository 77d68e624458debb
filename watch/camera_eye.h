/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an eye. */
#ifndef LK_CAMERA_EYE_H
#define LK_CAMERA_EYE_H

#include "likeness/model.h"
#include "watch/camera_view.h"
#include "watch/sight_layer.h"

struct camera_eye {
    lk_engine *engine; /* borrowed */
    lk_model *model;
};

/* The embedding of a frame, of length 1, with what the mask leaves out made gray; out has room for camera_eye_dim(eye) numbers. */
LK_MUST_CHECK lk_status camera_eye_embed(float *out, struct camera_eye *eye, const lk_image *frame,
                                         const struct sight_mask *mask, lk_error *err);
int32_t camera_eye_dim(const struct camera_eye *eye);

/* Makes a vector one of length 1. */
void camera_eye_normalise(float *vector, int32_t dim);

#endif
