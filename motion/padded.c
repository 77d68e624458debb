/* SPDX-License-Identifier: Apache-2.0 */
#include "motion/padded.h"

#include <string.h>

size_t padded_lanes(int32_t width) {
    return ((size_t)width + FLOW_LANES - 1) / FLOW_LANES * FLOW_LANES;
}

size_t padded_floats(int32_t width, int32_t height) {
    return (padded_lanes(width) + 2 * FLOW_MARGIN) * ((size_t)height + 2 * FLOW_MARGIN);
}

void padded_shape(struct padded *out, float *block, int32_t width, int32_t height) {
    *out = (struct padded){.width = width, .height = height, .lanes = padded_lanes(width)};
    out->stride = out->lanes + 2 * FLOW_MARGIN;
    out->data = block + FLOW_MARGIN * out->stride + FLOW_MARGIN;
}

void padded_reshape(struct padded *p, int32_t width, int32_t height) {
    padded_shape(p, p->data - FLOW_MARGIN * p->stride - FLOW_MARGIN, width, height);
}

void padded_extend_row(const struct padded *p, int32_t y) {
    float *row = padded_row(p, y);
    float first = row[0], last = row[p->width - 1];
    for (int32_t x = 1; x <= FLOW_MARGIN; x++) {
        row[-x] = first;
    }
    for (size_t x = (size_t)p->width; x < p->lanes + FLOW_MARGIN; x++) {
        row[x] = last;
    }
}

void padded_extend_rows(const struct padded *p, int32_t rows) {
    size_t bytes = p->stride * sizeof(float);
    for (int32_t i = 1; i <= rows; i++) {
        memcpy(padded_row(p, -i) - FLOW_MARGIN, padded_row(p, 0) - FLOW_MARGIN, bytes);
        memcpy(padded_row(p, p->height - 1 + i) - FLOW_MARGIN,
               padded_row(p, p->height - 1) - FLOW_MARGIN, bytes);
    }
}
