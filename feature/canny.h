/* SPDX-License-Identifier: Apache-2.0 */
/* Edges, one pixel wide. */
#ifndef LK_CANNY_H
#define LK_CANNY_H

#include "image/engine.h"
#include "image/image.h"

/* Edges begin where the gradient exceeds `high` and go on while it exceeds `low`; a step of h levels has 2.5 h. */
struct edge_limits {
    double low, high;
};

/* out: 8-bit gray, made new, 255 on the edges of gray (8 bits), else 0. LK_E_MEMORY. */
LK_MUST_CHECK lk_status edge_detect(lk_image *out, lk_engine *engine, const lk_image *gray,
                                    struct edge_limits limits, lk_error *err);

#endif
