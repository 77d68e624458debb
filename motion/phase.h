/* SPDX-License-Identifier: Apache-2.0 */
/* Phase correlation: how one picture was shifted, turned and scaled against another, from their spectra. */
#ifndef LK_PHASE_H
#define LK_PHASE_H

#include "image/engine.h"
#include "image/image.h"

struct phase_shift {
    double x, y; /* b(p + shift) shows what a(p) shows */
    double peak; /* of the correlation, 0..1: 1 is a pure circular shift */
};

/* The shift between two planes of one size, in steps of 1 / upsample pixel (1: whole pixels); minus what scikit-image's
 * phase_cross_correlation(a, b, upsample_factor=upsample) gives. LK_E_MEMORY. */
LK_MUST_CHECK lk_status phase_shift(struct phase_shift *out, lk_engine *engine,
                                    const struct plane *a, const struct plane *b, int32_t upsample,
                                    lk_error *err);

/* x' = scale R(rotation) (x - middle) + middle + shift takes a point of a to its place in b. */
struct phase_similarity {
    double rotation_deg; /* clockwise, y down */
    double scale;
    double shift_x, shift_y; /* of the middle, in pixels */
    double peak;             /* of the shift that was left after turning and scaling back */
    bool found;              /* the peak stands out */
};

/* Of two gray pictures of one size. Turns of any angle, scales of 0.5 to 2, shifts up to about a third of the size. LK_E_MEMORY. */
LK_MUST_CHECK lk_status phase_similarity(struct phase_similarity *out, lk_engine *engine,
                                         const lk_image *a, const lk_image *b, lk_error *err);

#endif
