/* SPDX-License-Identifier: Apache-2.0 */
/* Separable resampling with an antialiasing filter, integer-exact to Pillow (ALGORITHMS: Pillow's Resample.c, facts
 * recorded in docs/algorithms/resize.md):
 *
 *   scale = in / out, filterscale = max(scale, 1), support = radius * filterscale
 *   centre_i = x0 + (i + 0.5) * scale; taps xmin = max(0, int(centre - support + 0.5)) .. min(in, int(centre + support + 0.5))
 *   weight = f((x - centre + 0.5) / filterscale), normalised to sum 1 in double, then quantised to 22 fraction bits
 *   rows first (only those the second pass reads), each sample rounded and clipped to 8 bits, then columns
 *
 * Everything after the quantised weights is integer, so every instruction set gives the same bits.
 * Oracle: Pillow 9.4 (tests/oracle/resize). */
#include "image/resize.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static double sinc(double x) {
    return x == 0.0 ? 1.0 : sin(x * M_PI) / (x * M_PI);
}

static double filter_box(double x) {
    return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

static double filter_bilinear(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -0.5. */
static double filter_bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) {
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    }
    return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
}

static double filter_lanczos(double x) {
    return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

static const struct {
    double (*weight)(double x);
    double radius;
} filter_table[] = {
    [RESIZE_BOX] = {filter_box, 0.5},
    [RESIZE_BILINEAR] = {filter_bilinear, 1},
    [RESIZE_BICUBIC] = {filter_bicubic, 2},
    [RESIZE_LANCZOS] = {filter_lanczos, 3},
};

/* For each output sample: the first input sample, how many, and their quantised weights (`most` a sample). */
struct taps {
    int32_t most;
    int32_t *first, *count;
    int32_t *weights;
    int16_t *halves; /* resize_row */
};

static void taps_release(struct taps *t) {
    mem_free(t->first);
    mem_free(t->count);
    mem_free(t->weights);
    mem_free(t->halves);
    *t = (struct taps){0};
}

/* Weights of one output sample, normalised in double and quantised. */
static void fill_taps(struct taps *t, double *scratch, int32_t i, int32_t in, double centre,
                      double filterscale, enum resize_filter filter) {
    double support = filter_table[filter].radius * filterscale;
    double inverse = 1.0 / filterscale, sum = 0.0;
    int32_t first = MAX((int32_t)(centre - support + 0.5), 0);
    int32_t count = MIN((int32_t)(centre + support + 0.5), in) - first;
    for (int32_t x = 0; x < count; x++) {
        scratch[x] = filter_table[filter].weight((x + first - centre + 0.5) * inverse);
        sum += scratch[x];
    }
    for (int32_t x = 0; x < count; x++) {
        double w = sum != 0.0 ? scratch[x] / sum : scratch[x];
        double half = w < 0 ? -0.5 : 0.5;
        t->weights[(size_t)i * (size_t)t->most + (size_t)x] =
            (int32_t)(half + w * (1 << RESIZE_WEIGHT_BITS));
    }
    t->first[i] = first;
    t->count[i] = count;
}

static lk_status taps_new(struct taps *t, int32_t in, double from, double to, int32_t out,
                          enum resize_filter filter, lk_error *err) {
    double scale = (to - from) / out, filterscale = MAX(scale, 1.0);
    int32_t most = (int32_t)ceil(filter_table[filter].radius * filterscale) * 2 + 1;
    *t = (struct taps){.most = (most + RESIZE_MOST - 1) / RESIZE_MOST * RESIZE_MOST};
    t->first = mem_alloc((size_t)out, sizeof *t->first);
    t->count = mem_alloc((size_t)out, sizeof *t->count);
    t->weights = mem_calloc((size_t)out * (size_t)t->most, sizeof *t->weights);
    t->halves = mem_alloc(2 * (size_t)out * (size_t)t->most, sizeof *t->halves);
    double *scratch = mem_alloc((size_t)t->most, sizeof *scratch);
    if (!t->halves || !t->first || !t->count || !t->weights || !scratch) {
        taps_release(t);
        mem_free(scratch);
        return error_memory(err, (size_t)out * (size_t)t->most * sizeof *t->weights);
    }
    for (int32_t i = 0; i < out; i++) {
        fill_taps(t, scratch, i, in, from + (i + 0.5) * scale, filterscale, filter);
    }
    kernel_resize_split(t->halves, t->weights, (size_t)out, (size_t)t->most);
    mem_free(scratch);
    return LK_OK;
}

struct pass {
    const struct kernel_resize *kernel;
    const struct taps *taps;
    const lk_image *from;
    lk_image *to;
    int32_t first_row; /* of from that is row 0 of to, for the pass over rows */
};

static void resize_row_across(void *arg, int32_t y) {
    const struct pass *p = arg;
    const uint8_t *from = image_row(p->from, p->first_row + y);
    uint8_t *to = image_row(p->to, y);
    const struct resize_row row = {.first = p->taps->first,
                                   .count = p->taps->count,
                                   .weights = p->taps->weights,
                                   .halves = p->taps->halves,
                                   .most = (size_t)p->taps->most,
                                   .width = (size_t)p->to->width,
                                   .from_width = (size_t)p->from->width,
                                   .channels = (size_t)p->to->channels};
    p->kernel->across_row(to, from, &row);
}

static void resize_row_down(void *arg, int32_t y) {
    const struct pass *p = arg;
    const int32_t *w = p->taps->weights + (size_t)y * (size_t)p->taps->most;
    const uint8_t *first = image_row(p->from, p->taps->first[y] - p->first_row);
    p->kernel->down(image_row(p->to, y), first, p->from->stride, w, (size_t)p->taps->count[y],
                    image_row_bytes(p->to));
}

static lk_status resize_passes(lk_image *out, lk_engine *engine, const lk_image *from,
                               const struct taps *across, const struct taps *down, int32_t width,
                               int32_t height, lk_error *err) {
    int32_t first = down->first[0];
    int32_t last = down->first[height - 1] + down->count[height - 1];
    lk_image rows;
    lk_status status = lk_image_new(&rows, width, last - first, from->channels, 8, err);
    if (status != LK_OK) {
        return status;
    }
    struct pass p = {.kernel = &engine->kernels.resize,
                     .taps = across,
                     .from = from,
                     .to = &rows,
                     .first_row = first};
    pool_for(engine->pool, rows.height, resize_row_across, &p);
    status = lk_image_new(out, width, height, from->channels, 8, err);
    if (status == LK_OK) {
        p = (struct pass){.kernel = &engine->kernels.resize,
                          .taps = down,
                          .from = &rows,
                          .to = out,
                          .first_row = first};
        pool_for(engine->pool, height, resize_row_down, &p);
    }
    lk_image_release(&rows);
    return status;
}

lk_status image_resize_box(lk_image *out, lk_engine *engine, const lk_image *from,
                           const double box[4], int32_t width, int32_t height,
                           enum resize_filter filter, lk_error *err) {
    *out = (lk_image){0};
    bool inside = box[0] >= 0 && box[1] >= 0 && box[2] <= from->width && box[3] <= from->height &&
                  box[0] < box[2] && box[1] < box[3];
    if (from->bit_depth != 8 || width <= 0 || height <= 0 || !inside) {
        return error_set(err, LK_E_USAGE, "cannot resize %d x %d (%d bits) to %d x %d", from->width,
                         from->height, from->bit_depth, width, height);
    }
    struct taps across, down = {0};
    lk_status status = taps_new(&across, from->width, box[0], box[2], width, filter, err);
    if (status == LK_OK) {
        status = taps_new(&down, from->height, box[1], box[3], height, filter, err);
    }
    if (status == LK_OK) {
        status = resize_passes(out, engine, from, &across, &down, width, height, err);
    }
    taps_release(&across);
    taps_release(&down);
    return status;
}

lk_status image_resize(lk_image *out, lk_engine *engine, const lk_image *from, int32_t width,
                       int32_t height, enum resize_filter filter, lk_error *err) {
    double box[4] = {0, 0, from->width, from->height};
    if (from->width == width && from->height == height && from->bit_depth == 8) {
        return image_clone(out, from, err); /* as Pillow: no resampling at all */
    }
    return image_resize_box(out, engine, from, box, width, height, filter, err);
}
