/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/camera_eye.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/resize.h"

lk_status camera_eye_new(struct camera_eye **out, lk_engine *engine, lk_error *err) {
    lk_model_options options = {.want = LK_WANT_EMBEDDING};
    struct camera_eye *v = mem_calloc(1, sizeof *v);
    *out = NULL;
    if (!v) {
        return error_memory(err, sizeof *v);
    }
    v->engine = engine;
    lk_status status = lk_model_open(&v->model, engine, LK_MODEL_DEFAULT, &options, err);
    if (status != LK_OK) {
        camera_eye_free(v);
        return status;
    }
    *out = v;
    return LK_OK;
}

void camera_eye_free(struct camera_eye *eye) {
    if (eye) {
        lk_model_free(eye->model);
        mem_free(eye);
    }
}

int32_t camera_eye_dim(const struct camera_eye *eye) {
    return lk_model_dim(eye->model);
}

void camera_eye_normalise(float *vector, int32_t dim) {
    double sum = 0;
    for (int32_t i = 0; i < dim; i++) {
        sum += (double)vector[i] * (double)vector[i];
    }
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (int32_t i = 0; i < dim; i++) {
        vector[i] = (float)((double)vector[i] * scale);
    }
}

/* At the size of the network's input, so that a mask costs little. */
static lk_status bring_to_input(lk_image *out, struct camera_eye *v, const lk_image *frame,
                                lk_error *err) {
    const lk_model_card *card = lk_model_card_of(v->model);
    lk_image small = {0};
    lk_status status =
        image_resize(&small, v->engine, frame, card->width, card->height, RESIZE_BILINEAR, err);
    if (status == LK_OK) {
        status = colour_to_rgb8(out, &small, err);
    }
    lk_image_release(&small);
    return status;
}

static void blank(lk_image *picture, const struct sight_mask *mask) {
    for (int32_t y = 0; y < picture->height; y++) {
        uint8_t *row = image_row(picture, y);
        for (int32_t x = 0; x < picture->width; x++) {
            if (!sight_mask_at(mask, (x + 0.5) / picture->width, (y + 0.5) / picture->height)) {
                memset(row + 3 * x, 127, 3);
            }
        }
    }
}

lk_status camera_eye_embed(float *out, struct camera_eye *eye, const lk_image *frame,
                           const struct sight_mask *mask, lk_error *err) {
    lk_image picture = {0};
    lk_model_output output = {.embedding = out};
    const lk_image *pictures[1] = {&picture};
    lk_status status = bring_to_input(&picture, eye, frame, err);
    if (status == LK_OK) {
        blank(&picture, mask);
        status = lk_model_run(eye->model, &output, pictures, 1, err);
    }
    lk_image_release(&picture);
    if (status == LK_OK) {
        camera_eye_normalise(out, camera_eye_dim(eye));
    }
    return status;
}
