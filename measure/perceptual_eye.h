/* SPDX-License-Identifier: Apache-2.0 */
/* The model of the eye in Perceptual Image Diff: what it needs to see a difference. */
#ifndef LK_PERCEPTUAL_EYE_H
#define LK_PERCEPTUAL_EYE_H

#include "kernel/kernel.h"

enum { EYE_LEVELS = 8, EYE_BANDS = EYE_LEVELS - 2 };

struct eye {
    const struct kernel_math *math;
    int32_t adaptation_level; /* of the pyramid: what one degree of view averages */
    float cycles_per_degree[EYE_BANDS];
    float frequency_factor
        [EYE_BANDS]; /* how much less than at its best the eye sees at that frequency */
};

/* For a picture `width` pixels wide that fills fov_deg degrees of view. */
void eye_init(struct eye *e, const struct kernel_math *math, int32_t width, double fov_deg);

/* The rows of n pixels that the model works on; `work` are rows of its own. */
struct eye_rows {
    float *adaptation;          /* luminance the eye is adapted to, cd/m2, at least 1e-5 */
    float *contrast[EYE_BANDS]; /* of each band of frequencies */
    float *threshold;           /* out: luminance difference seen before a plain field, cd/m2 */
    float *elevation;           /* out: how much the pattern around raises it, 1..10 */
    float *work[3], *base;
};

void eye_thresholds(const struct eye *e, const struct eye_rows *r, size_t n);

#endif
