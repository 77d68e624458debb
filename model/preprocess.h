/* SPDX-License-Identifier: Apache-2.0 */
/* From a picture to a network's input. */
#ifndef LK_PREPROCESS_H
#define LK_PREPROCESS_H

#include <likeness/model.h>

#include "image/engine.h"

/* Gray or colour: numbers a pixel. */
int32_t preprocess_channels(const lk_model_card *card);

/* Fills out, height x width x channels floats, from image (8 or 16 bits, gray, RGB or RGBA; alpha is laid over white). The
 * picture is resized as Pillow's bilinear filter does, then cut or stretched, and each level becomes
 * (level - mean) / scale, in double and rounded once. */
LK_MUST_CHECK lk_status preprocess(float *out, lk_engine *engine, const lk_image *image,
                                   const lk_model_card *card, lk_error *err);

#endif
