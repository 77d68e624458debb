/* SPDX-License-Identifier: Apache-2.0 */
/* The second step of optical flow on one level of the pyramid: the field that explains both pictures and is smooth. */
#ifndef LK_FLOW_REFINE_H
#define LK_FLOW_REFINE_H

#include "image/engine.h"
#include "motion/padded.h"

struct flow_refine {
    lk_engine *engine;
    struct padded first, second;  /* this level of both pictures */
    struct padded u, v;           /* the flow; rows extended to both sides */
    struct padded u0, v0, u1, v1; /* scratch planes of the size of the level */
    struct padded dt, dx, dy;
    float *scratch; /* flow_refine_floats */
};

/* For any level of at most this size. */
size_t flow_refine_floats(const struct lk_engine *engine, int32_t width, int32_t height);

/* Makes u and v better; rounds (at least 1): how often the weights are computed anew. The width is even. u, u0 and u1 (and v) come
 * back in each other's place. */
void flow_refine(struct flow_refine *r, int32_t rounds);

#endif
