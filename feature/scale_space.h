/* SPDX-License-Identifier: Apache-2.0 */
/* Scale space: a picture under Gaussians of growing width, an octave at a time, and the differences of neighbours. */
#ifndef LK_SCALE_SPACE_H
#define LK_SCALE_SPACE_H

#include "image/engine.h"
#include "image/image.h"

enum {
    SCALE_LAYERS = 3,                     /* an octave: steps of 2^(1/3) (Lowe 2004, 3.2) */
    SCALE_DIFFERENCES = SCALE_LAYERS + 2, /* so that each layer has a neighbour on either side */
    SCALE_AROUND = 3, /* rows of differences seen above and below the one looked at */
    SCALE_ROWS = 2 * SCALE_AROUND + 1,
    SCALE_SIDE_LEAST = 16, /* of an octave */
};

/* Sigma of the lowest layer, in pixels of the octave (Lowe 2004, 3.3). */
#define SCALE_SIGMA 1.6

/* Levels 1..SCALE_LAYERS of an octave: level i under a Gaussian of sigma SCALE_SIGMA 2^(i / SCALE_LAYERS) pixels of its own.
 * Sample (x, y) lies at (x, y) * pitch of the picture. */
struct scale_octave {
    int32_t width, height;
    double pitch;
    struct plane levels[SCALE_LAYERS];
};

/* The differences of levels i + 1 and i around row y, i = 0..SCALE_DIFFERENCES - 1: rows[i][SCALE_AROUND] is row y. Rows outside
 * of the picture are NULL. */
struct scale_rows {
    int32_t y;
    const float *rows[SCALE_DIFFERENCES][SCALE_ROWS];
};

/* Called for each row of an octave once, from several threads; those of one band in order. */
typedef void scale_seen(void *arg, int32_t band, const struct scale_rows *rows);

/* How many bands the engine's threads share an octave of this height in. Their number changes no value. */
int32_t scale_bands(const lk_engine *engine, int32_t height);

/* The first octave, of gray (8 bits, levels 0..255) as it is (number 0) or doubled (-1). LK_E_MEMORY. */
LK_MUST_CHECK lk_status scale_octave_first(struct scale_octave *out, lk_engine *engine,
                                           const lk_image *gray, int32_t number, scale_seen *seen,
                                           void *arg, lk_error *err);
/* The next octave: half the size of the one before. LK_E_MEMORY. */
LK_MUST_CHECK lk_status scale_octave_next(struct scale_octave *out, lk_engine *engine,
                                          const struct scale_octave *before, scale_seen *seen,
                                          void *arg, lk_error *err);
void scale_octave_release(struct scale_octave *o);

#endif
