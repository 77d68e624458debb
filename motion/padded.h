/* SPDX-License-Identifier: Apache-2.0 */
/* Planes of floats with room around them, so that the kernels of optical flow need no borders (kernel/kernel_flow.h). */
#ifndef LK_PADDED_H
#define LK_PADDED_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/kernel_flow.h"

/* Row y starts at data + y * stride; FLOW_MARGIN samples lie on each of the four sides. */
struct padded {
    int32_t width, height;
    size_t lanes; /* width in whole vectors */
    size_t stride;
    float *data; /* of (0, 0); borrowed */
};

/* A width in whole vectors. */
size_t padded_lanes(int32_t width);

/* How many floats a plane of this size takes; it may be shaped into any smaller one later. */
size_t padded_floats(int32_t width, int32_t height);

/* A plane inside block, which has padded_floats of them at least; nothing is written. */
void padded_shape(struct padded *out, float *block, int32_t width, int32_t height);

/* The same block as a plane of another size, not larger than the one it was made for. */
void padded_reshape(struct padded *p, int32_t width, int32_t height);

static inline float *padded_row(const struct padded *p, int32_t y) {
    return p->data + (ptrdiff_t)y * (ptrdiff_t)p->stride;
}

/* Repeats the ends of row y to both sides. */
void padded_extend_row(const struct padded *p, int32_t y);

/* Repeats the first and the last row, sides included, `rows` times (at most FLOW_MARGIN). */
void padded_extend_rows(const struct padded *p, int32_t rows);

#endif
