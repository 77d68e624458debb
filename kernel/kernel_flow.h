/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of dense optical flow (motion/flow_search.c, motion/flow_refine.c).
 *
 * Rows are padded: n is a multiple of FLOW_LANES, and from x = -FLOW_MARGIN to n + FLOW_MARGIN - 1 they may be read.
 * A row that is solved in two colours like a chessboard is kept as its even and its odd columns, n / 2 each. */
#ifndef LK_KERNEL_FLOW_H
#define LK_KERNEL_FLOW_H

#include <stddef.h>
#include <stdint.h>

enum { FLOW_LANES = 16, FLOW_MARGIN = 16, FLOW_PATCH = 8 };

/* A patch of FLOW_PATCH x FLOW_PATCH: its pixels and their gradients, rows stride apart. */
struct flow_patch {
    const float *pixels, *dx, *dy;
    size_t stride;
};

/* A place between pixels: the one above and left of it, and how far to go from there, 0..1. */
struct flow_place {
    const float *pixels;
    size_t stride;
    float fx, fy;
};

/* Sums over a patch of d = what the other picture shows - what the patch shows. */
struct flow_sums {
    float d, dd, d_dx, d_dy;
};

/* What one patch says of the pixels under it. */
struct flow_vote {
    float u, v;
    float offset; /* mean of d, taken off before what is left decides the weight */
};

/* The second picture, for warping. */
struct flow_picture {
    const float *data; /* of (0, 0); 2 pixels around the picture may be read */
    size_t stride;
    int32_t width, height;
};

/* The terms of the equations of one pixel, in the order of their rows. The flow that solves them for fixed neighbours is
 * u = I11 (B1 + s_u) + I12 (B2 + s_v), v = I12 (B1 + s_u) + I22 (B2 + s_v); s sums the neighbours, weighted. */
enum flow_term {
    FLOW_I11,
    FLOW_I12,
    FLOW_I22,
    FLOW_B1,
    FLOW_B2,
    FLOW_RIGHT,
    FLOW_DOWN,
    FLOW_TERMS
};

/* One row for assembling the equations. [0] is the row above, [1] the row itself, [2] the row below. */
struct flow_rows {
    const float *dt[3], *dx[3], *dy[3]; /* change in time and gradient of the warped pair */
    const float *u, *v;                 /* the flow as it is */
    const float *u0, *v0;               /* the flow that the pair was warped by */
    const float *right, *down,
        *above; /* weights to the neighbours: right, below, and the upper one's down */
    float *terms[2][FLOW_TERMS]; /* of even columns, of odd columns */
};

/* One row of one colour. side[0] is the left neighbour of u[0], side[1] its right one, and so on. */
struct flow_relax {
    const float *terms[FLOW_TERMS];
    const float *left, *above; /* weights: RIGHT of the left neighbours, DOWN of the upper ones */
    const float *u_side, *u_above, *u_below;
    const float *v_side, *v_above, *v_below;
    float *u, *v;
};

struct kernel_flow {
    void (*patch_sums)(struct flow_sums *out, const struct flow_patch *patch,
                       const struct flow_place *place);
    /* Adds weight w = 1 / max(1, |d - offset|), w u and w v of one row of a patch. */
    void (*vote)(float *weight, float *u, float *v, const float *pixels,
                 const struct flow_place *place, const struct flow_vote *vote);
    /* u /= weight, v /= weight */
    void (*divide)(float *u, float *v, const float *weight, size_t n);

    /* dt = the picture at (x + u, y + v) - first, mean = half their sum. */
    void (*warp)(float *dt, float *mean, const float *first, const struct flow_picture *picture,
                 const float *u, const float *v, int32_t y, size_t n);
    /* Weights between neighbours, small where the flow has an edge. */
    void (*stiffness)(float *weight, const float *u, const float *v, const float *u_below,
                      const float *v_below, size_t n);
    void (*assemble)(const struct flow_rows *rows, size_t n);
    /* One over-relaxed step of n pixels of one colour; n a multiple of FLOW_LANES / 2. */
    void (*relax)(const struct flow_relax *r, size_t n);

    /* Columns 0, 2, 4, ... and 1, 3, 5, ... of from, and back. n counts those of the whole row. */
    void (*split)(float *even, float *odd, const float *from, size_t n);
    void (*merge)(float *to, const float *even, const float *odd, size_t n);
};

void kernel_flow_init_c(struct kernel_flow *k);
void kernel_flow_init_avx2(struct kernel_flow *k);

/* Weights of the energy, as in OpenCV's variational refinement but for the two marked: brightness 5, gradient 10, smoothness
 * 20, each halved by its derivative; the floors keep square roots and quotients away from 0. */
#define FLOW_BRIGHTNESS 2.5f
#define FLOW_GRADIENT 5.0f
#define FLOW_SMOOTHNESS 10.0f
#define FLOW_ZETA2 0.01f         /* added to squared gradients */
#define FLOW_DATA_EPS2 0.01f     /* of the robust data terms: 0.1^2, there 0.001^2 */
#define FLOW_SMOOTH_EPS2 0.0025f /* of the robust smoothness: 0.05^2 pixels, there 0.001^2 */
#define FLOW_RELAX 1.8f          /* over-relaxation */

#endif
