/* SPDX-License-Identifier: Apache-2.0 */
/* Extrema of the differences of a scale space: blobs, found to a fraction of a pixel and of a layer. */
#ifndef LK_EXTREMA_H
#define LK_EXTREMA_H

#include "feature/scale_space.h"

struct extremum {
    float x, y; /* in pixels of the octave */
    float
        layer; /* 0.5 .. SCALE_LAYERS + 0.5: sigma is SCALE_SIGMA 2^(layer / SCALE_LAYERS) pixels of the octave */
    float response; /* size of the difference there, 0..255 */
    int16_t octave; /* counted from the first that was searched */
    int16_t level;  /* the nearest: 1..SCALE_LAYERS */
    int32_t column, row;
};

struct extrema {
    size_t count, capacity;
    struct extremum *items;
};

struct extrema_limits {
    double contrast; /* least response, as a share of the range of gray levels */
    double edge;     /* largest ratio of the principal curvatures */
};

/* The search of one picture: octaves one after the other, each with extrema_of_row() as its scale_seen and this as its arg. */
struct extrema_search {
    const lk_engine *engine;
    struct extrema_limits limits;
    int32_t width; /* of the octave */
    int16_t octave;
    struct extrema *bands; /* one a band */
    bool *failed;
};

void extrema_of_row(void *arg, int32_t band, const struct scale_rows *rows);

/* Sorts by falling response, then place, and drops what was found twice. */
void extrema_sort(struct extrema *e);
/* Appends. LK_E_MEMORY. */
LK_MUST_CHECK lk_status extrema_append(struct extrema *e, const struct extrema *more,
                                       lk_error *err);
/* Keeps `count` of the sorted extrema: the strongest, though of no square of a grid over the picture more than its share times
 * `crowd` while others are to be had. width and height are of the picture, pitches of the octaves. LK_E_MEMORY. */
LK_MUST_CHECK lk_status extrema_keep(struct extrema *e, size_t count, double crowd, int32_t width,
                                     int32_t height, const double *pitches, lk_error *err);
void extrema_release(struct extrema *e);

#endif
