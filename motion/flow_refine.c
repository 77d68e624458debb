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
 * A half sweep over one colour only reads the other, so the order of its pixels is free. All half sweeps go down the picture
 * together, each one row behind the one before, in front of them the equations of the next row: a few rows are at work at a
 * time, and stay in the cache. Threads share the picture in bands; each takes as many rows of its neighbours along as there
 * are half sweeps and throws them away afterwards, which gives the same bits as one band.
 *
 * Deviations from OpenCV 4.6 (its VariationalRefinement has the same energy and weights): 0.1 and 0.05 for the eps of the data
 * and the smoothness (0.001 there), which makes both quadratic near 0; both unknowns of a pixel are solved at once. */
#include "motion/flow_refine.h"

#include <string.h>

#include "base/compiler.h"

enum {
    SWEEPS = 5, /* over both colours, for one set of weights */
    HALVES = 2 * SWEEPS,
    RING = 16,          /* rows a band holds at a time; at least HALVES + 2, a power of two */
    BAND_LEAST = 64,    /* rows: a shorter band would be mostly margin */
    BANDS_A_THREAD = 2, /* so that a slow one is made up for */
    SIDE = FLOW_MARGIN / 2,
    LINE_U = FLOW_TERMS, /* lines of one colour of a row: the terms of its equations, u and v */
    LINE_V,
    LINES,
    WEIGHT_ROWS =
        3 /* full rows: weights to the right, and downward of this row and the one above */
};

static size_t line_floats(size_t lanes) {
    return lanes / 2 + 2 * SIDE;
}

static int32_t count_bands(const struct lk_engine *engine, int32_t height) {
    int32_t threads = pool_threads(engine->pool);
    return threads == 1 ? 1 : MAX(MIN(threads * BANDS_A_THREAD, height / BAND_LEAST), 1);
}

static size_t band_floats(size_t lanes) {
    return line_floats(lanes) * (RING * 2 * LINES + 2 * WEIGHT_ROWS);
}

size_t flow_refine_floats(const struct lk_engine *engine, int32_t width, int32_t height) {
    return band_floats(padded_lanes(width)) * (size_t)count_bands(engine, height);
}

/* The second picture brought onto the first by u, v. The mean of both is kept where the next field will be. */
static void warp_row(void *arg, int32_t y) {
    const struct flow_refine *r = arg;
    const struct flow_picture second = {.data = r->second.data,
                                        .stride = r->second.stride,
                                        .width = r->second.width,
                                        .height = r->second.height};
    r->engine->kernels.flow.warp(padded_row(&r->dt, y), padded_row(&r->u1, y),
                                 padded_row(&r->first, y), &second, padded_row(&r->u, y),
                                 padded_row(&r->v, y), y, r->u.lanes);
    padded_extend_row(&r->dt, y);
    padded_extend_row(&r->u1, y);
}

static void gradient_row(void *arg, int32_t y) {
    static const float half[] = {0, 0.5f};
    const struct flow_refine *r = arg;
    const struct kernel_plane *k = &r->engine->kernels.plane;
    const float *rows[] = {padded_row(&r->u1, y - 1), padded_row(&r->u1, y),
                           padded_row(&r->u1, y + 1)};
    k->across_odd(padded_row(&r->dx, y), rows[1], half, 1, r->u.lanes);
    k->down_odd(padded_row(&r->dy, y), rows, half, 1, r->u.lanes);
    padded_extend_row(&r->dx, y);
    padded_extend_row(&r->dy, y);
}

/* A band at work: rows from..to-1 are asked for, rows first..last-1 are taken along. */
struct band {
    const struct flow_refine *r;
    float *scratch;
    int32_t from, to, first, last;
};

/* A term of row y, or its u or v: those of one colour. */
static float *line_at(const struct band *b, int32_t y, size_t colour, size_t line) {
    size_t at = ((size_t)(y & (RING - 1)) * 2 + colour) * LINES + line;
    return b->scratch + at * line_floats(b->r->u.lanes) + SIDE;
}

static float *weights_right(const struct band *b) {
    return b->scratch + RING * 2 * LINES * line_floats(b->r->u.lanes) + FLOW_MARGIN;
}

static float *weights_down(const struct band *b, int32_t y) {
    return weights_right(b) + (1 + (size_t)(y & 1)) * 2 * line_floats(b->r->u.lanes);
}

/* Weights between row y and its neighbours. Nothing flows over the edges of the picture. */
static void weigh_row(const struct band *b, int32_t y) {
    const struct flow_refine *r = b->r;
    int32_t below = MIN(y + 1, r->u.height - 1);
    size_t last = (size_t)r->u.width - 1, lanes = r->u.lanes;
    float *right = weights_right(b), *down = weights_down(b, y);
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

/* The equations of row y; the weights of the row above are there already. */
static void assemble_row(const struct band *b, int32_t y) {
    const struct flow_refine *r = b->r;
    struct flow_rows rows = {.u = padded_row(&r->u, y),
                             .v = padded_row(&r->v, y),
                             .u0 = padded_row(&r->u0, y),
                             .v0 = padded_row(&r->v0, y),
                             .right = weights_right(b),
                             .down = weights_down(b, y),
                             .above = weights_down(b, y - 1)};
    size_t half = (size_t)r->u.width / 2, beyond = r->u.lanes / 2 - half;
    for (int32_t i = 0; i < 3; i++) {
        rows.dt[i] = padded_row(&r->dt, y + i - 1);
        rows.dx[i] = padded_row(&r->dx, y + i - 1);
        rows.dy[i] = padded_row(&r->dy, y + i - 1);
    }
    for (size_t side = 0; side < 2; side++) {
        size_t colour = (side + (size_t)y) & 1;
        for (size_t t = 0; t < FLOW_TERMS; t++) {
            rows.terms[side][t] = line_at(b, y, colour, t);
        }
    }
    r->engine->kernels.flow.assemble(&rows, r->u.lanes);
    for (size_t side = 0; side < 2; side++) { /* beyond the picture nothing ever moves */
        for (size_t t = FLOW_I11; t <= FLOW_I22; t++) {
            memset(rows.terms[side][t] + half, 0, beyond * sizeof(float));
        }
        rows.terms[side][FLOW_RIGHT][-1] = 0;
    }
}

/* A row above or below the picture: its weights are 0, and so is what they weigh. */
static void take_nothing(const struct band *b, int32_t y) {
    size_t bytes = line_floats(b->r->u.lanes) * 2 * LINES * sizeof(float);
    memset(line_at(b, y, 0, 0) - SIDE, 0, bytes);
}

static void take_row(const struct band *b, int32_t y) {
    const struct flow_refine *r = b->r;
    size_t lanes = r->u.lanes, even = (size_t)y & 1;
    const float *from[] = {padded_row(&r->u, y), padded_row(&r->v, y)};
    for (size_t i = 0; i < 2; i++) {
        float *e = line_at(b, y, even, LINE_U + i), *o = line_at(b, y, 1 - even, LINE_U + i);
        r->engine->kernels.flow.split(e, o, from[i], lanes);
        e[-1] = o[-1] = e[lanes / 2] = o[lanes / 2] = 0;
    }
    weigh_row(b, y);
    assemble_row(b, y);
}

static void relax_row(const struct band *b, size_t colour, int32_t y) {
    size_t other = 1 - colour;
    /* Where even columns have this colour, the left neighbour stands one place before. */
    ptrdiff_t left = ((size_t)y & 1) == colour ? -1 : 0;
    struct flow_relax x = {.left = line_at(b, y, other, FLOW_RIGHT) + left,
                           .above = line_at(b, y - 1, other, FLOW_DOWN),
                           .u_side = line_at(b, y, other, LINE_U) + left,
                           .u_above = line_at(b, y - 1, other, LINE_U),
                           .u_below = line_at(b, y + 1, other, LINE_U),
                           .v_side = line_at(b, y, other, LINE_V) + left,
                           .v_above = line_at(b, y - 1, other, LINE_V),
                           .v_below = line_at(b, y + 1, other, LINE_V),
                           .u = line_at(b, y, colour, LINE_U),
                           .v = line_at(b, y, colour, LINE_V)};
    for (size_t t = 0; t < FLOW_TERMS; t++) {
        x.terms[t] = line_at(b, y, colour, t);
    }
    b->r->engine->kernels.flow.relax(&x, b->r->u.lanes / 2);
}

static void give_row(const struct band *b, int32_t y) {
    const struct flow_refine *r = b->r;
    const struct padded *to[] = {&r->u1, &r->v1};
    size_t even = (size_t)y & 1;
    for (size_t i = 0; i < 2; i++) {
        r->engine->kernels.flow.merge(padded_row(to[i], y), line_at(b, y, even, LINE_U + i),
                                      line_at(b, y, 1 - even, LINE_U + i), r->u.lanes);
        padded_extend_row(to[i], y);
    }
}

/* The half sweeps behind row t, the last of which finishes row t - HALVES. Each reaches one row less far into the neighbouring
 * bands than the one before, so that it finds what it reads as the one before left it. */
static void relax_behind(const struct band *b, int32_t t) {
    int32_t height = b->r->u.height;
    for (int32_t half = 0; half < HALVES; half++) {
        int32_t y = t - 1 - half, reach = HALVES - 1 - half;
        if (y >= MAX(b->from - reach, 0) && y < MIN(b->to + reach, height)) {
            relax_row(b, (size_t)half & 1, y);
        }
    }
}

static void refine_band(void *arg, int32_t index) {
    const struct flow_refine *r = arg;
    int64_t height = r->u.height, bands = count_bands(r->engine, r->u.height);
    struct band b = {.r = r,
                     .scratch = r->scratch + (size_t)index * band_floats(r->u.lanes),
                     .from = (int32_t)(height * index / bands),
                     .to = (int32_t)(height * (index + 1) / bands)};
    b.first = MAX(b.from - HALVES, 0);
    b.last = MIN(b.to + HALVES, (int32_t)height);
    if (b.first == 0) {
        take_nothing(&b, -1);
        memset(weights_down(&b, -1), 0, r->u.lanes * sizeof(float));
    } else {
        weigh_row(&b, b.first - 1);
    }
    for (int32_t t = b.first; t < b.to + HALVES; t++) {
        if (t < b.last) {
            take_row(&b, t);
        } else if (t == height) {
            take_nothing(&b, t);
        }
        relax_behind(&b, t);
        if (t - HALVES >= b.from) {
            give_row(&b, t - HALVES);
        }
    }
}

void flow_refine(struct flow_refine *r, int32_t rounds) {
    struct pool *pool = r->engine->pool;
    pool_for(pool, r->u.height, warp_row, r);
    padded_extend_rows(&r->dt, 1);
    padded_extend_rows(&r->u1, 1);
    pool_for(pool, r->u.height, gradient_row, r);
    padded_extend_rows(&r->dx, 1);
    padded_extend_rows(&r->dy, 1);
    struct padded spare_u = r->u0, spare_v = r->v0;
    r->u0 = r->u; /* what the pair was warped by stays as it is */
    r->v0 = r->v;
    for (int32_t i = 0; i < rounds; i++) {
        struct padded old_u = r->u, old_v = r->v;
        pool_for(pool, count_bands(r->engine, r->u.height), refine_band, r);
        r->u = r->u1;
        r->v = r->v1;
        r->u1 = i == 0 ? spare_u : old_u;
        r->v1 = i == 0 ? spare_v : old_v;
    }
}
