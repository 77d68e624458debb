/* SPDX-License-Identifier: Apache-2.0 */
/* Variational refinement of a flow field (Brox, Bruhn, Papenberg, Weickert: High Accuracy Optical Flow Estimation Based on a
 * Theory for Warping, ECCV 2004; as a step after patch search: Kroeger et al. 2016, section 2.3).
 *
 * The field w = (u, v) minimises the sum over all pixels of
 *     5 f(n0 e0^2) + 10 f(n1 e1^2 + n2 e2^2) + 20 f(|grad u|^2 + |grad v|^2),     f(s) = sqrt(s + eps^2)
 * e0: what is left of the change of brightness, e1 and e2: of the change of both gradients, linear in w around the flow the pair
 * was warped by; n0, n1, n2: 1 / (squared gradient of what e is about + 0.1^2), so that a strong edge is worth no more than a
 * weak one. Setting the derivative to 0 with the weights f' held gives 2 x 2 equations a pixel, coupled to its four
 * neighbours. They are solved by over-relaxation in the colours of a chessboard, the weights are computed anew, and so on.
 *
 * A half sweep over one colour only reads the other, so the order of its pixels is free. Rows are worked on in bands that stay
 * in the cache through all sweeps; each band takes as many rows of its neighbours along as there are half sweeps and throws
 * them away afterwards, which gives the same bits as whole sweeps and lets threads share the bands.
 *
 * Deviations from OpenCV 4.6 (its VariationalRefinement has the same energy and weights): 0.1 and 0.05 for the eps of the data
 * and the smoothness (0.001 there), which makes both quadratic near 0; both unknowns of a pixel are solved at once. */
#include "motion/flow_refine.h"

#include <string.h>

#include "base/compiler.h"

enum {
    SWEEPS = 5, /* over both colours, for one set of weights */
    HALVES = 2 * SWEEPS,
    BAND = 96,  /* rows */
    CHUNK = 16, /* rows assembled by one call */
    SIDE = 8    /* floats left and right of a row of one colour */
};

/* Row y of one colour: a run of every term, SIDE floats around each. */
static size_t term_stride(size_t lanes) {
    return lanes / 2 + 2 * SIDE;
}

static float *term_at(const struct flow_refine *r, int32_t y, size_t colour, enum flow_term term) {
    size_t stride = term_stride(r->u.lanes);
    return r->terms + (((size_t)(y + 1) * 2 + colour) * FLOW_TERMS + term) * stride + SIDE;
}

static size_t lanes_of(int32_t width) {
    struct padded p;
    padded_shape(&p, NULL, width, 1);
    return p.lanes;
}

size_t flow_refine_terms(int32_t width, int32_t height) {
    return term_stride(lanes_of(width)) * 2 * FLOW_TERMS * ((size_t)height + 1);
}

static int32_t bands_of(int32_t height) {
    return (height + BAND - 1) / BAND;
}

enum { BAND_ROWS = BAND + 2 * HALVES + 2 };

/* u and v of one row and colour of a band. */
static float *band_at(const struct flow_refine *r, int32_t band, int32_t row, size_t colour,
                      size_t which) {
    size_t at = (((size_t)band * BAND_ROWS + (size_t)row) * 2 + colour) * 2 + which;
    return r->bands + at * term_stride(r->u.lanes) + SIDE;
}

size_t flow_refine_bands(int32_t width, int32_t height) {
    return term_stride(lanes_of(width)) * 4 * BAND_ROWS * (size_t)bands_of(height);
}

/* The second picture brought onto the first by u0, v0. */
static void warp_row(void *arg, int32_t y) {
    const struct flow_refine *r = arg;
    const struct flow_picture second = {.data = r->second.data,
                                        .stride = r->second.stride,
                                        .width = r->second.width,
                                        .height = r->second.height};
    r->engine->kernels.flow.warp(padded_row(&r->dt, y), padded_row(&r->mean, y),
                                 padded_row(&r->first, y), &second, padded_row(&r->u, y),
                                 padded_row(&r->v, y), y, r->u.lanes);
    padded_extend_row(&r->dt, y);
    padded_extend_row(&r->mean, y);
}

static void gradient_row(void *arg, int32_t y) {
    static const float half[] = {0, 0.5f};
    const struct flow_refine *r = arg;
    const struct kernel_plane *k = &r->engine->kernels.plane;
    const float *rows[] = {padded_row(&r->mean, y - 1), padded_row(&r->mean, y),
                           padded_row(&r->mean, y + 1)};
    k->across_odd(padded_row(&r->dx, y), rows[1], half, 1, r->u.lanes);
    k->down_odd(padded_row(&r->dy, y), rows, half, 1, r->u.lanes);
    padded_extend_row(&r->dx, y);
    padded_extend_row(&r->dy, y);
}

/* Nothing flows over the edges of the picture. */
static void stiffness_row(void *arg, int32_t y) {
    const struct flow_refine *r = arg;
    int32_t below = MIN(y + 1, r->u.height - 1);
    size_t last = (size_t)r->u.width - 1, lanes = r->u.lanes;
    float *right = padded_row(&r->right, y), *down = padded_row(&r->down, y);
    r->engine->kernels.flow.stiffness(right, padded_row(&r->u, y), padded_row(&r->v, y),
                                      padded_row(&r->u, below), padded_row(&r->v, below), lanes);
    memset(right + last + 1, 0, (lanes - last - 1) * sizeof *right);
    memcpy(down, right, lanes * sizeof *down);
    right[-1] = 0;
    right[last] = 0;
    if (below == y) {
        memset(down, 0, lanes * sizeof *down);
    }
}

static void assemble_row(const struct flow_refine *r, int32_t y) {
    struct flow_rows rows = {.u = padded_row(&r->u, y),
                             .v = padded_row(&r->v, y),
                             .u0 = padded_row(&r->u0, y),
                             .v0 = padded_row(&r->v0, y),
                             .right = padded_row(&r->right, y),
                             .down = padded_row(&r->down, y),
                             .above = padded_row(&r->down, y - 1)};
    size_t half = (size_t)r->u.width / 2, beyond = r->u.lanes / 2 - half;
    for (int32_t i = 0; i < 3; i++) {
        rows.dt[i] = padded_row(&r->dt, y + i - 1);
        rows.dx[i] = padded_row(&r->dx, y + i - 1);
        rows.dy[i] = padded_row(&r->dy, y + i - 1);
    }
    for (size_t side = 0; side < 2; side++) {
        size_t colour = (side + (size_t)y) & 1;
        for (enum flow_term t = 0; t < FLOW_TERMS; t++) {
            rows.terms[side][t] = term_at(r, y, colour, t);
        }
    }
    r->engine->kernels.flow.assemble(&rows, r->u.lanes);
    for (size_t side = 0; side < 2; side++) { /* beyond the picture nothing ever moves */
        for (enum flow_term t = FLOW_I11; t <= FLOW_I22; t++) {
            memset(rows.terms[side][t] + half, 0, beyond * sizeof(float));
        }
        rows.terms[side][FLOW_RIGHT][-1] = 0;
    }
}

static void assemble_chunk(void *arg, int32_t chunk) {
    const struct flow_refine *r = arg;
    int32_t end = MIN((chunk + 1) * CHUNK, r->u.height);
    for (int32_t y = chunk * CHUNK; y < end; y++) {
        assemble_row(r, y);
    }
}

/* A band: rows from..to-1 are asked for, rows first..last-1 of the picture are held; held row y is row y - first + 1, with an empty
 * one above and below. */
struct band {
    int32_t index, from, to, first, last;
};

static void band_take(const struct flow_refine *r, const struct band *b) {
    size_t lanes = r->u.lanes, bytes = term_stride(lanes) * 4 * sizeof(float);
    int32_t rows = b->last - b->first;
    memset(band_at(r, b->index, 0, 0, 0) - SIDE, 0, bytes);
    memset(band_at(r, b->index, rows + 1, 0, 0) - SIDE, 0, bytes);
    for (int32_t y = b->first; y < b->last; y++) {
        const float *from[] = {padded_row(&r->u, y), padded_row(&r->v, y)};
        size_t even = (size_t)y & 1;
        for (size_t which = 0; which < 2; which++) {
            float *e = band_at(r, b->index, y - b->first + 1, even, which);
            float *o = band_at(r, b->index, y - b->first + 1, 1 - even, which);
            r->engine->kernels.flow.split(e, o, from[which], lanes);
            e[-1] = o[-1] = e[lanes / 2] = o[lanes / 2] = 0;
        }
    }
}

static void relax_row(const struct flow_refine *r, const struct band *b, size_t colour, int32_t y) {
    size_t other = 1 - colour;
    int32_t row = y - b->first + 1;
    /* Where even columns have this colour, the left neighbour stands one place before. */
    ptrdiff_t left = ((size_t)y & 1) == colour ? -1 : 0;
    struct flow_relax x = {.left = term_at(r, y, other, FLOW_RIGHT) + left,
                           .above = term_at(r, y - 1, other, FLOW_DOWN),
                           .u_side = band_at(r, b->index, row, other, 0) + left,
                           .u_above = band_at(r, b->index, row - 1, other, 0),
                           .u_below = band_at(r, b->index, row + 1, other, 0),
                           .v_side = band_at(r, b->index, row, other, 1) + left,
                           .v_above = band_at(r, b->index, row - 1, other, 1),
                           .v_below = band_at(r, b->index, row + 1, other, 1),
                           .u = band_at(r, b->index, row, colour, 0),
                           .v = band_at(r, b->index, row, colour, 1)};
    for (enum flow_term t = 0; t < FLOW_TERMS; t++) {
        x.terms[t] = term_at(r, y, colour, t);
    }
    r->engine->kernels.flow.relax(&x, r->u.lanes / 2);
}

/* All half sweeps, each one row behind the one before: what they work on stays in the cache. A half sweep reaches one row less
 * far into the neighbouring bands than the one before. */
static void relax_band(void *arg, int32_t index) {
    const struct flow_refine *r = arg;
    int32_t height = r->u.height, from = index * BAND, to = MIN(from + BAND, height);
    struct band b = {.index = index,
                     .from = from,
                     .to = to,
                     .first = MAX(from - HALVES, 0),
                     .last = MIN(to + HALVES, height)};
    band_take(r, &b);
    for (int32_t t = b.first; t < b.last + HALVES; t++) {
        for (int32_t half = 0; half < HALVES; half++) {
            int32_t y = t - half, reach = HALVES - 1 - half;
            if (y >= MAX(from - reach, 0) && y < MIN(to + reach, height)) {
                relax_row(r, &b, (size_t)half & 1, y);
            }
        }
    }
    for (int32_t y = from; y < to; y++) {
        float *into[] = {padded_row(&r->u1, y), padded_row(&r->v1, y)};
        size_t even = (size_t)y & 1;
        for (size_t which = 0; which < 2; which++) {
            r->engine->kernels.flow.merge(
                into[which], band_at(r, index, y - b.first + 1, even, which),
                band_at(r, index, y - b.first + 1, 1 - even, which), r->u.lanes);
        }
        padded_extend_row(&r->u1, y);
        padded_extend_row(&r->v1, y);
    }
}

/* One set of weights, and the sweeps with it: from u, v into u1, v1. */
static void refine_round(struct flow_refine *r) {
    struct pool *pool = r->engine->pool;
    int32_t height = r->u.height;
    pool_for(pool, height, stiffness_row, r);
    pool_for(pool, (height + CHUNK - 1) / CHUNK, assemble_chunk, r);
    pool_for(pool, bands_of(height), relax_band, r);
}

void flow_refine(struct flow_refine *r, int32_t rounds) {
    struct pool *pool = r->engine->pool;
    pool_for(pool, r->u.height, warp_row, r);
    padded_extend_rows(&r->dt, 1);
    padded_extend_rows(&r->mean, 1);
    pool_for(pool, r->u.height, gradient_row, r);
    padded_extend_rows(&r->dx, 1);
    padded_extend_rows(&r->dy, 1);
    memset(padded_row(&r->down, -1), 0, r->u.lanes * sizeof(float));
    for (size_t colour = 0; colour < 2; colour++) {
        memset(term_at(r, -1, colour, FLOW_DOWN), 0, r->u.lanes / 2 * sizeof(float));
    }
    struct padded spare_u = r->u0, spare_v = r->v0;
    r->u0 = r->u; /* what the pair was warped by stays as it is */
    r->v0 = r->v;
    for (int32_t i = 0; i < rounds; i++) {
        struct padded old_u = r->u, old_v = r->v;
        refine_round(r);
        r->u = r->u1;
        r->v = r->v1;
        r->u1 = i == 0 ? spare_u : old_u;
        r->v1 = i == 0 ? spare_v : old_v;
    }
}
