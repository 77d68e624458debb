/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures made from a formula, the same as tests/oracle/pattern.py makes. */
#ifndef LK_PATTERN_H
#define LK_PATTERN_H

#include <stdlib.h>

#include "image/image.h"

/* 0..255, a hash of the place. */
static inline int32_t pattern_noise(uint32_t x, uint32_t y, uint32_t c, uint32_t seed) {
    uint32_t h = x * 73856093u ^ y * 19349663u ^ c * 83492791u ^ seed * 2654435761u;
    h ^= h >> 13;
    h *= 0x5bd1e995u;
    h ^= h >> 15;
    return (int32_t)(h & 255);
}

/* Fills an 8-bit picture with slanted ramps and `share`/256 of noise. */
static inline void pattern_fill(lk_image *image, uint32_t seed, int32_t share) {
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *p = image_row(image, y);
        for (int32_t x = 0; x < image->width; x++) {
            for (int32_t c = 0; c < image->channels; c++) {
                int32_t t = (7 * x + 3 * y + 50 * c) % 510;
                int32_t n = pattern_noise((uint32_t)x, (uint32_t)y, (uint32_t)c, seed);
                *p++ = (uint8_t)(((t < 256 ? t : 510 - t) * (256 - share) + n * share) >> 8);
            }
        }
    }
}

/* Adds -16..15 to every sample of an 8-bit picture, clipped. */
static inline void pattern_disturb(lk_image *image, uint32_t seed) {
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *p = image_row(image, y);
        for (int32_t x = 0; x < image->width; x++) {
            for (int32_t c = 0; c < image->channels; c++, p++) {
                int32_t v =
                    *p + (pattern_noise((uint32_t)x, (uint32_t)y, (uint32_t)c, seed) & 31) - 16;
                *p = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
            }
        }
    }
}

/* The path of a file of the shared data: $LIKENESS_DATA, or `shared` beside the repository ($LIKENESS_SOURCE), then `name`. */
static inline const char *shared_path(char out[512], const char *name) {
    const char *data = getenv("LIKENESS_DATA"), *source = getenv("LIKENESS_SOURCE");
    if (data) {
        snprintf(out, 512, "%s/%s", data, name);
    } else {
        snprintf(out, 512, "%s/../shared/%s", source ? source : ".", name);
    }
    return out;
}

#endif
