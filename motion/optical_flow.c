/* SPDX-License-Identifier: Apache-2.0 */
/* Dense optical flow in the manner of DIS (Kroeger, Timofte, Dai, Van Gool 2016): from the coarsest level of a pyramid to the
 * finest, patches look for themselves (flow_search.c) from where the level above left them, and the field is refined
 * (flow_refine.c).
 *
 * On the finest level, full size, patches no longer look: refinement alone carries half pixels over, where OpenCV's `medium`
 * stops at half size and enlarges. Pictures are gray and lightly smoothed; a level is the mean of 2 x 2 pixels of the one
 * below. Oracle: the known motion of four Middlebury sequences, beside OpenCV's DIS (tests/oracle/flow, tests/unit/test_flow.c). */
#include "motion/optical_flow.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "image/resize.h"
#include "motion/flow_pyramid.h"
#include "motion/flow_refine.h"
#include "motion/flow_search.h"

enum {
    SPREADS_COARSE =
        12,           /* a patch that finds its place on a coarse level shows it to all of them */
    SPREADS_HALF = 3, /* on the level of half the size, where most patches are */
    ROUNDS_COARSE = 3,
    ROUNDS_FULL = 2
};

struct flow_work {
    lk_engine *engine;
    struct flow_pyramid pyramid;
    struct flow_refine refine;
    struct flow_match *matches[2];
    float *block; /* owned: everything but matches */
};

/* The next stretch of the block as a plane; with block NULL only counts. */
static void take_plane(struct padded *out, float *block, size_t *used, int32_t width,
                       int32_t height) {
    if (block) {
        padded_shape(out, block + *used, width, height);
    }
    *used += padded_floats(width, height);
}

/* Shapes everything inside block for a finest level of width x height; returns the floats it takes. */
static size_t lay_out(struct flow_work *w, float *block, int32_t width, int32_t height) {
    struct flow_refine *r = &w->refine;
    struct padded *const planes[] = {&r->u,  &r->v,  &r->u0, &r->v0, &r->u1,
                                     &r->v1, &r->dt, &r->dx, &r->dy};
    size_t used = 0;
    for (int32_t i = 0; i < w->pyramid.levels; i++) {
        take_plane(&w->pyramid.at[0][i], block, &used, width >> i, height >> i);
        take_plane(&w->pyramid.at[1][i], block, &used, width >> i, height >> i);
    }
    for (size_t i = 0; i < ARRAY_COUNT(planes); i++) {
        take_plane(planes[i], block, &used, width, height);
    }
    r->scratch = block ? block + used : NULL;
    return used + flow_refine_floats(w->engine, width, height);
}

static void work_release(struct flow_work *w) {
    mem_free(w->block);
    mem_free(w->matches[0]);
    mem_free(w->matches[1]);
}

static lk_status work_init(struct flow_work *w, lk_engine *engine, int32_t width, int32_t height,
                           lk_error *err) {
    *w = (struct flow_work){.engine = engine, .refine.engine = engine};
    w->pyramid.levels = flow_pyramid_levels(width, height);
    width = flow_pyramid_side(width, w->pyramid.levels);
    height = flow_pyramid_side(height, w->pyramid.levels);
    size_t floats = lay_out(w, NULL, width, height);
    size_t matches = flow_search_matches(width / 2, height / 2); /* the finest level with patches */
    w->block = mem_alloc_aligned(floats, sizeof *w->block);
    w->matches[0] = mem_alloc(matches, sizeof *w->matches[0]);
    w->matches[1] = mem_alloc(matches, sizeof *w->matches[1]);
    if (!w->block || !w->matches[0] || !w->matches[1]) {
        work_release(w);
        return error_memory(err, floats * sizeof *w->block);
    }
    lay_out(w, w->block, width, height);
    return LK_OK;
}

/* All planes of the refinement take the size of a level. */
static void set_level(struct flow_work *w, int32_t level) {
    struct flow_refine *r = &w->refine;
    struct padded *const planes[] = {&r->u, &r->v, &r->u0, &r->v0, &r->dt, &r->dx, &r->dy};
    r->first = w->pyramid.at[0][level];
    r->second = w->pyramid.at[1][level];
    for (size_t i = 0; i < ARRAY_COUNT(planes); i++) {
        padded_reshape(planes[i], r->first.width, r->first.height);
    }
}

/* One component of the flow on its way to twice the size. */
struct doubling {
    const struct padded *from[2], *to[2];
};

/* Pixel 2 x + 1 lies a quarter of the coarse pixel right of its middle, 2 x a quarter left; and everything moves twice as far. */
static void double_row(void *arg, int32_t y) {
    const struct doubling *d = arg;
    int32_t near = y / 2, far = y & 1 ? near + 1 : near - 1;
    for (int32_t i = 0; i < 2; i++) {
        const float *p = padded_row(d->from[i], near), *q = padded_row(d->from[i], far);
        float *to = padded_row(d->to[i], y);
        float left = 1.5f * p[-1] + 0.5f * q[-1], here = 1.5f * p[0] + 0.5f * q[0];
        for (int32_t x = 0; x < d->from[i]->width; x++) {
            float right = 1.5f * p[x + 1] + 0.5f * q[x + 1];
            to[2 * x] = 0.75f * here + 0.25f * left;
            to[2 * x + 1] = 0.75f * here + 0.25f * right;
            left = here;
            here = right;
        }
        padded_extend_row(d->to[i], y);
    }
}

/* The flow of the level above becomes the start of this one. */
static void bring_down(struct flow_work *w, int32_t level) {
    struct flow_refine *r = &w->refine;
    struct padded u = r->u, v = r->v;
    padded_extend_rows(&u, 1);
    padded_extend_rows(&v, 1);
    padded_reshape(&r->u1, w->pyramid.at[0][level].width, w->pyramid.at[0][level].height);
    padded_reshape(&r->v1, r->u1.width, r->u1.height);
    struct doubling d = {.from = {&u, &v}, .to = {&r->u1, &r->v1}};
    pool_for(w->engine->pool, r->u1.height, double_row, &d);
    r->u = r->u1;
    r->v = r->v1;
    r->u1 = u;
    r->v1 = v;
    padded_reshape(&r->u1, r->u.width, r->u.height);
    padded_reshape(&r->v1, r->u.width, r->u.height);
}

static void start_from_rest(struct flow_work *w, int32_t level) {
    struct flow_refine *r = &w->refine;
    padded_reshape(&r->u1, w->pyramid.at[0][level].width, w->pyramid.at[0][level].height);
    padded_reshape(&r->v1, r->u1.width, r->u1.height);
    for (int32_t y = 0; y < r->u.height; y++) {
        memset(padded_row(&r->u, y), 0, r->u.lanes * sizeof(float));
        memset(padded_row(&r->v, y), 0, r->u.lanes * sizeof(float));
    }
}

static void search_level(struct flow_work *w, int32_t level) {
    const struct flow_refine *r = &w->refine;
    struct flow_search s = {.engine = w->engine,
                            .first = r->first,
                            .second = r->second,
                            .u = r->u,
                            .v = r->v,
                            .dx = r->dx,
                            .dy = r->dy,
                            .weight = r->u1,
                            .matches = {w->matches[0], w->matches[1]}};
    flow_search(&s, level > 1 ? SPREADS_COARSE : SPREADS_HALF);
}

static lk_status run_levels(struct flow_work *w, lk_error *err) {
    int32_t coarsest = w->pyramid.levels - 1;
    for (int32_t level = coarsest; level >= 0; level--) {
        if (engine_check_stop(w->engine, err) != LK_OK) {
            return LK_E_CANCELLED;
        }
        if (level < coarsest) {
            bring_down(w, level);
        }
        set_level(w, level);
        if (level == coarsest) {
            start_from_rest(w, level);
        }
        if (level > 0) {
            search_level(w, level);
        }
        flow_refine(&w->refine, level > 0 ? ROUNDS_COARSE : ROUNDS_FULL);
    }
    return LK_OK;
}

/* The field on its way out: as it is, or enlarged from a picture that was reduced by across and down. */
struct emitting {
    const struct padded *u, *v;
    const lk_flow *to;
    float across, down;
};

static void emit_row(void *arg, int32_t y) {
    const struct emitting *e = arg;
    const float *u = padded_row(e->u, y), *v = padded_row(e->v, y);
    float *to = e->to->data + 2 * (size_t)y * (size_t)e->to->width;
    for (int32_t x = 0; x < e->to->width; x++) {
        to[2 * x] = u[x];
        to[2 * x + 1] = v[x];
    }
}

static float mix_4(const float *p, const float *q, float fx, float fy) {
    float above = p[0] + fx * (p[1] - p[0]), below = q[0] + fx * (q[1] - q[0]);
    return above + fy * (below - above);
}

static void emit_enlarged_row(void *arg, int32_t y) {
    const struct emitting *e = arg;
    /* Middles of pixels lie on middles of pixels; one is added so that truncation rounds down. */
    float sy = MAX(((float)y + 0.5f) / e->down + 0.5f, 0.0f);
    int32_t iy = (int32_t)sy;
    float fy = sy - (float)iy, *to = e->to->data + 2 * (size_t)y * (size_t)e->to->width;
    for (int32_t x = 0; x < e->to->width; x++) {
        float sx = ((float)x + 0.5f) / e->across + 0.5f;
        int32_t ix = (int32_t)sx;
        float fx = sx - (float)ix;
        to[2 * x] = e->across *
                    mix_4(padded_row(e->u, iy - 1) + ix - 1, padded_row(e->u, iy) + ix - 1, fx, fy);
        to[2 * x + 1] = e->down * mix_4(padded_row(e->v, iy - 1) + ix - 1,
                                        padded_row(e->v, iy) + ix - 1, fx, fy);
    }
}

static lk_status flow_of(lk_flow *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                         lk_error *err) {
    struct flow_work w;
    lk_status status = work_init(&w, engine, a->width, a->height, err);
    if (status != LK_OK) {
        return status;
    }
    flow_pyramid_build(w.pyramid.at[0], w.pyramid.levels, engine, a, &w.refine.dt, &w.refine.dx);
    flow_pyramid_build(w.pyramid.at[1], w.pyramid.levels, engine, b, &w.refine.dt, &w.refine.dx);
    status = run_levels(&w, err);
    if (status == LK_OK) {
        struct emitting e = {.u = &w.refine.u,
                             .v = &w.refine.v,
                             .to = out,
                             .across = (float)out->width / (float)a->width,
                             .down = (float)out->height / (float)a->height};
        bool as_is = out->width == a->width && out->height == a->height;
        padded_extend_rows(e.u, 1);
        padded_extend_rows(e.v, 1);
        pool_for(engine->pool, out->height, as_is ? emit_row : emit_enlarged_row, &e);
    }
    work_release(&w);
    return status;
}

/* Of a picture that is too large, at a size that is not. */
static lk_status flow_of_reduced(lk_flow *out, lk_engine *engine, const lk_image *a,
                                 const lk_image *b, lk_error *err) {
    lk_image small_a = {0}, small_b = {0};
    int32_t width = a->width, height = a->height;
    while ((int64_t)width * height > LK_FLOW_PIXELS) {
        width = MAX((width + 1) / 2, (int32_t)OPTICAL_FLOW_SIDE);
        height = MAX((height + 1) / 2, (int32_t)OPTICAL_FLOW_SIDE);
    }
    lk_status status = image_resize(&small_a, engine, a, width, height, RESIZE_BOX, err);
    if (status == LK_OK) {
        status = image_resize(&small_b, engine, b, width, height, RESIZE_BOX, err);
    }
    status = status == LK_OK ? flow_of(out, engine, &small_a, &small_b, err) : status;
    lk_image_release(&small_a);
    lk_image_release(&small_b);
    return status;
}

lk_status optical_flow(lk_flow *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                       lk_error *err) {
    *out = (lk_flow){0};
    if (!image_same_size(a, b)) {
        return error_set(err, LK_E_SIZE,
                         "optical flow needs pictures of one size, got %d x %d and %d x %d",
                         a->width, a->height, b->width, b->height);
    }
    if (MIN(a->width, a->height) < OPTICAL_FLOW_SIDE) {
        return error_set(err, LK_E_SIZE, "optical flow needs %d x %d pixels, got %d x %d",
                         OPTICAL_FLOW_SIDE, OPTICAL_FLOW_SIDE, a->width, a->height);
    }
    size_t pixels = (size_t)a->width * (size_t)a->height;
    out->data = mem_alloc_aligned(pixels, 2 * sizeof *out->data);
    if (!out->data) {
        return error_memory(err, pixels * 2 * sizeof *out->data);
    }
    out->width = a->width;
    out->height = a->height;
    lk_status status = pixels > LK_FLOW_PIXELS ? flow_of_reduced(out, engine, a, b, err)
                                               : flow_of(out, engine, a, b, err);
    if (status != LK_OK) {
        lk_flow_release(out);
    }
    return status;
}
