/* SPDX-License-Identifier: Apache-2.0 */
#include "motion/flow_pyramid.h"

#include "base/compiler.h"
#include "image/image.h"

enum { COARSEST_SIDE = 12 }; /* no level has a shorter longer side */

/* The number of levels: as many as leave COARSEST_SIDE of the longer side and a patch of the shorter. At least two, which a side
 * of OPTICAL_FLOW_SIDE allows. */
int32_t flow_pyramid_levels(int32_t width, int32_t height) {
    int32_t longer = MAX(width, height), shorter = MIN(width, height), levels = 2;
    while (levels < FLOW_LEVELS_MAX && longer >> levels >= COARSEST_SIDE &&
           shorter >> levels >= FLOW_PATCH) {
        levels++;
    }
    return levels;
}

int32_t flow_pyramid_side(int32_t side, int32_t levels) {
    int32_t unit = 1 << (levels - 1);
    return (side + unit - 1) / unit * unit;
}

/* One picture on its way into level 0. */
struct filling {
    const struct kernel_plane *kernels;
    const lk_image *from;
    const struct padded *raw, *across, *to;
};

static const float SMOOTHING[] = {0.6f, 0.2f}; /* taps of the light smoothing: middle, beside it */

/* Beyond the picture its edge goes on, up to the size of the level. */
static void fill_row(void *arg, int32_t y) {
    const struct filling *f = arg;
    const uint8_t *from = image_row(f->from, MIN(y, f->from->height - 1));
    float *raw = padded_row(f->raw, y);
    for (int32_t x = 0; x < f->from->width; x++) {
        raw[x] = from[x];
    }
    for (int32_t x = f->from->width; x < f->raw->width; x++) {
        raw[x] = from[f->from->width - 1];
    }
    padded_extend_row(f->raw, y);
    f->kernels->across_even(padded_row(f->across, y), raw, SMOOTHING, 1, f->raw->lanes);
    padded_extend_row(f->across, y);
}

static void smooth_row(void *arg, int32_t y) {
    const struct filling *f = arg;
    const float *rows[] = {padded_row(f->across, y - 1), padded_row(f->across, y),
                           padded_row(f->across, y + 1)};
    f->kernels->down_even(padded_row(f->to, y), rows, SMOOTHING, 1, f->to->lanes);
    padded_extend_row(f->to, y);
}

struct halving {
    const struct padded *from, *to;
};

static void halve_row(void *arg, int32_t y) {
    const struct halving *h = arg;
    const float *p = padded_row(h->from, 2 * y), *q = padded_row(h->from, 2 * y + 1);
    float *to = padded_row(h->to, y);
    for (int32_t x = 0; x < h->to->width; x++) {
        to[x] = 0.25f * ((p[2 * x] + p[2 * x + 1]) + (q[2 * x] + q[2 * x + 1]));
    }
    padded_extend_row(h->to, y);
}

void flow_pyramid_build(const struct padded *levels, int32_t count, lk_engine *engine,
                        const lk_image *from, const struct padded *raw,
                        const struct padded *across) {
    struct filling f = {.kernels = &engine->kernels.plane,
                        .from = from,
                        .raw = raw,
                        .across = across,
                        .to = &levels[0]};
    pool_for(engine->pool, levels[0].height, fill_row, &f);
    padded_extend_rows(across, 1);
    pool_for(engine->pool, levels[0].height, smooth_row, &f);
    padded_extend_rows(&levels[0], FLOW_MARGIN);
    for (int32_t i = 1; i < count; i++) {
        struct halving h = {.from = &levels[i - 1], .to = &levels[i]};
        pool_for(engine->pool, h.to->height, halve_row, &h);
        padded_extend_rows(h.to, FLOW_MARGIN);
    }
}
