/* SPDX-License-Identifier: Apache-2.0 */
/* Inverse search of patches, and a dense field from what they found (Kroeger, Timofte, Dai, Van Gool: Fast Optical Flow using
 * Dense Inverse Search, ECCV 2016, sections 2.1 and 2.2).
 *
 * For a patch T at x, its displacement w is sought that minimises sum (d - mean d)^2, d = I1(x + w) - T(x). Since the roles of
 * T and I1 are exchanged for the step, its matrix H = sum (g - mean g)(g - mean g)' (g: the gradient of T) is made once:
 *     w <- w - H^-1 sum (g - mean g) d
 * until the cost no longer falls. Then every patch tries what its four neighbours found, all of them at once and some times over: a
 * good match spreads, and no result depends on an order (OpenCV passes matches on in reading order). A pixel's flow is the
 * mean of its patches', weighted by 1 / max(1, |d - mean d|). */
#include "motion/flow_search.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"

enum {
    STEP = 4,          /* pixels from one patch to the next: they overlap by half */
    DESCENTS = 12,     /* steps of a patch at most */
    DESCENTS_MORE = 4, /* after a neighbour's displacement was taken */
    AREA = FLOW_PATCH * FLOW_PATCH
};

static const float SETTLED = 0.025f; /* pixels; a step shorter than this is the last */
static const float TOO_FAR = 5;      /* pixels; a patch that leaves its start further is lost */
static const float SAME_MATCH =
    0.25f;                       /* pixels; a neighbour's displacement nearer is no other one */
static const float RIDGE = 0.1f; /* added to H: flat patches stay where they are */

static int32_t patches_along(int32_t side) {
    return (side - FLOW_PATCH + STEP - 1) / STEP + 1;
}

/* The last patch ends with the picture. */
static int32_t patch_start(int32_t i, int32_t side) {
    return MIN(i * STEP, side - FLOW_PATCH);
}

size_t flow_search_matches(int32_t width, int32_t height) {
    return (size_t)patches_along(width) * (size_t)patches_along(height);
}

/* Both gradients of the first picture, by central differences. */
static void gradient_row(void *arg, int32_t y) {
    static const float half[] = {0, 0.5f};
    const struct flow_search *s = arg;
    const struct kernel_plane *k = &s->engine->kernels.plane;
    const float *rows[] = {padded_row(&s->first, y - 1), padded_row(&s->first, y),
                           padded_row(&s->first, y + 1)};
    k->across_odd(padded_row(&s->dx, y), rows[1], half, 1, s->first.lanes);
    k->down_odd(padded_row(&s->dy, y), rows, half, 1, s->first.lanes);
}

/* A patch ready to descend: its pixels and the inverse of its matrix. */
struct patch {
    int32_t x, y;
    struct flow_patch pixels;
    float sum_dx, sum_dy;
    float i11, i12, i22;
};

static void patch_take(struct patch *p, const struct flow_search *s, int32_t x, int32_t y) {
    *p = (struct patch){.x = x, .y = y};
    p->pixels = (struct flow_patch){.pixels = padded_row(&s->first, y) + x,
                                    .dx = padded_row(&s->dx, y) + x,
                                    .dy = padded_row(&s->dy, y) + x,
                                    .stride = s->first.stride};
}

static void patch_prepare(struct patch *p) {
    float xx = 0, xy = 0, yy = 0, sx = 0, sy = 0;
    for (size_t r = 0; r < FLOW_PATCH; r++) {
        const float *dx = p->pixels.dx + r * p->pixels.stride;
        const float *dy = p->pixels.dy + r * p->pixels.stride;
        for (size_t c = 0; c < FLOW_PATCH; c++) {
            xx += dx[c] * dx[c];
            xy += dx[c] * dy[c];
            yy += dy[c] * dy[c];
            sx += dx[c];
            sy += dy[c];
        }
    }
    xx += RIDGE - sx * sx / AREA;
    yy += RIDGE - sy * sy / AREA;
    xy -= sx * sy / AREA;
    float determinant = MAX(xx * yy - xy * xy, RIDGE * RIDGE);
    p->sum_dx = sx;
    p->sum_dy = sy;
    p->i11 = yy / determinant;
    p->i12 = -xy / determinant;
    p->i22 = xx / determinant;
}

/* v brought to where a patch (one pixel more for interpolation) still lies on the padded picture. */
static float reachable(float v, int32_t side) {
    float low = -FLOW_MARGIN, high = (float)(side + FLOW_MARGIN - FLOW_PATCH - 2);
    v = v > low ? v : low;
    return v < high ? v : high;
}

static struct flow_place place_at(const struct padded *p, float x, float y) {
    x = reachable(x, p->width) + FLOW_MARGIN; /* not negative: truncation rounds down */
    y = reachable(y, p->height) + FLOW_MARGIN;
    int32_t ix = (int32_t)x, iy = (int32_t)y;
    return (struct flow_place){.pixels = padded_row(p, iy - FLOW_MARGIN) + ix - FLOW_MARGIN,
                               .stride = p->stride,
                               .fx = x - (float)ix,
                               .fy = y - (float)iy};
}

/* What the patch finds at (u, v). */
static struct flow_match patch_look(struct flow_sums *sums, const struct flow_search *s,
                                    const struct patch *p, float u, float v) {
    struct flow_place place = place_at(&s->second, (float)p->x + u, (float)p->y + v);
    s->engine->kernels.flow.patch_sums(sums, &p->pixels, &place);
    float offset = sums->d / AREA;
    return (struct flow_match){
        .u = u, .v = v, .cost = sums->dd - offset * sums->d, .offset = offset};
}

/* Descends from (u, v), which costs nothing yet; the best place seen. */
static struct flow_match descend(const struct flow_search *s, const struct patch *p, float u,
                                 float v, int32_t steps) {
    struct flow_sums sums;
    struct flow_match best = patch_look(&sums, s, p, u, v);
    const float u0 = u, v0 = v;
    for (int32_t i = 0; i < steps; i++) {
        float offset = sums.d / AREA;
        float bx = sums.d_dx - offset * p->sum_dx, by = sums.d_dy - offset * p->sum_dy;
        float du = p->i11 * bx + p->i12 * by, dv = p->i12 * bx + p->i22 * by;
        u -= du;
        v -= dv;
        float far_u = u - u0, far_v = v - v0;
        if (du * du + dv * dv < SETTLED * SETTLED ||
            !(far_u * far_u + far_v * far_v < TOO_FAR * TOO_FAR)) {
            break;
        }
        struct flow_match here = patch_look(&sums, s, p, u, v);
        if (!(here.cost < best.cost)) {
            break;
        }
        best = here;
    }
    return best;
}

static void search_row(void *arg, int32_t row) {
    const struct flow_search *s = arg;
    int32_t across = patches_along(s->first.width), y = patch_start(row, s->first.height);
    struct flow_match *to = s->matches[0] + (size_t)row * (size_t)across;
    for (int32_t i = 0; i < across; i++) {
        struct patch p;
        int32_t x = patch_start(i, s->first.width);
        size_t middle = (size_t)(x + FLOW_PATCH / 2);
        patch_take(&p, s, x, y);
        patch_prepare(&p);
        to[i] = descend(s, &p, padded_row(&s->u, y + FLOW_PATCH / 2)[middle],
                        padded_row(&s->v, y + FLOW_PATCH / 2)[middle], DESCENTS);
    }
}

static bool is_other(const struct flow_match *a, const struct flow_match *b) {
    float du = a->u - b->u, dv = a->v - b->v;
    return du * du + dv * dv >= SAME_MATCH * SAME_MATCH;
}

/* matches[1] = the best of a patch's own match and its neighbours' (of matches[0]), descended from once more. */
static void spread_row(void *arg, int32_t row) {
    const struct flow_search *s = arg;
    int32_t across = patches_along(s->first.width), down = patches_along(s->first.height);
    int32_t y = patch_start(row, s->first.height);
    const struct flow_match *from = s->matches[0] + (size_t)row * (size_t)across;
    struct flow_match *to = s->matches[1] + (size_t)row * (size_t)across;
    for (int32_t i = 0; i < across; i++) {
        const struct flow_match *neighbours[] = {
            i > 0 ? &from[i - 1] : NULL, i + 1 < across ? &from[i + 1] : NULL,
            row > 0 ? &from[i - across] : NULL, row + 1 < down ? &from[i + across] : NULL};
        struct flow_match best = from[i];
        bool changed = false;
        struct patch p;
        patch_take(&p, s, patch_start(i, s->first.width), y);
        for (size_t k = 0; k < ARRAY_COUNT(neighbours); k++) {
            struct flow_sums sums;
            if (neighbours[k] && is_other(neighbours[k], &from[i])) {
                struct flow_match m = patch_look(&sums, s, &p, neighbours[k]->u, neighbours[k]->v);
                changed = changed || m.cost < best.cost;
                best = m.cost < best.cost ? m : best;
            }
        }
        if (changed) {
            patch_prepare(&p);
            best = descend(s, &p, best.u, best.v, DESCENTS_MORE);
        }
        to[i] = best;
    }
}

/* The votes of one row of patches for row y of the picture. */
static void vote_patches(const struct flow_search *s, int32_t row, int32_t y) {
    int32_t across = patches_along(s->first.width), start = patch_start(row, s->first.height);
    const struct flow_match *m = s->matches[0] + (size_t)row * (size_t)across;
    const float *pixels = padded_row(&s->first, y);
    float *weight = padded_row(&s->weight, y), *u = padded_row(&s->u, y), *v = padded_row(&s->v, y);
    for (int32_t i = 0; i < across; i++) {
        int32_t x = patch_start(i, s->first.width);
        struct flow_place place = place_at(&s->second, (float)x + m[i].u, (float)start + m[i].v);
        struct flow_vote vote = {.u = m[i].u, .v = m[i].v, .offset = m[i].offset};
        place.pixels += (size_t)(y - start) * place.stride;
        s->engine->kernels.flow.vote(weight + x, u + x, v + x, pixels + x, &place, &vote);
    }
}

static void vote_row(void *arg, int32_t y) {
    const struct flow_search *s = arg;
    int32_t down = patches_along(s->first.height);
    float *weight = padded_row(&s->weight, y), *u = padded_row(&s->u, y), *v = padded_row(&s->v, y);
    size_t bytes = s->first.lanes * sizeof(float);
    memset(u, 0, bytes);
    memset(v, 0, bytes);
    memset(weight, 0, bytes);
    for (size_t x = (size_t)s->first.width; x < s->first.lanes; x++) {
        weight[x] = 1;
    }
    for (int32_t row = MAX((y - FLOW_PATCH) / STEP, 0); row < down; row++) {
        int32_t start = patch_start(row, s->first.height);
        if (start > y) {
            break;
        }
        if (y < start + FLOW_PATCH) {
            vote_patches(s, row, y);
        }
    }
    s->engine->kernels.flow.divide(u, v, weight, s->first.lanes);
    padded_extend_row(&s->u, y);
    padded_extend_row(&s->v, y);
}

void flow_search(struct flow_search *s, int32_t spreads) {
    struct pool *pool = s->engine->pool;
    int32_t down = patches_along(s->first.height);
    pool_for(pool, s->first.height, gradient_row, s);
    pool_for(pool, down, search_row, s);
    for (int32_t i = 0; i < spreads; i++) {
        pool_for(pool, down, spread_row, s);
        struct flow_match *done = s->matches[1];
        s->matches[1] = s->matches[0];
        s->matches[0] = done;
    }
    pool_for(pool, s->first.height, vote_row, s);
}
