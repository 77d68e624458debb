/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_flow.h"

#include <math.h>

static float between(float a, float b, float f) {
    return a + f * (b - a);
}

/* The row of 8 that starts at a place, r rows down. */
static float sample(const struct flow_place *p, size_t r, size_t c) {
    const float *above = p->pixels + r * p->stride + c, *below = above + p->stride;
    return between(between(above[0], above[1], p->fx), between(below[0], below[1], p->fx), p->fy);
}

/* Eight lanes, folded in halves: the order every instruction set can follow. */
static float fold(const float lanes[FLOW_PATCH]) {
    float four[4];
    for (size_t i = 0; i < 4; i++) {
        four[i] = lanes[i] + lanes[i + 4];
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
}

static void patch_sums_c(struct flow_sums *out, const struct flow_patch *patch,
                         const struct flow_place *place) {
    float d[FLOW_PATCH] = {0}, dd[FLOW_PATCH] = {0}, ddx[FLOW_PATCH] = {0}, ddy[FLOW_PATCH] = {0};
    for (size_t r = 0; r < FLOW_PATCH; r++) {
        size_t at = r * patch->stride;
        for (size_t c = 0; c < FLOW_PATCH; c++) {
            float e = sample(place, r, c) - patch->pixels[at + c];
            d[c] += e;
            dd[c] += e * e;
            ddx[c] += e * patch->dx[at + c];
            ddy[c] += e * patch->dy[at + c];
        }
    }
    *out = (struct flow_sums){.d = fold(d), .dd = fold(dd), .d_dx = fold(ddx), .d_dy = fold(ddy)};
}

static void vote_c(float *weight, float *u, float *v, const float *pixels,
                   const struct flow_place *place, const struct flow_vote *vote) {
    for (size_t c = 0; c < FLOW_PATCH; c++) {
        float d = fabsf(sample(place, 0, c) - pixels[c] - vote->offset);
        float w = 1 / (d > 1 ? d : 1);
        weight[c] += w;
        u[c] += w * vote->u;
        v[c] += w * vote->v;
    }
}

static void divide_c(float *u, float *v, const float *weight, size_t n) {
    for (size_t x = 0; x < n; x++) {
        u[x] /= weight[x];
        v[x] /= weight[x];
    }
}

static float bring_into(float x, float low, float high) {
    x = x > low ? x : low;
    return x < high ? x : high;
}

static void warp_c(float *dt, float *mean, const float *first, const struct flow_picture *picture,
                   const float *u, const float *v, int32_t y, size_t n) {
    float right = (float)picture->width, bottom = (float)picture->height;
    for (size_t i = 0; i < n; i++) {
        /* One above and left of the truth, so that cutting off the fraction rounds down. */
        float x = bring_into((float)(int32_t)i + u[i], -1, right) + 1;
        float z = bring_into((float)y + v[i], -1, bottom) + 1;
        int32_t ix = (int32_t)x, iz = (int32_t)z;
        float fx = x - (float)ix, fz = z - (float)iz;
        const float *p = picture->data + (ptrdiff_t)(iz - 1) * (ptrdiff_t)picture->stride + ix - 1;
        const float *q = p + picture->stride;
        float shown = between(between(p[0], p[1], fx), between(q[0], q[1], fx), fz);
        dt[i] = shown - first[i];
        mean[i] = 0.5f * (shown + first[i]);
    }
}

static void stiffness_c(float *weight, const float *u, const float *v, const float *u_below,
                        const float *v_below, size_t n) {
    for (size_t x = 0; x < n; x++) {
        float ux = u[x + 1] - u[x], uy = u_below[x] - u[x];
        float vx = v[x + 1] - v[x], vy = v_below[x] - v[x];
        float squares = (ux * ux + uy * uy) + (vx * vx + vy * vy);
        weight[x] = FLOW_SMOOTHNESS / sqrtf(squares + FLOW_SMOOTH_EPS2);
    }
}

/* Symmetric 2 x 2 matrix and right side: a11 u + a12 v = b1, a12 u + a22 v = b2. */
struct equations {
    float a11, a12, a22, b1, b2;
};

/* Adds weight (gu u + gv v + gt)^2 / 2, differentiated; gt is at u = v = 0. */
static void add_constraint(struct equations *e, float weight, float gu, float gv, float gt) {
    float wu = weight * gu, wv = weight * gv;
    e->a11 += wu * gu;
    e->a12 += wu * gv;
    e->a22 += wv * gv;
    e->b1 -= wu * gt;
    e->b2 -= wv * gt;
}

static void assemble_c(const struct flow_rows *r, size_t n) {
    const float *const *dt = r->dt, *const *dx = r->dx, *const *dy = r->dy;
    for (size_t x = 0; x < n; x++) {
        float ix = dx[1][x], iy = dy[1][x], it = dt[1][x];
        float ixx = 0.5f * (dx[1][x + 1] - dx[1][(ptrdiff_t)x - 1]);
        float ixy = 0.5f * (dx[2][x] - dx[0][x]), iyy = 0.5f * (dy[2][x] - dy[0][x]);
        float ixt = 0.5f * (dt[1][x + 1] - dt[1][(ptrdiff_t)x - 1]);
        float iyt = 0.5f * (dt[2][x] - dt[0][x]);
        float du = r->u[x] - r->u0[x], dv = r->v[x] - r->v0[x];

        float n0 = 1 / ((ix * ix + iy * iy) + FLOW_ZETA2);
        float n1 = 1 / ((ixx * ixx + ixy * ixy) + FLOW_ZETA2);
        float n2 = 1 / ((iyy * iyy + ixy * ixy) + FLOW_ZETA2);
        float e0 = it + (ix * du + iy * dv);
        float e1 = ixt + (ixx * du + ixy * dv), e2 = iyt + (ixy * du + iyy * dv);
        float brightness = FLOW_BRIGHTNESS / sqrtf(e0 * e0 * n0 + FLOW_DATA_EPS2);
        float gradient = FLOW_GRADIENT / sqrtf((e1 * e1 * n1 + e2 * e2 * n2) + FLOW_DATA_EPS2);

        struct equations e = {.a11 = FLOW_ZETA2, .a22 = FLOW_ZETA2};
        add_constraint(&e, brightness * n0, ix, iy, it);
        add_constraint(&e, gradient * n1, ixx, ixy, ixt);
        add_constraint(&e, gradient * n2, ixy, iyy, iyt);
        /* For the whole flow instead of its increment. */
        float b1 = e.b1 + (e.a11 * r->u0[x] + e.a12 * r->v0[x]);
        float b2 = e.b2 + (e.a12 * r->u0[x] + e.a22 * r->v0[x]);
        float sum = (r->right[x] + r->right[(ptrdiff_t)x - 1]) + (r->down[x] + r->above[x]);
        float a11 = e.a11 + sum, a22 = e.a22 + sum;
        float inverse = 1 / (a11 * a22 - e.a12 * e.a12);

        float *const *to = r->terms[x & 1];
        to[FLOW_I11][x / 2] = a22 * inverse;
        to[FLOW_I12][x / 2] = (0 - e.a12) * inverse;
        to[FLOW_I22][x / 2] = a11 * inverse;
        to[FLOW_B1][x / 2] = b1;
        to[FLOW_B2][x / 2] = b2;
        to[FLOW_RIGHT][x / 2] = r->right[x];
        to[FLOW_DOWN][x / 2] = r->down[x];
    }
}

static void relax_c(const struct flow_relax *r, size_t n) {
    const float *right = r->terms[FLOW_RIGHT], *down = r->terms[FLOW_DOWN];
    for (size_t k = 0; k < n; k++) {
        float su = (right[k] * r->u_side[k + 1] + r->left[k] * r->u_side[k]) +
                   (down[k] * r->u_below[k] + r->above[k] * r->u_above[k]);
        float sv = (right[k] * r->v_side[k + 1] + r->left[k] * r->v_side[k]) +
                   (down[k] * r->v_below[k] + r->above[k] * r->v_above[k]);
        float b1 = r->terms[FLOW_B1][k] + su, b2 = r->terms[FLOW_B2][k] + sv;
        float u = r->terms[FLOW_I11][k] * b1 + r->terms[FLOW_I12][k] * b2;
        float v = r->terms[FLOW_I12][k] * b1 + r->terms[FLOW_I22][k] * b2;
        r->u[k] += FLOW_RELAX * (u - r->u[k]);
        r->v[k] += FLOW_RELAX * (v - r->v[k]);
    }
}

static void split_c(float *even, float *odd, const float *from, size_t n) {
    for (size_t k = 0; k < n / 2; k++) {
        even[k] = from[2 * k];
        odd[k] = from[2 * k + 1];
    }
}

static void merge_c(float *to, const float *even, const float *odd, size_t n) {
    for (size_t k = 0; k < n / 2; k++) {
        to[2 * k] = even[k];
        to[2 * k + 1] = odd[k];
    }
}

void kernel_flow_init_c(struct kernel_flow *k) {
    *k = (struct kernel_flow){
        .patch_sums = patch_sums_c,
        .vote = vote_c,
        .divide = divide_c,
        .warp = warp_c,
        .stiffness = stiffness_c,
        .assemble = assemble_c,
        .relax = relax_c,
        .split = split_c,
        .merge = merge_c,
    };
}
