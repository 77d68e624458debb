/* SPDX-License-Identifier: Apache-2.0 */
/* Dense optical flow of two gray pictures. */
#ifndef LK_OPTICAL_FLOW_H
#define LK_OPTICAL_FLOW_H

#include <math.h>

#include <likeness/motion.h>

#include "image/engine.h"

enum { OPTICAL_FLOW_SIDE = 16 }; /* least side of a picture */

static inline bool flow_is_known(const float uv[2]) {
    return fabsf(uv[0]) < LK_FLOW_UNKNOWN && fabsf(uv[1]) < LK_FLOW_UNKNOWN;
}

/* As lk_flow_compute, of two gray pictures of 8 bits. */
LK_MUST_CHECK lk_status optical_flow(lk_flow *out, lk_engine *engine, const lk_image *a,
                                     const lk_image *b, lk_error *err);

#endif
