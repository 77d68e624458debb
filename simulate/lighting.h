/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to light between the scene and the sensor. */
#ifndef LK_LIGHTING_H
#define LK_LIGHTING_H

#include "simulate/light.h"
#include "simulate/scratch.h"

/* Slope of the light, shadow, vignette, reflection, exposure, white balance: photo = photo * gain + added. They vary slowly, so
 * they are computed on a grid and mixed in between; grid holds it. LK_E_MEMORY. */
LK_MUST_CHECK lk_status lighting_apply(struct light *photo, struct light *grid,
                                       const lk_simulator *camera, lk_error *err);

/* Stripes where the screen's pixels and the sensor's nearly agree. */
void moire_apply(struct light *photo, const lk_simulator *camera);

/* Defocus (Gaussian) and the streak of a moving hand; the border repeats. LK_E_MEMORY. */
LK_MUST_CHECK lk_status lens_blur(struct light *photo, struct lk_view_scratch *scratch,
                                  const lk_simulator *camera, lk_error *err);

/* Noise, tone and colour, to levels: out is RGB 8 bits, row after row. */
void sensor_develop(uint8_t *out, const struct light *photo, const struct lk_view_scratch *scratch,
                    const lk_simulator *camera);

/* The marks of a baseline JPEG of that quality, chroma halved both ways: what the codec would leave, without its bytes. planes
 * grows to 6 bytes a pixel. LK_E_MEMORY. */
LK_MUST_CHECK lk_status jpeg_quantise(uint8_t *rgb, int32_t width, int32_t height, int32_t quality,
                                      struct store *planes, lk_error *err);

#endif
